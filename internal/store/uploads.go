package store

import (
	"context"
	"time"

	"kingsnake/internal/registry"
)

// InsertFiles adds files and gives their numbers, in order.
func (s *Store) InsertFiles(ctx context.Context, tx registry.Tx, files []registry.File) ([]int64, error) {
	type key struct {
		channel          int64
		subdir, filename string
	}
	rows := make([][]any, len(files))
	for i, f := range files {
		rows[i] = []any{
			f.ChannelID, f.ArtifactID, f.Subdir, f.Filename, f.Format, f.V3, f.Name, f.Version, f.Build, f.BuildNumber,
			f.VersionKey, f.Size, f.SHA256[:], f.MD5[:], string(f.Record), string(f.RunExports), string(f.Facts), f.Uploader,
			millis(f.CreatedAt), millis(f.UpdatedAt), f.Main(), string(f.Patch), originalText(f), string(f.Filtered),
		}
	}
	// A database may tell of new rows in another order than it was given them.
	numbers := make(map[key]int64, len(files))
	for some := range inSizes(rows) {
		list, args := values(some)
		answer, err := s.q(tx).query(ctx, `INSERT INTO files (channel_id, artifact_id, subdir, filename, format, v3, name, version, build, build_number,
			version_key, size, sha256, md5, record, run_exports, facts, uploader, created_at, updated_at, main, patch, original, filtered)
			VALUES `+list+` RETURNING id, channel_id, subdir, filename`, args...)
		_, err = collect(s, answer, err, func(r scanner) (k key, err error) {
			var id int64
			err = r.Scan(&id, &k.channel, &k.subdir, &k.filename)
			numbers[k] = id
			return k, err
		})
		if err != nil {
			return nil, err
		}
	}
	ids := make([]int64, len(files))
	for i, f := range files {
		ids[i] = numbers[key{f.ChannelID, f.Subdir, f.Filename}]
	}
	return ids, nil
}

// EnsureArtifacts gives a channel's packages of these names, each once, made as they are given where there were none.
func (s *Store) EnsureArtifacts(ctx context.Context, tx registry.Tx, channel int64, family string, list []registry.Artifact) (map[string]registry.Artifact, error) {
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = a.Name
	}
	had, err := s.artifactsByName(ctx, tx, channel, family, names)
	if err != nil || len(had) == len(list) {
		return had, err
	}
	var rows [][]any
	for _, a := range list {
		if _, there := had[a.Name]; !there {
			rows = append(rows, []any{channel, family, a.Name, a.LatestVersionKey, millis(a.CreatedAt), millis(a.UpdatedAt)})
		}
	}
	for some := range inSizes(rows) {
		list, args := values(some)
		if _, err := s.q(tx).exec(ctx, `INSERT INTO artifacts (channel_id, family, name, latest_version_key, created_at, updated_at)
			VALUES `+list+` ON CONFLICT (channel_id, family, name) DO NOTHING`, args...); err != nil {
			return nil, s.translate(err)
		}
	}
	return s.artifactsByName(ctx, tx, channel, family, names)
}

func (s *Store) artifactsByName(ctx context.Context, tx registry.Tx, channel int64, family string, names []string) (map[string]registry.Artifact, error) {
	rows, err := s.q(tx).query(ctx, s.namedArtifacts(), channel, family, jsonList(names))
	list, err := collect(s, rows, err, scanArtifact)
	out := make(map[string]registry.Artifact, len(list))
	for _, a := range list {
		out[a.Name] = a
	}
	return out, err
}

// namedArtifacts is the statement that reads packages of a channel by name. Each is looked up: the others of the channel may
// be very many, and all servers wait meanwhile.
func (s *Store) namedArtifacts() string {
	return `SELECT ` + artifactColumns + artifactFrom + ` WHERE ` + artifactJoin + ` AND ` + s.d.among("a.id", `
		SELECT (SELECT x.id FROM artifacts x WHERE x.channel_id = $1 AND x.family = $2 AND x.name = named.value) FROM (`+s.d.texts("$3")+`) AS named`)
}

// GrowArtifacts is UpdateArtifact for packages of one channel, where it is known what each was before: seldom more than
// their rows changes.
func (s *Store) GrowArtifacts(ctx context.Context, tx registry.Tx, channel int64, list []registry.Growth) error {
	more := 0
	var unlearned []int64
	rows := make([][]any, len(list))
	for i, g := range list {
		a := g.Now
		if was, is := g.Was.FileCount > 0, a.FileCount > 0; was != is {
			if more--; is {
				more += 2
			}
			unlearned = append(unlearned, a.ID)
		} else if g.Was.Summary != a.Summary {
			unlearned = append(unlearned, a.ID)
		}
		rows[i] = []any{a.ID, a.FileCount, a.LatestVersion, a.LatestVersionKey, a.Summary, string(a.About), jsonList(a.Subdirs), millis(a.UpdatedAt)}
	}
	if more != 0 {
		if err := s.affected(s.q(tx).exec(ctx, `UPDATE channels SET package_count = package_count + $2 WHERE id = $1`, channel, more)); err != nil {
			return err
		}
	}
	if len(unlearned) > 0 {
		if _, err := s.q(tx).exec(ctx, `INSERT INTO search_pending (artifact_id) `+s.d.numbers("$1")+` WHERE TRUE
			ON CONFLICT (artifact_id) DO NOTHING`, jsonList(unlearned)); err != nil {
			return s.translate(err)
		}
	}
	for some := range inSizes(rows) {
		list, args := values(some, "BIGINT", "BIGINT", "TEXT", s.d.Blob, "TEXT", "TEXT", "TEXT", "BIGINT")
		if err := s.affected(s.q(tx).exec(ctx, `UPDATE artifacts SET file_count = grown.column2, latest_version = grown.column3,
			latest_version_key = grown.column4, summary = grown.column5, about = grown.column6, subdirs = grown.column7, updated_at = grown.column8,
			depends_known = FALSE FROM (VALUES `+list+`) AS grown WHERE artifacts.id = grown.column1`, args...)); err != nil {
			return err
		}
	}
	return nil
}

// MarkNames raises the generation of a place and marks the shards of package names, each given once, as out of date, in
// the channel and in the virtual channels over it. It gives all of them.
func (s *Store) MarkNames(ctx context.Context, tx registry.Tx, id int64, place registry.Place, names []string, at time.Time) ([]int64, error) {
	rows, err := s.q(tx).query(ctx, `INSERT INTO subdirs (channel_id, subdir, generation, changed_at)
		SELECT shown.id, $2, 1, $3 FROM `+shownBy+` WHERE TRUE
		ON CONFLICT (channel_id, subdir) DO UPDATE SET generation = subdirs.generation + 1, changed_at = excluded.changed_at
		RETURNING channel_id`, id, string(place), millis(at))
	channels, err := collect(s, rows, err, func(r scanner) (id int64, err error) { err = r.Scan(&id); return id, err })
	if err != nil {
		return nil, err
	}
	_, err = s.q(tx).exec(ctx, `INSERT INTO shards (channel_id, subdir, name, generation)
		SELECT d.channel_id, d.subdir, named.value, d.generation FROM `+shownBy+` JOIN subdirs d ON d.channel_id = shown.id AND d.subdir = $2
			CROSS JOIN (`+s.d.texts("$3")+`) AS named WHERE TRUE
		ON CONFLICT (channel_id, subdir, name) DO UPDATE SET generation = excluded.generation`, id, string(place), jsonList(names))
	return channels, s.translate(err)
}

// InsertFile adds a file and gives its number.
func (s *Store) InsertFile(ctx context.Context, tx registry.Tx, f registry.File) (int64, error) {
	ids, err := s.InsertFiles(ctx, tx, []registry.File{f})
	if err != nil {
		return 0, err
	}
	return ids[0], nil
}

// EnsureArtifact gives the package of this name, made if there was none.
func (s *Store) EnsureArtifact(ctx context.Context, tx registry.Tx, a registry.Artifact) (registry.Artifact, error) {
	list, err := s.EnsureArtifacts(ctx, tx, a.ChannelID, a.Family, []registry.Artifact{a})
	return list[a.Name], err
}

// GrowArtifact is UpdateArtifact where it is known what the package was before: seldom more than its row changes.
func (s *Store) GrowArtifact(ctx context.Context, tx registry.Tx, was, a registry.Artifact) error {
	return s.GrowArtifacts(ctx, tx, a.ChannelID, []registry.Growth{{Was: was, Now: a}})
}

// MarkSubdir is MarkNames of one name.
func (s *Store) MarkSubdir(ctx context.Context, tx registry.Tx, id int64, place registry.Place, name string, at time.Time) ([]int64, error) {
	return s.MarkNames(ctx, tx, id, place, []string{name}, at)
}
