package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// table is a subquery that gives the rows of a JSON list of lists, as columns c1, c2 and so on; bytes are in hexadecimal there. By it one statement does
// for many rows what else took one for each, and as many round trips to the database.
func (d dialect) table(arg string, kinds ...kind) string {
	cells := make([]string, len(kinds))
	for i, k := range kinds {
		cells[i] = fmt.Sprintf("%s AS c%d", d.cell(i, k), i+1)
	}
	return "SELECT " + strings.Join(cells, ", ") + " FROM " + d.rows(arg)
}

// insertSizes are how many rows one statement takes, so that few statements have to be known for any number of rows, and a few
// rows need one.
var insertSizes = [...]int{16, 8, 7, 6, 5, 4, 3, 2, 1}

// inSizes cuts rows into as many as statements take.
func inSizes(rows [][]any) iter.Seq[[][]any] {
	return func(yield func([][]any) bool) {
		for len(rows) > 0 {
			n := insertSizes[slices.IndexFunc(insertSizes[:], func(n int) bool { return n <= len(rows) })]
			if !yield(rows[:n]) {
				return
			}
			rows = rows[n:]
		}
	}
}

// values is rows, of which each has as many columns, as they stand behind VALUES, and the arguments that they are. The types
// of the columns are named where the statement does not tell the database.
func values(rows [][]any, types ...string) (string, []any) {
	var text strings.Builder
	args := make([]any, 0, len(rows)*len(rows[0]))
	for i, row := range rows {
		if i > 0 {
			text.WriteString(", ")
		}
		between := "("
		for j, v := range row {
			args = append(args, v)
			text.WriteString(between)
			if between = ", "; len(types) > 0 {
				text.WriteString("CAST($" + strconv.Itoa(len(args)) + " AS " + types[j] + ")")
			} else {
				text.WriteString("$" + strconv.Itoa(len(args)))
			}
		}
		text.WriteString(")")
	}
	return text.String(), args
}

// insertRows adds rows to a table, several with each statement. All have as many columns, which the head of the statement
// names.
func insertRows(ctx context.Context, q querier, head string, rows [][]any) error {
	for some := range inSizes(rows) {
		list, args := values(some)
		if _, err := q.exec(ctx, head+" VALUES "+list, args...); err != nil {
			return err
		}
	}
	return nil
}

// hexText is bytes as they stand in the argument of a table.
func hexText(b []byte) string { return hex.EncodeToString(b) }

// sqliteCell is a column of a row in a list of rows.
func sqliteCell(i int, k kind) string {
	cell := fmt.Sprintf("json_extract(value, '$[%d]')", i)
	if k == kindBytes {
		return "unhex(" + cell + ")"
	}
	return cell
}

// postgresCell is a column of a row in a list of rows.
func postgresCell(i int, k kind) string {
	cell := fmt.Sprintf("value ->> %d", i)
	switch k {
	case kindInt:
		return "CAST(" + cell + " AS BIGINT)"
	case kindBytes:
		return "decode(" + cell + ", 'hex')"
	case kindText, kindBool:
	}
	return cell
}
