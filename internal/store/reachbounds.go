package store

import (
	"context"
	"encoding/json"
	"fmt"

	"kingsnake/internal/registry"
)

// ReachBounds reads a page of the tokens that could reach some channels, in the order of the level that they reach at most,
// the highest first, of their names and of their ids.
func (s *Store) ReachBounds(ctx context.Context, f registry.ReachBoundFilter, p registry.Page) ([]registry.ReachBound, error) {
	tops, err := s.scopeTops(ctx, f)
	if err != nil {
		return nil, err
	}
	var w where
	scoped := `CASE`
	for level := range int(registry.ParseLevel("manage")) + 1 {
		scoped += w.number(` WHEN st.scopes IN (`+s.d.texts("?")+`) THEN CAST(? AS BIGINT)`, jsonList(tops[level]), level)
	}
	// Whose scopes are new since they were read comes first.
	scoped += w.number(` ELSE CAST(? AS BIGINT) END`, int(registry.ParseLevel("manage")))
	from := ` FROM (SELECT tr.token_id AS id, FALSE AS scoped, MAX(CASE tr.level`
	for _, level := range []string{"manage", "write", "read"} {
		from += w.number(` WHEN '`+level+`' THEN CAST(? AS BIGINT)`, int(registry.ParseLevel(level)))
	}
	from += w.number(` ELSE 0 END) AS top FROM token_resources tr WHERE tr.channel_id IN (`+s.d.numbers("?")+`) GROUP BY tr.token_id
		UNION ALL SELECT st.id, TRUE, `, jsonList(f.Channels)) + scoped
	from += w.number(` FROM tokens st WHERE st.kind = 'scope' AND st.owner_id IN (`+s.d.numbers("?")+`)) k CROSS JOIN tokens t`, jsonList(f.Owners))
	// A token reaches no more than its owner does.
	owner := `CASE`
	for level := range int(registry.ParseLevel("manage")) + 1 {
		owner += w.number(` WHEN t.owner_id IN (`+s.d.numbers("?")+`) THEN CAST(? AS BIGINT)`, jsonList(f.Tops[registry.Level(level)]), level)
	}
	owner += w.number(` ELSE CAST(? AS BIGINT) END`, int(f.Floor))
	w.parts = append(w.parts, `t.id = k.id`, `(t.kind = 'scope') = k.scoped`)
	s.boundWhere(&w, f)
	from = ` FROM (SELECT t.id, t.owner_id, t.name, t.public_id, k.top, ` + owner + ` AS most` + from + w.sql() + `) b`
	const top = `CASE WHEN b.most < b.top THEN b.most ELSE b.top END`
	level := where{args: w.args}
	if f.Level > 0 {
		level.add(top+` >= ?`, int(f.Level))
	}
	rows, err := s.reader.query(ctx, `SELECT b.id, b.owner_id, b.name, b.public_id, `+top+` AS bound`+from+level.sql()+
		` ORDER BY bound DESC, b.name, b.public_id`+level.number(` LIMIT ? OFFSET ?`, p.Limit, p.Offset), level.args...)
	return collect(s, rows, err, func(r scanner) (b registry.ReachBound, err error) {
		var top int
		err = r.Scan(&b.ID, &b.OwnerID, &b.Name, &b.PublicID, &top)
		b.Top = registry.Level(top)
		return b, err
	})
}

// boundWhere leaves out tokens, as t, that the list cannot hold. A text beyond ASCII is left to the program, since the
// databases do not agree with it on what the lower case of such a letter is.
func (s *Store) boundWhere(w *where, f registry.ReachBoundFilter) {
	if !f.Alive.IsZero() {
		w.add(`(t.expires_at = 0 OR t.expires_at > ?)`, millis(f.Alive))
	}
	if f.Query == "" || !ascii(f.Query) {
		return
	}
	like := likePattern(f.Query)
	w.add(`(LOWER(t.name) LIKE ? ESCAPE '!' OR OCTET_LENGTH(t.name) > LENGTH(t.name) OR t.owner_id IN (SELECT p.id FROM principals p
		WHERE LOWER(p.name) LIKE ? ESCAPE '!' OR OCTET_LENGTH(p.name) > LENGTH(p.name)))`, like, like)
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}

// scopeTops gives the different sets of scopes of some accounts' tokens, as they are kept, by the highest level that
// it holds.
func (s *Store) scopeTops(ctx context.Context, f registry.ReachBoundFilter) (map[int][]string, error) {
	rows, err := s.reader.query(ctx, `SELECT DISTINCT t.scopes FROM tokens t WHERE t.kind = 'scope' AND t.owner_id IN (`+s.d.numbers("$1")+`)`,
		jsonList(f.Owners))
	sets, err := collect(s, rows, err, func(r scanner) (text string, err error) { err = r.Scan(&text); return text, err })
	if err != nil {
		return nil, err
	}
	tops := map[int][]string{}
	for _, text := range sets {
		var names []string
		if err := json.Unmarshal([]byte(text), &names); err != nil {
			return nil, fmt.Errorf("scopes of a token: %w", err)
		}
		top := int(f.Top(names))
		tops[top] = append(tops[top], text)
	}
	return tops, nil
}
