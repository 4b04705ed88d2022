package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"kingsnake/internal/registry"
)

// ListRoles reads all roles, by name.
func (s *Store) ListRoles(ctx context.Context, tx registry.Tx) ([]registry.Role, error) {
	rows, err := s.q(tx).query(ctx, `SELECT id, public_id, name, persistent, levels, created_at, updated_at FROM roles ORDER BY name`)
	return collect(s, rows, err, func(r scanner) (role registry.Role, err error) {
		var levels string
		var created, updated int64
		if err := r.Scan(&role.ID, &role.PublicID, &role.Name, &role.Persistent, &levels, &created, &updated); err != nil {
			return role, err
		}
		var m map[string]string
		if err := json.Unmarshal([]byte(levels), &m); err != nil {
			return role, fmt.Errorf("levels of role %s: %w", role.Name, err)
		}
		role.DecodeLevels(m)
		role.CreatedAt, role.UpdatedAt = fromMillis(created), fromMillis(updated)
		return role, nil
	})
}

// InsertRole adds a role and gives its number.
func (s *Store) InsertRole(ctx context.Context, tx registry.Tx, r registry.Role) (id int64, err error) {
	levels, err := json.Marshal(r.EncodeLevels())
	if err != nil {
		return 0, err
	}
	err = s.q(tx).row(ctx, `INSERT INTO roles (public_id, name, persistent, levels, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
		r.PublicID, r.Name, r.Persistent, string(levels), millis(r.CreatedAt), millis(r.UpdatedAt)).Scan(&id)
	return id, s.translate(err)
}

// UpdateRole writes a role's name and levels.
func (s *Store) UpdateRole(ctx context.Context, tx registry.Tx, r registry.Role) error {
	levels, err := json.Marshal(r.EncodeLevels())
	if err != nil {
		return err
	}
	return s.affected(s.q(tx).exec(ctx, `UPDATE roles SET name = $2, levels = $3, updated_at = $4 WHERE id = $1`,
		r.ID, r.Name, string(levels), millis(r.UpdatedAt)))
}

// DeleteRole removes a role and takes it from those who had it.
func (s *Store) DeleteRole(ctx context.Context, tx registry.Tx, id int64) error {
	return s.affected(s.q(tx).exec(ctx, `DELETE FROM roles WHERE id = $1`, id))
}

// CountHolders counts the accounts that have a role at a time, also by claims.
func (s *Store) CountHolders(ctx context.Context, tx registry.Tx, role int64, at time.Time) (n int64, err error) {
	err = s.q(tx).row(ctx, `SELECT COUNT(*) FROM (SELECT principal_id FROM principal_roles WHERE role_id = $1
		UNION SELECT principal_id FROM claim_roles WHERE role_id = $1 AND expires_at > $2) AS holders`, role, millis(at)).Scan(&n)
	return n, s.translate(err)
}

// SetRoles gives a principal exactly these roles.
func (s *Store) SetRoles(ctx context.Context, tx registry.Tx, principal int64, roles []int64) error {
	if _, err := s.q(tx).exec(ctx, `DELETE FROM principal_roles WHERE principal_id = $1`, principal); err != nil {
		return s.translate(err)
	}
	for _, id := range roles {
		if _, err := s.q(tx).exec(ctx, `INSERT INTO principal_roles (principal_id, role_id) VALUES ($1, $2)`, principal, id); err != nil {
			return s.translate(err)
		}
	}
	return nil
}
