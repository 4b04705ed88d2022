package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// kind is what a column holds, whatever the database calls it.
type kind string

const (
	kindInt   kind = "int"
	kindText  kind = "text"
	kindBytes kind = "bytes"
	kindBool  kind = "bool"
)

// column is one of a table's.
type column struct {
	Name string `json:"name"`
	Kind kind   `json:"kind"`
}

// table is what a copy of a table needs to know.
type table struct {
	Name    string   `json:"table"`
	Columns []column `json:"columns"`
	// Last is the last number that was given to a row, though the row may be gone; 0 for none, or for a table that gives
	// no numbers. It must never be given again.
	Last int64 `json:"last,omitempty"`

	numbered bool
}

// versionTable is where the migrations are noted. It is no part of a copy, which brings its own.
const versionTable = "goose_db_version"

// catalogQueries are how a database is asked about its tables.
type catalogQueries struct {
	// columns gives table, column and type, in the order of the columns.
	columns string
	// references gives pairs of tables of which the first refers to rows of the second.
	references string
	// numbered gives the tables that number their rows, with the name that last asks for.
	numbered string
	// last gives the last number given, 0 for none; %s stands for the name.
	last string
	// setLast makes $2 the last number given in a table whose name is $1.
	setLast []string
}

func sqliteCatalog() catalogQueries {
	return catalogQueries{
		columns: `SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c
			WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY m.name, c.cid`,
		references: `SELECT m.name, f."table" FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`,
		numbered:   `SELECT name, '''' || name || '''' FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'`,
		last:       `SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = %s), 0)`,
		setLast:    []string{`DELETE FROM sqlite_sequence WHERE name = $1 AND $2 > 0`, `INSERT INTO sqlite_sequence (name, seq) SELECT $1, $2 WHERE $2 > 0`},
	}
}

func postgresCatalog() catalogQueries {
	return catalogQueries{
		columns: `SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
			JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE'
			WHERE c.table_schema = current_schema() ORDER BY c.table_name, c.ordinal_position`,
		references: `SELECT a.relname, b.relname FROM pg_constraint k JOIN pg_class a ON a.oid = k.conrelid JOIN pg_class b ON b.oid = k.confrelid
			JOIN pg_namespace n ON n.oid = a.relnamespace WHERE k.contype = 'f' AND n.nspname = current_schema()`,
		numbered: `SELECT table_name, pg_get_serial_sequence(quote_ident(table_name), column_name) FROM information_schema.columns
			WHERE table_schema = current_schema() AND is_identity = 'YES'`,
		last: `SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM %s`,
		setLast: []string{`SELECT setval(pg_get_serial_sequence(quote_ident(table_name), column_name), CAST($2 AS BIGINT)) FROM information_schema.columns
			WHERE table_schema = current_schema() AND table_name = CAST($1 AS TEXT) AND is_identity = 'YES' AND CAST($2 AS BIGINT) > 0`},
	}
}

// tables gives all tables but skipped ones, each after those that it refers to.
func (d *dialect) tables(ctx context.Context, tx *sql.Tx, skip ...string) ([]table, error) {
	byName := map[string]*table{}
	var names []string
	err := eachRow(ctx, tx, d.catalog.columns, 3, func(v []string) error {
		if v[0] == versionTable || slices.Contains(skip, v[0]) {
			return nil
		}
		k, err := kindOf(v[2])
		if err != nil {
			return fmt.Errorf("table %s, column %s: %w", v[0], v[1], err)
		}
		if byName[v[0]] == nil {
			byName[v[0]], names = &table{Name: v[0]}, append(names, v[0])
		}
		byName[v[0]].Columns = append(byName[v[0]].Columns, column{v[1], k})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := d.lastNumbers(ctx, tx, byName); err != nil {
		return nil, err
	}
	parents := map[string][]string{}
	err = eachRow(ctx, tx, d.catalog.references, 2, func(v []string) error {
		parents[v[0]] = append(parents[v[0]], v[1])
		return nil
	})
	if err != nil {
		return nil, err
	}
	ordered, err := afterParents(names, parents)
	out := make([]table, 0, len(ordered))
	for _, name := range ordered {
		if t := byName[name]; t != nil {
			out = append(out, *t)
		}
	}
	return out, err
}

// lastNumbers asks each table that numbers its rows for the last number.
func (d *dialect) lastNumbers(ctx context.Context, tx *sql.Tx, byName map[string]*table) error {
	sources := map[string]string{}
	err := eachRow(ctx, tx, d.catalog.numbered, 2, func(v []string) error { sources[v[0]] = v[1]; return nil })
	if err != nil {
		return err
	}
	for name, source := range sources {
		t := byName[name]
		if t == nil {
			continue
		}
		t.numbered = true
		if err := tx.QueryRowContext(ctx, fmt.Sprintf(d.catalog.last, source)).Scan(&t.Last); err != nil {
			return fmt.Errorf("the last number of %s: %w", name, err)
		}
	}
	return nil
}

// afterParents puts each name after those that it refers to.
func afterParents(names []string, parents map[string][]string) ([]string, error) {
	var out []string
	const visiting, done = 1, 2
	state := map[string]int{}
	var visit func(string) error
	visit = func(name string) error {
		switch state[name] {
		case done:
			return nil
		case visiting:
			return fmt.Errorf("table %s refers to itself by way of others", name)
		}
		state[name] = visiting
		for _, p := range parents[name] {
			if p != name {
				if err := visit(p); err != nil {
					return err
				}
			}
		}
		state[name] = done
		out = append(out, name)
		return nil
	}
	for _, name := range names {
		if err := visit(name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func kindOf(typ string) (kind, error) {
	switch strings.ToUpper(typ) {
	case "INTEGER", "BIGINT":
		return kindInt, nil
	case "TEXT":
		return kindText, nil
	case "BLOB", "BYTEA":
		return kindBytes, nil
	case "BOOLEAN":
		return kindBool, nil
	}
	return "", fmt.Errorf("columns of type %q are not copied", typ)
}

// eachRow gives the rows of a query whose columns are all texts.
func eachRow(ctx context.Context, tx *sql.Tx, query string, columns int, fn func([]string) error) (rerr error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, rows.Close()) }()
	for rows.Next() {
		values := make([]string, columns)
		dest := make([]any, columns)
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		if err := fn(values); err != nil {
			return err
		}
	}
	return rows.Err()
}
