package store

import (
	"context"
	"errors"

	"kingsnake/internal/registry"
)

const userColumns = `p.id, p.public_id, p.kind, p.name, p.email, p.password_hash, p.password_issued, p.disabled, p.default_channel_id,
	COALESCE((SELECT c.path FROM channels c WHERE c.id = p.default_channel_id), ''), p.last_login_at, p.created_at, p.updated_at`

func scanUser(r scanner) (u registry.User, err error) {
	var kind string
	var login, created, updated int64
	err = r.Scan(&u.ID, &u.PublicID, &kind, &u.Name, &u.Email, &u.PasswordHash, &u.PasswordIssued, &u.Disabled,
		&u.DefaultChannelID, &u.DefaultChannelPath, &login, &created, &updated)
	u.Kind = registry.ParsePrincipalKind(kind)
	u.LastLoginAt, u.CreatedAt, u.UpdatedAt = fromMillis(login), fromMillis(created), fromMillis(updated)
	return u, err
}

// InsertUser adds an account and gives its number.
func (s *Store) InsertUser(ctx context.Context, tx registry.Tx, u registry.User) (id int64, err error) {
	err = s.q(tx).row(ctx, `INSERT INTO principals
		(public_id, kind, name, email, password_hash, disabled, default_channel_id, last_login_at, created_at, updated_at, password_issued)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id`,
		u.PublicID, u.Kind.String(), u.Name, u.Email, u.PasswordHash, u.Disabled, u.DefaultChannelID,
		millis(u.LastLoginAt), millis(u.CreatedAt), millis(u.UpdatedAt), u.PasswordIssued).Scan(&id)
	return id, s.translate(err)
}

// UpdateUser writes all of an account that can change.
func (s *Store) UpdateUser(ctx context.Context, tx registry.Tx, u registry.User) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE principals SET email = $2, password_hash = $3, disabled = $4,
		default_channel_id = $5, last_login_at = $6, updated_at = $7, password_issued = $8 WHERE id = $1`,
		u.ID, u.Email, u.PasswordHash, u.Disabled, u.DefaultChannelID, millis(u.LastLoginAt), millis(u.UpdatedAt), u.PasswordIssued))
}

// DeleteUser removes an account with its tokens, sessions, roles and memberships.
func (s *Store) DeleteUser(ctx context.Context, tx registry.Tx, id int64) error {
	return s.affected(s.q(tx).exec(ctx, `DELETE FROM principals WHERE id = $1`, id))
}

// UserByID reads an account with its roles.
func (s *Store) UserByID(ctx context.Context, tx registry.Tx, id int64) (registry.User, error) {
	return s.user(ctx, tx, `SELECT `+userColumns+` FROM principals p WHERE p.id = $1`, id)
}

// UserByName reads an account by its name.
func (s *Store) UserByName(ctx context.Context, tx registry.Tx, name string) (registry.User, error) {
	return s.user(ctx, tx, `SELECT `+userColumns+` FROM principals p WHERE p.name = $1`, name)
}

// UserByPublicID reads an account by its public id.
func (s *Store) UserByPublicID(ctx context.Context, tx registry.Tx, publicID string) (registry.User, error) {
	return s.user(ctx, tx, `SELECT `+userColumns+` FROM principals p WHERE p.public_id = $1`, publicID)
}

func (s *Store) user(ctx context.Context, tx registry.Tx, query string, arg any) (registry.User, error) {
	u, err := scanUser(s.q(tx).row(ctx, query, arg))
	if err != nil {
		return registry.User{}, s.translate(err)
	}
	users := []registry.User{u}
	err = s.addRoles(ctx, tx, users)
	return users[0], err
}

// ListUsers finds the accounts of people.
func (s *Store) ListUsers(ctx context.Context, f registry.UserFilter, p registry.Page) ([]registry.User, int64, error) {
	var w where
	w.add(`p.kind = ?`, registry.KindUser.String())
	if f.Query != "" {
		like := likePattern(f.Query)
		w.add(`(LOWER(p.name) LIKE ? ESCAPE '!' OR LOWER(p.email) LIKE ? ESCAPE '!')`, like, like)
	}
	if f.Role != "" {
		w.add(`EXISTS (SELECT 1 FROM roles r WHERE r.name = ? AND (
			EXISTS (SELECT 1 FROM principal_roles pr WHERE pr.role_id = r.id AND pr.principal_id = p.id)
			OR EXISTS (SELECT 1 FROM claim_roles x WHERE x.role_id = r.id AND x.principal_id = p.id AND x.expires_at > ?)))`, f.Role, millis(f.Now))
	}
	if f.Disabled != nil {
		w.add(`p.disabled = ?`, *f.Disabled)
	}
	var total int64
	if err := s.reader.row(ctx, `SELECT COUNT(*) FROM principals p`+w.sql(), w.args...).Scan(&total); err != nil {
		return nil, 0, s.translate(err)
	}
	order := orderBy(p, map[string]string{"username": "p.name", "created_at": "p.created_at", "last_login_at": "p.last_login_at"}, "p.name")
	text := `SELECT ` + userColumns + ` FROM principals p` + w.sql() + order + w.number(` LIMIT ? OFFSET ?`, p.Limit, p.Offset)
	rows, err := s.reader.query(ctx, text, w.args...)
	users, err := collect(s, rows, err, scanUser)
	if err != nil {
		return nil, 0, err
	}
	return users, total, s.addRoles(ctx, nil, users)
}

// addRoles fills in the names of the roles of some accounts.
func (s *Store) addRoles(ctx context.Context, tx registry.Tx, users []registry.User) (rerr error) {
	at := make(map[int64]int, len(users))
	ids := make([]int64, len(users))
	for i, u := range users {
		at[u.ID], ids[i] = i, u.ID
	}
	rows, err := s.q(tx).query(ctx, `SELECT pr.principal_id, r.name FROM principal_roles pr JOIN roles r ON r.id = pr.role_id
		WHERE pr.principal_id IN (`+s.d.numbers("$1")+`) ORDER BY r.name`, jsonList(ids))
	if err != nil {
		return s.translate(err)
	}
	defer func() { rerr = errors.Join(rerr, rows.Close()) }()
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return err
		}
		users[at[id]].Roles = append(users[at[id]].Roles, name)
	}
	return rows.Err()
}

// CountAdmins counts the enabled accounts with the role admin and a password, leaving out one.
func (s *Store) CountAdmins(ctx context.Context, tx registry.Tx, except int64) (n int64, err error) {
	err = s.q(tx).row(ctx, `SELECT COUNT(*) FROM principals p JOIN principal_roles pr ON pr.principal_id = p.id
		JOIN roles r ON r.id = pr.role_id
		WHERE r.name = 'admin' AND p.id <> $1 AND NOT p.disabled AND p.password_hash <> ''`, except).Scan(&n)
	return n, s.translate(err)
}

// PrincipalGrants gives the levels on channels that a principal's groups have.
func (s *Store) PrincipalGrants(ctx context.Context, principal int64) ([]registry.ChannelGrant, error) {
	rows, err := s.reader.query(ctx, `SELECT cg.channel_id, cg.permission, g.name FROM group_members m
		JOIN channel_groups cg ON cg.group_id = m.group_id JOIN user_groups g ON g.id = m.group_id
		WHERE m.principal_id = $1 ORDER BY cg.channel_id, g.name`, principal)
	return collect(s, rows, err, scanGrant)
}

func scanGrant(r scanner) (g registry.ChannelGrant, err error) {
	var level string
	err = r.Scan(&g.ChannelID, &level, &g.Group)
	g.Level = registry.ParseLevel(level)
	return g, err
}

// PrincipalGroups gives a principal's levels over the groups it is in.
func (s *Store) PrincipalGroups(ctx context.Context, principal int64) (map[int64]registry.Level, error) {
	type member struct {
		group int64
		level registry.Level
	}
	rows, err := s.reader.query(ctx, `SELECT group_id, permission FROM group_members WHERE principal_id = $1`, principal)
	members, err := collect(s, rows, err, func(r scanner) (m member, err error) {
		var level string
		err = r.Scan(&m.group, &level)
		m.level = registry.ParseLevel(level)
		return m, err
	})
	out := make(map[int64]registry.Level, len(members))
	for _, m := range members {
		out[m.group] = m.level
	}
	return out, err
}
