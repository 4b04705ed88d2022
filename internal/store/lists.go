package store

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"kingsnake/internal/registry"
)

// jsonList is a list as one argument of a statement, for the dialect's numbers and texts.
func jsonList[T any](list []T) string {
	if list == nil {
		return "[]"
	}
	// Numbers and strings always marshal.
	b, _ := json.Marshal(list) //nolint:errchkjson // see above.
	var texts []string
	if !bytes.Contains(b, []byte(`\u0000`)) || json.Unmarshal(b, &texts) != nil {
		return string(b)
	}
	// PostgreSQL reads no list with a zero in it, and no database holds a text with one that could be in the list.
	for i, text := range texts {
		texts[i] = strings.ReplaceAll(text, "\x00", "\uFFFD")
	}
	b, _ = json.Marshal(texts) //nolint:errchkjson // see above.
	return string(b)
}

// total counts what a query finds, as far as a page asks for it.
func (s *Store) total(ctx context.Context, q querier, from string, w *where, enough int) (n int64, err error) {
	text, args := `SELECT COUNT(*)`+from+w.sql(), w.args
	if enough > 0 {
		more := where{args: slices.Clone(w.args)}
		text = `SELECT COUNT(*) FROM (SELECT 1` + from + w.sql() + more.number(` LIMIT ?`, enough+1) + `) counted`
		args = more.args
	}
	err = q.row(ctx, text, args...).Scan(&n)
	return n, s.translate(err)
}

// orderBy turns a page's order into SQL. Columns maps the names that callers use; the tie is broken by the last column,
// so that pages do not overlap.
func orderBy(p registry.Page, columns map[string]string, tie string) string {
	var parts []string
	for _, s := range p.Sort {
		col, ok := columns[s.By]
		if !ok {
			continue
		}
		if s.Descending {
			col = strings.ReplaceAll(col, ",", " DESC,") + " DESC"
		}
		parts = append(parts, col)
	}
	for _, col := range strings.Split(tie, ", ") {
		// A column that is there already would keep a database from seeing that an index has this order.
		if !slices.ContainsFunc(parts, func(p string) bool {
			return slices.Contains(strings.Split(strings.ReplaceAll(p, " DESC", ""), ", "), col)
		}) {
			parts = append(parts, col)
		}
	}
	return " ORDER BY " + strings.Join(parts, ", ")
}

// inSets is the condition that a channel, joined as c, belongs to one of the sets.
func (s *Store) inSets(w *where, sets []registry.ChannelSet) { s.in(w, sets, false) }

// packagesInSets is the condition that a package, joined as a, with its channel as c, belongs to one of the sets.
func (s *Store) packagesInSets(w *where, sets []registry.ChannelSet) { s.in(w, sets, true) }

func (s *Store) in(w *where, sets []registry.ChannelSet, packages bool) {
	parts := make([]string, 0, len(sets))
	for _, set := range sets {
		if set.Top && set.Sub && set.All && !set.Limited && len(set.ChannelPatterns)+len(set.PackagePatterns) == 0 {
			return
		}
		if part := s.inSet(w, set, packages); part != "" {
			parts = append(parts, part)
		}
	}
	w.parts = append(w.parts, either(parts))
}

// inSet is the condition for one set, empty when nothing belongs to it.
func (s *Store) inSet(w *where, set registry.ChannelSet, packages bool) string {
	var ways []string
	if len(set.Open) > 0 {
		ways = append(ways, w.number(`c.privacy IN (`+s.d.texts("?")+`)`, jsonList(set.Open)))
	}
	if owned := s.owned(w, set); owned != "" {
		ways = append(ways, both(append(s.left(w, set, packages), owned)))
	}
	cond := either(ways)
	switch {
	case !set.Top && !set.Sub:
		return ""
	case !set.Top:
		cond = "(c.parent_id <> 0 AND " + cond + ")"
	case !set.Sub:
		cond = "(c.parent_id = 0 AND " + cond + ")"
	}
	return cond
}

// owned is the condition that the principal's own rights open the channel, empty when none does.
func (s *Store) owned(w *where, set registry.ChannelSet) string {
	var ways []string
	if set.All {
		ways = append(ways, "1 = 1")
	}
	if len(set.Privacies) > 0 {
		ways = append(ways, w.number(`c.privacy IN (`+s.d.texts("?")+`)`, jsonList(set.Privacies)))
	}
	if len(set.IDs) > 0 {
		ways = append(ways, w.number(`c.id IN (`+s.d.numbers("?")+`)`, jsonList(set.IDs)))
	}
	if len(set.Parents) > 0 {
		ways = append(ways, w.number(`c.parent_id IN (`+s.d.numbers("?")+`)`, jsonList(set.Parents)))
	}
	if len(ways) == 0 {
		return ""
	}
	return either(ways)
}

// left are the conditions that the token leaves the channel or, where packages are listed, the package.
func (s *Store) left(w *where, set registry.ChannelSet, packages bool) []string {
	var conds []string
	if set.Limited {
		ways := []string{w.number(`c.id IN (`+s.d.numbers("?")+`)`, jsonList(set.Within))}
		if packages && len(set.Packages) > 0 {
			ways = append(ways, w.number(`(CAST(c.id AS TEXT) || '/' || a.family || '/' || a.name) IN (`+s.d.texts("?")+`)`, jsonList(set.Packages)))
		}
		conds = append(conds, either(ways))
	}
	if len(set.ChannelPatterns) > 0 {
		conds = append(conds, matches(w, `c.path`, set.ChannelPatterns))
	}
	switch {
	case len(set.PackagePatterns) == 0:
	case packages:
		conds = append(conds, matches(w, `a.name`, set.PackagePatterns))
	default:
		conds = append(conds, either(nil))
	}
	return conds
}

// matches is the condition that a name matches one of some patterns, in which a star stands for anything but a slash. A
// path that is like a pattern and has as many slashes has none where a star is. Databases differ in whether LIKE minds
// the case; names are in lower case, so a pattern with a capital letter matches none.
func matches(w *where, column string, patterns []string) string {
	var ways []string
	for _, p := range patterns {
		if p != strings.ToLower(p) {
			continue
		}
		like := strings.NewReplacer("!", "!!", "%", "!%", "_", "!_", "*", "%").Replace(p)
		ways = append(ways, w.number(`(`+column+` LIKE ? ESCAPE '!' AND LENGTH(`+column+`) - LENGTH(REPLACE(`+column+`, '/', '')) = ?)`,
			like, strings.Count(p, "/")))
	}
	return either(ways)
}

// both joins conditions that must all be met.
func both(conds []string) string { return "(" + strings.Join(conds, " AND ") + ")" }

// either joins conditions of which one is enough; none at all is never met.
func either(conds []string) string {
	if len(conds) == 0 {
		return "1 = 0"
	}
	return "(" + strings.Join(conds, " OR ") + ")"
}
