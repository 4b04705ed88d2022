package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
)

// event is one line of `go test -json`, as `go doc test2json` describes it.
type event struct {
	Action  string
	Package string
	Test    string
	Elapsed float64
	Output  string
}

// counts are numbers of tests, subtests included.
type counts struct{ passed, failed, skipped int }

func (c counts) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", c.passed, c.failed, c.skipped)
}

// pkg is a package that is being tested.
type pkg struct {
	counts
	// output holds what every unfinished test has printed. The empty name is
	// that of the package itself.
	output map[string]*strings.Builder
}

// summary adds up any number of runs, which may go on at the same time.
type summary struct {
	out    io.Writer
	stderr io.Writer // of the go command
	ci     bool

	mu       sync.Mutex // for what follows, and for out
	total    counts
	packages struct{ ok, failed, empty int }
	skips    []string
	failures []string
	slow     []slow
}

// events are those of one run of go test.
type events struct {
	*summary
	name   string // after what is told of a package; empty where there is one run
	open   map[string]*pkg
	failed bool // a test or a package did
}

// slow is a test that took long.
type slow struct {
	name    string
	seconds float64
}

// Of the tests that took slowFrom seconds or more, the slowest are told.
const (
	slowFrom = 5
	slowest  = 15
)

// read takes the events of one run. Lines that are no events, such as an
// error message of the go command, are passed on.
func (s *events) read(r io.Reader) error {
	s.open = map[string]*pkg{}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			s.mu.Lock()
			s.line(line)
			s.mu.Unlock()
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(s.open)) {
		s.packageFailed(name, s.open[name], "did not finish")
	}
	return nil
}

// line takes one line, with the lock held.
func (s *events) line(line []byte) {
	var e event
	if !bytes.HasPrefix(line, []byte("{")) || json.Unmarshal(line, &e) != nil {
		s.printf("%s", line)
		return
	}
	if e.Action == "build-output" {
		s.printf("%s", e.Output)
	}
	if e.Package == "" {
		return
	}
	p := s.open[e.Package]
	if p == nil {
		p = &pkg{output: map[string]*strings.Builder{}}
		s.open[e.Package] = p
	}
	if e.Test == "" {
		s.packageEvent(p, e)
	} else {
		s.testEvent(p, e)
	}
}

func (s *events) testEvent(p *pkg, e event) {
	if e.Elapsed >= slowFrom && !strings.Contains(e.Test, "/") {
		s.slow = append(s.slow, slow{e.Package + " " + e.Test + s.name, e.Elapsed})
	}
	switch e.Action {
	case "run", "output":
		p.print(e)
	case "pass":
		p.passed++
		delete(p.output, e.Test)
	case "skip":
		p.skipped++
		s.skips = append(s.skips, e.Package+" "+e.Test+s.name+p.take(e.Test))
	case "fail":
		p.failed++
		s.failures = append(s.failures, e.Package+" "+e.Test+s.name)
		s.printf("%s", p.take(e.Test))
	}
}

func (s *events) packageEvent(p *pkg, e event) {
	switch e.Action {
	case "output":
		p.print(e)
	case "pass":
		s.packages.ok++
		s.closePackage(e.Package, p)
		s.printf("ok    %s  %d passed%s  %.1fs%s\n", e.Package, p.passed, some(p.skipped, "skipped"), e.Elapsed, s.name)
	case "skip":
		s.packages.empty++
		s.closePackage(e.Package, p)
	case "fail":
		s.packageFailed(e.Package, p, fmt.Sprintf("%.1fs", e.Elapsed))
	}
}

// packageFailed counts the tests that never ended, which a panic or a timeout
// leaves behind, as failed. A failure of the package itself, such as one to
// build, counts as that of one test.
func (s *events) packageFailed(name string, p *pkg, remark string) {
	itself := p.take("")
	for _, test := range slices.Sorted(maps.Keys(p.output)) {
		p.failed++
		s.failures = append(s.failures, name+" "+test+s.name)
		s.printf("%s", p.take(test))
	}
	if p.failed == 0 {
		p.failed = 1
		s.failures = append(s.failures, name+s.name)
	}
	s.packages.failed++
	s.closePackage(name, p)
	s.printf("%sFAIL  %s  %d passed, %d failed%s  %s%s\n", itself, name, p.passed, p.failed, some(p.skipped, "skipped"), remark, s.name)
}

func (s *events) closePackage(name string, p *pkg) {
	s.total.passed += p.passed
	s.total.failed += p.failed
	s.total.skipped += p.skipped
	s.failed = s.failed || p.failed > 0
	delete(s.open, name)
}

// broken counts, with the lock held, a go command that failed without a test having failed.
func (s *summary) broken(what string, err error) {
	s.total.failed++
	s.printf("FAIL  %s: %v\n", what, err)
}

// close, after all runs, prints the totals and reports whether all is well.
func (s *summary) close() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ran := s.total.passed + s.total.failed + s.total.skipped
	if ran == 0 {
		s.broken("summary", errors.New("no test ran"))
	}
	s.printf("\n")
	slices.SortStableFunc(s.slow, func(a, b slow) int { return cmp.Compare(b.seconds, a.seconds) })
	for _, t := range s.slow[:min(slowest, len(s.slow))] {
		s.printf("slow: %s  %.0fs\n", t.name, t.seconds)
	}
	for _, name := range s.failures {
		s.printf("failed: %s\n", name)
	}
	for _, skip := range s.skips {
		s.printf("skipped: %s\n", strings.TrimSpace(skip))
	}
	forbidden := s.ci && s.total.skipped > 0
	if forbidden {
		s.printf("CI=true: a skipped test is a failure\n")
	}
	s.printf("packages: %d ok, %d failed, %d without tests\n", s.packages.ok, s.packages.failed, s.packages.empty)
	s.printf("%s\n", s.total)
	return s.total.failed == 0 && !forbidden
}

// printf writes to the terminal, with the lock held, where a failure has nobody to be told to.
func (s *summary) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(s.out, format, args...)
}

// print keeps the output of a test, but not the lines in which the test binary
// announces what it does.
func (p *pkg) print(e event) {
	b := p.output[e.Test]
	if b == nil {
		b = &strings.Builder{}
		p.output[e.Test] = b
	}
	if !strings.HasPrefix(e.Output, "=== ") {
		b.WriteString(e.Output)
	}
}

// take returns and forgets the output of a test.
func (p *pkg) take(test string) string {
	b := p.output[test]
	if b == nil {
		return ""
	}
	delete(p.output, test)
	return b.String()
}

func some(n int, what string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d %s", n, what)
}
