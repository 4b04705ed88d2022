package store

import (
	"context"
	"time"

	"kingsnake/internal/registry"
)

// AddTokenUse adds uses of one right of a token. Where the token has limit rows of that sort and this would be another
// one, or where it is gone, nothing is written and the answer is false.
func (s *Store) AddTokenUse(ctx context.Context, tx registry.Tx, token int64, u registry.TokenUse, limit int) (bool, error) {
	res, err := s.q(tx).exec(ctx, `INSERT INTO token_uses (token_id, scope, channel_id, package, uses, last_used_at)
		SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS BIGINT), CAST($6 AS BIGINT)
		WHERE EXISTS (SELECT 1 FROM tokens t WHERE t.id = CAST($1 AS BIGINT))
			AND (EXISTS (SELECT 1 FROM token_uses o WHERE o.token_id = CAST($1 AS BIGINT) AND o.scope = CAST($2 AS TEXT)
					AND o.channel_id = CAST($3 AS BIGINT) AND o.package = CAST($4 AS TEXT))
				OR (SELECT COUNT(*) FROM token_uses o WHERE o.token_id = CAST($1 AS BIGINT)) < CAST($7 AS BIGINT))
		ON CONFLICT (token_id, scope, channel_id, package) DO UPDATE SET uses = token_uses.uses + excluded.uses,
			last_used_at = CASE WHEN excluded.last_used_at > token_uses.last_used_at THEN excluded.last_used_at ELSE token_uses.last_used_at END`,
		token, u.Scope.String(), u.Channel, u.Package, u.Uses, millis(u.LastUsedAt), limit)
	if err != nil {
		return false, s.translate(err)
	}
	n, err := res.RowsAffected()
	return n > 0, s.translate(err)
}

// TokenUses reads what a token used of its rights, with the paths of the channels that there still are.
func (s *Store) TokenUses(ctx context.Context, tx registry.Tx, token int64) ([]registry.TokenUse, error) {
	rows, err := s.q(tx).query(ctx, `SELECT u.scope, u.channel_id, COALESCE(c.path, ''), u.package, u.uses, u.last_used_at
		FROM token_uses u LEFT JOIN channels c ON c.id = u.channel_id
		WHERE u.token_id = $1 ORDER BY u.scope, u.channel_id, u.package`, token)
	return collect(s, rows, err, func(r scanner) (u registry.TokenUse, err error) {
		var scope string
		var last int64
		err = r.Scan(&scope, &u.Channel, &u.Path, &u.Package, &u.Uses, &last)
		u.LastUsedAt = fromMillis(last)
		u.DecodeScope(scope)
		return u, err
	})
}

// TokenUsesSince tells since when uses of rights have been noted, which is now where it was never asked before.
func (s *Store) TokenUsesSince(ctx context.Context, tx registry.Tx, now time.Time) (time.Time, error) {
	var at int64
	err := s.q(tx).row(ctx, `INSERT INTO token_uses_since (one, at) VALUES (1, $1)
		ON CONFLICT (one) DO UPDATE SET at = token_uses_since.at RETURNING at`, millis(now)).Scan(&at)
	return fromMillis(at), s.translate(err)
}

// PruneTokenUses forgets uses of rights that were last used before a time.
func (s *Store) PruneTokenUses(ctx context.Context, tx registry.Tx, before time.Time) error {
	_, err := s.q(tx).exec(ctx, `DELETE FROM token_uses WHERE last_used_at < $1`, millis(before))
	return s.translate(err)
}

// SetTokenScopes gives a scope token exactly the scopes that t has.
func (s *Store) SetTokenScopes(ctx context.Context, tx registry.Tx, t registry.Token) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE tokens SET scopes = $2 WHERE id = $1`, t.ID, jsonList(t.EncodeScopes())))
}
