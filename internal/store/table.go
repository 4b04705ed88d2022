package store

import (
	"context"
	"encoding/hex"
	"fmt"
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

// insertSizes are how many rows one statement inserts, so that few statements have to be known for any number of rows.
var insertSizes = [...]int{16, 4, 2, 1}

// insertRows adds rows to a table, several with each statement. All have as many columns, which the head of the statement
// names.
func insertRows(ctx context.Context, q querier, head string, rows [][]any) error {
	for len(rows) > 0 {
		n := insertSizes[slices.IndexFunc(insertSizes[:], func(n int) bool { return n <= len(rows) })]
		var values []string
		var args []any
		for _, row := range rows[:n] {
			places := make([]string, len(row))
			for i := range row {
				places[i] = "$" + strconv.Itoa(len(args)+i+1)
			}
			values, args = append(values, "("+strings.Join(places, ", ")+")"), append(args, row...)
		}
		if _, err := q.exec(ctx, head+" VALUES "+strings.Join(values, ", "), args...); err != nil {
			return err
		}
		rows = rows[n:]
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
