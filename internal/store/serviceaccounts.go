package store

import (
	"context"

	"kingsnake/internal/registry"
)

// InsertServiceAccount makes an account that is there already the one of its channel.
func (s *Store) InsertServiceAccount(ctx context.Context, tx registry.Tx, a registry.ServiceAccount) error {
	_, err := s.q(tx).exec(ctx, `INSERT INTO service_accounts (principal_id, channel_id, group_id, description, created_by) VALUES ($1, $2, $3, $4, $5)`,
		a.ID, a.ChannelID, a.GroupID, a.Description, a.CreatedBy)
	return s.translate(err)
}

// ServiceAccountOf reads the account that belongs to a channel.
func (s *Store) ServiceAccountOf(ctx context.Context, tx registry.Tx, channel int64) (a registry.ServiceAccount, err error) {
	var created, updated int64
	err = s.q(tx).row(ctx, `SELECT p.id, p.public_id, p.name, sa.description, sa.channel_id, c.path, sa.group_id, sa.created_by,
		p.created_at, p.updated_at, (SELECT COUNT(*) FROM tokens t WHERE t.owner_id = p.id)
		FROM service_accounts sa JOIN principals p ON p.id = sa.principal_id JOIN channels c ON c.id = sa.channel_id
		WHERE sa.channel_id = $1`, channel).Scan(&a.ID, &a.PublicID, &a.Name, &a.Description, &a.ChannelID, &a.ChannelPath, &a.GroupID,
		&a.CreatedBy, &created, &updated, &a.Tokens)
	a.CreatedAt, a.UpdatedAt = fromMillis(created), fromMillis(updated)
	return a, s.translate(err)
}

// TokenLevels gives the highest levels of an account's tokens, by the numbers of the channels.
func (s *Store) TokenLevels(ctx context.Context, tx registry.Tx, owner int64) (map[int64]registry.Level, error) {
	type grant struct {
		channel int64
		level   registry.Level
	}
	rows, err := s.q(tx).query(ctx, `SELECT r.channel_id, r.level FROM token_resources r JOIN tokens t ON t.id = r.token_id WHERE t.owner_id = $1
		AND NOT EXISTS (SELECT 1 FROM minted_tokens m WHERE m.token_id = t.id)`, owner)
	grants, err := collect(s, rows, err, func(r scanner) (g grant, err error) {
		var level string
		err = r.Scan(&g.channel, &level)
		g.level = registry.ParseLevel(level)
		return g, err
	})
	out := make(map[int64]registry.Level, len(grants))
	for _, g := range grants {
		out[g.channel] = max(out[g.channel], g.level)
	}
	return out, err
}

// TrustLevel gives the highest level that a channel's trust rules give.
func (s *Store) TrustLevel(ctx context.Context, tx registry.Tx, channel int64) (highest registry.Level, err error) {
	rows, err := s.q(tx).query(ctx, `SELECT DISTINCT level FROM trust_rules WHERE channel_id = $1`, channel)
	levels, err := collect(s, rows, err, func(r scanner) (level string, err error) { err = r.Scan(&level); return level, err })
	for _, l := range levels {
		highest = max(highest, registry.ParseLevel(l))
	}
	return highest, err
}

// SetTokenOwner gives a token to another account, and says by which string it counts as minted, 0 for none.
func (s *Store) SetTokenOwner(ctx context.Context, tx registry.Tx, token, owner, mintedBy int64) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE tokens SET owner_id = $2, minted_by_secret = $3 WHERE id = $1`, token, owner, mintedBy))
}
