// Command summary runs `go test` and says briefly what happened: one line per
// package, the output of what failed, and a closing count.
//
//	summary -run './...' -run 'GODEBUG=madvdontneed=1 -race ./internal/store/...'
//
// Each -run holds the arguments of one `go test`, separated by spaces; variables
// of its environment may come before them. The exit
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
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var runs []string
	flag.Func("run", "`arguments` of one go test", func(s string) error {
		runs = append(runs, s)
		return nil
	})
	flag.Parse()
	s := summary{out: os.Stdout, stderr: os.Stderr, ci: os.Getenv("CI") == "true"}
	for _, args := range runs {
		s.run(ctx, ".", strings.Fields(args))
	}
	if !s.close() {
		os.Exit(1)
	}
}

// run tests what args say in the module at dir.
func (s *summary) run(ctx context.Context, dir string, args []string) {
	s.printf("== go test %s\n", brief(args))
	env := 0
	for env < len(args) && !strings.HasPrefix(args[env], "-") && strings.Contains(args[env], "=") {
		env++
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, args[env:]...)...)
	cmd.Env = append(os.Environ(), args[:env]...)
	cmd.Dir = dir
	cmd.Stderr = s.stderr
	if err := s.follow(cmd); err != nil {
		s.broken("go test "+strings.Join(args, " "), err)
	}
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
func (s *summary) follow(cmd *exec.Cmd) error {
	events, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	failedBefore := s.total.failed
	readErr := s.read(events)
	if readErr != nil {
		// Let go test write on, or it would never end.
		_, _ = io.Copy(io.Discard, events)
	}
	waitErr := cmd.Wait()
	if readErr == nil && s.total.failed > failedBefore {
		return nil // The exit status says no more than the events did.
	}
	if readErr != nil {
		return fmt.Errorf("read its events: %w", readErr)
	}
	return waitErr
}
