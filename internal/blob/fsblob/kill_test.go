package fsblob_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/fsblob"
)

// killEnv names the directory that the child of TestKill writes to.
const killEnv = "FSBLOB_TEST_KILL_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killEnv); dir != "" {
		fmt.Fprintln(os.Stderr, commitForever(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// commitForever stores one blob after another and prints the hash of each as
// soon as it is acknowledged.
func commitForever(dir string) error {
	s, err := fsblob.Open(dir, fsblob.Options{})
	if err != nil {
		return err
	}
	for i := uint64(0); ; i++ {
		data := binary.BigEndian.AppendUint64(make([]byte, 50<<10), i)
		h, err := blob.Put(context.Background(), s, data)
		if err != nil {
			return err
		}
		fmt.Println(h)
	}
}

// TestKill kills a process in the middle of commits, then checks that what it
// acknowledged is there and that whatever is there is whole.
func TestKill(t *testing.T) {
	for round := range 4 {
		dir := t.TempDir()
		// Saves the child the time to sync every directory.
		openStore(t, dir, fsblob.Options{NoSync: true})
		acknowledged := killed(t, dir, time.Duration(20+30*round)*time.Millisecond)
		s := openStore(t, dir, fsblob.Options{NoSync: true})
		for _, line := range acknowledged {
			h, err := blob.ParseHash(line)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Stat(t.Context(), h); err != nil {
				t.Errorf("round %d: an acknowledged blob is lost: %v", round, err)
			}
		}
		found := 0
		for info, err := range s.List(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			found++
			wantWhole(t, s, info.Hash)
		}
		// The last blob may have become visible just before the kill.
		if n := len(acknowledged); n == 0 || found < n || found > n+1 {
			t.Errorf("round %d: %d blobs stored, %d acknowledged", round, found, n)
		}
	}
}

// killed runs commitForever and kills it the given time after its first word.
func killed(t *testing.T, dir string, after time.Duration) (acknowledged []string) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), killEnv+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		acknowledged = append(acknowledged, lines.Text())
		if len(acknowledged) == 1 {
			time.AfterFunc(after, func() { _ = child.Process.Kill() })
		}
	}
	if err := child.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	return acknowledged
}

func wantWhole(t *testing.T, s blob.Store, h blob.Hash) {
	t.Helper()
	r, err := s.Open(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	if got := blob.Sum(data); got != h {
		t.Errorf("the blob named %s holds %d bytes of hash %s", h, len(data), got)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
