package store

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"testing/fstest"
	"text/template"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// dialect is the only place that knows which database is spoken to.
type dialect struct {
	// name is goose's word for the database.
	name string
	// ID is the column definition of a row's number, never given twice.
	ID string
	// Key is the column definition of a row's number that the program gives.
	Key string
	// Blob is the column type of bytes.
	Blob string
	// isUnique tells whether an error is a violated unique constraint, isFull whether the disk is full.
	isUnique, isFull func(error) bool
	// numbers and texts are subqueries that give the elements of a JSON list argument.
	numbers, texts func(arg string) string
}

// migrations renders the migration templates for this database.
func (d dialect) migrations() (fs.FS, error) {
	out := fstest.MapFS{}
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		t, err := template.ParseFS(migrationFiles, name)
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		var b bytes.Buffer
		if err := t.Execute(&b, d); err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		out[strings.TrimPrefix(name, "migrations/")] = &fstest.MapFile{Data: b.Bytes(), Mode: 0o444}
	}
	return out, nil
}
