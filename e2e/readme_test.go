package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kingsnake/internal/pyoracle"
)

// tour gives the shell commands of the README's tour, as they stand there.
func tour(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(readme), "\n## A five-minute tour\n")
	if !ok {
		t.Fatal("README.md has no tour")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var script strings.Builder
	for i, part := range strings.Split(section, "```") {
		// The odd parts are blocks; those of the language sh are to be run.
		if block, ok := strings.CutPrefix(part, "sh\n"); ok && i%2 == 1 {
			script.WriteString(block)
		}
	}
	return script.String()
}

var tokenString = regexp.MustCompile(`ks-[a-z]-[0-9A-Za-z]{36}`)

// TestTour runs the README's tour in an empty home. Only the address is another one.
func TestTour(t *testing.T) {
	const address = "http://127.0.0.1:8080"
	script := tour(t)
	if n := strings.Count(script, address); n < 4 {
		t.Fatalf("the tour names the address %d times:\n%s", n, script)
	}
	m := newMachine(t)
	path := strings.Join([]string{filepath.Dir(pyoracle.Python(t)), filepath.Dir(site.binary), os.Getenv("PATH")}, ":")
	ending, err := filepath.Abs("testdata/ending")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-euc", strings.ReplaceAll(script, address, site.url))
	cmd.Dir = filepath.Join(m.root, "work")
	cmd.Env = slices.Concat(m.env, []string{"PATH=" + path, "PASSWORD=" + site.password, "PYTHONPATH=" + ending, "PYTHONDONTWRITEBYTECODE=1"})
	raw, err := cmd.CombinedOutput()
	out := string(raw)
	if err != nil {
		t.Fatalf("the tour failed: %v\n%s", err, out)
	}
	for _, token := range tokenString.FindAllString(out+readFile(t, filepath.Join(cmd.Dir, "ci-token.txt")), -1) {
		site.keep(token)
	}
	if !strings.HasSuffix(out, "Hello from a conda package\n") {
		t.Errorf("the tour does not end with the installed file:\n%s", out)
	}
	for _, want := range []string{`"status":401`, `"code":"auth_required"`, `"hello-1.0-0.conda"`, "Made the token conda on ", "created", ".condarc"} {
		if !strings.Contains(out, want) {
			t.Errorf("the tour does not show %q:\n%s", want, out)
		}
	}
	condarc := readFile(t, filepath.Join(m.root, "home", ".condarc"))
	if !strings.Contains(condarc, site.url+"/team") || tokenString.MatchString(condarc) {
		t.Errorf("the tour leaves this .condarc:\n%s", condarc)
	}
}

// TestReadmeNamesWhatIsThere follows every relative link of the documents.
func TestReadmeNamesWhatIsThere(t *testing.T) {
	documents := []string{"../README.md", "../CONTRIBUTING.md"}
	for _, pattern := range []string{"../docs/*.md", "../docs/adr/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d documents, %v", pattern, len(found), err)
		}
		documents = append(documents, found...)
	}
	link := regexp.MustCompile(`\]\(([^):#]+)(?:#[^)]*)?\)`)
	for _, doc := range documents {
		for _, m := range link.FindAllStringSubmatch(readFile(t, doc), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", doc, m[1], err)
			}
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
