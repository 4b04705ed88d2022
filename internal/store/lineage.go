package store

import (
	"context"

	"kingsnake/internal/registry"
)

// TokenAncestors gives the tokens that a token was minted by, the nearest first. A string that is gone gives an ancestor
// without a number.
func (s *Store) TokenAncestors(ctx context.Context, token int64) ([]registry.Ancestor, error) {
	rows, err := s.reader.query(ctx, `WITH RECURSIVE chain (depth, secret) AS (
			SELECT 1, minted_by_secret FROM tokens WHERE id = $1 AND minted_by_secret <> 0
			UNION
			SELECT c.depth + 1, t.minted_by_secret FROM chain c JOIN token_secrets x ON x.id = c.secret
				JOIN tokens t ON t.id = x.token_id WHERE t.minted_by_secret <> 0)
		SELECT COALESCE(t.id, 0), COALESCE(t.owner_id, 0), COALESCE(t.expires_at, 0), COALESCE(t.max_uses, 0),
			COALESCE(x.created_at, 0), COALESCE(x.retires_at, 0)
		FROM chain c LEFT JOIN token_secrets x ON x.id = c.secret LEFT JOIN tokens t ON t.id = x.token_id ORDER BY c.depth`, token)
	return collect(s, rows, err, func(r scanner) (a registry.Ancestor, err error) {
		var expires, created, retires int64
		err = r.Scan(&a.TokenID, &a.OwnerID, &expires, &a.MaxUses, &created, &retires)
		a.ExpiresAt, a.SecretCreated, a.SecretRetires = fromMillis(expires), fromMillis(created), fromMillis(retires)
		return a, err
	})
}

// DescendantTokens gives the tokens that a token's strings minted, those that these minted, and so on.
func (s *Store) DescendantTokens(ctx context.Context, tx registry.Tx, token int64) ([]int64, error) {
	rows, err := s.q(tx).query(ctx, `WITH RECURSIVE below (id) AS (
			SELECT t.id FROM token_secrets x JOIN tokens t ON t.minted_by_secret = x.id WHERE x.token_id = $1
			UNION
			SELECT t.id FROM below b JOIN token_secrets x ON x.token_id = b.id JOIN tokens t ON t.minted_by_secret = x.id)
		SELECT id FROM below ORDER BY id`, token)
	return collect(s, rows, err, func(r scanner) (id int64, err error) { err = r.Scan(&id); return id, err })
}

// DebitToken takes a use from a token and from those that it was minted by, of each only if its uses are counted. The
// caller undoes the transaction when one of them had none left.
func (s *Store) DebitToken(ctx context.Context, tx registry.Tx, token int64) ([]registry.Debit, error) {
	rows, err := s.q(tx).query(ctx, `UPDATE tokens SET used = used + 1 WHERE max_uses > 0 AND id IN (
			WITH RECURSIVE chain (id) AS (
				SELECT CAST($1 AS BIGINT)
				UNION
				SELECT x.token_id FROM chain c JOIN tokens t ON t.id = c.id JOIN token_secrets x ON x.id = t.minted_by_secret)
			SELECT id FROM chain)
		RETURNING id, used, max_uses`, token)
	return collect(s, rows, err, func(r scanner) (d registry.Debit, err error) {
		err = r.Scan(&d.TokenID, &d.Uses, &d.MaxUses)
		return d, err
	})
}
