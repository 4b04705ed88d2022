package cli

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
)

// condaServer has a private and a public channel, and makes tokens. Only the listed tokens can read the private one.
func condaServer(t *testing.T, mayRead ...string) *wire {
	w := serve(t, nil)
	w.answers = map[string]any{
		"GET /api/channels/open": api.Channel{Name: "open", Privacy: api.PrivacyPublic},
		"GET /api/channels/team": http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			for _, token := range mayRead {
				if r.Header.Get("X-Auth") == token || r.Header.Get("Authorization") == "Bearer "+token {
					w.encode(rw, api.Channel{Name: "team", Privacy: api.PrivacyPrivate})
					return
				}
			}
			rw.WriteHeader(http.StatusUnauthorized)
			w.encode(rw, api.Problem{Code: api.CodeAuthRequired, Message: "the channel is not public"})
		}),
		"POST /api/account/tokens": api.TokenCreated{Secret: "ks-s-made", Token: api.Token{ID: "t9", Name: "conda on here"}},
	}
	return w
}

// loggedIn saves a session in place of the token.
func loggedIn(t *testing.T, w *wire) {
	t.Helper()
	t.Setenv("KINGSNAKE_TOKEN", "")
	saved := credentials{Current: w.URL, Servers: map[string]login{w.URL: {Session: "sess", ExpiresAt: now.Add(time.Hour)}}}
	if err := saved.save(); err != nil {
		t.Fatal(err)
	}
}

func readHome(t *testing.T, home, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(home, name))
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

func TestCondaSetupMakesAToken(t *testing.T) {
	home := isolate(t)
	w := condaServer(t, "sess", "ks-s-made")
	loggedIn(t, w)
	r := run(t, "", "conda", "setup", "team", "open", "--dry-run")
	if r.code != exitOK || len(w.requests) != 2 {
		t.Errorf("dry run: %+v, requests %v", r, w.requests)
	}
	r.says(t, "would be made", "Nothing was written")
	if _, err := os.Stat(filepath.Join(home, ".condarc")); err == nil {
		t.Error("the dry run wrote .condarc")
	}

	r = run(t, "", "conda", "setup", "team", "open")
	if r.code != exitOK || strings.Contains(r.stdout+r.stderr, "ks-s-made") {
		t.Errorf("setup: %+v", r)
	}
	r.says(t, "Made the token conda on here (id t9)", "no longer uses its built-in defaults")
	if got, want := readHome(t, home, ".condarc"), "channels:\n  - "+w.URL+"/team\n  - "+w.URL+"/open\n"; got != want {
		t.Errorf(".condarc holds %q, want %q", got, want)
	}
	if got := readHome(t, home, ".rattler/credentials.json"); !strings.Contains(got, `"127.0.0.1"`) || !strings.Contains(got, `"BearerToken": "ks-s-made"`) {
		t.Errorf("rattler has %q", got)
	}
	if got := strings.Count(r.stdout, "created"); got != 4 {
		t.Errorf("%d files are said to be created, want 4:\n%s", got, r.stdout)
	}

	// A second time everything is there, and the stored token is used.
	w.requests = nil
	r = run(t, "", "conda", "setup", "team", "open")
	if got := strings.Count(r.stdout, "unchanged"); got != 4 || r.code != exitOK {
		t.Errorf("again: %+v", r)
	}
	for _, request := range w.requests {
		if strings.HasPrefix(request, "POST") {
			t.Errorf("again: %s", request)
		}
	}

	r = run(t, "", "conda", "remove", "open")
	if got, want := readHome(t, home, ".condarc"), "channels:\n  - "+w.URL+"/team\n"; got != want || r.code != exitOK {
		t.Errorf(".condarc holds %q, want %q; %+v", got, want, r)
	}
	r = run(t, "", "conda", "remove", "--json")
	var list []struct{ Path, Change string }
	if err := json.Unmarshal([]byte(r.stdout), &list); err != nil || len(list) != 4 {
		t.Errorf("remove: %v, %+v", err, r)
	}
	if got := readHome(t, home, ".condarc") + readHome(t, home, ".rattler/credentials.json"); got != "{}\n" {
		t.Errorf("after removing: %q", got)
	}
}

func TestCondaSetupWithAGivenToken(t *testing.T) {
	home := isolate(t)
	w := condaServer(t, "ks-r-good")
	t.Setenv("KINGSNAKE_TOKEN", "")
	r := run(t, "ks-r-bad\n", "conda", "setup", "team", "--token-stdin")
	r.expect(t, exitLogin, "")
	r.says(t, "the token cannot read the channel team", "the channel is not public")
	if entries, err := os.ReadDir(home); err != nil || len(entries) != 0 {
		t.Errorf("a bad token left %v, %v", entries, err)
	}
	if r := run(t, "ks-r-good\n", "conda", "setup", "team", "--token-stdin", "--tool", "conda"); r.code != exitOK {
		t.Fatalf("%+v", r)
	}
	var got []string
	err := filepath.WalkDir(home, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(home, path)
			got = append(got, rel)
		}
		return err
	})
	host := strings.TrimPrefix(w.URL, "http://127.0.0.1:")
	want := []string{".condarc", ".config/binstar/http%3A%2F%2F127.0.0.1%3A" + host + "%2F.token", ".config/kingsnake/credentials.json"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("files (-want +got): %v\n%s", err, diff)
	}
}

func TestCondaSetupPublicNeedsNoLogin(t *testing.T) {
	home := isolate(t)
	w := condaServer(t)
	t.Setenv("KINGSNAKE_TOKEN", "")
	condarc := filepath.Join(home, ".condarc")
	if err := os.WriteFile(condarc, []byte("channels: [conda-forge]\nadd_anaconda_token: false\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := run(t, "", "conda", "setup", "open")
	r.expect(t, exitOK, "changed  "+condarc+"\n")
	r.says(t, "Kept a backup: "+condarc+".kingsnake-20261121T120000Z.bak", "turns add_anaconda_token off")
	if got, want := readHome(t, home, ".condarc"), "channels: ["+w.URL+"/open, conda-forge]\nadd_anaconda_token: false\n"; got != want {
		t.Errorf(".condarc holds %q, want %q", got, want)
	}
}

func TestCondaSetupRefusesAStrangeFile(t *testing.T) {
	home := isolate(t)
	condaServer(t)
	strange := "channels: &x\n  - a\n"
	if err := os.WriteFile(filepath.Join(home, ".condarc"), []byte(strange), 0o644); err != nil {
		t.Fatal(err)
	}
	r := run(t, "", "conda", "setup", "open")
	r.expect(t, exitError, "")
	r.says(t, "edit it by hand")
	if got := readHome(t, home, ".condarc"); got != strange {
		t.Errorf(".condarc became %q", got)
	}
}
