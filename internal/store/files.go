package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"

	"kingsnake/conda/channel"
	"kingsnake/internal/index"
	"kingsnake/internal/registry"
)

const fileColumns = `f.id, f.channel_id, f.artifact_id, f.subdir, f.filename, f.format, f.v3, f.name, f.version, f.build, f.build_number,
	f.version_key, f.size, f.sha256, f.md5, f.record, f.run_exports, f.facts, f.download_count, f.uploader, f.created_at, f.updated_at,
	f.patch, f.original, f.filtered, f.main, (SELECT STRING_AGG(l.label, ',') FROM file_labels l WHERE l.file_id = f.id)`

func scanFile(r scanner) (f registry.File, err error) {
	var record, exports, facts string
	var sha, md []byte
	var created, updated int64
	var main bool
	var labels sql.NullString
	var patch, original string
	err = r.Scan(&f.ID, &f.ChannelID, &f.ArtifactID, &f.Subdir, &f.Filename, &f.Format, &f.V3, &f.Name, &f.Version, &f.Build, &f.BuildNumber,
		&f.VersionKey, &f.Size, &sha, &md, &record, &exports, &facts, &f.DownloadCount, &f.Uploader, &created, &updated, &patch, &original, &f.Filtered, &main, &labels)
	if err != nil {
		return f, err
	}
	copy(f.SHA256[:], sha)
	copy(f.MD5[:], md)
	f.Record, f.RunExports, f.Facts = json.RawMessage(record), json.RawMessage(exports), json.RawMessage(facts)
	f.CreatedAt, f.UpdatedAt = fromMillis(created), fromMillis(updated)
	f.Labels = fileLabels(main, labels.String)
	if patch != "" {
		f.Patch, f.Original = json.RawMessage(patch), &registry.Original{}
		err = json.Unmarshal([]byte(original), f.Original)
	}
	return f, err
}

// fileLabels gives a file's labels, of which no one holds a comma.
func fileLabels(main bool, others string) []string {
	if others == "" {
		return []string{channel.DefaultLabel}
	}
	labels := strings.Split(others, ",")
	if main {
		labels = append(labels, channel.DefaultLabel)
	}
	slices.Sort(labels)
	return labels
}

// FileByKey reads a file.
func (s *Store) FileByKey(ctx context.Context, tx registry.Tx, channel int64, subdir, filename string) (registry.File, error) {
	f, err := scanFile(s.q(tx).row(ctx, `SELECT `+fileColumns+` FROM files f WHERE f.channel_id = $1 AND f.subdir = $2 AND f.filename = $3`,
		channel, subdir, filename))
	return f, s.translate(err)
}

// ReplaceFile writes another content under the name of a file.
func (s *Store) ReplaceFile(ctx context.Context, tx registry.Tx, f registry.File) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE files SET v3 = $2, build_number = $3, size = $4, sha256 = $5, md5 = $6, record = $7,
		run_exports = $8, facts = $9, uploader = $10, updated_at = $11, patch = $12, original = $13, filtered = $14 WHERE id = $1`,
		f.ID, f.V3, f.BuildNumber, f.Size, f.SHA256[:], f.MD5[:], string(f.Record), string(f.RunExports), string(f.Facts), f.Uploader,
		millis(f.UpdatedAt), string(f.Patch), originalText(f), string(f.Filtered)))
}

// PatchFile writes what an edit makes of a file.
func (s *Store) PatchFile(ctx context.Context, tx registry.Tx, f registry.File) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE files SET record = $2, run_exports = $3, facts = $4, patch = $5, original = $6, updated_at = $7, filtered = $8 WHERE id = $1`,
		f.ID, string(f.Record), string(f.RunExports), string(f.Facts), string(f.Patch), originalText(f), millis(f.UpdatedAt), string(f.Filtered)))
}

// originalText is what a file says by itself as the database keeps it, empty where no edit covers it.
func originalText(f registry.File) string {
	if f.Original == nil {
		return ""
	}
	// Texts and finished JSON always marshal.
	b, _ := json.Marshal(f.Original) //nolint:errchkjson // see above.
	return string(b)
}

// DeleteFile removes a file.
func (s *Store) DeleteFile(ctx context.Context, tx registry.Tx, id int64) error {
	return s.affected(s.q(tx).exec(ctx, `DELETE FROM files WHERE id = $1`, id))
}

// ListFiles reads a page of a package's files, and how many there are in all.
func (s *Store) ListFiles(ctx context.Context, tx registry.Tx, f registry.FileFilter, p registry.Page) ([]registry.File, int64, error) {
	var w where
	from := ` FROM files f`
	if f.VirtualID != 0 {
		from = s.shown(&w, index.Source{Channel: f.VirtualID, Virtual: true}, f.Name)
	} else {
		w.add(`f.artifact_id = ?`, f.ArtifactID)
		if !f.Hidden {
			w.add(`f.filtered = ''`)
		}
	}
	if f.Version != "" {
		w.add(`f.version = ?`, f.Version)
	}
	if f.CKey != "" {
		w.add(`f.subdir || '/' || f.filename = ?`, f.CKey)
	}
	if len(f.Subdirs) > 0 {
		w.add(`f.subdir IN (`+s.d.texts("?")+`)`, jsonList(f.Subdirs))
	}
	if f.Label != "" {
		w.parts = append(w.parts, carries(&w, "f", f.Label))
	}
	var total int64
	if err := s.q(tx).row(ctx, `SELECT COUNT(*)`+from+w.sql(), w.args...).Scan(&total); err != nil {
		return nil, 0, s.translate(err)
	}
	order := orderBy(p, map[string]string{
		"ckey": "f.subdir, f.filename", "updated_at": "f.updated_at", "blob_size": "f.size",
		"metadata_version": "f.version_key", "metadata_platforms": "f.subdir",
	}, "f.subdir, f.filename")
	text := `SELECT ` + fileColumns + from + w.sql() + order + w.number(` LIMIT ? OFFSET ?`, p.Limit, p.Offset)
	rows, err := s.q(tx).query(ctx, text, w.args...)
	list, err := collect(s, rows, err, scanFile)
	return list, total, err
}

// AddDownloads adds counted downloads to a file and its package.
func (s *Store) AddDownloads(ctx context.Context, tx registry.Tx, file, artifact, n int64) error {
	if _, err := s.q(tx).exec(ctx, `UPDATE files SET download_count = download_count + $2 WHERE id = $1`, file, n); err != nil {
		return s.translate(err)
	}
	if _, err := s.q(tx).exec(ctx, `UPDATE artifacts SET download_count = download_count + $2 WHERE id = $1`, artifact, n); err != nil {
		return s.translate(err)
	}
	_, err := s.q(tx).exec(ctx, `UPDATE channels SET download_count = download_count + $2
		WHERE id = (SELECT channel_id FROM artifacts WHERE id = $1)`, artifact, n)
	return s.translate(err)
}
