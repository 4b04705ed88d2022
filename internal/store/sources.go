package store

import (
	"context"
	"time"

	"kingsnake/internal/registry"
)

// ChannelSources gives the sources of a virtual channel, the first one first.
func (s *Store) ChannelSources(ctx context.Context, tx registry.Tx, virtual int64) ([]registry.Channel, error) {
	rows, err := s.q(tx).query(ctx, `SELECT `+channelColumns+` FROM channel_sources cs JOIN channels c ON c.id = cs.source_id
		WHERE cs.virtual_id = $1 ORDER BY cs.position`, virtual)
	return collect(s, rows, err, scanChannel)
}

// SetChannelSources gives a virtual channel these sources and no others.
func (s *Store) SetChannelSources(ctx context.Context, tx registry.Tx, virtual int64, sources []registry.Channel) error {
	if _, err := s.q(tx).exec(ctx, `DELETE FROM channel_sources WHERE virtual_id = $1`, virtual); err != nil {
		return s.translate(err)
	}
	for i, src := range sources {
		_, err := s.q(tx).exec(ctx, `INSERT INTO channel_sources (virtual_id, source_id, position) VALUES ($1, $2, $3)`, virtual, src.ID, i)
		if err != nil {
			return s.translate(err)
		}
	}
	return nil
}

// VirtualChannels gives the virtual channels over a source.
func (s *Store) VirtualChannels(ctx context.Context, tx registry.Tx, source int64) ([]registry.Channel, error) {
	rows, err := s.q(tx).query(ctx, `SELECT `+channelColumns+` FROM channel_sources cs JOIN channels c ON c.id = cs.virtual_id
		WHERE cs.source_id = $1 ORDER BY c.path`, source)
	return collect(s, rows, err, scanChannel)
}

// MarkChannel raises the generation of every place of a channel and of the virtual channels over it, and marks all their
// shards as out of date. The places and packages of a virtual channel are its own and those of its sources.
func (s *Store) MarkChannel(ctx context.Context, tx registry.Tx, id int64, at time.Time) ([]registry.Marked, error) {
	rows, err := s.q(tx).query(ctx, `INSERT INTO subdirs (channel_id, subdir, generation, changed_at)
		SELECT DISTINCT shown.id, d.subdir, 1, CAST($2 AS BIGINT) FROM `+shownBy+` JOIN subdirs d ON d.channel_id = shown.id
			OR d.channel_id IN (SELECT source_id FROM channel_sources WHERE virtual_id = shown.id) WHERE TRUE
		ON CONFLICT (channel_id, subdir) DO UPDATE SET generation = subdirs.generation + 1, changed_at = excluded.changed_at
		RETURNING channel_id, subdir`, id, millis(at))
	marked, err := collect(s, rows, err, func(r scanner) (m registry.Marked, err error) {
		err = r.Scan(&m.ChannelID, &m.Place)
		return m, err
	})
	if err != nil {
		return nil, err
	}
	_, err = s.q(tx).exec(ctx, `INSERT INTO shards (channel_id, subdir, name, generation)
		SELECT DISTINCT t.channel_id, t.subdir, x.name, t.generation FROM `+shownBy+` JOIN subdirs t ON t.channel_id = shown.id
			JOIN shards x ON x.subdir = t.subdir AND (x.channel_id = t.channel_id
			OR x.channel_id IN (SELECT source_id FROM channel_sources WHERE virtual_id = t.channel_id)) WHERE TRUE
		ON CONFLICT (channel_id, subdir, name) DO UPDATE SET generation = excluded.generation`, id)
	return marked, s.translate(err)
}
