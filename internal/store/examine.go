package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Fault is something about a database that is not as it should be.
type Fault struct {
	// Bad says that what was acknowledged is in danger.
	Bad         bool
	Found, Todo string
}

// Examine has the database look at itself, and says what is not as it should be or, where all is, in words what was found.
func (s *Store) Examine(ctx context.Context, now time.Time) (faults []Fault, good string, err error) {
	examine := s.examineSQLite
	if s.listen != nil {
		examine = s.examinePostgres
	}
	if faults, good, err = examine(ctx); err != nil {
		return nil, "", s.translate(err)
	}
	var last int64
	if err := s.reader.row(ctx, `SELECT COALESCE(MAX(at), 0) FROM audit WHERE id > (SELECT COALESCE(MAX(id), 0) - 100 FROM audit)`).Scan(&last); err != nil {
		return nil, "", s.translate(err)
	}
	if ahead := fromMillis(last).Sub(now); last > 0 && ahead > clockSlack {
		faults = append(faults, Fault{
			Found: fmt.Sprintf("the audit's last rows are %s in the future: the clock was set back, or is wrong", ahead.Round(time.Second)),
			Todo:  "set the clock, and have it kept by NTP",
		})
	}
	return faults, good, nil
}

// clockSlack is by how much the clocks of two machines may differ without a word.
const clockSlack = time.Minute

func (s *Store) examineSQLite(ctx context.Context) (faults []Fault, good string, err error) {
	var check, journal, sync, version string
	for query, to := range map[string]*string{
		"PRAGMA quick_check(1)": &check, "PRAGMA journal_mode": &journal, "PRAGMA synchronous": &sync, "SELECT sqlite_version()": &version,
	} {
		if err := s.reader.db.QueryRowContext(ctx, query).Scan(to); err != nil {
			return nil, "", err
		}
	}
	if check != "ok" {
		faults = append(faults, Fault{true, "the database file is damaged: " + check, "stop the server, keep the file, and restore the last backup"})
	}
	if journal != "wal" || sync != "2" {
		faults = append(faults, Fault{true, fmt.Sprintf("journal_mode is %s and synchronous %s, want wal and 2", journal, sync), "see whether the file is on a network file system"})
	}
	return faults, "SQLite " + version + " finds no damage; it runs in WAL mode, and every commit is durable", nil
}

// examinePostgres asks for the settings by which PostgreSQL keeps what it has acknowledged.
func (s *Store) examinePostgres(ctx context.Context) (faults []Fault, good string, err error) {
	const want = "on"
	for _, name := range [...]string{"fsync", "full_page_writes"} {
		var got string
		if err := s.reader.row(ctx, `SELECT current_setting($1)`, name).Scan(&got); err != nil {
			return nil, "", err
		}
		if got != want {
			faults = append(faults, Fault{true, name + " is " + got + ": a crash of its machine can destroy the database", "set " + name + " = " + want})
		}
	}
	var commit, version string
	var most, used int
	err = s.reader.row(ctx, `SELECT current_setting('synchronous_commit'), current_setting('server_version'),
		CAST(current_setting('max_connections') AS INTEGER), CAST((SELECT COUNT(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS INTEGER)`).
		Scan(&commit, &version, &most, &used)
	if err != nil {
		return nil, "", err
	}
	if strings.EqualFold(commit, "off") {
		faults = append(faults, Fault{true, "synchronous_commit is off: what was acknowledged is lost in a crash", "set synchronous_commit = on for this database"})
	}
	if used*10 > most*9 {
		faults = append(faults, Fault{false, fmt.Sprintf("%d of %d connections are taken", used, most), "raise max_connections, or lower database_connections"})
	}
	return faults, fmt.Sprintf("PostgreSQL %s keeps what it acknowledges; %d of %d connections are taken", version, used, most), nil
}
