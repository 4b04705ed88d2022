package hostile_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"kingsnake/conda/random/hostile"
)

// TestCasesAreDistinct makes sure that no two cases upload the same bytes
// under the same name, that none is the valid package, and that a case can be
// made again for a failure to be studied.
func TestCasesAreDistinct(t *testing.T) {
	type upload struct {
		filename string
		sum      [sha256.Size]byte
	}
	seen := map[upload]string{}
	for _, c := range hostile.Cases() {
		data := c.Bytes()
		u := upload{c.Filename, sha256.Sum256(data)}
		if other, ok := seen[u]; ok {
			t.Errorf("%q and %q are the same upload", c.Name, other)
		}
		seen[u] = c.Name
		if c.Filename == c.ValidFilename && bytes.Equal(data, c.Valid()) {
			t.Errorf("%q is the valid package", c.Name)
		}
		if !bytes.Equal(data, c.Bytes()) {
			t.Errorf("%q differs when it is made again", c.Name)
		}
		if c.WantCode == "" || c.Name == "" {
			t.Errorf("case %q lacks its name or code", c.Name)
		}
	}
}
