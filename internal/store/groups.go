package store

import (
	"context"
	"time"

	"kingsnake/internal/registry"
)

const groupColumns = `g.id, g.public_id, g.name, g.description, g.owners_of, COALESCE(o.path, ''), COALESCE(sa.principal_id, 0),
	(SELECT COUNT(*) FROM group_members n WHERE n.group_id = g.id), g.created_at, g.updated_at`

const groupFrom = ` FROM user_groups g LEFT JOIN channels o ON o.id = g.owners_of LEFT JOIN service_accounts sa ON sa.group_id = g.id`

func groupDest(g *registry.Group, created, updated *int64) []any {
	return []any{&g.ID, &g.PublicID, &g.Name, &g.Description, &g.OwnersOf, &g.OwnersPath, &g.AccountID, &g.Members, created, updated}
}

func scanGroup(r scanner) (g registry.Group, err error) {
	var created, updated int64
	err = r.Scan(groupDest(&g, &created, &updated)...)
	g.CreatedAt, g.UpdatedAt = fromMillis(created), fromMillis(updated)
	return g, err
}

// InsertGroup adds a group and gives its number.
func (s *Store) InsertGroup(ctx context.Context, tx registry.Tx, g registry.Group) (id int64, err error) {
	err = s.q(tx).row(ctx, `INSERT INTO user_groups (public_id, name, description, owners_of, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
		g.PublicID, g.Name, g.Description, g.OwnersOf, millis(g.CreatedAt), millis(g.UpdatedAt)).Scan(&id)
	return id, s.translate(err)
}

// UpdateGroup writes all of a group that can change.
func (s *Store) UpdateGroup(ctx context.Context, tx registry.Tx, g registry.Group) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE user_groups SET name = $2, description = $3, updated_at = $4 WHERE id = $1`,
		g.ID, g.Name, g.Description, millis(g.UpdatedAt)))
}

// DeleteGroup removes a group with its members and its permissions.
func (s *Store) DeleteGroup(ctx context.Context, tx registry.Tx, id int64) error {
	return s.affected(s.q(tx).exec(ctx, `DELETE FROM user_groups WHERE id = $1`, id))
}

// GroupByRef finds a group by its public id or its name.
func (s *Store) GroupByRef(ctx context.Context, tx registry.Tx, ref string) (registry.Group, error) {
	g, err := scanGroup(s.q(tx).row(ctx, `SELECT `+groupColumns+groupFrom+` WHERE g.public_id = $1 OR g.name = $1`, ref))
	return g, s.translate(err)
}

// ListGroups reads a page of groups, and how many there are in all.
func (s *Store) ListGroups(ctx context.Context, f registry.GroupFilter, p registry.Page) ([]registry.Group, int64, error) {
	var w where
	if !f.All {
		w.add(`g.id IN (`+s.d.numbers("?")+`)`, jsonList(f.IDs))
	}
	if f.Query != "" {
		like := likePattern(f.Query)
		w.add(`(LOWER(g.name) LIKE ? ESCAPE '!' OR LOWER(g.description) LIKE ? ESCAPE '!')`, like, like)
	}
	var total int64
	if err := s.reader.row(ctx, `SELECT COUNT(*) FROM user_groups g`+w.sql(), w.args...).Scan(&total); err != nil {
		return nil, 0, s.translate(err)
	}
	order := orderBy(p, map[string]string{"name": "g.name", "created_at": "g.created_at", "updated_at": "g.updated_at"}, "g.name")
	text := `SELECT ` + groupColumns + groupFrom + w.sql() + order + w.number(` LIMIT ? OFFSET ?`, p.Limit, p.Offset)
	rows, err := s.reader.query(ctx, text, w.args...)
	list, err := collect(s, rows, err, scanGroup)
	return list, total, err
}

// DeleteOwnersGroup removes the group that owns a channel.
func (s *Store) DeleteOwnersGroup(ctx context.Context, tx registry.Tx, channel int64) error {
	_, err := s.q(tx).exec(ctx, `DELETE FROM user_groups WHERE owners_of = $1`, channel)
	return s.translate(err)
}

// SetMember puts a principal into a group, or changes its level over the group.
func (s *Store) SetMember(ctx context.Context, tx registry.Tx, group, principal int64, permission registry.Level) error {
	_, err := s.q(tx).exec(ctx, `INSERT INTO group_members (group_id, principal_id, permission) VALUES ($1, $2, $3)
		ON CONFLICT (group_id, principal_id) DO UPDATE SET permission = excluded.permission`, group, principal, permission.String())
	return s.translate(err)
}

// RemoveMember takes a principal out of a group.
func (s *Store) RemoveMember(ctx context.Context, tx registry.Tx, group, principal int64) error {
	return s.affected(s.q(tx).exec(ctx, `DELETE FROM group_members WHERE group_id = $1 AND principal_id = $2`, group, principal))
}

// claimMembers are those whom claims have put into group $1 until after $2, and nobody else.
const claimMembers = ` FROM claim_members c WHERE c.group_id = $1 AND c.expires_at > $2
	AND NOT EXISTS (SELECT 1 FROM group_members o WHERE o.group_id = c.group_id AND o.principal_id = c.principal_id)`

// ListMembers reads a page of those who are in a group at a time, and how many they are in all.
func (s *Store) ListMembers(ctx context.Context, group int64, now time.Time, p registry.Page) ([]registry.Member, int64, error) {
	var total int64
	err := s.reader.row(ctx, `SELECT (SELECT COUNT(*) FROM group_members WHERE group_id = $1) + (SELECT COUNT(*)`+claimMembers+`)`,
		group, millis(now)).Scan(&total)
	if err != nil {
		return nil, 0, s.translate(err)
	}
	order := orderBy(p, map[string]string{"username": "p.name"}, "p.name")
	rows, err := s.reader.query(ctx, `SELECT p.id, p.public_id, p.name, m.permission, m.remote FROM (
			SELECT principal_id, permission, FALSE AS remote FROM group_members WHERE group_id = $1
			UNION ALL SELECT c.principal_id, 'read', TRUE`+claimMembers+`
		) m JOIN principals p ON p.id = m.principal_id`+order+` LIMIT $3 OFFSET $4`, group, millis(now), p.Limit, p.Offset)
	list, err := collect(s, rows, err, func(r scanner) (m registry.Member, err error) {
		var level string
		err = r.Scan(&m.PrincipalID, &m.PublicID, &m.Name, &level, &m.Remote)
		m.Level = registry.ParseLevel(level)
		return m, err
	})
	return list, total, err
}

// GroupPrincipals gives everybody who is in a group, also by claims.
func (s *Store) GroupPrincipals(ctx context.Context, tx registry.Tx, group int64) ([]int64, error) {
	rows, err := s.q(tx).query(ctx, `SELECT principal_id FROM group_members WHERE group_id = $1
		UNION SELECT principal_id FROM claim_members WHERE group_id = $1 ORDER BY 1`, group)
	return collect(s, rows, err, func(r scanner) (id int64, err error) { err = r.Scan(&id); return id, err })
}

// CountOwners counts the members of a group who can sign in, leaving out one.
func (s *Store) CountOwners(ctx context.Context, tx registry.Tx, group, except int64) (n int64, err error) {
	err = s.q(tx).row(ctx, `SELECT COUNT(*) FROM group_members m JOIN principals p ON p.id = m.principal_id
		WHERE m.group_id = $1 AND p.id <> $2 AND p.kind = $3 AND NOT p.disabled AND p.password_hash <> ''`,
		group, except, registry.KindUser.String()).Scan(&n)
	return n, s.translate(err)
}
