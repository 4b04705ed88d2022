package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"kingsnake/internal/diskroom"
)

// copies judges what servers that were killed again and again have kept beside the bucket: each copy is the blob that it is
// named after, and together they are no more than they may be.
func (c *chaos) copies(t *testing.T) {
	t.Helper()
	found := 0
	for i, n := range c.nodes {
		var total int64
		dir := filepath.Join(n.process.data, "blob-cache", "sha256")
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			sum := sha256.Sum256(data)
			if want := filepath.Base(filepath.Dir(path)) + e.Name(); hex.EncodeToString(sum[:]) != want {
				t.Errorf("server %d keeps %d bytes as %s, which they are not", i, len(data), want)
			}
			found++
			total += int64(len(data))
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if total > chaosCopies {
			t.Errorf("server %d keeps copies of %d bytes, and may keep %d", i, total, chaosCopies)
		}
	}
	room, err := diskroom.Of(c.nodes[0].process.data)
	if err == nil && room.Free > room.Least()+chaosCopies && found == 0 {
		t.Error("no server has kept a copy: this was no test of them")
	}
}
