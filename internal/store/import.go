package store

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// The errors of an import.
var (
	// ErrNotEmpty says that a database has records, which an import would mix with others.
	ErrNotEmpty = errors.New("the database has records already")
	// ErrNewer says that an export was made by a program whose tables this one does not know.
	ErrNewer = errors.New("it was made by a newer version of Kingsnake; use that version or a later one")
	errForm  = errors.New("these are not the records of a site, or not all of them")
)

// The most arguments of a statement that fills tables, and the most rows.
const (
	maxArguments = 8000
	maxRows      = 200
)

// ImportSQLite makes a database file of an export. Either all records are in it or none.
func ImportSQLite(ctx context.Context, path string, r io.Reader) (rerr error) {
	db, err := sql.Open("sqlite", sqliteDSN(path, false))
	if err != nil {
		return fmt.Errorf("open database %s: %w", path, err)
	}
	defer func() { rerr = errors.Join(rerr, db.Close()) }()
	db.SetMaxOpenConns(1)
	s := &Store{d: sqliteDialect()}
	return s.translate(s.fill(ctx, db, r))
}

// ImportPostgres fills an empty database from an export. Either all records are in it or none. Servers that start
// meanwhile wait for the end.
func ImportPostgres(ctx context.Context, o Postgres, r io.Reader) (rerr error) {
	cfg, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if err := checkPostgres(ctx, cfg); err != nil {
		return fmt.Errorf("database %s: %w", postgresName(cfg), err)
	}
	db := stdlib.OpenDB(*cfg)
	defer func() { rerr = errors.Join(rerr, db.Close()) }()
	s := &Store{d: postgresDialect()}
	err = s.d.alone(ctx, db, func() error { return s.fill(ctx, db, r) })
	if err != nil {
		return fmt.Errorf("database %s: %w", postgresName(cfg), s.translate(err))
	}
	return nil
}

// EmptyPostgres tells with ErrNotEmpty whether a database has records.
func EmptyPostgres(ctx context.Context, o Postgres) (rerr error) {
	cfg, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if err := checkPostgres(ctx, cfg); err != nil {
		return fmt.Errorf("database %s: %w", postgresName(cfg), err)
	}
	db := stdlib.OpenDB(*cfg)
	defer func() { rerr = errors.Join(rerr, db.Close()) }()
	var there bool
	err = db.QueryRowContext(ctx, `SELECT to_regclass('principals') IS NOT NULL`).Scan(&there)
	if err == nil && there {
		err = isEmpty(ctx, db)
	}
	if err != nil {
		return fmt.Errorf("database %s: %w", postgresName(cfg), err)
	}
	return nil
}

func isEmpty(ctx context.Context, db interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
},
) error {
	var used bool
	if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM principals)`).Scan(&used); err != nil {
		return err
	}
	if used {
		return ErrNotEmpty
	}
	return nil
}

// fill makes the tables as they were where the export was made, fills them, and brings them up to date as those of an old
// site are.
func (s *Store) fill(ctx context.Context, db *sql.DB, r io.Reader) error {
	in := &exportReader{r: bufio.NewReaderSize(r, 1<<16)}
	var head exportHead
	if err := in.object(&head); err != nil || head.Format != exportFormat {
		return errors.Join(errForm, err)
	}
	files, err := s.d.migrations()
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(database.Dialect(s.d.name), db, files)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	sources := p.ListSources()
	if head.Version != exportVersion || head.Schema > sources[len(sources)-1].Version {
		return ErrNewer
	}
	if _, err := p.UpTo(ctx, head.Schema); err != nil {
		return fmt.Errorf("make tables: %w", err)
	}
	if err := s.importAll(ctx, db, in); err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// importAll fills the tables in one transaction.
func (s *Store) importAll(ctx context.Context, db *sql.DB, in *exportReader) (rerr error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
			rerr = errors.Join(rerr, err)
		}
	}()
	if err := isEmpty(ctx, tx); err != nil {
		return err
	}
	known, err := s.d.tables(ctx, tx)
	if err != nil {
		return err
	}
	// Migrations put rows into some tables, which the export brings too.
	for _, t := range slices.Backward(known) {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+quoted(t.Name)); err != nil {
			return err
		}
	}
	im := &importer{d: s.d, tx: tx, known: known}
	if err := im.all(ctx, in); err != nil {
		return err
	}
	if slices.ContainsFunc(known, func(t table) bool { return t.Name == "search_pending" }) {
		if _, err := tx.ExecContext(ctx, learnAll); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// importer fills tables.
type importer struct {
	d     dialect
	tx    *sql.Tx
	known []table

	table    table
	args     []any
	rows     int64
	finished int
}

// all reads lines up to the end of the export.
func (im *importer) all(ctx context.Context, in *exportReader) error {
	for {
		line, err := in.line()
		if err != nil {
			return fmt.Errorf("%w: %w", errForm, err)
		}
		if line[0] == '[' {
			if err := im.row(ctx, line); err != nil {
				return fmt.Errorf("table %s: %w", im.table.Name, err)
			}
			continue
		}
		if err := im.endTable(ctx); err != nil {
			return fmt.Errorf("table %s: %w", im.table.Name, err)
		}
		var next struct {
			table
			exportEnd
		}
		if err := json.Unmarshal(line, &next); err != nil {
			return fmt.Errorf("%w: %w", errForm, err)
		}
		if next.End {
			if next.Rows != im.rows || next.exportEnd.Tables != im.finished {
				return fmt.Errorf("%w: %d rows of %d tables, %d of %d were written", errForm, im.rows, im.finished, next.Rows, next.exportEnd.Tables)
			}
			return nil
		}
		if err := im.begin(next.table); err != nil {
			return err
		}
	}
}

// begin checks that a table is one that is known, with these columns.
func (im *importer) begin(t table) error {
	i := slices.IndexFunc(im.known, func(k table) bool { return k.Name == t.Name })
	if i < 0 || len(t.Columns) == 0 {
		return fmt.Errorf("%w: there is no table %q", errForm, t.Name)
	}
	for _, c := range t.Columns {
		if !slices.Contains(im.known[i].Columns, c) {
			return fmt.Errorf("%w: table %s has no column %q that holds %s", errForm, t.Name, c.Name, c.Kind)
		}
	}
	im.table, im.args = t, im.args[:0]
	im.table.numbered = im.known[i].numbered
	return nil
}

// row keeps a row, and writes those that are kept when they are many.
func (im *importer) row(ctx context.Context, line []byte) error {
	var values []json.RawMessage
	if err := json.Unmarshal(line, &values); err != nil {
		return fmt.Errorf("%w: %w", errForm, err)
	}
	n := len(im.table.Columns)
	if len(values) != n || n == 0 {
		return fmt.Errorf("%w: a row has %d values for %d columns", errForm, len(values), n)
	}
	for i, c := range im.table.Columns {
		v, err := im.value(values[i], c.Kind)
		if err != nil {
			return fmt.Errorf("%w: column %s: %w", errForm, c.Name, err)
		}
		im.args = append(im.args, v)
	}
	im.rows++
	if rows := len(im.args) / n; rows < maxRows && (rows+1)*n <= maxArguments {
		return nil
	}
	return im.flush(ctx)
}

// value is the inverse of portable.
func (im *importer) value(raw json.RawMessage, k kind) (any, error) {
	if string(raw) == "null" {
		return nil, nil
	}
	switch k {
	case kindInt:
		return strconv.ParseInt(string(raw), 10, 64)
	case kindBool:
		return strconv.ParseBool(string(raw))
	case kindText:
		if raw[0] == '"' {
			var s string
			err := json.Unmarshal(raw, &s)
			return im.text(s), err
		}
	}
	var b rawBytes
	if err := json.Unmarshal(raw, &b); err != nil {
		return nil, err
	}
	if k == kindText {
		return im.text(string(b.Bytes)), nil
	}
	if b.Bytes == nil {
		b.Bytes = []byte{} // It was not null.
	}
	return b.Bytes, nil
}

func (im *importer) text(s string) string {
	if im.d.argument == nil {
		return s
	}
	return im.d.argument(s)
}

// flush writes the rows that are kept.
func (im *importer) flush(ctx context.Context) error {
	n := len(im.table.Columns)
	if len(im.args) == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteString(`INSERT INTO ` + quoted(im.table.Name) + ` (` + im.table.columnList() + `) VALUES `)
	for i := range im.args {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%n == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	b.WriteString(")")
	_, err := im.tx.ExecContext(ctx, b.String(), im.args...)
	im.args = im.args[:0]
	return err
}

// endTable writes what is left of a table, and which number its next row may have.
func (im *importer) endTable(ctx context.Context) error {
	if im.table.Name == "" {
		return nil
	}
	im.finished++
	if err := im.flush(ctx); err != nil || !im.table.numbered {
		return err
	}
	for _, query := range im.d.catalog.setLast {
		if _, err := im.tx.ExecContext(ctx, query, im.table.Name, im.table.Last); err != nil {
			return err
		}
	}
	return nil
}

// exportReader reads the lines of an export.
type exportReader struct{ r *bufio.Reader }

// line reads one that is not empty.
func (e *exportReader) line() ([]byte, error) {
	line, err := e.r.ReadBytes('\n')
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if line = bytes.TrimSpace(line); len(line) == 0 {
		return nil, errors.New("an empty line")
	}
	return line, nil
}

func (e *exportReader) object(v any) error {
	line, err := e.line()
	if err != nil {
		return err
	}
	return json.Unmarshal(line, v)
}
