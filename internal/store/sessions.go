package store

import (
	"context"

	"kingsnake/internal/registry"
)

// InsertSession adds a session and gives its number.
func (s *Store) InsertSession(ctx context.Context, tx registry.Tx, x registry.Session) (id int64, err error) {
	err = s.q(tx).row(ctx, `INSERT INTO sessions (public_id, principal_id, address, client, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
		x.PublicID, x.PrincipalID, x.Address, x.Client, millis(x.CreatedAt), millis(x.ExpiresAt)).Scan(&id)
	return id, s.translate(err)
}

// SessionByPublicID finds a session.
func (s *Store) SessionByPublicID(ctx context.Context, tx registry.Tx, publicID string) (registry.Session, error) {
	var x registry.Session
	var created, expires int64
	err := s.q(tx).row(ctx, `SELECT id, public_id, principal_id, address, client, created_at, expires_at FROM sessions WHERE public_id = $1`, publicID).
		Scan(&x.ID, &x.PublicID, &x.PrincipalID, &x.Address, &x.Client, &created, &expires)
	x.CreatedAt, x.ExpiresAt = fromMillis(created), fromMillis(expires)
	return x, s.translate(err)
}

// DeleteSession ends a session.
func (s *Store) DeleteSession(ctx context.Context, tx registry.Tx, publicID string) error {
	return s.affected(s.q(tx).exec(ctx, `DELETE FROM sessions WHERE public_id = $1`, publicID))
}

// DeleteSessions ends all sessions of a principal and gives their names.
func (s *Store) DeleteSessions(ctx context.Context, tx registry.Tx, principal int64) ([]string, error) {
	rows, err := s.q(tx).query(ctx, `DELETE FROM sessions WHERE principal_id = $1 RETURNING public_id`, principal)
	return collect(s, rows, err, func(r scanner) (id string, err error) { err = r.Scan(&id); return id, err })
}
