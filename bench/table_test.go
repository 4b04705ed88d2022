package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMedian(t *testing.T) {
	for _, tc := range []struct {
		name        string
		v           []float64
		mid, spread float64
	}{
		{"none", nil, 0, 0},
		{"one", []float64{4}, 4, 0},
		{"odd, not in order", []float64{5, 1, 2}, 2, 2},
		{"even: between the two in the middle", []float64{8, 2, 4, 1}, 3, 7.0 / 3},
		{"nothing at all", []float64{0, 0, 0}, 0, 0},
	} {
		given := append([]float64(nil), tc.v...)
		mid, spread := median(tc.v)
		if mid != tc.mid || spread != tc.spread {
			t.Errorf("%s: median(%v) = %v, %v, want %v, %v", tc.name, tc.v, mid, spread, tc.mid, tc.spread)
		}
		if diff := cmp.Diff(given, tc.v); diff != "" {
			t.Errorf("%s: the measurements were changed (-before +after):\n%s", tc.name, diff)
		}
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = i + 1
	}
	for _, tc := range []struct {
		sorted []int
		part   float64
		want   int
	}{
		{nil, 0.99, 0}, {[]int{7}, 0.99, 7}, {hundred, 0.5, 51}, {hundred, 0.99, 100}, {hundred, 1, 100}, {hundred, 0, 1},
	} {
		if got := percentile(tc.sorted, tc.part); got != tc.want {
			t.Errorf("percentile of %d, %v = %d, want %d", len(tc.sorted), tc.part, got, tc.want)
		}
	}
}

func TestRatios(t *testing.T) {
	got := ratios([]float64{1, 3, 5}, []float64{2, 2, 2})
	if diff := cmp.Diff([]float64{0.5, 1.5, 2.5}, got); diff != "" {
		t.Errorf("ratios (-want +got):\n%s", diff)
	}
}

func TestVerdict(t *testing.T) {
	for _, tc := range []struct {
		target target
		got    float64
		want   string
	}{
		{atLeast(0.5, ""), 0.4, "missed by 20%"},
		{atLeast(0.5, ""), 0.6, "met by 20%"},
		{atLeast(0.5, ""), 0.5, "met by 0%"},
		{atMost(5, "ms"), 4, "met by 20%"},
		{atMost(5, "ms"), 7.5, "missed by 50%"},
		{atMost(0, ""), 0, "met"},
		{atMost(0, ""), 2, "missed"},
		{target{}, 2, ""},
	} {
		if got := tc.target.verdict(tc.got); got != tc.want {
			t.Errorf("%v: verdict of %v = %q, want %q", tc.target, tc.got, got, tc.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for _, tc := range []struct {
		v    float64
		unit string
		want string
	}{
		{0, "", "0"}, {0.4, "", "0.40"}, {1.996, "ms", "2.00 ms"}, {41.26, "µs", "41.3 µs"}, {20123.4, "/s", "20123 /s"}, {-250, "", "-250"},
	} {
		if got := number(tc.v, tc.unit); got != tc.want {
			t.Errorf("number(%v, %q) = %q, want %q", tc.v, tc.unit, got, tc.want)
		}
	}
}

// TestTable prints a table that came from two processes.
func TestTable(t *testing.T) {
	other := table{rows: []row{{What: "alone", Target: atMost(2, "s"), Rounds: only(1.5)}}}
	file := filepath.Join(t.TempDir(), "rows.json")
	if err := other.save(file); err != nil {
		t.Fatal(err)
	}
	var all table
	all.add(row{
		What: "both", Target: atLeast(0.5, ""), Numbers: "nginx 10 /s",
		Rounds: [columns][]float64{embedded: {0.4, 0.5, 0.3}, shared: {0.6, 0.6, 0.6}},
	})
	if err := all.load(file); err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := all.print(&got); err != nil {
		t.Fatal(err)
	}
	want := `| what  | target        | SQLite + files                  | PostgreSQL + S3              | in numbers  |
| ----- | ------------- | ------------------------------- | ---------------------------- | ----------- |
| both  | at least 0.50 | 0.40 (spread 50%), missed by 20% | 0.60 (spread 0%), met by 20% | nginx 10 /s |
| alone | at most 2.00 s | 1.50 s, met by 25%              | –                            |             |
`
	// The widths are those of the widest cells, which are not what is compared.
	if diff := cmp.Diff(cells(want), cells(got.String())); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	lines := strings.Split(strings.TrimSpace(got.String()), "\n")
	for _, l := range lines[1:] {
		if len([]rune(l)) != len([]rune(lines[0])) {
			t.Errorf("the lines are not of one width:\n%s", &got)
		}
	}
}

// cells splits a printed table, without its rule.
func cells(text string) (out [][]string) {
	for line := range strings.Lines(text) {
		var cut []string
		for cell := range strings.SplitSeq(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			cut = append(cut, strings.Trim(cell, " -"))
		}
		out = append(out, cut)
	}
	return out
}

func TestReadWrk(t *testing.T) {
	const good = "Running 1s test @ http://127.0.0.1:1/\n  2 threads and 16 connections\n  43 requests in 1.00s, 1.50MB read\nRequests/sec:   4321.50\nTransfer/sec:      1.50MB\n"
	got, err := readWrk([]byte(good))
	if want := (load{requests: 4321.5, bytes: 1.5 * (1 << 20)}); err != nil || got != want {
		t.Errorf("readWrk = %+v, %v, want %+v", got, err, want)
	}
	for name, bad := range map[string]string{
		"refused": strings.Replace(good, "Requests/sec", "  Non-2xx or 3xx responses: 12\nRequests/sec", 1),
		"cut off": strings.Replace(good, "Requests/sec", "  Socket errors: connect 0, read 3, write 0, timeout 0\nRequests/sec", 1),
		"new":     "hello\n",
	} {
		if got, err := readWrk([]byte(bad)); err == nil {
			t.Errorf("%s: readWrk = %+v, want an error", name, got)
		}
	}
}

func TestTicks(t *testing.T) {
	got, err := ticksOf([]byte("42 (a (b) c) S 1 42 42 0 -1 4194560 1 2 3 4 150 50 7 8 20 0 9\n"))
	if err != nil || got != 215 {
		t.Errorf("ticks = %v, %v, want 215", got, err)
	}
	if got, err := ticksOf([]byte("42 (a) S 1\n")); err == nil {
		t.Errorf("ticks of a short line = %v, want an error", got)
	}
}
