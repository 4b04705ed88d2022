package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/internal/access"
	"kingsnake/internal/config"
)

// rows are the tables of a document, by the first cell where that is code, without the quotes.
func rows(t *testing.T, path string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|(.*)\\|$")
	for _, m := range row.FindAllStringSubmatch(readFile(t, path), -1) {
		var cells []string
		for cell := range strings.SplitSeq(m[2], "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		if _, ok := all[m[1]]; ok {
			t.Errorf("%s has two rows for %s", path, m[1])
		}
		all[m[1]] = cells
	}
	return all
}

// TestTokensDocument compares the table of scopes with the catalogue.
func TestTokensDocument(t *testing.T) {
	got := map[string][]string{}
	for name, cells := range rows(t, "../docs/tokens.md") {
		if strings.Contains(name, ":") {
			got[name] = cells
		}
	}
	want := map[string][]string{}
	for _, info := range access.Catalogue() {
		want[info.Name] = []string{info.Level.String(), info.On.String(), info.Sentence}
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("scopes in docs/tokens.md (-got +want):\n%s", diff)
	}
}

// TestServerDocument compares the table of settings with the configuration.
func TestServerDocument(t *testing.T) {
	got := map[string]string{}
	for name, cells := range rows(t, "../docs/server.md") {
		got[name] = strings.Trim(cells[0], "`")
	}
	want := map[string]string{}
	c := config.Default()
	for _, s := range c.Settings() {
		want[s.Key] = s.Value
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("settings in docs/server.md with defaults (-got +want):\n%s", diff)
	}
}

// TestErrorsDocument compares the list of codes with the constants of package api.
func TestErrorsDocument(t *testing.T) {
	got := map[string]bool{}
	for name := range rows(t, "../docs/errors.md") {
		got[name] = true
	}
	want := map[string]bool{}
	file, err := parser.ParseFile(token.NewFileSet(), "../api/code.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			code, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			want[code] = true
		}
		return true
	})
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("codes in docs/errors.md (-got +want):\n%s", diff)
	}
}
