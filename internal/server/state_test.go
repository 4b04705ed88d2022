package server_test

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kingsnake/internal/servertest"
)

// state looks at everything that a site's database holds, but for what requests are meant to leave behind: the audit,
// sessions, counts of uses, index files, which are built when they are read, and the words of packages, which are learned in the
// background.
type state struct {
	db      *sql.DB
	queries map[string]string
}

// ephemeral are the tables, and columns of tables, that a refused request may touch.
var (
	ephemeralTables  = []string{"sessions", "index_files", "index_blobs", "shards", "settings", "goose_db_version", "sqlite_sequence", "token_uses", "token_uses_since"}
	ephemeralColumns = []string{"last_used_at", "last_used_address", "last_used_client", "uses", "refusals", "download_count", "last_login_at"}
	// lastingRows tells which rows of a table are looked at where not all are: servers tell one another which words they have learned.
	lastingRows = map[string]string{"changes": ` WHERE kind <> 'words'`}
)

func newState(t testing.TB, site *servertest.Site) *state {
	t.Helper()
	driver, source := "sqlite", "file:"+filepath.Join(site.Dir, "kingsnake.db")+"?_pragma=query_only(1)&_pragma=busy_timeout(5000)"
	tables, columnsOf := `SELECT name FROM sqlite_master WHERE type = 'table'`, `SELECT name FROM pragma_table_info('%s')`
	if site.Config.Database != "" {
		driver, source = "pgx", string(site.Config.Database)
		tables = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
		columnsOf = `SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = '%s' ORDER BY ordinal_position`
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &state{db: db, queries: map[string]string{}}
	for _, table := range s.strings(t, tables) {
		if slices.Contains(ephemeralTables, table) || strings.HasPrefix(table, "audit") || strings.HasPrefix(table, "search_") {
			continue
		}
		columns := slices.DeleteFunc(s.strings(t, fmt.Sprintf(columnsOf, table)), func(c string) bool {
			return slices.Contains(ephemeralColumns, c)
		})
		list := strings.Join(columns, `, `)
		s.queries[table] = `SELECT ` + list + ` FROM ` + table + lastingRows[table] + ` ORDER BY ` + list
	}
	if len(s.queries) < 15 {
		t.Fatalf("only the tables %v are looked at", s.queries)
	}
	return s
}

func (s *state) strings(t testing.TB, query string) (out []string) {
	t.Helper()
	rows, err := s.db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// look gives a value for each table that changes with what it holds.
func (s *state) look(t testing.TB) map[string]string {
	t.Helper()
	sums := make(map[string]string, len(s.queries))
	for table, query := range s.queries {
		sums[table] = s.table(t, query)
	}
	return sums
}

func (s *state) table(t testing.TB, query string) string {
	t.Helper()
	rows, err := s.db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, dest := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		dest[i] = &values[i]
	}
	h := sha256.New()
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(h, values...)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// changes names the tables that differ from what they were when before was taken.
func changes(before, after map[string]string) (out []string) {
	for table, sum := range after {
		if before[table] != sum {
			out = append(out, table)
		}
	}
	slices.Sort(out)
	return out
}
