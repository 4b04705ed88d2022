// Command summary runs `go test` and says briefly what happened: one line per
// package, the output of what failed, and a closing count.
//
//	summary -at-once 2 -run './...' -run 'GODEBUG=madvdontneed=1 -race ./internal/store/...'
//
// Each -run holds the arguments of one `go test`, separated by spaces; variables
// of its environment may come before them. Of several, -at-once go on at the same time, and
// their lines end with the number of the run. The exit
// status is 1 if a test failed, if a package could not be tested, if nothing was
// tested at all, or, when the environment has CI=true, if a test was skipped.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var runs []string
	flag.Func("run", "`arguments` of one go test", func(s string) error {
		runs = append(runs, s)
		return nil
	})
	atOnce := flag.Int("at-once", 1, "how `many` runs go on at the same time")
	flag.Parse()
	if *atOnce < 1 {
		fmt.Fprintln(os.Stderr, "summary: -at-once must be 1 or more")
		os.Exit(2)
	}
	s := summary{out: os.Stdout, stderr: os.Stderr, ci: os.Getenv("CI") == "true"}
	s.runAll(ctx, ".", *atOnce, runs)
	if !s.close() {
		os.Exit(1)
	}
}

// runAll begins the runs in their order, so many at once.
func (s *summary) runAll(ctx context.Context, dir string, atOnce int, runs []string) {
	var all sync.WaitGroup
	free := make(chan struct{}, atOnce)
	for i, args := range runs {
		free <- struct{}{}
		name := ""
		if len(runs) > 1 {
			name = fmt.Sprintf("  (run %d)", i+1)
		}
		all.Go(func() {
			s.run(ctx, dir, name, strings.Fields(args))
			<-free
		})
	}
	all.Wait()
}

// run tests what args say in the module at dir.
func (s *summary) run(ctx context.Context, dir, name string, args []string) {
	s.locked(func() { s.printf("== go test %s%s\n", brief(args), name) })
	env := 0
	for env < len(args) && !strings.HasPrefix(args[env], "-") && strings.Contains(args[env], "=") {
		env++
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, args[env:]...)...)
	cmd.Env = append(os.Environ(), args[:env]...)
	cmd.Dir = dir
	cmd.Stderr = goErrors{s}
	if err := (&events{summary: s, name: name}).follow(cmd); err != nil {
		s.locked(func() { s.broken("go test "+strings.Join(args, " "), err) })
	}
}

// goErrors is where the go commands of all runs write what they could not do.
type goErrors struct{ *summary }

func (w goErrors) Write(p []byte) (n int, err error) {
	w.locked(func() { n, err = w.stderr.Write(p) })
	return n, err
}

func (s *summary) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// brief is how the arguments of a run are told: with the number of its packages where they are many.
func brief(args []string) string {
	var told, packages []string
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") || strings.Contains(arg, "=") {
			told = append(told, arg)
		} else {
			packages = append(packages, arg)
		}
	}
	if len(packages) > 5 {
		packages = []string{fmt.Sprintf("(%d packages)", len(packages))}
	}
	return strings.Join(append(told, packages...), " ")
}

// follow runs a command and reads its events.
func (s *events) follow(cmd *exec.Cmd) error {
	events, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	readErr := s.read(events)
	if readErr != nil {
		// Let go test write on, or it would never end.
		_, _ = io.Copy(io.Discard, events)
	}
	waitErr := cmd.Wait()
	if readErr == nil && s.failed {
		return nil // The exit status says no more than the events did.
	}
	if readErr != nil {
		return fmt.Errorf("read its events: %w", readErr)
	}
	return waitErr
}
