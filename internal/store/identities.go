package store

import (
	"context"
	"time"

	"kingsnake/internal/registry"
)

const identityColumns = `i.id, i.public_id, i.principal_id, i.issuer, i.subject, i.created_at, i.last_login_at`

func scanIdentity(r scanner) (i registry.Identity, err error) {
	var created, login int64
	err = r.Scan(&i.ID, &i.PublicID, &i.PrincipalID, &i.Issuer, &i.Subject, &created, &login)
	i.CreatedAt, i.LastLoginAt = fromMillis(created), fromMillis(login)
	return i, err
}

// InsertIdentity adds an identity and gives its number.
func (s *Store) InsertIdentity(ctx context.Context, tx registry.Tx, i registry.Identity) (id int64, err error) {
	err = s.q(tx).row(ctx, `INSERT INTO identities (public_id, principal_id, issuer, subject, created_at, last_login_at)
		VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
		i.PublicID, i.PrincipalID, i.Issuer, i.Subject, millis(i.CreatedAt), millis(i.LastLoginAt)).Scan(&id)
	return id, s.translate(err)
}

// UpdateIdentity notes when an identity was last used.
func (s *Store) UpdateIdentity(ctx context.Context, tx registry.Tx, id int64, login time.Time) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE identities SET last_login_at = $2 WHERE id = $1`, id, millis(login)))
}

// DeleteIdentity removes an identity.
func (s *Store) DeleteIdentity(ctx context.Context, tx registry.Tx, id int64) error {
	return s.affected(s.q(tx).exec(ctx, `DELETE FROM identities WHERE id = $1`, id))
}

// IdentityBySubject finds the identity that an issuer calls subject.
func (s *Store) IdentityBySubject(ctx context.Context, tx registry.Tx, issuer, subject string) (registry.Identity, error) {
	i, err := scanIdentity(s.q(tx).row(ctx, `SELECT `+identityColumns+` FROM identities i WHERE i.issuer = $1 AND i.subject = $2`, issuer, subject))
	return i, s.translate(err)
}

// Identities reads the identities of an account.
func (s *Store) Identities(ctx context.Context, tx registry.Tx, principal int64) ([]registry.Identity, error) {
	rows, err := s.q(tx).query(ctx, `SELECT `+identityColumns+` FROM identities i WHERE i.principal_id = $1 ORDER BY i.id`, principal)
	return collect(s, rows, err, scanIdentity)
}

// SetClaimRoles gives an account exactly these roles by claims, until a time.
func (s *Store) SetClaimRoles(ctx context.Context, tx registry.Tx, principal int64, roles []int64, until time.Time) error {
	if _, err := s.q(tx).exec(ctx, `DELETE FROM claim_roles WHERE principal_id = $1`, principal); err != nil {
		return s.translate(err)
	}
	for _, role := range roles {
		if _, err := s.q(tx).exec(ctx, `INSERT INTO claim_roles (principal_id, role_id, expires_at) VALUES ($1, $2, $3)`,
			principal, role, millis(until)); err != nil {
			return s.translate(err)
		}
	}
	return nil
}

// SetClaimGroups puts an account into exactly these groups by claims, until a time.
func (s *Store) SetClaimGroups(ctx context.Context, tx registry.Tx, principal int64, groups []int64, until time.Time) error {
	if _, err := s.q(tx).exec(ctx, `DELETE FROM claim_members WHERE principal_id = $1`, principal); err != nil {
		return s.translate(err)
	}
	for _, group := range groups {
		if _, err := s.q(tx).exec(ctx, `INSERT INTO claim_members (principal_id, group_id, expires_at) VALUES ($1, $2, $3)`,
			principal, group, millis(until)); err != nil {
			return s.translate(err)
		}
	}
	return nil
}

// ClaimRoles reads the roles that an account holds by claims at a time.
func (s *Store) ClaimRoles(ctx context.Context, tx registry.Tx, principal int64, now time.Time) ([]registry.Claimed, error) {
	rows, err := s.q(tx).query(ctx, `SELECT r.id, r.name, x.expires_at FROM claim_roles x JOIN roles r ON r.id = x.role_id
		WHERE x.principal_id = $1 AND x.expires_at > $2 ORDER BY r.name`, principal, millis(now))
	return collect(s, rows, err, scanClaimed)
}

// ClaimGroups reads the groups that an account is in by claims at a time.
func (s *Store) ClaimGroups(ctx context.Context, tx registry.Tx, principal int64, now time.Time) ([]registry.Claimed, error) {
	rows, err := s.q(tx).query(ctx, `SELECT g.id, g.name, x.expires_at FROM claim_members x JOIN user_groups g ON g.id = x.group_id
		WHERE x.principal_id = $1 AND x.expires_at > $2 ORDER BY g.name`, principal, millis(now))
	return collect(s, rows, err, scanClaimed)
}

func scanClaimed(r scanner) (c registry.Claimed, err error) {
	var expires int64
	err = r.Scan(&c.ID, &c.Name, &expires)
	c.ExpiresAt = fromMillis(expires)
	return c, err
}

// ClaimGrants gives the levels on channels that an account has at a time through groups it is in by claims.
func (s *Store) ClaimGrants(ctx context.Context, principal int64, now time.Time) ([]registry.ChannelGrant, error) {
	rows, err := s.reader.query(ctx, `SELECT cg.channel_id, cg.permission, g.name FROM claim_members m
		JOIN channel_groups cg ON cg.group_id = m.group_id JOIN user_groups g ON g.id = m.group_id
		WHERE m.principal_id = $1 AND m.expires_at > $2 ORDER BY cg.channel_id, g.name`, principal, millis(now))
	return collect(s, rows, err, scanGrant)
}

// GroupsByName finds groups.
func (s *Store) GroupsByName(ctx context.Context, tx registry.Tx, names []string) ([]registry.Group, error) {
	rows, err := s.q(tx).query(ctx, `SELECT g.id, g.name, g.owners_of FROM user_groups g
		WHERE g.name IN (`+s.d.texts("$1")+`) ORDER BY g.name`, jsonList(names))
	return collect(s, rows, err, func(r scanner) (g registry.Group, err error) {
		err = r.Scan(&g.ID, &g.Name, &g.OwnersOf)
		return g, err
	})
}

// InsertSpent remembers until a time that something was used; ErrTaken says that it was before.
func (s *Store) InsertSpent(ctx context.Context, tx registry.Tx, hash []byte, until time.Time) error {
	_, err := s.q(tx).exec(ctx, `INSERT INTO spent (hash, expires_at) VALUES ($1, $2)`, hash, millis(until))
	return s.translate(err)
}

// PruneSpent forgets what could not be used again in any case.
func (s *Store) PruneSpent(ctx context.Context, tx registry.Tx, before time.Time) error {
	_, err := s.q(tx).exec(ctx, `DELETE FROM spent WHERE expires_at < $1`, millis(before))
	return s.translate(err)
}

// PruneClaims forgets what claims gave and has lapsed.
func (s *Store) PruneClaims(ctx context.Context, tx registry.Tx, before time.Time) error {
	if _, err := s.q(tx).exec(ctx, `DELETE FROM claim_roles WHERE expires_at < $1`, millis(before)); err != nil {
		return s.translate(err)
	}
	_, err := s.q(tx).exec(ctx, `DELETE FROM claim_members WHERE expires_at < $1`, millis(before))
	return s.translate(err)
}
