package browser

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// flowLine is a line of the table in this package's documentation; it ends with the name of a test.
var flowLine = regexp.MustCompile(`(?m)^\t.*\b(Test\w+)$`)

// TestTableOfFlows keeps the table complete: each test that it names is there, and each that is there has a line.
func TestTableOfFlows(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var named, written []string
	for _, path := range paths {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if f.Doc != nil {
			for _, m := range flowLine.FindAllStringSubmatch(f.Doc.Text(), -1) {
				named = append(named, m[1])
			}
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") && fn.Name.Name != "TestMain" && fn.Name.Name != t.Name() {
				written = append(written, fn.Name.Name)
			}
		}
	}
	slices.Sort(named)
	slices.Sort(written)
	if !slices.Equal(named, written) {
		t.Errorf("the table names %q, there are %q", named, written)
	}
}
