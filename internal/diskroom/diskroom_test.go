package diskroom_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"testing"

	"kingsnake/internal/diskroom"
)

func TestLeast(t *testing.T) {
	for _, c := range []struct {
		all, want uint64
	}{
		{0, 1 << 30},
		{20 << 30, 1 << 30},
		{40 << 30, 2 << 30},
	} {
		if got := (diskroom.Room{All: c.all}).Least(); got != c.want {
			t.Errorf("of %d bytes %d should stay free, want %d", c.all, got, c.want)
		}
	}
}

func TestOf(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("its disks are not asked")
	}
	r, err := diskroom.Of(t.TempDir())
	if err != nil || r.All == 0 || r.Free > r.All {
		t.Errorf("the disk of a folder: %+v, %v", r, err)
	}
	if _, err := diskroom.Of(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the disk of no folder: %v, want fs.ErrNotExist", err)
	}
}
