package server_test

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/internal/servertest"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestOpenAPIGolden: what the API says of itself is what was agreed to last; a change of it is seen in the diff of the
// golden file, which -update rewrites.
func TestOpenAPIGolden(t *testing.T) {
	const golden = "testdata/openapi.json"
	s := servertest.Open(t, inMemory(t))
	a := get("/api/openapi.json").do(t, s).ok(t, "the document")
	var doc struct {
		Info  struct{ Version string }
		Paths map[string]map[string]struct {
			Summary string
			Scopes  []string `json:"x-required-scope"`
		}
	}
	if err := json.Unmarshal(a.body, &doc); err != nil {
		t.Fatal(err)
	}
	got := strings.Replace(string(a.body), `"version": "`+doc.Info.Version+`"`, `"version": "VERSION"`, 1)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("the document changed; look at it, and run with -update if it is meant (-agreed +now):\n%s", diff)
	}
	documented := 0
	for path, item := range doc.Paths {
		for method, op := range item {
			documented++
			if op.Summary == "" || strings.Contains(path, "...") {
				t.Errorf("%s %s: summary %q", method, path, op.Summary)
			}
		}
	}
	if want := len(s.Server.Operations()); documented != want {
		t.Errorf("%d operations are documented, want all %d", documented, want)
	}
}

// TestDocsPage: the page for people names every operation and its scopes, and needs nothing from elsewhere.
func TestDocsPage(t *testing.T) {
	s := servertest.Open(t, inMemory(t))
	a := get("/api/docs").do(t, s).ok(t, "the page")
	page := string(a.body)
	for _, o := range s.Server.Operations() {
		if path := strings.ReplaceAll(o.Path, "...}", "}"); !strings.Contains(page, ">"+path+"<") {
			t.Errorf("%s %s is not on the page", o.Method, path)
		}
		for _, scope := range o.Scopes {
			if !strings.Contains(page, `<code class="scope">`+scope.String()+"<") {
				t.Errorf("scope %s is not on the page", scope)
			}
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "style=") || strings.Contains(page, "//") {
		t.Error("the page has a script, a style of its own or an address elsewhere")
	}
	if csp := a.header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") {
		t.Errorf("Content-Security-Policy = %q", csp)
	}
	if css := get("/api/docs.css").do(t, s); css.status != http.StatusOK || css.header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("the style = %d %s", css.status, css.header.Get("Content-Type"))
	}
}
