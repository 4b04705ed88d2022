package store

import (
	"context"

	"kingsnake/internal/registry"
)

// ChannelLosses counts what goes with a channel and its subchannels.
func (s *Store) ChannelLosses(ctx context.Context, channel int64) (l registry.Losses, err error) {
	err = s.reader.row(ctx, `WITH gone AS (SELECT id FROM channels WHERE id = $1 OR parent_id = $1)
		SELECT
		(SELECT COUNT(*) FROM artifacts WHERE channel_id IN (SELECT id FROM gone)),
		(SELECT COUNT(*) FROM files WHERE channel_id IN (SELECT id FROM gone)),
		(SELECT CAST(COALESCE(SUM(used_bytes), 0) AS BIGINT) FROM channels WHERE id IN (SELECT id FROM gone)),
		(SELECT COUNT(*) - 1 FROM gone),
		(SELECT COUNT(DISTINCT r.token_id) FROM token_resources r WHERE r.channel_id IN (SELECT id FROM gone)
			AND NOT EXISTS (SELECT 1 FROM minted_tokens m WHERE m.token_id = r.token_id)),
		(SELECT COUNT(*) FROM tokens t JOIN service_accounts sa ON sa.principal_id = t.owner_id
			WHERE sa.channel_id IN (SELECT id FROM gone) AND NOT EXISTS (SELECT 1 FROM minted_tokens m WHERE m.token_id = t.id)),
		(SELECT COUNT(*) FROM trust_rules WHERE channel_id IN (SELECT id FROM gone)),
		(SELECT COUNT(DISTINCT virtual_id) FROM channel_sources WHERE source_id IN (SELECT id FROM gone))`, channel).
		Scan(&l.Packages, &l.Files, &l.Size, &l.Subchannels, &l.Tokens, &l.ServiceTokens, &l.TrustRules, &l.Virtual)
	return l, s.translate(err)
}
