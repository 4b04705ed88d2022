package store

import (
	"context"
	"strings"

	"kingsnake/internal/index"
	"kingsnake/internal/registry"
)

// IsVirtual tells whether a channel shows the files of others.
func (s *Store) IsVirtual(ctx context.Context, id int64) (virtual bool, err error) {
	err = s.reader.row(ctx, `SELECT EXISTS (SELECT 1 FROM channels WHERE id = $1 AND channel_type = $2)`,
		id, string(registry.VirtualChannel)).Scan(&virtual)
	return virtual, s.translate(err)
}

// shown is the FROM clause and, in w, the conditions of a query for the files, as f, that an index shows: all of them, or
// those of one package. The joins are written in the order in which they are to be made, since a database without
// statistics may guess wrong and read a whole subdir for one package.
func (s *Store) shown(w *where, src index.Source, name string) string {
	from := ` FROM `
	var owner string
	if src.Virtual {
		from += `channel_sources cs CROSS JOIN `
		owner = `cs.source_id`
		w.add(`cs.virtual_id = ?`, src.Channel)
	} else {
		owner = w.number(`?`, src.Channel)
	}
	if name == "" {
		from += `files f`
		w.parts = append(w.parts, `f.channel_id = `+owner)
	} else {
		from += `artifacts a CROSS JOIN files f`
		w.add(`a.channel_id = `+owner+` AND a.family = ? AND a.name = ? AND f.artifact_id = a.id`, registry.FamilyConda, name)
	}
	w.add(`f.filtered = ''`)
	if sub := src.Place.Subdir(); sub != "" {
		w.add(`f.subdir = ?`, sub)
	}
	label := src.Place.Label()
	if src.Virtual {
		w.parts = append(w.parts, carries(w, "f", label), first(w, label))
		return from
	}
	if name == "" && !src.Place.IsMain() {
		// A label has few of a large channel's files.
		w.add(`f.id IN (SELECT file_id FROM file_labels WHERE channel_id = `+owner+` AND label = ?)`, label)
		return from
	}
	w.parts = append(w.parts, carries(w, "f", label))
	return from
}

// best narrows a query of packages, as a, to those that a virtual channel shows under the label main: of one name the one
// with the greatest version, of equal ones that of the first source.
func best(w *where, virtual int64) {
	const shows = `EXISTS (SELECT 1 FROM files f WHERE f.artifact_id = %.id AND f.main AND f.filtered = '')`
	w.add(strings.ReplaceAll(shows, "%", "a")+` AND EXISTS (SELECT 1 FROM channel_sources cs WHERE cs.virtual_id = ? AND cs.source_id = a.channel_id
		AND NOT EXISTS (SELECT 1 FROM channel_sources es JOIN artifacts b ON b.channel_id = es.source_id
			WHERE es.virtual_id = cs.virtual_id AND b.family = a.family AND b.name = a.name AND `+strings.ReplaceAll(shows, "%", "b")+`
			AND (b.latest_version_key > a.latest_version_key OR b.latest_version_key = a.latest_version_key AND es.position < cs.position)))`, virtual)
}

// first is the condition that no source of the virtual channel, as cs, that stands before the one of a file, as f, shows
// another file of the same name.
func first(w *where, label string) string {
	return `NOT EXISTS (SELECT 1 FROM channel_sources es JOIN files e ON e.channel_id = es.source_id
		WHERE es.virtual_id = cs.virtual_id AND es.position < cs.position AND e.subdir = f.subdir AND e.filename = f.filename AND e.filtered = ''
		AND ` + carries(w, "e", label) + `)`
}
