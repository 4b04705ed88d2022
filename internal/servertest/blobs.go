package servertest

import (
	"os"
	"path/filepath"
	"testing"

	"kingsnake/internal/config"
	"kingsnake/internal/s3test"
)

// InFiles is for a test of what happens to files of the site's own machine: its blobs are in its folder, wherever those of
// other tests are.
func InFiles(c *config.Config) { c.Blobs = "" }

// blobs gives the URL of the bucket of a site, the same one whenever the site is opened.
func blobs(t testing.TB, dir string) string {
	t.Helper()
	note := filepath.Join(dir, "blobs.url")
	if url, err := os.ReadFile(note); err == nil {
		return string(url)
	}
	url := s3test.Location(t)
	if err := os.WriteFile(note, []byte(url), 0o600); err != nil {
		t.Fatal(err)
	}
	return url
}
