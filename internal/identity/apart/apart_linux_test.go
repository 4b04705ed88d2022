package apart

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"kingsnake/internal/identity"
)

// prioritiesFile is where the process writes the priorities of its threads.
const prioritiesFile = "KINGSNAKE_TEST_PRIORITIES"

// TestMain is the process that tests start.
func TestMain(m *testing.M) {
	if !Called(os.Args) {
		os.Exit(m.Run())
	}
	code := Main(os.Stdin, os.Stdout, os.Stderr)
	if file := os.Getenv(prioritiesFile); file != "" {
		if err := writePriorities(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// writePriorities writes the nice value of each thread of the process, a line each: field 19 of its stat file.
func writePriorities(file string) error {
	stats, err := filepath.Glob("/proc/self/task/*/stat")
	if err != nil {
		return err
	}
	var out strings.Builder
	for _, name := range stats {
		stat, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // The thread has ended.
		}
		if err != nil {
			return err
		}
		out.WriteString(strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))[16] + "\n")
	}
	return os.WriteFile(file, []byte(out.String()), 0o600)
}

// cost is that of a hash which takes no time.
func cost() identity.Argon2 { return identity.Argon2{Memory: 64, Time: 1, Threads: 1} }

func logger() (*slog.Logger, *bytes.Buffer) {
	var text bytes.Buffer
	return slog.New(slog.NewTextHandler(&text, nil)), &text
}

// TestKey: the process computes the same as this one would, whatever bytes a password is of, and gives way with all its threads.
func TestKey(t *testing.T) {
	log, text := logger()
	h, file := New(log), filepath.Join(t.TempDir(), "priorities")
	h.environ = []string{prioritiesFile + "=" + file}
	for _, password := range []string{"a good password", "", "pässwört\x00\xff\xfe", strings.Repeat("x", 5000)} {
		salt := []byte("0123456789abcdef")
		got, err := h.Key(t.Context(), cost(), password, salt)
		if want := cost().Key(password, salt); !bytes.Equal(got, want) || err != nil {
			t.Errorf("Key(%.20q) = %x, %v, want %x", password, got, err, want)
		}
	}
	if text.Len() > 0 {
		t.Errorf("no process computed it: %s", text)
	}
	priorities, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range strings.Fields(string(priorities)) {
		if n, err := strconv.Atoi(field); n < niceness || err != nil {
			t.Errorf("a thread has the nice value %q, want at least %d", field, niceness)
		}
	}
}

// TestKeyWithoutAProcess: where no process can be started the server computes hashes itself, and says so once.
func TestKeyWithoutAProcess(t *testing.T) {
	for what, program := range map[string]string{"no such program": filepath.Join(t.TempDir(), "none"), "one that fails": "/bin/false", "one that answers nothing": "/bin/true"} {
		log, text := logger()
		h := New(log)
		h.program = program
		for range 2 {
			got, err := h.Key(t.Context(), cost(), "x", []byte("0123456789abcdef"))
			if want := cost().Key("x", []byte("0123456789abcdef")); !bytes.Equal(got, want) || err != nil {
				t.Errorf("%s: Key = %x, %v, want %x", what, got, err, want)
			}
		}
		if n := strings.Count(text.String(), "level=WARN"); n != 1 {
			t.Errorf("%s: %d warnings, want one: %s", what, n, text)
		}
	}
}

// TestKeyForNobody: work that nobody wants any more is not done, and is no reason to do more of it here.
func TestKeyForNobody(t *testing.T) {
	log, text := logger()
	h := New(log)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if key, err := h.Key(ctx, cost(), "x", []byte("0123456789abcdef")); !errors.Is(err, context.Canceled) {
		t.Errorf("Key = %x, %v, want %v", key, err, context.Canceled)
	}
	if text.Len() > 0 || h.here.Load() {
		t.Errorf("a request that was given up says nothing of processes: %s", text)
	}
}
