package store

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// columnKind is what a column holds of a table that an argument makes.
type columnKind int

const (
	// numberColumn holds whole numbers, textColumn texts, and bytesColumn bytes, which the argument has in hexadecimal.
	numberColumn columnKind = iota
	textColumn
	bytesColumn
)

// table is a subquery that gives the rows of a JSON list of lists, as columns c1, c2 and so on. By it one statement does
// for many rows what else took one for each, and as many round trips to the database.
func (d dialect) table(arg string, kinds ...columnKind) string {
	cells := make([]string, len(kinds))
	for i, k := range kinds {
		cells[i] = fmt.Sprintf("%s AS c%d", d.cell(i, k), i+1)
	}
	return "SELECT " + strings.Join(cells, ", ") + " FROM " + d.rows(arg)
}

// hexText is bytes as they stand in the argument of a table.
func hexText(b []byte) string { return hex.EncodeToString(b) }

// sqliteCell is a column of a row in a list of rows.
func sqliteCell(i int, k columnKind) string {
	cell := fmt.Sprintf("json_extract(value, '$[%d]')", i)
	if k == bytesColumn {
		return "unhex(" + cell + ")"
	}
	return cell
}

// postgresCell is a column of a row in a list of rows.
func postgresCell(i int, k columnKind) string {
	cell := fmt.Sprintf("value ->> %d", i)
	switch k {
	case numberColumn:
		return "CAST(" + cell + " AS BIGINT)"
	case bytesColumn:
		return "decode(" + cell + ", 'hex')"
	case textColumn:
	}
	return cell
}
