package fsblob_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/blobtest"
	"kingsnake/internal/blob/fsblob"
)

func TestConformance(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store {
		return openStore(t, t.TempDir(), fsblob.Options{NoSync: true})
	})
}

func openStore(t *testing.T, dir string, opts fsblob.Options) *fsblob.Store {
	t.Helper()
	s, err := fsblob.Open(dir, opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func put(t *testing.T, s blob.Store, data string) blob.Hash {
	t.Helper()
	h, err := blob.Put(t.Context(), s, []byte(data))
	if err != nil {
		t.Fatalf("Put: %v", err)
	}
	return h
}

// pathOf spells out the documented layout, which backups rely on.
func pathOf(dir string, h blob.Hash) string {
	return filepath.Join(dir, "sha256", h.String()[:2], h.String()[2:])
}

func TestLayout(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "new", "place")
	s := openStore(t, dir, fsblob.Options{})
	h := put(t, s, "content")

	got, err := os.ReadFile(pathOf(dir, h))
	if err != nil || string(got) != "content" {
		t.Errorf("file of the blob = %q, %v", got, err)
	}
	shards, err := os.ReadDir(filepath.Join(dir, "sha256"))
	if err != nil || len(shards) != 256 {
		t.Errorf("sha256 has %d directories, %v, want 256", len(shards), err)
	}
	top, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range top {
		names = append(names, entry.Name())
	}
	if diff := cmp.Diff([]string{"sha256", "staging"}, names); diff != "" {
		t.Errorf("top directory (-want +got):\n%s", diff)
	}
}

// TestModes checks that strangers on the machine can read no private package,
// whatever the umask says.
func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	h := put(t, openStore(t, dir, fsblob.Options{NoSync: true}), "secret")
	for _, path := range []string{dir, filepath.Join(dir, "staging"), filepath.Dir(pathOf(dir, h)), pathOf(dir, h)} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got&0o027 != 0 {
			t.Errorf("%s has mode %o, want nothing for others and no group write", path, got)
		}
	}
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	first, err := fsblob.Open(dir, fsblob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := put(t, first, "kept")
	abandoned, err := first.Stage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := abandoned.Write([]byte("as a crash leaves it")); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	// A backup tool that leaves out empty directories must not break commits.
	missing := blob.Sum([]byte("new"))
	if err := os.Remove(filepath.Dir(pathOf(dir, missing))); err != nil {
		t.Fatal(err)
	}

	second := openStore(t, dir, fsblob.Options{})
	if info, err := second.Stat(t.Context(), h); err != nil || info.Size != 4 {
		t.Errorf("Stat after reopening = %+v, %v, want 4 bytes", info, err)
	}
	put(t, second, "new")
	if n, err := second.Sweep(t.Context(), time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Errorf("Sweep after reopening = %d, %v, want 1", n, err)
	}
}

func TestConflictKeepsTheStoredBlob(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, fsblob.Options{NoSync: true})
	h := put(t, s, "content")
	if err := os.WriteFile(pathOf(dir, h), []byte("cont"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := blob.Put(t.Context(), s, []byte("content")); !errors.Is(err, blob.ErrConflict) {
		t.Errorf("Put over a damaged blob = %v, want ErrConflict", err)
	}
	if got, err := os.ReadFile(pathOf(dir, h)); err != nil || string(got) != "cont" {
		t.Errorf("the stored file is now %q, %v", got, err)
	}
	// Deleting the damaged blob is the way out.
	if err := s.Delete(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	put(t, s, "content")
}

// TestDedupDropsTheNewFile checks that a second commit does not replace the
// file: hard links and open readers of the first stay what they are.
func TestDedupDropsTheNewFile(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, fsblob.Options{NoSync: true})
	h := put(t, s, "content")
	before, err := os.Stat(pathOf(dir, h))
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "content")
	after, err := os.Stat(pathOf(dir, h))
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) {
		t.Error("the second commit replaced the file of the first")
	}
	left, err := os.ReadDir(filepath.Join(dir, "staging"))
	if err != nil || len(left) != 0 {
		t.Errorf("staging holds %v, %v, want nothing", left, err)
	}
}

func TestStrangeFilesAreIgnored(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, fsblob.Options{NoSync: true})
	h := put(t, s, "content")
	shard := filepath.Dir(pathOf(dir, h))
	if err := os.WriteFile(filepath.Join(shard, "Thumbs.db"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(shard, strings.Repeat("A", 62)), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(shard, strings.Repeat("0", 62)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "staging", "lost+found", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	var got []blob.Hash
	for info, err := range s.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, info.Hash)
	}
	if diff := cmp.Diff([]blob.Hash{h}, got); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
	if n, err := s.Sweep(t.Context(), time.Now().Add(time.Hour)); n != 0 || err != nil {
		t.Errorf("Sweep = %d, %v, want 0", n, err)
	}
}

// TestNoWayOut checks that a symbolic link planted in the directory does not
// make the store serve a file from elsewhere.
func TestNoWayOut(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "passwd")
	if err := os.WriteFile(outside, []byte("root"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := openStore(t, dir, fsblob.Options{NoSync: true})
	h := blob.Sum([]byte("root"))
	if err := os.Symlink(outside, pathOf(dir, h)); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Open(t.Context(), h); err == nil {
		t.Errorf("Open follows a link out of the directory and reads %d bytes", r.Size())
	}
}

func TestOpenRefusesAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "below")} {
		if s, err := fsblob.Open(path, fsblob.Options{NoSync: true}); err == nil {
			t.Errorf("Open(%s) = %v, want an error", path, s)
		}
	}
}

func TestReaderOffersItsFile(t *testing.T) {
	s := openStore(t, t.TempDir(), fsblob.Options{NoSync: true})
	r, err := s.Open(t.Context(), put(t, s, "content"))
	if err != nil {
		t.Fatal(err)
	}
	f, ok := r.File()
	if !ok {
		t.Fatal("File() = false, want the open file")
	}
	var got bytes.Buffer
	if _, err := got.ReadFrom(f); err != nil || got.String() != "content" {
		t.Errorf("the file holds %q, %v", got.String(), err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Stat(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Stat of the file after Reader.Close = %v, want ErrClosed", err)
	}
}
