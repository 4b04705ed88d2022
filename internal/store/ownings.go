package store

import (
	"context"

	"kingsnake/internal/registry"
)

// anotherPerson is a condition that group g has another member who is a person and not disabled, on top of what is asked
// of the membership o.
const anotherPerson = `EXISTS (SELECT 1 FROM group_members o JOIN principals p ON p.id = o.principal_id
	WHERE o.group_id = g.id AND o.principal_id <> $1 AND p.kind = $2 AND NOT p.disabled`

// SoleChannels gives the paths of the channels that nobody else owns. A subchannel is managed by whoever owns its channel.
func (s *Store) SoleChannels(ctx context.Context, tx registry.Tx, principal int64) ([]string, error) {
	rows, err := s.q(tx).query(ctx, `SELECT c.path FROM group_members m JOIN user_groups g ON g.id = m.group_id JOIN channels c ON c.id = g.owners_of
		WHERE m.principal_id = $1 AND c.parent_id = 0 AND NOT `+anotherPerson+`) ORDER BY c.path`, principal, registry.KindUser.String())
	return collect(s, rows, err, func(r scanner) (path string, err error) { err = r.Scan(&path); return path, err })
}

// SoleGroups gives the ordinary groups that nobody else manages.
func (s *Store) SoleGroups(ctx context.Context, tx registry.Tx, principal int64) ([]registry.Group, error) {
	rows, err := s.q(tx).query(ctx, `SELECT g.id, g.public_id, g.name FROM group_members m JOIN user_groups g ON g.id = m.group_id
		WHERE m.principal_id = $1 AND m.permission = 'manage' AND g.owners_of = 0 AND NOT `+anotherPerson+` AND o.permission = 'manage')
		ORDER BY g.name`, principal, registry.KindUser.String())
	return collect(s, rows, err, func(r scanner) (g registry.Group, err error) {
		err = r.Scan(&g.ID, &g.PublicID, &g.Name)
		return g, err
	})
}
