package store

import (
	"context"

	"kingsnake/internal/registry"
)

const channelGroupColumns = groupColumns + `, cg.permission, g.owners_of = cg.channel_id, cg.created_at, cg.updated_at`

const channelGroupFrom = groupFrom + ` JOIN channel_groups cg ON cg.group_id = g.id`

func scanChannelGroup(r scanner) (g registry.ChannelGroup, err error) {
	var level string
	var made, changed, created, updated int64
	err = r.Scan(append(groupDest(&g.Group, &made, &changed), &level, &g.Persistent, &created, &updated)...)
	g.Group.CreatedAt, g.Group.UpdatedAt = fromMillis(made), fromMillis(changed)
	g.Permission, g.CreatedAt, g.UpdatedAt = registry.ParseLevel(level), fromMillis(created), fromMillis(updated)
	return g, err
}

// ListChannelGroups reads a page of the groups that have a permission on a channel, and how many there are in all.
func (s *Store) ListChannelGroups(ctx context.Context, channel int64, p registry.Page) ([]registry.ChannelGroup, int64, error) {
	var total int64
	if err := s.reader.row(ctx, `SELECT COUNT(*) FROM channel_groups WHERE channel_id = $1`, channel).Scan(&total); err != nil {
		return nil, 0, s.translate(err)
	}
	order := orderBy(p, map[string]string{"name": "g.name", "created_at": "cg.created_at", "updated_at": "cg.updated_at"}, "g.name")
	rows, err := s.reader.query(ctx, `SELECT `+channelGroupColumns+channelGroupFrom+` WHERE cg.channel_id = $1`+order+` LIMIT $2 OFFSET $3`,
		channel, p.Limit, p.Offset)
	list, err := collect(s, rows, err, scanChannelGroup)
	return list, total, err
}

// ChannelGroupByRef finds a group that has a permission on a channel, by the group's public id or its name.
func (s *Store) ChannelGroupByRef(ctx context.Context, tx registry.Tx, channel int64, ref string) (registry.ChannelGroup, error) {
	g, err := scanChannelGroup(s.q(tx).row(ctx, `SELECT `+channelGroupColumns+channelGroupFrom+`
		WHERE cg.channel_id = $1 AND (g.public_id = $2 OR g.name = $2)`, channel, ref))
	return g, s.translate(err)
}

// SetChannelGroup gives a group a level on a channel, or changes it.
func (s *Store) SetChannelGroup(ctx context.Context, tx registry.Tx, channel, group int64, permission registry.Level, at int64) error {
	_, err := s.q(tx).exec(ctx, `INSERT INTO channel_groups (channel_id, group_id, permission, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $4)
		ON CONFLICT (channel_id, group_id) DO UPDATE SET permission = excluded.permission, updated_at = excluded.updated_at`,
		channel, group, permission.String(), at)
	return s.translate(err)
}

// RemoveChannelGroup takes a group's level on a channel away.
func (s *Store) RemoveChannelGroup(ctx context.Context, tx registry.Tx, channel, group int64) error {
	return s.affected(s.q(tx).exec(ctx, `DELETE FROM channel_groups WHERE channel_id = $1 AND group_id = $2`, channel, group))
}

// GroupLevels gives the levels of a group by the numbers of the channels.
func (s *Store) GroupLevels(ctx context.Context, tx registry.Tx, group int64) (map[int64]registry.Level, error) {
	type grant struct {
		channel int64
		level   registry.Level
	}
	rows, err := s.q(tx).query(ctx, `SELECT channel_id, permission FROM channel_groups WHERE group_id = $1`, group)
	grants, err := collect(s, rows, err, func(r scanner) (g grant, err error) {
		var level string
		err = r.Scan(&g.channel, &level)
		g.level = registry.ParseLevel(level)
		return g, err
	})
	out := make(map[int64]registry.Level, len(grants))
	for _, g := range grants {
		out[g.channel] = g.level
	}
	return out, err
}
