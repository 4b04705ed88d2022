package pgtest_test

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kingsnake/internal/pgtest"
)

// envVictim makes this test's process one that is to be killed.
const envVictim = "KINGSNAKE_TEST_VICTIM"

// TestKilled: a process whose environment is about another PostgreSQL, and whose temporary folder nobody else may enter, has
// a server all the same; and when it is killed nothing stays, nor does what an earlier one left.
func TestKilled(t *testing.T) {
	if os.Getenv(envVictim) != "" {
		victim(t)
		return
	}
	pgtest.Require(t)
	left, err := os.MkdirTemp("", "kspg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(left) }) // It is gone already if all is well.
	if err := os.WriteFile(filepath.Join(left, "lock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	// One of the two may sweep what the other does not look at.
	for _, tmp := range []string{closed, os.TempDir()} {
		folder := kill(t, tmp)
		await(t, folder)
	}
	await(t, left)
}

// victim has a server, says where, and waits for its end.
func victim(t *testing.T) {
	database := pgtest.New(t)
	if n, err := query(t, database, `SELECT 7`); n != 7 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	fmt.Println(database)
	select {}
}

// kill starts a victim, kills it when it has a server, and gives the folder of that.
func kill(t *testing.T, tmp string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$") //nolint:gosec // It is this very program.
	cmd.Env = append(os.Environ(), envVictim+"=yes", "TMPDIR="+tmp, "PGPORT=1", "PGHOST=192.0.2.1", "PGSSLMODE=verify-full", "PGSERVICE=nothing", "PGUSER=nobody")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "postgres:") {
		t.Errorf("it says %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // It complains of the signal.
	u, err := url.Parse(strings.TrimSpace(line))
	if err != nil || u.Query().Get("host") == "" {
		t.Fatalf("its server is at %q, %v", line, err)
	}
	return u.Query().Get("host")
}

// await waits until a folder is gone.
func await(t *testing.T, folder string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		_, err := os.Stat(folder)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is still there: %v", folder, err)
		}
	}
}
