package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"kingsnake/internal/registry"
)

// SetChannelRules writes a channel's filters and settings.
func (s *Store) SetChannelRules(ctx context.Context, tx registry.Tx, channel int64, f registry.Filters, settings registry.ChannelSettings) error {
	filters, err := json.Marshal(f)
	if err != nil {
		return err
	}
	rest, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	return s.affected(s.q(tx).exec(ctx, `UPDATE channels SET filters = $2, settings = $3 WHERE id = $1`, channel, string(filters), string(rest)))
}

// HoldRules takes the lock of a channel's row, adds to its bytes, and reads it.
func (s *Store) HoldRules(ctx context.Context, tx registry.Tx, channel, bytes int64) (registry.Channel, error) {
	c, err := scanChannel(s.q(tx).row(ctx, `UPDATE channels SET used_bytes = used_bytes + $2 WHERE id = $1
		RETURNING `+strings.ReplaceAll(channelColumns, "c.", ""), channel, bytes))
	return c, s.translate(err)
}

// MoveFiltering notes from which file on a channel's filters are to be applied, if that was from, or from is -1.
func (s *Store) MoveFiltering(ctx context.Context, tx registry.Tx, channel, from, to int64) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE channels SET filtering = $3 WHERE id = $1 AND (filtering = $2 OR $2 = -1)`, channel, from, to))
}

// FilteringChannels gives the paths of the channels whose filters were not applied to all files.
func (s *Store) FilteringChannels(ctx context.Context) ([]string, error) {
	rows, err := s.reader.query(ctx, `SELECT path FROM channels WHERE filtering > 0 ORDER BY path`)
	return collect(s, rows, err, scanText)
}

// FilesFrom gives files of a channel by ascending number.
func (s *Store) FilesFrom(ctx context.Context, tx registry.Tx, channel, from int64, limit int) ([]registry.File, error) {
	rows, err := s.q(tx).query(ctx, `SELECT `+fileColumns+` FROM files f WHERE f.channel_id = $1 AND f.id >= $2 ORDER BY f.id LIMIT $3`, channel, from, limit)
	return collect(s, rows, err, scanFile)
}

// SetFiltered notes why a file is hidden.
func (s *Store) SetFiltered(ctx context.Context, tx registry.Tx, file int64, cause registry.Cause) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE files SET filtered = $2 WHERE id = $1`, file, string(cause)))
}

// InsertFileChange notes what filters did to a file.
func (s *Store) InsertFileChange(ctx context.Context, tx registry.Tx, c registry.FileChange) error {
	_, err := s.q(tx).exec(ctx, `INSERT INTO file_changes (channel_id, ckey, cause, change, created_at) VALUES ($1, $2, $3, $4, $5)`,
		c.ChannelID, c.CKey, string(c.Cause), string(c.Change), millis(c.At))
	return s.translate(err)
}

// ListFileChanges reads a page of what filters did to a channel's files, the latest first, and how much there is in all.
func (s *Store) ListFileChanges(ctx context.Context, channel int64, p registry.Page) ([]registry.FileChange, int64, error) {
	var total int64
	if err := s.reader.row(ctx, `SELECT COUNT(*) FROM file_changes WHERE channel_id = $1`, channel).Scan(&total); err != nil {
		return nil, 0, s.translate(err)
	}
	rows, err := s.reader.query(ctx, `SELECT id, channel_id, ckey, cause, change, created_at FROM file_changes
		WHERE channel_id = $1 ORDER BY id DESC LIMIT $2 OFFSET $3`, channel, p.Limit, p.Offset)
	list, err := collect(s, rows, err, func(r scanner) (c registry.FileChange, err error) {
		var created int64
		err = r.Scan(&c.ID, &c.ChannelID, &c.CKey, &c.Cause, &c.Change, &created)
		c.At = fromMillis(created)
		return c, err
	})
	return list, total, err
}

// PruneFileChanges forgets what filters did before a time.
func (s *Store) PruneFileChanges(ctx context.Context, tx registry.Tx, channel int64, before time.Time) error {
	_, err := s.q(tx).exec(ctx, `DELETE FROM file_changes WHERE channel_id = $1 AND created_at < $2`, channel, millis(before))
	return s.translate(err)
}

// SubdirNames gives the places that a channel ever had a package for, in the form of registry.Place.
func (s *Store) SubdirNames(ctx context.Context, tx registry.Tx, channel int64) ([]string, error) {
	rows, err := s.q(tx).query(ctx, `SELECT subdir FROM subdirs WHERE channel_id = $1 ORDER BY subdir`, channel)
	return collect(s, rows, err, scanText)
}

// AddChannelBytes adds to the bytes that a channel holds, unless they would be more than its quota.
func (s *Store) AddChannelBytes(ctx context.Context, tx registry.Tx, channel, bytes int64) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE channels SET used_bytes = used_bytes + $2
		WHERE id = $1 AND (quota_bytes = 0 OR CAST($2 AS BIGINT) <= 0 OR used_bytes + $2 <= quota_bytes)`, channel, bytes))
}

// SetChannelQuota bounds the bytes of a channel, 0 for no bound.
func (s *Store) SetChannelQuota(ctx context.Context, tx registry.Tx, channel, bytes int64) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE channels SET quota_bytes = $2 WHERE id = $1`, channel, bytes))
}

func scanText(r scanner) (text string, err error) {
	err = r.Scan(&text)
	return text, err
}

// asJSON reads a text column with JSON into what it points to.
type asJSON struct{ into any }

// Scan implements what database/sql asks of a destination.
func (j asJSON) Scan(src any) error {
	switch v := src.(type) {
	case string:
		return json.Unmarshal([]byte(v), j.into)
	case []byte:
		return json.Unmarshal(v, j.into)
	}
	return fmt.Errorf("a column with JSON holds a %T", src)
}
