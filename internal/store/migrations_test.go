package store

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

var (
	narrows = regexp.MustCompile(`(?i)\b(DROP TABLE|DROP COLUMN|RENAME|ALTER COLUMN|ADD CONSTRAINT|TRUNCATE)\b`)
	addsTo  = regexp.MustCompile(`(?i)\bADD COLUMN\b[^;]*;`)
)

// firstShared is the first migration that servers of the version before have to bear. Those before it were made when there was
// none: they renamed the audit and made the table of tokens' resources anew.
const firstShared = "00010"

// TestMigrationsOnlyAdd: servers of the version before go on while a newer one migrates the tables, and afterwards. So nothing is
// taken away that they ask for, and what is added may be left out by who inserts.
func TestMigrationsOnlyAdd(t *testing.T) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	looked := 0
	for _, name := range names {
		if strings.TrimPrefix(name, "migrations/") < firstShared {
			continue
		}
		looked++
		text, err := fs.ReadFile(migrationFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		up, _, found := strings.Cut(string(text), "-- +goose Down")
		if !found {
			t.Errorf("%s cannot be undone", name)
		}
		if m := narrows.FindString(up); m != "" {
			t.Errorf("%s: %s, which servers of the version before do not bear", name, m)
		}
		for _, column := range addsTo.FindAllString(up, -1) {
			if strings.Contains(column, "NOT NULL") && !strings.Contains(column, "DEFAULT") {
				t.Errorf("%s: %s needs a DEFAULT, for who inserts without it", name, column)
			}
		}
	}
	if looked < 10 {
		t.Errorf("%d migrations looked at, want more", looked)
	}
}
