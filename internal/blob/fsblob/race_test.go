package fsblob_test

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/fsblob"
)

// TestRacingCommitsKeepOneFile commits the same bytes from several goroutines
// at the same instant. The file that the first acknowledged commit left must
// be the file that all of them left.
func TestRacingCommitsKeepOneFile(t *testing.T) {
	const rounds, writers = 100, 4
	dir := t.TempDir()
	s := openStore(t, dir, fsblob.Options{NoSync: true})
	for round := range rounds {
		data := fmt.Appendf(nil, "round %d", round)
		h := blob.Sum(data)
		var files [writers]os.FileInfo
		var ready, group sync.WaitGroup
		ready.Add(writers)
		for i := range writers {
			group.Go(func() { files[i] = commitTogether(t, s, &ready, data, pathOf(dir, h)) })
		}
		group.Wait()
		for _, file := range files {
			if file == nil || !os.SameFile(file, files[0]) {
				t.Fatalf("round %d: commits of one hash left different files", round)
			}
		}
	}
}

// commitTogether commits when everybody is ready and returns the file that is
// in place afterwards.
func commitTogether(t *testing.T, s blob.Store, ready *sync.WaitGroup, data []byte, path string) os.FileInfo {
	g, err := s.Stage(t.Context())
	if err == nil {
		_, err = g.Write(data)
	}
	ready.Done()
	if err != nil {
		t.Error(err)
		return nil
	}
	ready.Wait()
	if err := g.Commit(t.Context(), blob.Sum(data)); err != nil {
		t.Error(err)
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Error(err)
	}
	return info
}
