package servertest

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"kingsnake/internal/pgtest"
	"kingsnake/internal/s3test"
	"kingsnake/internal/store"
)

// Template is what pgtest calls a database that Prepare made.
const Template = "kingsnake"

// Prepare makes the tables in a database, for pgtest.
func Prepare(ctx context.Context, url string) error {
	db, err := store.OpenPostgres(ctx, store.Postgres{URL: url})
	if err != nil {
		return err
	}
	return db.Close()
}

// Keep makes a site's folder outlive what opens it: on PostgreSQL and S3 the database and the bucket of the site last as long
// as the test t, and not only as long as the part of it that opened the site first.
func Keep(t testing.TB, dir string) {
	t.Helper()
	if pgtest.Wanted() {
		database(t, dir)
	}
	if s3test.Wanted() {
		blobs(t, dir)
	}
}

// database gives the URL of the PostgreSQL database of a site, the same one whenever the site is opened.
func database(t testing.TB, dir string) string {
	t.Helper()
	note := filepath.Join(dir, "database.url")
	if url, err := os.ReadFile(note); err == nil {
		return string(url)
	}
	url := pgtest.Copy(t, Template, Prepare)
	if err := os.WriteFile(note, []byte(url), 0o600); err != nil {
		t.Fatal(err)
	}
	return url
}
