package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteDialect describes SQLite.
func sqliteDialect() dialect {
	return dialect{
		name:      "sqlite3",
		catalog:   sqliteCatalog(),
		ID:        "INTEGER PRIMARY KEY AUTOINCREMENT",
		Key:       "INTEGER PRIMARY KEY",
		Blob:      "BLOB",
		Clustered: " WITHOUT ROWID",
		numbers:   func(arg string) string { return "SELECT value FROM json_each(" + arg + ")" },
		texts:     func(arg string) string { return "SELECT value FROM json_each(" + arg + ")" },
		among:     func(column, elements string) string { return column + " IN (" + elements + ")" },
		members:   func(column string) string { return "json_each(" + column + ") AS member" },
		rows:      func(arg string) string { return "json_each(" + arg + ")" },
		cell:      sqliteCell,
		// Its LIKE does not mind the case of ASCII letters, and its LOWER changes no others.
		like: func(column string) string { return column + ` LIKE ? ESCAPE '!'` },
		isUnique: func(err error) bool {
			c, ok := sqliteCode(err)
			return ok && (c == sqlite3.SQLITE_CONSTRAINT_UNIQUE || c == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
		},
		isFull: func(err error) bool {
			c, ok := sqliteCode(err)
			return ok && c&0xff == sqlite3.SQLITE_FULL
		},
		isDown: isSQLiteDown,
	}
}

// isSQLiteDown recognises what passes by itself, or when somebody mends the disk: a file that another process holds locked
// for longer than is waited, that cannot be written to, or whose disk fails.
func isSQLiteDown(err error) bool {
	c, ok := sqliteCode(err)
	if !ok {
		return false
	}
	switch c & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
		return true
	}
	return false
}

func sqliteCode(err error) (int, bool) {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code(), true
	}
	return 0, false
}

// OpenSQLite opens, and makes where it is missing, the database file at path, and brings its tables up to date.
// It runs in WAL mode with synchronous FULL, so a commit that returned survives a crash of the machine. What is in the log of
// writes is carried over to the file when it has 16 MB; many pages are written more than once by then, and carried over once.
func OpenSQLite(ctx context.Context, path string) (*Store, error) {
	w, err := sql.Open("sqlite", sqliteDSN(path, false))
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	w.SetMaxOpenConns(1)
	s := &Store{d: sqliteDialect(), limits: defaultSearchLimits()}
	s.writer = newWriter(s, w)
	if err := s.migrate(ctx, w); err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", path, err), w.Close())
	}
	r, err := sql.Open("sqlite", sqliteDSN(path, true))
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	r.SetMaxOpenConns(max(4, 2*runtime.NumCPU()))
	r.SetMaxIdleConns(max(4, 2*runtime.NumCPU()))
	s.reader = newPool(r, s.d)
	if err := s.chainOld(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: the audit of before could not be chained: %w", path, err), s.Close())
	}
	return s, nil
}

func sqliteDSN(path string, readOnly bool) string {
	q := url.Values{}
	for _, p := range []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-16000)", "temp_store(MEMORY)", "wal_autocheckpoint(4000)"} {
		q.Add("_pragma", p)
	}
	if readOnly {
		q.Add("_pragma", "query_only(1)")
	} else {
		q.Set("_txlock", "immediate")
	}
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + q.Encode()
}
