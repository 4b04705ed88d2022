package condaconf

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const token = "ks-s-0123456789"

// all are the tools.
var all = []Tool{Conda, Mamba, Pixi}

func place(t *testing.T, env map[string]string) Place {
	t.Helper()
	return Place{Home: t.TempDir(), OS: "linux", Getenv: func(k string) string { return env[k] }}
}

func parse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// files reads every file below dir.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		got[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSetupAndUndo(t *testing.T) {
	p := place(t, nil)
	base := parse(t, "https://conda.example.org:8443")
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	before := "channels:\n  - conda-forge\n"
	if err := os.WriteFile(p.Condarc(), []byte(before), 0o640); err != nil {
		t.Fatal(err)
	}
	changes, warnings, err := p.Tokens(base, token, all)
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	condarc, err := p.Channels(p.Condarc(), []string{"https://conda.example.org:8443/team"})
	if err != nil {
		t.Fatal(err)
	}
	backups, err := Apply(append(changes, condarc), now)
	if err != nil {
		t.Fatal(err)
	}
	const backup = ".condarc.kingsnake-20261121T120000Z.bak"
	want := map[string]string{
		".condarc": "channels:\n  - https://conda.example.org:8443/team\n  - conda-forge\n",
		backup:     before,
		".config/binstar/https%3A%2F%2Fconda.example.org%3A8443%2F.token":  token,
		".continuum/anaconda-client/tokens/conda.example.org%3A8443.token": token,
		".rattler/credentials.json":                                        "{\n  \"conda.example.org\": {\n    \"BearerToken\": \"" + token + "\"\n  }\n}\n",
	}
	if diff := cmp.Diff(want, files(t, p.Home)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{filepath.Join(p.Home, backup)}, backups); diff != "" {
		t.Errorf("backups (-want +got):\n%s", diff)
	}
	for name := range want {
		info, err := os.Stat(filepath.Join(p.Home, name))
		if err != nil {
			t.Fatal(err)
		}
		wantMode := os.FileMode(0o600)
		if strings.HasPrefix(name, ".condarc") {
			wantMode = 0o640
		}
		if got := info.Mode().Perm(); got != wantMode {
			t.Errorf("%s has the mode %v, want %v", name, got, wantMode)
		}
	}
	if got, err := p.Token(base); err != nil || got != token {
		t.Errorf("stored token %q, %v", got, err)
	}
	undo(t, p, base, before, backup)
}

func undo(t *testing.T, p Place, base *url.URL, before, backup string) {
	t.Helper()
	changes, err := p.WithoutTokens(base, func(string) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	condarc, err := p.WithoutChannels(p.Condarc(), func(c string) bool { return strings.HasPrefix(c, base.String()) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(append(changes, condarc), time.Now()); err != nil {
		t.Fatal(err)
	}
	got := files(t, p.Home)
	for name := range got {
		if strings.HasSuffix(name, ".bak") && name != backup {
			delete(got, name)
		}
	}
	want := map[string]string{".condarc": before, backup: before, ".rattler/credentials.json": "{}\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after undoing (-want +got):\n%s", diff)
	}
}

func TestPaths(t *testing.T) {
	base := parse(t, "http://h:8080/conda")
	for _, tc := range []struct {
		name, os string
		env      map[string]string
		want     []string
	}{
		{"linux", "linux", nil, []string{
			"/home/.config/binstar/http%3A%2F%2Fh%3A8080%2Fconda%2F.token", "/home/.continuum/anaconda-client/tokens/h%3A8080%2Fconda.token", "/home/.rattler/credentials.json",
		}},
		{"variables", "linux", map[string]string{"XDG_CONFIG_HOME": "/xdg", "RATTLER_AUTH_FILE": "/r.json"}, []string{
			"/xdg/binstar/http%3A%2F%2Fh%3A8080%2Fconda%2F.token", "/home/.continuum/anaconda-client/tokens/h%3A8080%2Fconda.token", "/r.json",
		}},
		{"binstar", "darwin", map[string]string{"BINSTAR_CONFIG_DIR": "/b"}, []string{
			"/b/data/http%3A%2F%2Fh%3A8080%2Fconda%2F.token", "/home/.continuum/anaconda-client/tokens/h%3A8080%2Fconda.token", "/home/.rattler/credentials.json",
		}},
		{"mac", "darwin", nil, []string{
			"/home/Library/Application Support/binstar/http%3A%2F%2Fh%3A8080%2Fconda%2F.token", "/home/.continuum/anaconda-client/tokens/h%3A8080%2Fconda.token", "/home/.rattler/credentials.json",
		}},
	} {
		p := Place{Home: "/home", OS: tc.os, Getenv: func(k string) string { return tc.env[k] }}
		got := []string{p.condaToken(base), p.mambaToken(base), p.rattlerFile()}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

func TestRattlerKeepsOthers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "auth.json")
	p := place(t, map[string]string{"RATTLER_AUTH_FILE": file})
	const others = `{"prefix.dev": {"BearerToken": "pfx"}, "*.example.org": {"BasicHTTP": {"username": "u", "password": "p"}}, "h": {"CondaToken": "old"}}`
	if err := os.WriteFile(file, []byte(others), 0o644); err != nil {
		t.Fatal(err)
	}
	base := parse(t, "https://h:1")
	changes, warnings, err := p.Tokens(base, token, []Tool{Pixi})
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "another credential for h") || strings.Contains(warnings[0], "old") {
		t.Errorf("warnings %q", warnings)
	}
	var got map[string]map[string]any
	if err := json.Unmarshal(changes[0].After, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]any{
		"prefix.dev":    {"BearerToken": "pfx"},
		"*.example.org": {"BasicHTTP": map[string]any{"username": "u", "password": "p"}},
		"h":             {"BearerToken": token},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("credentials (-want +got):\n%s", diff)
	}
	// The entry is still the old one, which neither conda nor mamba has: undoing must leave it.
	for given, want := range map[string]int{token: 0, "old": 1} {
		undoing, err := p.WithoutTokens(base, func(held string) bool { return held == given })
		if err != nil || len(undoing) != want {
			t.Errorf("undoing would change %v, %v", undoing, err)
		}
	}
	if err := os.WriteFile(file, []byte("{broken s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Tokens(base, token, []Tool{Pixi}); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a broken file: %v", err)
	}
}

func TestApplyKeepsLinks(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "dotfiles-condarc"), filepath.Join(dir, ".condarc")
	if err := os.WriteFile(real, []byte("x: 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	if _, err := Apply([]Change{{Path: link, Before: []byte("x: 1\n"), After: []byte("y: 2\n")}}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	if text, err := os.ReadFile(real); err != nil || string(text) != "y: 2\n" {
		t.Errorf("the file behind the link holds %q, %v", text, err)
	}
}

func TestVerbs(t *testing.T) {
	a, b := []byte("a"), []byte("b")
	for want, c := range map[string]Change{
		"created": {After: a}, "changed": {Before: a, After: b}, "deleted": {Before: a}, "unchanged": {Before: a, After: a},
	} {
		if got := c.Verb(); got != want {
			t.Errorf("%+v is %q, want %q", c, got, want)
		}
	}
}
