package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"kingsnake/internal/registry"
)

const artifactColumns = `a.id, a.channel_id, c.path, c.privacy, a.family, a.name, a.file_count, a.download_count, a.latest_version,
	a.latest_version_key, a.summary, a.about, a.subdirs, a.created_at, a.updated_at`

// artifactFrom is written in the order in which the tables are to be read: a database without statistics would rather read
// the channels first, and then sort all their packages.
const artifactFrom = ` FROM artifacts a CROSS JOIN channels c`

// artifactJoin is the condition that ties the two together.
const artifactJoin = `c.id = a.channel_id`

func scanArtifact(r scanner) (a registry.Artifact, err error) {
	var about, subdirs string
	var created, updated int64
	if err := r.Scan(&a.ID, &a.ChannelID, &a.ChannelPath, &a.Privacy, &a.Family, &a.Name, &a.FileCount, &a.DownloadCount,
		&a.LatestVersion, &a.LatestVersionKey, &a.Summary, &about, &subdirs, &created, &updated); err != nil {
		return a, err
	}
	a.About, a.CreatedAt, a.UpdatedAt = json.RawMessage(about), fromMillis(created), fromMillis(updated)
	if err := json.Unmarshal([]byte(subdirs), &a.Subdirs); err != nil {
		return a, fmt.Errorf("subdirs of package %s: %w", a.Name, err)
	}
	return a, nil
}

// UpdateArtifact writes what a package's files say together.
func (s *Store) UpdateArtifact(ctx context.Context, tx registry.Tx, a registry.Artifact) error {
	// Only a package that begins or ends to offer files changes how many its channel has.
	if _, err := s.q(tx).exec(ctx, `UPDATE channels SET package_count = package_count + CASE WHEN CAST($2 AS BIGINT) > 0 THEN 1 ELSE -1 END
		WHERE id = (SELECT channel_id FROM artifacts WHERE id = $1 AND (file_count > 0) <> (CAST($2 AS BIGINT) > 0))`, a.ID, a.FileCount); err != nil {
		return s.translate(err)
	}
	// What is searched seldom changes with an upload.
	if _, err := s.q(tx).exec(ctx, `INSERT INTO search_pending (artifact_id) SELECT id FROM artifacts WHERE id = $1
		AND (summary <> $3 OR (file_count > 0) <> (CAST($2 AS BIGINT) > 0)) ON CONFLICT (artifact_id) DO NOTHING`, a.ID, a.FileCount, a.Summary); err != nil {
		return s.translate(err)
	}
	return s.describeArtifact(ctx, tx, a)
}

// describeArtifact writes a package's row.
func (s *Store) describeArtifact(ctx context.Context, tx registry.Tx, a registry.Artifact) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE artifacts SET file_count = $2, latest_version = $3, latest_version_key = $4,
		summary = $5, about = $6, subdirs = $7, updated_at = $8, depends_known = FALSE WHERE id = $1`,
		a.ID, a.FileCount, a.LatestVersion, a.LatestVersionKey, a.Summary, string(a.About), jsonList(a.Subdirs), millis(a.UpdatedAt)))
}

// DeleteArtifact removes a package.
func (s *Store) DeleteArtifact(ctx context.Context, tx registry.Tx, id int64) error {
	if _, err := s.q(tx).exec(ctx, `UPDATE channels SET
		package_count = package_count - (SELECT COUNT(*) FROM artifacts WHERE id = $1 AND file_count > 0),
		download_count = download_count - (SELECT download_count FROM artifacts WHERE id = $1)
		WHERE id = (SELECT channel_id FROM artifacts WHERE id = $1)`, id); err != nil {
		return s.translate(err)
	}
	if _, err := s.q(tx).exec(ctx, `INSERT INTO search_gone (artifact_id) SELECT artifact_id FROM search_texts WHERE artifact_id = $1
		ON CONFLICT (artifact_id) DO NOTHING`, id); err != nil {
		return s.translate(err)
	}
	return s.affected(s.q(tx).exec(ctx, `DELETE FROM artifacts WHERE id = $1`, id))
}

// ArtifactByName reads a package.
func (s *Store) ArtifactByName(ctx context.Context, tx registry.Tx, channel int64, family, name string) (registry.Artifact, error) {
	a, err := scanArtifact(s.q(tx).row(ctx, `SELECT `+artifactColumns+artifactFrom+`
		WHERE `+artifactJoin+` AND a.channel_id = $1 AND a.family = $2 AND a.name = $3`, channel, family, name))
	return a, s.translate(err)
}

// ListArtifacts reads a page of packages, and how many there are in all.
func (s *Store) ListArtifacts(ctx context.Context, f registry.ArtifactFilter, p registry.Page) ([]registry.Artifact, int64, error) {
	var w where
	w.add(artifactJoin)
	if f.ChannelID != 0 {
		w.add(`a.channel_id = ?`, f.ChannelID)
	}
	if f.VirtualID != 0 {
		best(&w, f.VirtualID)
	}
	s.packagesInSets(&w, f.Visible)
	// In other words than those of the indexes of what is offered, which a database would take here for the wrong order.
	w.add(`a.file_count >= 1`)
	if f.Query != "" {
		like := likePattern(f.Query)
		w.add(`(`+s.d.like(`a.name`)+` OR `+s.d.like(`a.summary`)+`)`, like, like)
	}
	if f.DependsOn != "" {
		w.add(`a.id IN (SELECT d.artifact_id FROM artifact_depends d WHERE d.channel_id = ? AND d.name = ?)`, f.ChannelID, f.DependsOn)
	}
	if len(f.OnlyNames) > 0 {
		w.add(`a.name IN (`+s.d.texts("?")+`)`, jsonList(f.OnlyNames))
	}
	if len(f.Families) > 0 {
		w.add(`a.family IN (`+s.d.texts("?")+`)`, jsonList(f.Families))
	}
	if f.Subdir != "" {
		w.add(`EXISTS (SELECT 1 FROM files f WHERE f.artifact_id = a.id AND f.subdir = ? AND f.filtered = '')`, f.Subdir)
	}
	if !f.UpdatedSince.IsZero() {
		w.add(`a.updated_at >= ?`, millis(f.UpdatedSince))
	}
	if !f.CreatedSince.IsZero() {
		w.add(`a.created_at >= ?`, millis(f.CreatedSince))
	}
	from, total, err := s.countArtifacts(ctx, f, &w, p.Enough)
	if err != nil {
		return nil, 0, err
	}
	order := orderBy(p, map[string]string{"common_name": "a.name", "download_count": "a.download_count", "updated_at": "a.updated_at"}, "a.name, a.id")
	text := `SELECT ` + artifactColumns + from + w.sql() + order + w.number(` LIMIT ? OFFSET ?`, p.Limit, p.Offset)
	if wholeChannels(f) {
		text, w = s.wholePage(f, p, order)
	}
	rows, err := s.reader.query(ctx, text, w.args...)
	list, err := collect(s, rows, err, scanArtifact)
	return list, total, err
}

// wholePage reads a page of all packages of one channel or of all that may be seen. Those of the pages before it are passed
// over in an index.
func (s *Store) wholePage(f registry.ArtifactFilter, p registry.Page, order string) (text string, w where) {
	from := ` FROM artifacts a`
	if f.ChannelID != 0 {
		w.add(`c.id = ?`, f.ChannelID)
		s.inSets(&w, f.Visible)
		w.parts = []string{`EXISTS (SELECT 1 FROM channels c` + w.sql() + `)`, `a.file_count > 0`}
		w.add(`a.channel_id = ?`, f.ChannelID)
	} else {
		from = artifactFrom
		w.add(artifactJoin)
		s.inSets(&w, f.Visible)
		if strings.HasPrefix(order, ` ORDER BY a.name`) {
			w.add(`a.file_count > 0`)
		} else {
			// In other words than those of the indexes of what is offered, which a database would take for the wrong order.
			w.add(`a.file_count >= 1`)
		}
	}
	from = ` FROM (SELECT a.id` + from + w.sql() + order + w.number(` LIMIT ? OFFSET ?`, p.Limit, p.Offset) + `) k CROSS JOIN artifacts a CROSS JOIN channels c`
	w.parts = []string{artifactJoin, `a.id = k.id`}
	return `SELECT ` + artifactColumns + from + w.sql() + order, w
}

// countArtifacts counts the packages that a filter, of which w are the conditions, finds, and gives the tables in which
// they are found. Whole channels have been counted.
func (s *Store) countArtifacts(ctx context.Context, f registry.ArtifactFilter, w *where, enough int) (from string, n int64, err error) {
	if wholeChannels(f) {
		n, err = s.countWhole(ctx, f)
		return artifactFrom, n, err
	}
	plan, err := s.planSearch(ctx, f, enough)
	if err != nil {
		return "", 0, err
	}
	switch {
	case enough > 0 && plan.least > int64(enough):
		n = int64(enough) + 1
	case plan.exact:
		n, err = s.countWord(ctx, f, plan.count[0], math.MaxInt64)
	default:
		counted := w.clone()
		n, err = s.total(ctx, s.reader, s.among(&counted, f, plan.count), &counted, enough)
	}
	return s.among(w, f, plan.page), n, err
}

// countWhole counts the packages of the channels that a filter keeps.
func (s *Store) countWhole(ctx context.Context, f registry.ArtifactFilter) (n int64, err error) {
	var in where
	if f.ChannelID != 0 {
		in.add(`c.id = ?`, f.ChannelID)
	}
	s.inSets(&in, f.Visible)
	err = s.reader.row(ctx, `SELECT CAST(COALESCE(SUM(c.package_count), 0) AS BIGINT) FROM channels c`+in.sql(), in.args...).Scan(&n)
	return n, s.translate(err)
}

// wholeChannels tells whether a filter keeps all packages of the channels that it keeps.
func wholeChannels(f registry.ArtifactFilter) bool {
	for _, set := range f.Visible {
		if len(set.Packages)+len(set.PackagePatterns) > 0 {
			return false
		}
	}
	return f.VirtualID == 0 && f.Query == "" && f.DependsOn == "" && f.Subdir == "" && len(f.OnlyNames)+len(f.Families) == 0 &&
		f.UpdatedSince.IsZero() && f.CreatedSince.IsZero()
}

// ArtifactSummary reads what a package's files say together.
func (s *Store) ArtifactSummary(ctx context.Context, tx registry.Tx, artifact int64) (sum registry.ArtifactSummary, err error) {
	if err := s.q(tx).row(ctx, `SELECT COUNT(*), COUNT(CASE WHEN filtered = '' THEN 1 END) FROM files WHERE artifact_id = $1`,
		artifact).Scan(&sum.Total, &sum.FileCount); err != nil || sum.FileCount == 0 {
		return sum, s.translate(err)
	}
	rows, err := s.q(tx).query(ctx, `SELECT DISTINCT subdir FROM files WHERE artifact_id = $1 AND filtered = '' ORDER BY subdir`, artifact)
	sum.Subdirs, err = collect(s, rows, err, func(r scanner) (sub string, err error) { err = r.Scan(&sub); return sub, err })
	if err != nil {
		return sum, err
	}
	sum.Latest, err = scanFile(s.q(tx).row(ctx, `SELECT `+fileColumns+` FROM files f WHERE f.artifact_id = $1 AND f.filtered = ''
		ORDER BY f.version_key DESC, f.build_number DESC, f.id DESC LIMIT 1`, artifact))
	return sum, s.translate(err)
}
