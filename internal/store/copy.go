package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kingsnake/internal/registry"
)

// digest is what a table holds: how many rows, and a sum over their hashes, which is the same in whatever order they are
// read and on both databases.
type digest struct {
	rows int64
	sum  [4]uint64
}

// add counts a row in.
func (d *digest) add(row []any) {
	sum := sha256.New()
	for _, v := range row {
		text := canonical(v)
		sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
		sum.Write(text)
	}
	d.rows++
	all := sum.Sum(nil)
	for i := range d.sum {
		d.sum[i] += binary.BigEndian.Uint64(all[8*i:])
	}
}

// canonical writes a value in the same way whichever database gave it.
func canonical(v any) []byte {
	switch v := v.(type) {
	case nil:
		return []byte("null")
	case []byte:
		return append([]byte("="), v...)
	case string:
		return append([]byte("="), v...)
	case bool:
		if v {
			return []byte("1")
		}
		return []byte("0")
	default:
		return fmt.Append(nil, v)
	}
}

// Empty tells whether no site was ever started on the database.
func (s *Store) Empty(ctx context.Context) (bool, error) {
	var n int64
	err := s.q(nil).row(ctx, `SELECT COUNT(*) FROM principals`).Scan(&n)
	return n == 0, s.translate(err)
}

// Alive keeps a transaction from being taken for forgotten.
func (s *Store) Alive(ctx context.Context, tx registry.Tx) error {
	var one int
	return s.translate(s.q(tx).row(ctx, `SELECT 1`).Scan(&one))
}

// CopyRecords replaces all records by those of another database, reads them back, and compares. It tells progress how many
// rows were copied.
func (s *Store) CopyRecords(ctx context.Context, tx registry.Tx, from *Store, fromTx registry.Tx, progress func(rows int64)) (tables, rows int64, err error) {
	all, err := s.commonTables(ctx, tx, from, fromTx)
	if err != nil {
		return 0, 0, err
	}
	for _, t := range slices.Backward(all) {
		if _, err := s.q(tx).exec(ctx, `DELETE FROM `+t.Name); err != nil {
			return 0, 0, s.translate(err)
		}
	}
	for _, t := range all {
		read, err := s.copyTable(ctx, tx, from, fromTx, t, func(n int64) { progress(rows + n) })
		if err != nil {
			return 0, 0, fmt.Errorf("copy table %s: %w", t.Name, err)
		}
		written, err := s.tableDigest(ctx, tx, t)
		if err != nil {
			return 0, 0, err
		}
		if read != written {
			return 0, 0, fmt.Errorf("copy table %s: %d rows were read and %d written, or they differ; nothing was changed", t.Name, read.rows, written.rows)
		}
		rows += read.rows
	}
	return int64(len(all)), rows, nil
}

// CompareRecords finds the records equal to those of another database, but for the settings.
func (s *Store) CompareRecords(ctx context.Context, tx registry.Tx, from *Store, fromTx registry.Tx) (tables, rows int64, err error) {
	all, err := s.commonTables(ctx, tx, from, fromTx)
	if err != nil {
		return 0, 0, err
	}
	for _, t := range all {
		theirs, err := from.tableDigest(ctx, fromTx, t)
		if err != nil {
			return 0, 0, err
		}
		mine, err := s.tableDigest(ctx, tx, t)
		if err != nil {
			return 0, 0, err
		}
		if mine != theirs && t.Name != "settings" {
			return 0, 0, fmt.Errorf("table %s has %d rows here and %d there, or they differ", t.Name, mine.rows, theirs.rows)
		}
		rows += theirs.rows
	}
	return int64(len(all)), rows, nil
}

var errOtherTables = errors.New("the databases have other tables; bring both to one version of Kingsnake")

// commonTables are the tables of both databases, with the last numbers of the other one.
func (s *Store) commonTables(ctx context.Context, tx registry.Tx, from *Store, fromTx registry.Tx) ([]table, error) {
	theirs, err := from.sortedTables(ctx, fromTx)
	if err != nil {
		return nil, err
	}
	mine, err := s.sortedTables(ctx, tx)
	if err != nil {
		return nil, err
	}
	if len(mine) != len(theirs) {
		return nil, errOtherTables
	}
	for i, t := range mine {
		n := slices.IndexFunc(theirs, func(other table) bool { return other.Name == t.Name && slices.Equal(names(other), names(t)) })
		if n < 0 {
			return nil, errOtherTables
		}
		mine[i].Last = theirs[n].Last
	}
	return mine, nil
}

// sortedTables are all tables, each after those that it refers to, with their columns by name.
func (s *Store) sortedTables(ctx context.Context, tx registry.Tx) ([]table, error) {
	t, ok := tx.(*txn)
	if !ok {
		return nil, errors.New("the tables are read in a transaction only")
	}
	all, err := s.d.tables(ctx, t.tx)
	if err != nil {
		return nil, s.translate(err)
	}
	for _, t := range all {
		slices.SortFunc(t.Columns, func(a, b column) int { return strings.Compare(a.Name, b.Name) })
	}
	return all, nil
}

func names(t table) []string {
	var all []string
	for _, c := range t.Columns {
		all = append(all, c.Name)
	}
	return all
}

func (s *Store) copyTable(ctx context.Context, tx registry.Tx, from *Store, fromTx registry.Tx, t table, progress func(int64)) (d digest, err error) {
	marks := make([]string, len(t.Columns))
	for i := range marks {
		marks[i] = "$" + strconv.Itoa(i+1)
	}
	insert := `INSERT INTO ` + t.Name + ` (` + strings.Join(names(t), ", ") + `) VALUES (` + strings.Join(marks, ", ") + `)`
	err = from.eachWhole(ctx, fromTx, t, func(row []any) error {
		d.add(row)
		progress(d.rows)
		for i, c := range t.Columns {
			// SQLite keeps truth as a number.
			if n, ok := row[i].(int64); ok && c.Kind == kindBool {
				row[i] = n != 0
			}
			// No bytes are not the same as no value, which is what other drivers take a nil slice for.
			if b, ok := row[i].([]byte); ok && b == nil {
				row[i] = []byte{}
			}
		}
		_, err := s.q(tx).exec(ctx, insert, row...)
		return s.translate(err)
	})
	if err != nil || !t.numbered {
		return d, err
	}
	for _, statement := range s.d.catalog.setLast {
		if _, err := s.q(tx).exec(ctx, statement, t.Name, t.Last); err != nil {
			return d, s.translate(err)
		}
	}
	return d, nil
}

func (s *Store) tableDigest(ctx context.Context, tx registry.Tx, t table) (d digest, err error) {
	err = s.eachWhole(ctx, tx, t, func(row []any) error {
		d.add(row)
		return nil
	})
	return d, err
}

// eachWhole gives all rows of a table to fn.
func (s *Store) eachWhole(ctx context.Context, tx registry.Tx, t table, fn func(row []any) error) (rerr error) {
	rows, err := s.q(tx).query(ctx, `SELECT `+strings.Join(names(t), ", ")+` FROM `+t.Name)
	if err != nil {
		return s.translate(err)
	}
	defer func() { rerr = errors.Join(rerr, rows.Close()) }()
	for rows.Next() {
		row, into := make([]any, len(t.Columns)), make([]any, len(t.Columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return s.translate(err)
		}
		if err := fn(row); err != nil {
			return err
		}
	}
	return s.translate(rows.Err())
}
