package store

import (
	"context"
	"time"

	"kingsnake/conda/channel"
	"kingsnake/internal/registry"
)

// carries is the condition that a file carries a label.
func carries(w *where, file, label string) string {
	if label == channel.DefaultLabel {
		return file + `.main`
	}
	return w.number(`EXISTS (SELECT 1 FROM file_labels l WHERE l.file_id = `+file+`.id AND l.label = ?)`, label)
}

// SetFileLabels gives a file the labels that it holds, and no others.
func (s *Store) SetFileLabels(ctx context.Context, tx registry.Tx, f registry.File) error {
	if err := s.affected(s.q(tx).exec(ctx, `UPDATE files SET main = $2 WHERE id = $1`, f.ID, f.Main())); err != nil {
		return err
	}
	if _, err := s.q(tx).exec(ctx, `DELETE FROM file_labels WHERE file_id = $1`, f.ID); err != nil {
		return s.translate(err)
	}
	for _, label := range f.OtherLabels() {
		_, err := s.q(tx).exec(ctx, `INSERT INTO file_labels (file_id, channel_id, label) VALUES ($1, $2, $3)`, f.ID, f.ChannelID, label)
		if err != nil {
			return s.translate(err)
		}
	}
	return nil
}

// channelLabels counts the files of each label that channel $1, a virtual one through its sources, offers. Those of main are
// all but the few that lack it, so that they need not be read.
const channelLabels = ` FROM (SELECT 'main' AS label, CAST(COALESCE((SELECT SUM(file_count) FROM artifacts WHERE channel_id IN ` + ofChannel + `), 0) AS BIGINT)
		- (SELECT COUNT(*) FROM files WHERE channel_id IN ` + ofChannel + ` AND NOT main AND filtered = '') AS files
	UNION ALL SELECT l.label, COUNT(*) FROM file_labels l JOIN files f ON f.id = l.file_id
		WHERE l.channel_id IN ` + ofChannel + ` AND f.filtered = '' GROUP BY l.label) counted WHERE files > 0`

// ofChannel are the channels whose files channel $1 shows.
const ofChannel = `(SELECT CAST($1 AS BIGINT) UNION ALL SELECT source_id FROM channel_sources WHERE virtual_id = $1)`

// ListLabels reads a page of a channel's labels by name, and how many there are.
func (s *Store) ListLabels(ctx context.Context, id int64, p registry.Page) ([]registry.Label, int64, error) {
	var total int64
	if err := s.reader.row(ctx, `SELECT COUNT(*)`+channelLabels, id).Scan(&total); err != nil {
		return nil, 0, s.translate(err)
	}
	order := orderBy(p, map[string]string{"name": "label"}, "label")
	rows, err := s.reader.query(ctx, `SELECT label, files`+channelLabels+order+` LIMIT $2 OFFSET $3`, id, p.Limit, p.Offset)
	list, err := collect(s, rows, err, func(r scanner) (l registry.Label, err error) { return l, r.Scan(&l.Name, &l.Files) })
	return list, total, err
}

// shownBy are the channels that show what is in channel $1: itself, and the virtual channels over it.
const shownBy = `(SELECT CAST($1 AS BIGINT) AS id UNION ALL SELECT virtual_id FROM channel_sources WHERE source_id = $1) shown`

// EnsureSubdir makes a place exist in a channel and in the virtual channels over it.
func (s *Store) EnsureSubdir(ctx context.Context, tx registry.Tx, id int64, place registry.Place, at time.Time) error {
	_, err := s.q(tx).exec(ctx, `INSERT INTO subdirs (channel_id, subdir, generation, changed_at)
		SELECT shown.id, $2, 0, $3 FROM `+shownBy+` WHERE TRUE ON CONFLICT (channel_id, subdir) DO NOTHING`, id, string(place), millis(at))
	return s.translate(err)
}
