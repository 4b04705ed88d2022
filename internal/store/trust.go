package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"kingsnake/internal/registry"
)

const trustColumns = `t.id, t.public_id, t.channel_id, c.path, t.issuer, t.claims, t.level, t.packages, t.minutes, t.description,
	t.created_by, t.created_at, t.updated_at, t.last_used_at, t.uses`

const trustFrom = ` FROM trust_rules t JOIN channels c ON c.id = t.channel_id`

func scanTrust(r scanner) (t registry.TrustRule, err error) {
	var claims, level, packages string
	var minutes, created, updated, used int64
	if err := r.Scan(&t.ID, &t.PublicID, &t.ChannelID, &t.Channel, &t.Issuer, &claims, &level, &packages, &minutes, &t.Description,
		&t.CreatedBy, &created, &updated, &used, &t.Uses); err != nil {
		return t, err
	}
	if err := json.Unmarshal([]byte(claims), &t.Claims); err != nil {
		return t, fmt.Errorf("claims of trust rule %s: %w", t.PublicID, err)
	}
	if err := json.Unmarshal([]byte(packages), &t.Packages); err != nil {
		return t, fmt.Errorf("packages of trust rule %s: %w", t.PublicID, err)
	}
	t.Level, t.Lifetime = registry.ParseLevel(level), time.Duration(minutes)*time.Minute
	t.CreatedAt, t.UpdatedAt, t.LastUsedAt = fromMillis(created), fromMillis(updated), fromMillis(used)
	return t, nil
}

// InsertTrustRule adds a rule and gives its number.
func (s *Store) InsertTrustRule(ctx context.Context, tx registry.Tx, t registry.TrustRule) (id int64, err error) {
	claims, err := json.Marshal(t.Claims)
	if err != nil {
		return 0, err
	}
	err = s.q(tx).row(ctx, `INSERT INTO trust_rules (public_id, channel_id, issuer, claims, level, packages, minutes, description, created_by, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id`,
		t.PublicID, t.ChannelID, t.Issuer, string(claims), t.Level.String(), jsonList(t.Packages), int64(t.Lifetime/time.Minute), t.Description,
		t.CreatedBy, millis(t.CreatedAt), millis(t.UpdatedAt)).Scan(&id)
	return id, s.translate(err)
}

// UpdateTrustRule writes all of a rule that people can change.
func (s *Store) UpdateTrustRule(ctx context.Context, tx registry.Tx, t registry.TrustRule) error {
	claims, err := json.Marshal(t.Claims)
	if err != nil {
		return err
	}
	return s.affected(s.q(tx).exec(ctx, `UPDATE trust_rules SET issuer = $2, claims = $3, level = $4, packages = $5, minutes = $6, description = $7,
		updated_at = $8 WHERE id = $1`,
		t.ID, t.Issuer, string(claims), t.Level.String(), jsonList(t.Packages), int64(t.Lifetime/time.Minute), t.Description, millis(t.UpdatedAt)))
}

// DeleteTrustRule removes a rule.
func (s *Store) DeleteTrustRule(ctx context.Context, tx registry.Tx, id int64) error {
	return s.affected(s.q(tx).exec(ctx, `DELETE FROM trust_rules WHERE id = $1`, id))
}

// TrustRule finds a rule of a channel.
func (s *Store) TrustRule(ctx context.Context, tx registry.Tx, channel int64, publicID string) (registry.TrustRule, error) {
	t, err := scanTrust(s.q(tx).row(ctx, `SELECT `+trustColumns+trustFrom+` WHERE t.channel_id = $1 AND t.public_id = $2`, channel, publicID))
	return t, s.translate(err)
}

// ListTrustRules reads a page of a channel's rules, and how many there are in all.
func (s *Store) ListTrustRules(ctx context.Context, tx registry.Tx, channel int64, p registry.Page) ([]registry.TrustRule, int64, error) {
	var total int64
	if err := s.q(tx).row(ctx, `SELECT COUNT(*) FROM trust_rules WHERE channel_id = $1`, channel).Scan(&total); err != nil {
		return nil, 0, s.translate(err)
	}
	order := orderBy(p, map[string]string{"created_at": "t.created_at", "last_used_at": "t.last_used_at"}, "t.id")
	rows, err := s.q(tx).query(ctx, `SELECT `+trustColumns+trustFrom+` WHERE t.channel_id = $1`+order+` LIMIT $2 OFFSET $3`, channel, p.Limit, p.Offset)
	rules, err := collect(s, rows, err, scanTrust)
	return rules, total, err
}

// IssuerTrustRules reads all rules about an issuer.
func (s *Store) IssuerTrustRules(ctx context.Context, tx registry.Tx, issuer string) ([]registry.TrustRule, error) {
	rows, err := s.q(tx).query(ctx, `SELECT `+trustColumns+trustFrom+` WHERE t.issuer = $1 ORDER BY t.id`, issuer)
	return collect(s, rows, err, scanTrust)
}

// UseTrustRule counts a use of a rule.
func (s *Store) UseTrustRule(ctx context.Context, tx registry.Tx, id int64, at time.Time) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE trust_rules SET uses = uses + 1, last_used_at = $2 WHERE id = $1`, id, millis(at)))
}

// InsertMinted notes that a token was made for a job.
func (s *Store) InsertMinted(ctx context.Context, tx registry.Tx, token int64, until time.Time) error {
	_, err := s.q(tx).exec(ctx, `INSERT INTO minted_tokens (token_id, expires_at) VALUES ($1, $2)`, token, millis(until))
	return s.translate(err)
}

// PruneMinted deletes tokens of jobs that ended before a time.
func (s *Store) PruneMinted(ctx context.Context, tx registry.Tx, before time.Time) error {
	_, err := s.q(tx).exec(ctx, `DELETE FROM tokens WHERE id IN (SELECT m.token_id FROM minted_tokens m WHERE m.expires_at < $1)`, millis(before))
	return s.translate(err)
}

// LendMembership puts an account into a group until a time, or until later if it is lent already.
func (s *Store) LendMembership(ctx context.Context, tx registry.Tx, group, principal int64, until time.Time) error {
	_, err := s.q(tx).exec(ctx, `INSERT INTO claim_members (group_id, principal_id, expires_at) VALUES ($1, $2, $3)
		ON CONFLICT (group_id, principal_id) DO UPDATE SET expires_at = excluded.expires_at
		WHERE claim_members.expires_at < excluded.expires_at`, group, principal, millis(until))
	return s.translate(err)
}
