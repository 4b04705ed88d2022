package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"kingsnake/internal/registry"
)

const tokenColumns = `t.id, t.public_id, t.owner_id, p.public_id, p.name, p.kind, t.minted_by_secret, t.kind, t.name, t.description, t.metadata,
	t.scopes, t.restrictions, t.leak, t.max_uses, t.used, t.expires_at, t.created_at, t.updated_at`

// leakedToken finds what registry.Token.Leaked tells.
const leakedToken = `(t.leak <> '' AND NOT EXISTS (SELECT 1 FROM token_secrets y WHERE y.token_id = t.id))`

const tokenFrom = ` FROM tokens t JOIN principals p ON p.id = t.owner_id`

func scanToken(r scanner) (t registry.Token, err error) {
	var kind, ownerKind, metadata, scopes, restrictions, leak string
	var expires, created, updated int64
	if err := r.Scan(&t.ID, &t.PublicID, &t.OwnerID, &t.OwnerPublicID, &t.Owner, &ownerKind, &t.MintedBy, &kind, &t.Name, &t.Description, &metadata,
		&scopes, &restrictions, &leak, &t.Restrictions.MaxUses, &t.Restrictions.Uses, &expires, &created, &updated); err != nil {
		return t, err
	}
	var names []string
	if err := json.Unmarshal([]byte(scopes), &names); err != nil {
		return t, fmt.Errorf("scopes of token %s: %w", t.PublicID, err)
	}
	t.DecodeScopes(names)
	if err := t.DecodeRestrictions(restrictions); err != nil {
		return t, err
	}
	if err := t.DecodeLeak(leak); err != nil {
		return t, err
	}
	t.OwnerKind = registry.ParsePrincipalKind(ownerKind)
	t.Kind, t.Metadata = registry.ParseTokenKind(kind), json.RawMessage(metadata)
	t.ExpiresAt, t.CreatedAt, t.UpdatedAt = fromMillis(expires), fromMillis(created), fromMillis(updated)
	return t, nil
}

// InsertToken adds a token, without its resources and strings, and gives its number.
func (s *Store) InsertToken(ctx context.Context, tx registry.Tx, t registry.Token) (id int64, err error) {
	restrictions, err := t.EncodeRestrictions()
	if err != nil {
		return 0, err
	}
	err = s.q(tx).row(ctx, `INSERT INTO tokens (public_id, owner_id, minted_by_secret, kind, name, description, metadata, scopes,
			restrictions, max_uses, expires_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id`,
		t.PublicID, t.OwnerID, t.MintedBy, t.Kind.String(), t.Name, t.Description, string(t.Metadata), jsonList(t.EncodeScopes()),
		restrictions, t.Restrictions.MaxUses, millis(t.ExpiresAt), millis(t.CreatedAt), millis(t.UpdatedAt)).Scan(&id)
	return id, s.translate(err)
}

// UpdateToken writes all of a token that can change, but for its resources and its uses.
func (s *Store) UpdateToken(ctx context.Context, tx registry.Tx, t registry.Token) error {
	restrictions, err := t.EncodeRestrictions()
	if err != nil {
		return err
	}
	leak, err := t.EncodeLeak()
	if err != nil {
		return err
	}
	return s.affected(s.q(tx).exec(ctx, `UPDATE tokens SET name = $2, description = $3, metadata = $4, restrictions = $5, max_uses = $6,
		expires_at = $7, updated_at = $8, leak = $9 WHERE id = $1`,
		t.ID, t.Name, t.Description, string(t.Metadata), restrictions, t.Restrictions.MaxUses, millis(t.ExpiresAt), millis(t.UpdatedAt), leak))
}

// DeleteToken removes a token with its resources and strings.
func (s *Store) DeleteToken(ctx context.Context, tx registry.Tx, id int64) error {
	return s.affected(s.q(tx).exec(ctx, `DELETE FROM tokens WHERE id = $1`, id))
}

// SetTokenResources gives a token exactly these resources.
func (s *Store) SetTokenResources(ctx context.Context, tx registry.Tx, token int64, resources []registry.TokenResource) error {
	if _, err := s.q(tx).exec(ctx, `DELETE FROM token_resources WHERE token_id = $1`, token); err != nil {
		return s.translate(err)
	}
	for _, r := range resources {
		if _, err := s.q(tx).exec(ctx, `INSERT INTO token_resources (token_id, channel_id, package, level) VALUES ($1, $2, $3, $4)`,
			token, r.ChannelID, r.Package, r.Level.String()); err != nil {
			return s.translate(err)
		}
	}
	return nil
}

// TokenByPublicID reads a token with its resources and strings.
func (s *Store) TokenByPublicID(ctx context.Context, tx registry.Tx, publicID string) (registry.Token, error) {
	return s.token(ctx, tx, `t.public_id = $1`, publicID)
}

// TokenByID reads a token with its resources and strings.
func (s *Store) TokenByID(ctx context.Context, tx registry.Tx, id int64) (registry.Token, error) {
	return s.token(ctx, tx, `t.id = $1`, id)
}

func (s *Store) token(ctx context.Context, tx registry.Tx, cond string, arg any) (registry.Token, error) {
	t, err := scanToken(s.q(tx).row(ctx, `SELECT `+tokenColumns+tokenFrom+` WHERE `+cond, arg))
	if err != nil {
		return registry.Token{}, s.translate(err)
	}
	tokens := []registry.Token{t}
	err = s.complete(ctx, tx, tokens)
	return tokens[0], err
}

// ListTokens reads a page of the tokens of some accounts, and how many there are in all.
func (s *Store) ListTokens(ctx context.Context, f registry.TokenFilter, p registry.Page) ([]registry.Token, int64, error) {
	var w where
	w.add(`t.owner_id IN (`+s.d.numbers("?")+`)`, jsonList(f.Owners))
	if f.Query != "" {
		like := likePattern(f.Query)
		w.add(`(LOWER(t.name) LIKE ? ESCAPE '!' OR LOWER(t.description) LIKE ? ESCAPE '!')`, like, like)
	}
	if f.Kind != 0 {
		w.add(`t.kind = ?`, f.Kind.String())
	}
	switch f.State {
	case "":
	case registry.TokenLeaked:
		w.add(leakedToken)
	default:
		w.add(`NOT ` + leakedToken)
	}
	switch now, soon := f.Now, f.Now.Add(registry.ExpiringWithin-time.Millisecond); f.State {
	case registry.TokenExpired:
		w.add(tokenEnded, endedArgs(now, f.MaxLifetime)...)
	case registry.TokenExpiring:
		w.add(`NOT `+tokenEnded, endedArgs(now, f.MaxLifetime)...)
		w.add(tokenEnded, endedArgs(soon, f.MaxLifetime)...)
	case registry.TokenActive:
		w.add(`NOT `+tokenEnded, endedArgs(soon, f.MaxLifetime)...)
	}
	var total int64
	if err := s.reader.row(ctx, `SELECT COUNT(*)`+tokenFrom+w.sql(), w.args...).Scan(&total); err != nil {
		return nil, 0, s.translate(err)
	}
	order := orderBy(p, map[string]string{
		"name": "t.name", "created_at": "t.created_at", "expires_at": "t.expires_at",
		"last_used_at": "COALESCE((SELECT MAX(x.last_used_at) FROM token_secrets x WHERE x.token_id = t.id), 0)",
	}, "t.id")
	text := `SELECT ` + tokenColumns + tokenFrom + w.sql() + order + w.number(` LIMIT ? OFFSET ?`, p.Limit, p.Offset)
	rows, err := s.reader.query(ctx, text, w.args...)
	tokens, err := collect(s, rows, err, scanToken)
	if err != nil {
		return nil, 0, err
	}
	return tokens, total, s.complete(ctx, nil, tokens)
}

// tokenEnded is a condition that a token has ended by a time: by its own date, or by the age of its current string.
const tokenEnded = `(t.expires_at <> 0 AND t.expires_at <= ?
	OR EXISTS (SELECT 1 FROM token_secrets e WHERE e.token_id = t.id AND e.retires_at = 0 AND e.created_at <= ?))`

// endedArgs are the arguments of tokenEnded; without a maximum no string is too old.
func endedArgs(by time.Time, maxLifetime time.Duration) []any {
	born := int64(-1)
	if maxLifetime > 0 {
		born = millis(by.Add(-maxLifetime))
	}
	return []any{millis(by), born}
}

// complete adds resources and strings to some tokens.
func (s *Store) complete(ctx context.Context, tx registry.Tx, tokens []registry.Token) error {
	at := make(map[int64]int, len(tokens))
	ids := make([]int64, len(tokens))
	for i, t := range tokens {
		at[t.ID], ids[i] = i, t.ID
	}
	type owned struct {
		token int64
		registry.TokenResource
	}
	rows, err := s.q(tx).query(ctx, `SELECT r.token_id, r.channel_id, c.path, r.package, r.level FROM token_resources r
		JOIN channels c ON c.id = r.channel_id WHERE r.token_id IN (`+s.d.numbers("$1")+`) ORDER BY c.path, r.package`, jsonList(ids))
	resources, err := collect(s, rows, err, func(r scanner) (o owned, err error) {
		var level string
		err = r.Scan(&o.token, &o.ChannelID, &o.Path, &o.Package, &level)
		o.Level = registry.ParseLevel(level)
		return o, err
	})
	if err != nil {
		return err
	}
	for _, r := range resources {
		t := &tokens[at[r.token]]
		t.Resources = append(t.Resources, r.TokenResource)
	}
	rows, err = s.q(tx).query(ctx, `SELECT `+secretColumns+` FROM token_secrets x
		WHERE x.token_id IN (`+s.d.numbers("$1")+`) ORDER BY x.id DESC`, jsonList(ids))
	secrets, err := collect(s, rows, err, scanSecret)
	for _, x := range secrets {
		t := &tokens[at[x.TokenID]]
		t.Secrets = append(t.Secrets, x)
	}
	return err
}

// ChildTokens gives the tokens that a string minted.
func (s *Store) ChildTokens(ctx context.Context, tx registry.Tx, secret int64) ([]int64, error) {
	rows, err := s.q(tx).query(ctx, `SELECT id FROM tokens WHERE minted_by_secret = $1 AND minted_by_secret <> 0`, secret)
	return collect(s, rows, err, func(r scanner) (id int64, err error) { err = r.Scan(&id); return id, err })
}

// OwnedTokens gives all tokens of an account.
func (s *Store) OwnedTokens(ctx context.Context, tx registry.Tx, owner int64) ([]int64, error) {
	rows, err := s.q(tx).query(ctx, `SELECT id FROM tokens WHERE owner_id = $1 ORDER BY id`, owner)
	return collect(s, rows, err, func(r scanner) (id int64, err error) { err = r.Scan(&id); return id, err })
}
