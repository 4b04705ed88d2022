// Package apart computes password hashes in a process of its own, which everything else goes before.
//
// A hash takes a processor for a quarter of a second and 64 MB. In the process that answers requests it takes one of the
// threads on which Go runs them, and its garbage makes a collection due, whatever the hash is worth: all requests
// meanwhile were late by that much. A thread of low priority would be no help, since the others wait for it whenever
// memory is to be collected. Another process is in the way of nobody, and gives its memory back at once.
//
// Out of scope: how many hashes are computed at once, and for whom, which identity.Passwords and identity.Limiter say.
package apart

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"time"

	"kingsnake/internal/identity"
)

// name is what the process is called, by which the program knows that it is one. Lists of processes show it.
const name = "kingsnake: password hash"

// Called tells whether the program was started to compute a hash, from its arguments.
func Called(args []string) bool { return len(args) == 1 && args[0] == name }

// task is what the process is told, on its standard input: other users of the machine see arguments.
type task struct {
	Cost           identity.Argon2
	Password, Salt []byte
}

// Main is that process. It gives its exit code.
func Main(in io.Reader, out, failed io.Writer) int {
	if err := answer(in, out); err != nil {
		// Whoever started it learns by the exit code that it failed, if not why.
		_, _ = fmt.Fprintln(failed, err)
		return 1
	}
	return 0
}

func answer(in io.Reader, out io.Writer) error {
	if err := giveWay(); err != nil {
		return fmt.Errorf("lower the priority: %w", err)
	}
	var t task
	if err := json.NewDecoder(in).Decode(&t); err != nil {
		return err
	}
	_, err := out.Write(t.Cost.Key(string(t.Password), t.Salt))
	return err
}

// Hasher computes hashes.
type Hasher struct {
	log     *slog.Logger
	program string
	environ []string
	// here says that it cannot be done in a process of its own.
	here atomic.Bool
}

// New makes a hasher that starts the running program again, whose main function is to ask Called and run Main.
func New(log *slog.Logger) *Hasher {
	h := &Hasher{log: log, program: executable()}
	h.here.Store(!possible)
	return h
}

// killTime is how long a process may take to end whose work nobody wants any more.
const killTime = time.Second

// Key is an identity.Compute. Where no process can be started, or it fails, this one computes the hash, and all others from
// then on: a sandbox that forbids it forbids it each time.
func (h *Hasher) Key(ctx context.Context, c identity.Argon2, password string, salt []byte) ([]byte, error) {
	if !h.here.Load() {
		key, err := h.ask(ctx, task{c, []byte(password), salt})
		if err == nil || ctx.Err() != nil {
			return key, err
		}
		if h.here.CompareAndSwap(false, true) {
			h.log.Warn("password hashes are computed in the server itself, which keeps requests waiting meanwhile", "error", err)
		}
	}
	return c.Key(password, salt), nil
}

func (h *Hasher) ask(ctx context.Context, t task) ([]byte, error) {
	in, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	var out, failed bytes.Buffer
	cmd := exec.CommandContext(ctx, h.program)
	cmd.Args, cmd.WaitDelay = []string{name}, killTime
	// None of the server's settings, which hold secrets. What is allocated is one piece, and lives as long as the process.
	cmd.Env = append([]string{"GOGC=off", "GOMAXPROCS=" + strconv.Itoa(max(1, int(t.Cost.Threads)))}, h.environ...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &failed
	prepare(cmd)
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("a process for a password hash: %w: %s", err, bytes.TrimSpace(failed.Bytes()))
	}
	if out.Len() != identity.KeyBytes {
		return nil, fmt.Errorf("a process for a password hash answered %d bytes", out.Len())
	}
	return out.Bytes(), nil
}

// executable is the running program, also when its file has been replaced by that of a later version.
func executable() string {
	const self = "/proc/self/exe"
	if _, err := os.Stat(self); err == nil {
		return self
	}
	// Where it is not known, no process can be started, and so none will be.
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	return path
}
