package pkgfile_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"kingsnake/conda/pkgfile"
	"kingsnake/conda/random/hostile"
)

// minDistinct is how many hostile cases there have to be, lest a slip in the
// tables makes most of them disappear unseen.
const minDistinct = 250

func read(rd *pkgfile.Reader, data []byte, filename string) (*pkgfile.Package, error) {
	return rd.Read(bytes.NewReader(data), int64(len(data)), filename)
}

func TestHostilePackagesAreRefused(t *testing.T) {
	rd := pkgfile.NewReader(pkgfile.Limits{Now: time.Now()})
	names, accepted := map[string]bool{}, map[string]bool{}
	for _, c := range hostile.Cases() {
		if names[c.Name] {
			t.Errorf("two cases are called %q", c.Name)
		}
		names[c.Name] = true
		t.Run(c.Name, func(t *testing.T) {
			_, err := read(rd, c.Bytes(), c.Filename)
			var refused *pkgfile.Error
			if !errors.As(err, &refused) {
				t.Fatalf("Read(%q): got %v, want a refusal with code %s", c.Filename, err, c.WantCode)
			}
			if got := string(refused.Code); got != c.WantCode {
				t.Errorf("code: got %s, want %s; error: %v", got, c.WantCode, err)
			}
			if accepted[c.ValidFilename] {
				return // all cases of one format are derived from one package
			}
			if _, err := read(rd, c.Valid(), c.ValidFilename); err != nil {
				t.Errorf("the valid package %s is refused: %v", c.ValidFilename, err)
			}
			accepted[c.ValidFilename] = true
		})
	}
	if len(names) < minDistinct {
		t.Errorf("there are %d hostile cases, want at least %d", len(names), minDistinct)
	}
}
