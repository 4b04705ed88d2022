package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The columns of the table: what a site is built on.
const (
	embedded = iota
	shared
	columns
)

// target is the bound that a number is held against.
type target struct {
	// Bound is "at least" or "at most"; empty is no bound.
	Bound string
	Value float64
	// Unit is what stands behind the number; empty for a ratio.
	Unit string
}

func atLeast(value float64, unit string) target { return target{"at least", value, unit} }
func atMost(value float64, unit string) target  { return target{"at most", value, unit} }

func (t target) String() string {
	if t.Bound == "" {
		return "none"
	}
	return t.Bound + " " + number(t.Value, t.Unit)
}

// verdict tells whether a number meets the target, and by how much in parts of the target.
func (t target) verdict(got float64) string {
	if t.Bound == "" {
		return ""
	}
	better := got - t.Value
	if t.Bound == "at most" {
		better = -better
	}
	word := "met"
	if better < 0 {
		word, better = "missed", -better
	}
	if t.Value == 0 {
		return word
	}
	return fmt.Sprintf("%s by %.0f%%", word, 100*better/t.Value)
}

// number writes a number with as many digits as say something.
func number(v float64, unit string) string {
	digits := 2
	switch abs := max(v, -v); {
	case abs >= 100 || v == 0:
		digits = 0
	case abs >= 10:
		digits = 1
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if unit != "" {
		s += " " + unit
	}
	return s
}

// row is a line of the table.
type row struct {
	What   string
	Target target
	// Rounds are the numbers of each column, one for each round; a column without any was not measured.
	Rounds [columns][]float64
	// Numbers are what the ratios were made of.
	Numbers string
}

// cell writes the median of a column, its spread, and whether it meets the target.
func (r row) cell(column int) string {
	rounds := r.Rounds[column]
	if len(rounds) == 0 {
		return "–"
	}
	mid, spread := median(rounds)
	s := number(mid, r.Target.Unit)
	if len(rounds) > 1 {
		s += fmt.Sprintf(" (spread %.0f%%)", 100*spread)
	}
	if verdict := r.Target.verdict(mid); verdict != "" {
		s += ", " + verdict
	}
	return s
}

// median and spread (greatest minus least, in parts of the median) of some measurements.
func median(v []float64) (mid, spread float64) {
	if len(v) == 0 {
		return 0, 0
	}
	v = slices.Sorted(slices.Values(v))
	mid = (v[(len(v)-1)/2] + v[len(v)/2]) / 2
	if mid == 0 {
		return 0, 0
	}
	return mid, (v[len(v)-1] - v[0]) / mid
}

// middle is the median alone.
func middle(v []float64) float64 {
	mid, _ := median(v)
	return mid
}

// percentile gives the number below or at which such a part of sorted measurements is.
func percentile[T any](sorted []T, part float64) (out T) {
	if len(sorted) == 0 {
		return out
	}
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}

// ratios divides the numbers of each round.
func ratios(ours, theirs []float64) []float64 {
	out := make([]float64, 0, len(ours))
	for i := range min(len(ours), len(theirs)) {
		out = append(out, ours[i]/theirs[i])
	}
	return out
}

// table is what a run prints in the end.
type table struct{ rows []row }

// add takes a line, and shows it at once: a run takes minutes.
func (t *table) add(r row) {
	t.rows = append(t.rows, r)
	fmt.Fprintf(os.Stderr, "%s: %s | %s (%s)\n", r.What, r.cell(embedded), r.cell(shared), r.Numbers)
}

// print writes the table as Markdown, which can be read as it is.
func (t *table) print(w io.Writer) error {
	lines := [][]string{{"what", "target", "SQLite + files", "PostgreSQL + S3", "in numbers"}}
	for _, r := range t.rows {
		lines = append(lines, []string{r.What, r.Target.String(), r.cell(embedded), r.cell(shared), r.Numbers})
	}
	widths := make([]int, len(lines[0]))
	for _, l := range lines {
		for i, s := range l {
			widths[i] = max(widths[i], utf8.RuneCountInString(s))
		}
	}
	rule := make([]string, len(widths))
	for i, n := range widths {
		rule[i] = strings.Repeat("-", n)
	}
	lines = slices.Insert(lines, 1, rule)
	for _, l := range lines {
		for i, s := range l {
			l[i] = s + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(s))
		}
		if _, err := fmt.Fprintln(w, "| "+strings.Join(l, " | ")+" |"); err != nil {
			return err
		}
	}
	return nil
}

// save writes the rows for another process of this program.
func (t *table) save(file string) error {
	data, err := json.Marshal(t.rows)
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}

// load adds the rows that another process saved.
func (t *table) load(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var rows []row
	if err := json.Unmarshal(data, &rows); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	t.rows = append(t.rows, rows...)
	return nil
}
