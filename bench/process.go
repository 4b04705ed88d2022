package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server that is measured.
type process struct {
	cmd *exec.Cmd
	url string
}

// run starts it and waits until it listens.
func (p *process) run(ctx context.Context, addr string) error {
	if err := p.cmd.Start(); err != nil {
		return err
	}
	return waitFor(ctx, addr)
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop ends it, if it was started.
func (p *process) stop() error {
	if p.cmd == nil || p.cmd.Process == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(p.cmd.Path), err)
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(p.cmd.Path), err)
	}
	return nil
}

func freeAddress(ctx context.Context) (string, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// waitFor waits until something listens at an address.
func waitFor(ctx context.Context, addr string) error {
	var d net.Dialer
	for range 1200 {
		c, err := d.DialContext(ctx, "tcp", addr)
		if err == nil {
			return c.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("nothing listens on %s", addr)
}

// cpuOf gives the processor time that a process spends meanwhile, in seconds.
func cpuOf(pid int, do func() error) (float64, error) {
	before, err := cpuSeconds(pid)
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	after, err := cpuSeconds(pid)
	return after - before, err
}

// cpuSeconds is the processor time that a process and its children have used, those that have ended included.
func cpuSeconds(pid int) (float64, error) {
	pids := []int{pid}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0, err
	}
	for _, f := range strings.Fields(string(children)) {
		n, err := strconv.Atoi(f)
		if err != nil {
			return 0, err
		}
		pids = append(pids, n)
	}
	var ticks float64
	for _, p := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p))
		if p != pid && (errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH)) {
			continue // The child has ended, and counts with its parent.
		}
		if err != nil {
			return 0, err
		}
		n, err := ticksOf(stat)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return ticks / 100, nil
}

// ticksOf reads the processor time from a process's stat file: the fields behind the name, which may hold spaces and
// brackets; utime and stime are the 14th and 15th of all, and those of its children that have ended follow.
func ticksOf(stat []byte) (float64, error) {
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 15 {
		return 0, fmt.Errorf("no processor time in %q", stat)
	}
	var ticks float64
	for _, f := range fields[11:15] {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return ticks, nil
}
