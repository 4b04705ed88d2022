package browser

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// axeScript gives the source of axe-core.
func axeScript(t testing.TB) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("axe", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("axe-core is not installed; run: make test-deps (%v)", err)
		}
		t.Skipf("axe-core is not installed; run: make test-deps (%v)", err)
	}
	return string(source)
}

// violation is something on a page that keeps somebody from using it.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

func (v violation) String() string {
	var b strings.Builder
	b.WriteString(v.ID + ": " + v.Help)
	for _, n := range v.Nodes {
		b.WriteString("\n    " + n.HTML + "\n      " + strings.ReplaceAll(n.Summary, "\n", "\n      "))
	}
	return b.String()
}

// violations gives what axe-core finds on the page by the rules of these tags, and how many of its rules had something to
// judge there.
func (b *tab) violations(tags ...string) (found []violation, rules int) {
	b.t.Helper()
	type result struct {
		Violations []violation `json:"violations"`
		Rules      int         `json:"rules"`
	}
	only, err := json.Marshal(tags)
	if err != nil {
		b.t.Fatal(err)
	}
	run := `axe.run(document, {resultTypes: ["violations"], runOnly: ` + string(only) + `})
		.then((r) => ({violations: r.violations, rules: r.passes.length + r.violations.length}))`
	if !eval[bool](b, `!!window.axe`) {
		eval[bool](b, axeScript(b.t)+"; true")
	}
	r := get(b, "axe-core", chromedp.Evaluate[result](run, chromedp.EvalAwaitPromise, chromedp.EvalAsValue))
	return r.Violations, r.Rules
}

// everything is the tags of all rules that are asked.
func everything() []string {
	return []string{"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"}
}

// colours is the tag of the rules about colours.
func colours() []string { return []string{"cat.color"} }
