package store

import (
	"context"

	"kingsnake/conda/channel"
	"kingsnake/internal/registry"
)

// rangeOf is the condition that a file, as f, is in a range.
func rangeOf(r registry.FileRange) where {
	var w where
	w.add(`f.channel_id = ?`, r.ChannelID)
	if r.Name != "" {
		w.add(`f.artifact_id = (SELECT a.id FROM artifacts a WHERE a.channel_id = ? AND a.family = ? AND a.name = ?)`, r.ChannelID, registry.FamilyConda, r.Name)
	}
	switch {
	case r.Label == "":
	case r.Label == channel.DefaultLabel || r.Name != "":
		w.parts = append(w.parts, carries(&w, "f", r.Label))
	default:
		// A label has few of a large channel's files.
		w.add(`f.id IN (SELECT file_id FROM file_labels WHERE channel_id = ? AND label = ?)`, r.ChannelID, r.Label)
	}
	w.add(`f.id > ?`, r.After)
	w.add(`f.id <= ?`, r.Through)
	return w
}

// FilesAfter reads the first files of a range, in the order in which they came.
func (s *Store) FilesAfter(ctx context.Context, tx registry.Tx, r registry.FileRange, limit int) ([]registry.File, error) {
	w := rangeOf(r)
	text := `SELECT ` + fileColumns + ` FROM files f` + w.sql() + ` ORDER BY f.id` + w.number(` LIMIT ?`, limit)
	rows, err := s.q(tx).query(ctx, text, w.args...)
	return collect(s, rows, err, scanFile)
}

// CountFiles counts the files of a range, where there are names only those of packages so named.
func (s *Store) CountFiles(ctx context.Context, r registry.FileRange, names []string) (n int64, err error) {
	w := rangeOf(r)
	if len(names) > 0 {
		w.add(`f.artifact_id IN (SELECT a.id FROM artifacts a WHERE a.channel_id = ? AND a.family = ? AND a.name IN (`+s.d.texts("?")+`))`,
			r.ChannelID, registry.FamilyConda, jsonList(names))
	}
	err = s.reader.row(ctx, `SELECT COUNT(*) FROM files f`+w.sql(), w.args...).Scan(&n)
	return n, s.translate(err)
}

// LastFile gives the number of the youngest file of the site, 0 when there is none.
func (s *Store) LastFile(ctx context.Context, tx registry.Tx) (id int64, err error) {
	err = s.q(tx).row(ctx, `SELECT COALESCE(MAX(id), 0) FROM files`).Scan(&id)
	return id, s.translate(err)
}
