package server_test

import (
	"bufio"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestVendorOperations prints, for each operation of the published API of Anaconda Server 6.5, whether it is here, the
// scopes that it needs and the test that runs it: every row of the tables is sent by TestSessionOpensAll, which wants it to
// succeed, and by TestNoForgottenCheck, which wants it refused.
func TestVendorOperations(t *testing.T) {
	rows := map[string]operation{}
	for _, o := range allOperations() {
		rows[shapeOf(o.name)] = o
	}
	f, err := os.Open("testdata/anaconda-6.5.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	here, later, absent := 0, 0, 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, feature, isLater := strings.Cut(line, " later: ")
		name, reason, isAbsent := strings.Cut(name, " absent: ")
		name, other, isOther := strings.Cut(name, " as: ")
		method, path, _ := strings.Cut(name, " ")
		key := shapeOf(method + " /api" + path)
		if isOther {
			key = other
		}
		row, found := rows[key]
		switch {
		case (isLater || isAbsent) && found:
			t.Errorf("%s is here, and not %s%s", name, feature, reason)
		case isLater:
			later++
		case isAbsent:
			absent++
			t.Logf("%-6s %-90s none: %s", method, path, reason)
		case !found:
			t.Errorf("%s: missing", name)
		default:
			here++
			t.Logf("%-6s %-90s %-45s %s", method, path, scopesOf(row), "TestSessionOpensAll, TestNoForgottenCheck: "+row.name)
		}
	}
	t.Logf("%d operations are here, %d are to come with mirrors, CVEs, the licence, diagnosis and reports, %d have no place here", here, later, absent)
}

// parameter is a part of a path that stands for any text.
var parameter = regexp.MustCompile(`\{[^}]*\}`)

// shapeOf is an operation's name without the names of its parameters.
func shapeOf(name string) string { return parameter.ReplaceAllString(name, "{}") }

// scopesOf says what an operation needs.
func scopesOf(o operation) string {
	switch {
	case len(o.scopes) > 0:
		return strings.Join(o.scopes, " and ")
	case o.open:
		return "open to all"
	}
	return "about the caller"
}
