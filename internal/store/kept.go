package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"kingsnake/internal/registry"
)

// NextCounts gives the counts of the first channel behind a number; ErrNoRecord when there is none. One statement reads what
// is kept and what is counted, so that both are of one moment.
func (s *Store) NextCounts(ctx context.Context, after int64) (registry.ChannelCounts, error) {
	c := registry.ChannelCounts{Counts: []registry.KeptCount{{What: registry.KeptPackages}, {What: registry.KeptDownloads}, {What: registry.KeptBytes}}}
	packages, downloads, bytes := &c.Counts[0], &c.Counts[1], &c.Counts[2]
	err := s.reader.row(ctx, `SELECT c.id, c.path, c.package_count, c.download_count, c.used_bytes,
			(SELECT COUNT(*) FROM artifacts a WHERE a.channel_id = c.id AND a.file_count > 0),
			CAST(COALESCE((SELECT SUM(a.download_count) FROM artifacts a WHERE a.channel_id = c.id), 0) AS BIGINT),
			CAST(COALESCE((SELECT SUM(f.size) FROM files f WHERE f.channel_id = c.id), 0) AS BIGINT)
		FROM channels c WHERE c.id = (SELECT MIN(id) FROM channels WHERE id > $1)`, after).
		Scan(&c.ID, &c.Path, &packages.Kept, &downloads.Kept, &bytes.Kept, &packages.Real, &downloads.Real, &bytes.Real)
	return c, s.translate(err)
}

// MendCount adds what is missing to a count, if it is still what it was; else ErrNoRecord. What was counted meanwhile is in
// both numbers, so that the difference is still the same.
func (s *Store) MendCount(ctx context.Context, tx registry.Tx, channel int64, c registry.KeptCount) error {
	statement, ok := map[registry.Kept]string{
		registry.KeptPackages:  `UPDATE channels SET package_count = package_count + $2 WHERE id = $1 AND package_count = $3`,
		registry.KeptDownloads: `UPDATE channels SET download_count = download_count + $2 WHERE id = $1 AND download_count = $3`,
		registry.KeptBytes:     `UPDATE channels SET used_bytes = used_bytes + $2 WHERE id = $1 AND used_bytes = $3`,
	}[c.What]
	if !ok {
		return fmt.Errorf("no count %q is kept of channels", c.What)
	}
	return s.affected(s.q(tx).exec(ctx, statement, channel, c.Real-c.Kept, c.Kept))
}

// CheckWords compares the words that are noted of packages behind a number with those that they have.
func (s *Store) CheckWords(ctx context.Context, after int64, limit int) (check registry.WordsCheck, err error) {
	rows, err := s.reader.query(ctx, `SELECT a.id, LOWER(a.name), LOWER(a.summary), a.file_count, COALESCE(t.words, '[]'),
			EXISTS (SELECT 1 FROM search_pending p WHERE p.artifact_id = a.id)
		FROM artifacts a LEFT JOIN search_texts t ON t.artifact_id = a.id WHERE a.id > $1 ORDER BY a.id LIMIT $2`, after, limit)
	queued := map[int64]bool{}
	list, err := collect(s, rows, err, func(r scanner) (u unlearned, err error) {
		var name, summary, noted string
		var files int64
		var pending bool
		if err := r.Scan(&u.id, &name, &summary, &files, &noted, &pending); err != nil {
			return u, err
		}
		if files > 0 {
			u.texts = []string{name, summary}
		}
		queued[u.id] = pending
		return u, json.Unmarshal([]byte(noted), &u.noted)
	})
	if err != nil {
		return check, err
	}
	check.Checked, check.Last = len(list), math.MaxInt64
	if len(list) == limit {
		check.Last = list[limit-1].id
	}
	if check.Stale, err = s.staleWords(ctx, list, queued); err != nil {
		return check, err
	}
	rows, err = s.reader.query(ctx, `SELECT t.artifact_id FROM search_texts t WHERE t.artifact_id > $1 AND t.artifact_id <= $2
		AND NOT EXISTS (SELECT 1 FROM artifacts a WHERE a.id = t.artifact_id)
		AND NOT EXISTS (SELECT 1 FROM search_gone g WHERE g.artifact_id = t.artifact_id) ORDER BY t.artifact_id LIMIT $3`, after, check.Last, limit)
	check.Gone, err = collect(s, rows, err, func(r scanner) (id int64, err error) { err = r.Scan(&id); return id, err })
	return check, err
}

// staleWords gives those packages whose words are not those that are noted, and that are not queued to be learned.
func (s *Store) staleWords(ctx context.Context, list []unlearned, queued map[int64]bool) ([]int64, error) {
	words := make([][]string, len(list))
	var all []string
	for i, u := range list {
		words[i] = u.words()
		all = append(all, words[i]...)
	}
	slices.Sort(all)
	known := map[string]int64{}
	if all = slices.Compact(all); len(all) > 0 {
		var err error
		if known, err = s.knownWords(ctx, nil, all); err != nil {
			return nil, err
		}
	}
	var stale []int64
	for i, u := range list {
		want := []int64{}
		if words[i] == nil && len(u.texts) > 0 {
			want = append(want, 0)
		}
		for _, w := range words[i] {
			want = append(want, known[w])
		}
		slices.Sort(want)
		if !slices.Equal(want, u.noted) && !queued[u.id] {
			stale = append(stale, u.id)
		}
	}
	return stale, nil
}

// Relearn queues packages to be learned and to be forgotten.
func (s *Store) Relearn(ctx context.Context, tx registry.Tx, stale, gone []int64) error {
	for statement, ids := range map[string][]int64{
		`INSERT INTO search_pending (artifact_id) SELECT id FROM artifacts WHERE id IN (` + s.d.numbers("$1") + `)
			ON CONFLICT (artifact_id) DO NOTHING`: stale,
		`INSERT INTO search_gone (artifact_id) SELECT artifact_id FROM search_texts WHERE artifact_id IN (` + s.d.numbers("$1") + `)
			ON CONFLICT (artifact_id) DO NOTHING`: gone,
	} {
		if len(ids) == 0 {
			continue
		}
		if _, err := s.q(tx).exec(ctx, statement, jsonList(ids)); err != nil {
			return s.translate(err)
		}
	}
	return nil
}

// LastArtifact gives the number of the newest package, 0 for none.
func (s *Store) LastArtifact(ctx context.Context) (id int64, err error) {
	err = s.reader.row(ctx, `SELECT COALESCE(MAX(id), 0) FROM artifacts`).Scan(&id)
	return id, s.translate(err)
}
