package store

import (
	"context"

	"kingsnake/internal/registry"
)

const channelColumns = `c.id, c.public_id, c.parent_id, c.name, c.path, c.description, c.privacy, c.channel_type, c.indexing,
	c.filters, c.settings, c.filtering, c.quota_bytes, c.used_bytes, c.created_at, c.updated_at`

func channelDest(c *registry.Channel, created, updated *int64) []any {
	return []any{
		&c.ID, &c.PublicID, &c.ParentID, &c.Name, &c.Path, &c.Description, &c.Privacy, &c.Type, &c.Indexing,
		asJSON{&c.Filters},
		asJSON{&c.Settings},
		&c.Filtering, &c.QuotaBytes, &c.UsedBytes, created, updated,
	}
}

func scanChannel(r scanner) (c registry.Channel, err error) {
	var created, updated int64
	err = r.Scan(channelDest(&c, &created, &updated)...)
	c.CreatedAt, c.UpdatedAt = fromMillis(created), fromMillis(updated)
	return c, err
}

// InsertChannel adds a channel and gives its number.
func (s *Store) InsertChannel(ctx context.Context, tx registry.Tx, c registry.Channel) (id int64, err error) {
	err = s.q(tx).row(ctx, `INSERT INTO channels (public_id, parent_id, name, path, description, privacy, channel_type, indexing, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`,
		c.PublicID, c.ParentID, c.Name, c.Path, c.Description, string(c.Privacy), string(c.Type), string(c.Indexing),
		millis(c.CreatedAt), millis(c.UpdatedAt)).Scan(&id)
	return id, s.translate(err)
}

// UpdateChannel writes all of a channel that can change.
func (s *Store) UpdateChannel(ctx context.Context, tx registry.Tx, c registry.Channel) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE channels SET description = $2, privacy = $3, indexing = $4, updated_at = $5 WHERE id = $1`,
		c.ID, c.Description, string(c.Privacy), string(c.Indexing), millis(c.UpdatedAt)))
}

// DeleteChannel removes a channel with its packages, index and grants.
func (s *Store) DeleteChannel(ctx context.Context, tx registry.Tx, id int64) error {
	if _, err := s.q(tx).exec(ctx, `UPDATE index_blobs SET replaced_at = 1 WHERE channel_id = $1`, id); err != nil {
		return s.translate(err)
	}
	if _, err := s.q(tx).exec(ctx, `INSERT INTO search_gone (artifact_id) SELECT t.artifact_id FROM artifacts a JOIN search_texts t ON t.artifact_id = a.id
		WHERE a.channel_id = $1 ON CONFLICT (artifact_id) DO NOTHING`, id); err != nil {
		return s.translate(err)
	}
	return s.affected(s.q(tx).exec(ctx, `DELETE FROM channels WHERE id = $1`, id))
}

// ChannelByPath reads a channel.
func (s *Store) ChannelByPath(ctx context.Context, tx registry.Tx, path string) (registry.Channel, error) {
	c, err := scanChannel(s.q(tx).row(ctx, `SELECT `+channelColumns+` FROM channels c WHERE c.path = $1`, path))
	return c, s.translate(err)
}

// Subchannels reads the subchannels of a channel.
func (s *Store) Subchannels(ctx context.Context, tx registry.Tx, parent int64) ([]registry.Channel, error) {
	if parent == 0 {
		return nil, nil
	}
	rows, err := s.q(tx).query(ctx, `SELECT `+channelColumns+` FROM channels c WHERE c.parent_id = $1 ORDER BY c.path`, parent)
	return collect(s, rows, err, scanChannel)
}

// ListChannels reads a page of channels with their counts, and how many there are in all.
func (s *Store) ListChannels(ctx context.Context, f registry.ChannelFilter, p registry.Page) ([]registry.Channel, int64, error) {
	var w where
	s.inSets(&w, f.Visible)
	if f.Parent != 0 {
		w.add(`c.parent_id = ?`, f.Parent)
	} else if !f.IncludeSubchannels {
		w.add(`c.parent_id = 0`)
	}
	if f.Privacy != "" {
		w.add(`c.privacy = ?`, string(f.Privacy))
	}
	if f.SourceID != 0 {
		w.add(`c.id IN (SELECT virtual_id FROM channel_sources WHERE source_id = ?)`, f.SourceID)
	}
	if f.Query != "" {
		like := likePattern(f.Query)
		w.add(`(LOWER(c.path) LIKE ? ESCAPE '!' OR LOWER(c.description) LIKE ? ESCAPE '!')`, like, like)
	}
	if f.Path != "" {
		w.add(`c.path = ?`, f.Path)
	}
	if len(f.PublicIDs) > 0 {
		w.add(`c.public_id IN (`+s.d.texts("?")+`)`, jsonList(f.PublicIDs))
	}
	if f.Group != 0 {
		w.add(`c.id IN (SELECT cg.channel_id FROM channel_groups cg WHERE cg.group_id = ?)`, f.Group)
	}
	var total int64
	if err := s.reader.row(ctx, `SELECT COUNT(*) FROM channels c`+w.sql(), w.args...).Scan(&total); err != nil {
		return nil, 0, s.translate(err)
	}
	order := orderBy(p, map[string]string{"name": "c.path", "updated_at": "c.updated_at"}, "c.path")
	text := `SELECT ` + channelColumns + `, c.package_count, c.download_count FROM channels c` + w.sql() + order + w.number(` LIMIT ? OFFSET ?`, p.Limit, p.Offset)
	rows, err := s.reader.query(ctx, text, w.args...)
	list, err := collect(s, rows, err, func(r scanner) (c registry.Channel, err error) {
		var created, updated int64
		err = r.Scan(append(channelDest(&c, &created, &updated), &c.ArtifactCount, &c.DownloadCount)...)
		c.CreatedAt, c.UpdatedAt = fromMillis(created), fromMillis(updated)
		return c, err
	})
	return list, total, err
}

// ChannelStats counts what is in a channel, but for its subchannels.
func (s *Store) ChannelStats(ctx context.Context, channel int64) (c registry.ChannelStats, err error) {
	err = s.reader.row(ctx, `SELECT
		COALESCE(SUM(c.package_count), 0), COALESCE(SUM(c.download_count), 0),
		(SELECT COUNT(*) FROM files WHERE channel_id = $1),
		COALESCE(SUM(c.used_bytes), 0),
		(SELECT COUNT(*) FROM channel_groups WHERE channel_id = $1) FROM channels c WHERE c.id = $1`, channel).
		Scan(&c.Packages, &c.Downloads, &c.Files, &c.Size, &c.Groups)
	return c, s.translate(err)
}

// ChannelOwners gives the names of a channel's owners.
func (s *Store) ChannelOwners(ctx context.Context, channel int64) ([]string, error) {
	rows, err := s.reader.query(ctx, `SELECT p.name FROM user_groups g JOIN group_members m ON m.group_id = g.id
		JOIN principals p ON p.id = m.principal_id WHERE g.owners_of = $1 ORDER BY p.name`, channel)
	return collect(s, rows, err, func(r scanner) (name string, err error) { return name, r.Scan(&name) })
}

// ChannelPrincipals gives everyone who holds a level on a channel through a group.
func (s *Store) ChannelPrincipals(ctx context.Context, tx registry.Tx, channel int64) ([]int64, error) {
	rows, err := s.q(tx).query(ctx, `SELECT m.principal_id FROM channel_groups cg
		JOIN group_members m ON m.group_id = cg.group_id WHERE cg.channel_id = $1
		UNION SELECT m.principal_id FROM channel_groups cg
		JOIN claim_members m ON m.group_id = cg.group_id WHERE cg.channel_id = $1 ORDER BY 1`, channel)
	return collect(s, rows, err, func(r scanner) (id int64, err error) { err = r.Scan(&id); return id, err })
}
