package store

import (
	"context"
	"time"

	"kingsnake/internal/registry"
)

// EndingTokens reads a page of tokens by when their current string stops working: at the token's own end or at the age at
// which the strings of its kind of account end, whichever comes first.
func (s *Store) EndingTokens(ctx context.Context, f registry.EndingFilter) ([]registry.Ending, error) {
	var afterEnd, afterID int64
	if f.After != nil {
		afterEnd, afterID = millis(f.After.Ends), f.After.TokenID
	}
	rows, err := s.reader.query(ctx, `SELECT e.id, e.public_id, e.name, e.kind, e.max_uses, e.owner_id, e.owner_public_id, e.owner, e.owner_kind,
			e.home, e.born, e.ends
		FROM (SELECT a.*, CASE WHEN a.age = 0 THEN a.expires_at WHEN a.expires_at <> 0 AND a.expires_at < a.born + a.age THEN a.expires_at
				ELSE a.born + a.age END AS ends
			FROM (SELECT t.id, t.public_id, t.name, t.kind, t.max_uses, t.owner_id, p.public_id AS owner_public_id, p.name AS owner,
					p.kind AS owner_kind, COALESCE(c.path, '') AS home, x.created_at AS born, t.expires_at,
					CASE WHEN p.kind = $1 THEN CAST($2 AS BIGINT) ELSE CAST($3 AS BIGINT) END AS age
				FROM tokens t JOIN principals p ON p.id = t.owner_id
				JOIN token_secrets x ON x.token_id = t.id AND x.retires_at = 0
				LEFT JOIN service_accounts sa ON sa.principal_id = p.id LEFT JOIN channels c ON c.id = sa.channel_id
				WHERE NOT p.disabled) a) e
		WHERE e.ends <> 0 AND e.ends > $4 AND e.ends <= $5 AND (e.ends > $6 OR e.ends = $6 AND e.id > $7)
			AND e.ends - e.born >= $8
		ORDER BY e.ends, e.id LIMIT $9`,
		registry.KindServiceAccount.String(), f.MaxServices.Milliseconds(), f.MaxPeople.Milliseconds(),
		millis(f.From), millis(f.Until), afterEnd, afterID, f.MinLife.Milliseconds(), f.Limit)
	return collect(s, rows, err, scanEnding)
}

func scanEnding(r scanner) (e registry.Ending, err error) {
	var kind, ownerKind string
	var maxUses, born, ends int64
	err = r.Scan(&e.TokenID, &e.PublicID, &e.Name, &kind, &maxUses, &e.OwnerID, &e.OwnerPublicID, &e.Owner, &ownerKind, &e.Home, &born, &ends)
	e.Kind, e.OwnerKind, e.OneTime = registry.ParseTokenKind(kind), registry.ParsePrincipalKind(ownerKind), maxUses == 1
	e.Since, e.Ends = fromMillis(born), fromMillis(ends)
	return e, err
}

// TokenChannels gives the channels that resource tokens reach.
func (s *Store) TokenChannels(ctx context.Context, tokens []int64) ([]registry.TokenChannel, error) {
	rows, err := s.reader.query(ctx, `SELECT DISTINCT r.token_id, c.path FROM token_resources r JOIN channels c ON c.id = r.channel_id
		WHERE r.token_id IN (`+s.d.numbers("$1")+`) ORDER BY r.token_id, c.path`, jsonList(tokens))
	return collect(s, rows, err, func(r scanner) (c registry.TokenChannel, err error) { err = r.Scan(&c.TokenID, &c.Path); return c, err })
}

// ToldNotices gives the notices that somebody has had by one way.
func (s *Store) ToldNotices(ctx context.Context, principal int64, way string) ([]registry.Told, error) {
	rows, err := s.reader.query(ctx, `SELECT token_id, ends_at, lead_days FROM token_notices WHERE principal_id = $1 AND way = $2
		ORDER BY token_id`, principal, way)
	return collect(s, rows, err, func(r scanner) (t registry.Told, err error) {
		var ends int64
		err = r.Scan(&t.TokenID, &ends, &t.Lead)
		t.Ends = fromMillis(ends)
		return t, err
	})
}

// SetTold notes that somebody has had a notice of a token. A token that is gone by now needs none.
func (s *Store) SetTold(ctx context.Context, tx registry.Tx, principal int64, way string, told registry.Told) error {
	_, err := s.q(tx).exec(ctx, `INSERT INTO token_notices (principal_id, way, token_id, ends_at, lead_days)
		SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), t.id, CAST($4 AS BIGINT), CAST($5 AS BIGINT) FROM tokens t WHERE t.id = $3
		ON CONFLICT (principal_id, way, token_id) DO UPDATE SET ends_at = excluded.ends_at, lead_days = excluded.lead_days`,
		principal, way, told.TokenID, millis(told.Ends), told.Lead)
	return s.translate(err)
}

// BeginDigest claims the digest of a recipient for a day; ErrNoRecord when it was claimed before and did not fail.
func (s *Store) BeginDigest(ctx context.Context, tx registry.Tx, principal int64, way string, day int64, at time.Time) error {
	return s.affected(s.q(tx).exec(ctx, `INSERT INTO digests (principal_id, way, day, state, updated_at) VALUES ($1, $2, $3, 'sending', $4)
		ON CONFLICT (principal_id, way) DO UPDATE SET day = excluded.day, state = excluded.state, updated_at = excluded.updated_at
		WHERE digests.day < excluded.day OR digests.day = excluded.day AND digests.state = 'failed'`,
		principal, way, day, millis(at)))
}

// EndDigest notes how the sending of a recipient's last digest ended.
func (s *Store) EndDigest(ctx context.Context, tx registry.Tx, principal int64, way string, state registry.DigestState, at time.Time) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE digests SET state = $3, updated_at = $4 WHERE principal_id = $1 AND way = $2`,
		principal, way, string(state), millis(at)))
}

// DigestDayOf tells how far the digests of a day are; ErrNoRecord where nobody began with them.
func (s *Store) DigestDayOf(ctx context.Context, tx registry.Tx, day int64) (d registry.DigestDay, err error) {
	var due int64
	err = s.q(tx).row(ctx, `SELECT day, attempts, due_at FROM digest_days WHERE day = $1`, day).Scan(&d.Day, &d.Attempts, &due)
	d.DueAt = fromMillis(due)
	return d, s.translate(err)
}

// SetDigestDay writes how far the digests of a day are.
func (s *Store) SetDigestDay(ctx context.Context, tx registry.Tx, d registry.DigestDay) error {
	_, err := s.q(tx).exec(ctx, `INSERT INTO digest_days (day, attempts, due_at) VALUES ($1, $2, $3)
		ON CONFLICT (day) DO UPDATE SET attempts = excluded.attempts, due_at = excluded.due_at`, d.Day, d.Attempts, millis(d.DueAt))
	return s.translate(err)
}

// PruneDigestDays forgets days that are long over.
func (s *Store) PruneDigestDays(ctx context.Context, tx registry.Tx, before int64) error {
	_, err := s.q(tx).exec(ctx, `DELETE FROM digest_days WHERE day < $1`, before)
	return s.translate(err)
}
