package depcheck

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

func TestThisTree(t *testing.T) {
	findings, err := Check(t.Context(), filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Error(f)
	}
}

// TestPlanted checks a module that breaks every rule, beside code that comes
// close to it. What the archive's last file lists must be found and nothing else.
func TestPlanted(t *testing.T) {
	archive, err := txtar.ParseFile(filepath.Join("testdata", "planted.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := txtar.Write(archive, dir); err != nil {
		t.Fatal(err)
	}
	found, err := Check(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		got = append(got, f.String())
	}
	want, err := os.ReadFile(filepath.Join(dir, "want"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(strings.TrimSpace(string(want)), "\n"), got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestCheckNeedsAModuleThatBuilds(t *testing.T) {
	for name, files := range map[string]string{
		"no module":    "-- a.go --\npackage a\n",
		"syntax error": "-- go.mod --\nmodule kingsnake\n-- a.go --\npackage a\nfunc\n",
		"type error":   "-- go.mod --\nmodule kingsnake\n-- a.go --\npackage a\nvar x int = \"\"\n",
	} {
		dir := t.TempDir()
		if err := txtar.Write(txtar.Parse([]byte(files)), dir); err != nil {
			t.Fatal(err)
		}
		if findings, err := Check(t.Context(), dir); err == nil {
			t.Errorf("%s: Check = %v, want an error", name, findings)
		}
	}
}
