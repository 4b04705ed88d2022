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
	"strings"
	"unicode/utf8"

	"kingsnake/internal/blob"
)

// exportFormat is what an export says it is, and exportVersion the form of its lines.
const (
	exportFormat  = "kingsnake records"
	exportVersion = 1
)

// exportHead is the first line of an export.
type exportHead struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	// Schema is the last migration of the tables.
	Schema int64 `json:"schema"`
}

// exportEnd is its last line.
type exportEnd struct {
	End    bool  `json:"end"`
	Tables int   `json:"tables"`
	Rows   int64 `json:"rows"`
}

// rawBytes stands for bytes, and for a text that is not UTF-8, which JSON cannot say.
type rawBytes struct {
	Bytes []byte `json:"bytes"`
}

// Export writes all records as they are in one moment, but for those of skipped tables and what can be made of others, as lines of JSON that Import reads
// into either database, and gives the blobs that they name, in order. The database is read in one transaction, which
// holds nobody up. Which rows a line brings is said by the object before it: the name of a table and of its columns.
func (s *Store) Export(ctx context.Context, w io.Writer, skip ...string) (named []blob.Hash, rerr error) {
	opts := s.d.snapshot
	tx, err := s.reader.db.BeginTx(ctx, &opts)
	if err != nil {
		return nil, s.translate(err)
	}
	// There is nothing to commit.
	defer func() {
		if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
			rerr = errors.Join(rerr, err)
		}
	}()
	out := bufio.NewWriterSize(w, 1<<16)
	if err := s.export(ctx, tx, out, skip); err != nil {
		return nil, s.translate(err)
	}
	if err := out.Flush(); err != nil {
		return nil, err
	}
	named, err = namedBlobs(ctx, tx)
	return named, s.translate(err)
}

func (s *Store) export(ctx context.Context, tx *sql.Tx, w io.Writer, skip []string) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	head := exportHead{Format: exportFormat, Version: exportVersion}
	if err := tx.QueryRowContext(ctx, `SELECT MAX(version_id) FROM `+versionTable+` WHERE is_applied`).Scan(&head.Schema); err != nil {
		return err
	}
	tables, err := s.d.tables(ctx, tx, append(searchTables(), skip...)...)
	if err != nil {
		return err
	}
	if err := enc.Encode(head); err != nil {
		return err
	}
	end := exportEnd{End: true, Tables: len(tables)}
	for _, t := range tables {
		if err := enc.Encode(t); err != nil {
			return err
		}
		n, err := exportRows(ctx, tx, t, enc)
		if err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
		end.Rows += n
	}
	return enc.Encode(end)
}

func exportRows(ctx context.Context, tx *sql.Tx, t table, enc *json.Encoder) (n int64, rerr error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+t.columnList()+` FROM `+quoted(t.Name))
	if err != nil {
		return 0, err
	}
	defer func() { rerr = errors.Join(rerr, rows.Close()) }()
	values := make([]any, len(t.Columns))
	dest := make([]any, len(t.Columns))
	for i := range values {
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return n, err
		}
		for i, c := range t.Columns {
			if values[i], err = portable(values[i], c.Kind); err != nil {
				return n, fmt.Errorf("column %s: %w", c.Name, err)
			}
		}
		if err := enc.Encode(values); err != nil {
			return n, err
		}
		n++
	}
	return n, rows.Err()
}

// portable is a value as an export writes it. SQLite keeps values of other types than the column's where it was given them.
func portable(v any, k kind) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch k {
	case kindInt:
		if n, ok := v.(int64); ok {
			return n, nil
		}
	case kindBool:
		switch b := v.(type) {
		case bool:
			return b, nil
		case int64:
			return b != 0, nil
		}
	case kindText, kindBytes:
		var text string
		switch b := v.(type) {
		case string:
			text = b
		case []byte:
			text = string(b)
		default:
			return nil, fmt.Errorf("a value of type %T cannot be copied", v)
		}
		if k == kindText && utf8.ValidString(text) {
			return text, nil
		}
		return rawBytes{[]byte(text)}, nil
	}
	return nil, fmt.Errorf("a value of type %T cannot be copied as %s", v, k)
}

// columnList is the columns of a table for a statement.
func (t *table) columnList() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = quoted(c.Name)
	}
	return strings.Join(names, ", ")
}

// quoted is a name for a statement. Names in an export come from outside.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// namedBlobs gives the blobs that anything names, in order.
func namedBlobs(ctx context.Context, tx *sql.Tx) (out []blob.Hash, rerr error) {
	rows, err := tx.QueryContext(ctx, `SELECT sha256 FROM files UNION SELECT sha256 FROM index_blobs
		UNION SELECT sha256 FROM stagings WHERE received_at <> 0 ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	defer func() { rerr = errors.Join(rerr, rows.Close()) }()
	var last []byte
	for rows.Next() {
		var sha sql.RawBytes
		if err := rows.Scan(&sha); err != nil {
			return nil, err
		}
		if len(sha) == 0 || bytes.Equal(sha, last) {
			continue
		}
		out = append(out, hashOf(sha))
		last = append(last[:0], sha...)
	}
	return out, rows.Err()
}
