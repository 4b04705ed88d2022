package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"
)

// emit prints v as JSON or lets human fill a table, as the flags say.
func (a *app) emit(v any, human func(*table)) error {
	if a.json {
		enc := json.NewEncoder(a.Stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	t := &table{w: tabwriter.NewWriter(a.Stdout, 0, 4, 2, ' ', 0)}
	human(t)
	if t.err != nil {
		return t.err
	}
	return t.w.Flush()
}

// note says something on standard error.
func (a *app) note(format string, values ...any) {
	_, _ = fmt.Fprintln(a.Stderr, printable(fmt.Sprintf(format, values...)))
}

// table is aligned output for people.
type table struct {
	w   *tabwriter.Writer
	err error
}

// row writes one line; empty cells show as a dash, so that columns can be told apart.
func (t *table) row(cells ...string) {
	for i, c := range cells {
		if cells[i] = printable(c); c == "" {
			cells[i] = "-"
		}
	}
	if _, err := fmt.Fprintln(t.w, strings.Join(cells, "\t")); err != nil && t.err == nil {
		t.err = err
	}
}

// blank separates two parts; columns start anew after it.
func (t *table) blank() {
	if _, err := fmt.Fprintln(t.w); err != nil && t.err == nil {
		t.err = err
	}
}

// when writes a time relative to now, or exactly with --wide.
func (a *app) when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if a.wide {
		return t.UTC().Format(time.RFC3339)
	}
	return relative(t.Sub(a.Now()))
}

// whenOr is when for a time that may be absent.
func (a *app) whenOr(t *time.Time, absent string) string {
	if t == nil {
		return absent
	}
	return a.when(*t)
}

// relative writes a distance from now with one unit, rounded down.
func relative(d time.Duration) string {
	const day = 24 * time.Hour
	// What was made a moment ago for thirty days is not to show as twenty-nine.
	length := d.Abs() + d.Abs()/100
	for _, u := range []struct {
		size  time.Duration
		name  string
		least int64 // Fewer are written in the next smaller unit, which says more.
	}{
		{365 * day, "year", 2}, {30 * day, "month", 4}, {day, "day", 1}, {time.Hour, "hour", 1}, {time.Minute, "minute", 1},
	} {
		n := int64(length / u.size)
		if n < u.least {
			continue
		}
		if d > 0 {
			return "in " + plural(n, u.name)
		}
		return plural(n, u.name) + " ago"
	}
	if d > 0 {
		return "within a minute"
	}
	return "just now"
}

func plural[N int | int64](n N, thing string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, thing)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// bytesText writes a size for people.
func bytesText(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, prefixes := float64(n)/unit, "KMGTPE"
	for value >= unit && len(prefixes) > 1 {
		value, prefixes = value/unit, prefixes[1:]
	}
	return fmt.Sprintf("%.1f %ciB", value, prefixes[0])
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colored reports whether standard error takes colours (see no-color.org).
func (a *app) colored() bool {
	return isTerminal(a.Stderr) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

func (a *app) red(s string) string {
	if !a.colored() {
		return s
	}
	return "\x1b[31m" + s + "\x1b[0m"
}
