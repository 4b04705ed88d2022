package store

import (
	"bytes"
	"context"
	"database/sql"
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
	// Clustered ends the definition of a table whose rows are kept in the order of its key, and nowhere else.
	Clustered string
	// columns rewrites a migration for columns of text, nil for as it is.
	columns func(text []byte) []byte
	// isUnique tells whether an error is a violated unique constraint, isFull whether the disk is full, isDown whether the
	// database cannot be asked just now.
	isUnique, isFull, isDown func(error) bool
	// enter is what a write transaction begins with, the savepoint of its first member included; notify is what it ends with when
	// it told of changes; empty for nothing.
	enter, notify string
	// alone runs migrations while no other process does, nil where the database sees to that.
	alone func(ctx context.Context, db *sql.DB, fn func() error) error
	// unprepared leaves it to the driver to keep statements.
	unprepared bool
	// argument makes a text one that the database takes, nil where it takes any.
	argument func(string) string
	// snapshot is a transaction that reads one moment's state, catalog how tables are asked for.
	snapshot sql.TxOptions
	catalog  catalogQueries
	// like is the condition that a text is like a pattern in lower case, which follows, whatever the case of its ASCII letters.
	like func(column string) string
	// numbers and texts are subqueries that give the elements of a JSON list argument.
	numbers, texts func(arg string) string
	// among is the condition that a column is one of these elements, by an index of the column: PostgreSQL, as long as it has no
	// statistics, would rather compare all rows that the other conditions leave.
	among func(column, elements string) string
	// members is the table of the keys and values of a column with a JSON object.
	members func(column string) string
	// rows is the table of the elements of a JSON list of lists, and cell an expression for a column of one; see table.
	rows func(arg string) string
	cell func(i int, k kind) string
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
		text := b.Bytes()
		if d.columns != nil {
			text = d.columns(text)
		}
		out[strings.TrimPrefix(name, "migrations/")] = &fstest.MapFile{Data: text, Mode: 0o444}
	}
	return out, nil
}

// arguments are those of a statement as the database takes them.
func (d *dialect) arguments(args []any) []any {
	if d.argument == nil {
		return args
	}
	for i, a := range args {
		if text, ok := a.(string); ok {
			args[i] = d.argument(text)
		}
	}
	return args
}
