package fsblob

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"kingsnake/internal/blob"
)

// TestDiskFull writes to the device that is always full, so that the error is
// the kernel's own.
func TestDiskFull(t *testing.T) {
	s, err := Open(t.TempDir(), Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	g := &Staged{store: s, name: "staging/x", file: full}
	data := []byte("content")
	if n, err := g.Write(data); n != 0 || !errors.Is(err, blob.ErrNoSpace) {
		t.Errorf("Write = %d, %v, want 0, ErrNoSpace", n, err)
	}
	// What follows must not store the part that fitted.
	if _, err := g.Write(data); !errors.Is(err, blob.ErrNoSpace) {
		t.Errorf("second Write = %v, want ErrNoSpace still", err)
	}
	if err := g.Commit(t.Context(), blob.Sum(data)); !errors.Is(err, blob.ErrNoSpace) {
		t.Errorf("Commit = %v, want ErrNoSpace still", err)
	}
	if err := g.Discard(); err != nil {
		t.Errorf("Discard: %v", err)
	}
	if _, err := s.Stat(t.Context(), blob.Sum(data)); !errors.Is(err, blob.ErrNotExist) {
		t.Errorf("Stat = %v, want ErrNotExist", err)
	}
}

func TestTranslate(t *testing.T) {
	for _, c := range []struct {
		err  error
		want error // of the contract, or nil
	}{
		{syscall.ENOSPC, blob.ErrNoSpace},
		{syscall.EDQUOT, blob.ErrNoSpace},
		{syscall.EROFS, blob.ErrReadOnly},
		{syscall.EIO, nil},
		{syscall.EACCES, nil},
	} {
		err := translate("store", fmt.Errorf("somewhere: %w", &fs.PathError{Op: "write", Path: "x", Err: c.err}))
		if !errors.Is(err, c.err) {
			t.Errorf("translate(%v) = %v, which has lost its cause", c.err, err)
		}
		for _, known := range []error{blob.ErrNoSpace, blob.ErrReadOnly} {
			if got, want := errors.Is(err, known), errors.Is(c.want, known); got != want {
				t.Errorf("translate(%v) is %v: %v, want %v", c.err, known, got, want)
			}
		}
	}
}
