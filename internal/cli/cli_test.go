package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
)

// now is when the tests' commands believe to run.
var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// result is what a run of the command line leaves behind.
type result struct {
	code           int
	stdout, stderr string
}

// isolate gives the test a home of its own and an environment without our variables.
func isolate(t *testing.T) (home string) {
	t.Helper()
	home = t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
	for _, name := range []string{"KINGSNAKE_URL", "KINGSNAKE_TOKEN", "KINGSNAKE_CA_FILE", "KINGSNAKE_CONFIG", "BINSTAR_CONFIG_DIR", "RATTLER_AUTH_FILE"} {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	return home
}

// run runs the command line in the process with stdin as its standard input, which is no terminal.
func run(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	deps := Deps{Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs, Now: func() time.Time { return now }}
	code := Main(t.Context(), deps, args)
	return result{code, out.String(), errs.String()}
}

// expect compares a run with what it must print and answer.
func (r result) expect(t *testing.T, code int, stdout string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d; standard error:\n%s", r.code, code, r.stderr)
	}
	if diff := cmp.Diff(stdout, r.stdout); diff != "" {
		t.Errorf("standard output (-want +got):\n%s", diff)
	}
}

// says fails unless standard error holds every text.
func (r result) says(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.stderr, text) {
			t.Errorf("standard error does not say %q:\n%s", text, r.stderr)
		}
	}
}

// wire is a server that answers from a table: "METHOD path" to an answer.
type wire struct {
	*httptest.Server
	t        *testing.T
	answers  map[string]any
	requests []string
}

// refusal is an answer that is not a success.
type refusal struct {
	status  int
	problem api.Problem
}

// serve starts a wire and points the command line at it, with a token.
func serve(t *testing.T, answers map[string]any) *wire {
	t.Helper()
	w := &wire{t: t, answers: answers}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	t.Setenv("KINGSNAKE_URL", w.URL)
	t.Setenv("KINGSNAKE_TOKEN", "ks-s-test")
	return w
}

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	key := r.Method + " " + r.URL.Path
	w.requests = append(w.requests, key)
	rw.Header().Set("Content-Type", "application/json")
	answer, ok := w.answers[key]
	if !ok {
		w.t.Errorf("unexpected request %s", key)
		rw.WriteHeader(http.StatusNotFound)
		return
	}
	switch answer := answer.(type) {
	case nil:
		rw.WriteHeader(http.StatusNoContent)
	case refusal:
		rw.WriteHeader(answer.status)
		w.encode(rw, answer.problem)
	case http.HandlerFunc:
		answer(rw, r)
	default:
		w.encode(rw, answer)
	}
}

func (w *wire) encode(rw http.ResponseWriter, v any) {
	if err := json.NewEncoder(rw).Encode(v); err != nil {
		w.t.Error(err)
	}
}

func TestUsageErrors(t *testing.T) {
	isolate(t)
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"chanel"}, `did you mean "channel"?`},
		{[]string{"channel", "lst"}, `did you mean "list"?`},
		{[]string{"channel", "show"}, "accepts 1 arg(s)"},
		{[]string{"channel", "list", "--nope"}, "unknown flag: --nope"},
		{[]string{"channel", "create", "x", "--privacy", "secret"}, "write private, authenticated or public"},
		{[]string{"channel", "edit", "x"}, "nothing to change"},
		{[]string{"user", "roles", "ada"}, "at least one of the flags"},
		{[]string{"access", "explain", "a:b", "--user", "x", "--token-id", "y"}, "none of the others can be"},
		{[]string{"token", "create", "--name", "x"}, "either scopes"},
		{[]string{"token", "create", "--name", "x", "--scope", "a", "--resource", "b:read"}, "either scopes"},
		{[]string{"token", "create", "--read-only"}, "--name is missing"},
		{[]string{"token", "edit", "x"}, "nothing to change"},
		{[]string{"login", "ftp://x"}, "must begin with http"},
		{[]string{"login", "https://u:p@x"}, "must not hold a user name"},
		{[]string{"remove", "team"}, "is not channel/package"},
		{[]string{"conda", "setup", "x", "--tool", "pip"}, "write conda, mamba or pixi"},
	} {
		t.Setenv("KINGSNAKE_TOKEN", "ks-s-test")
		t.Setenv("KINGSNAKE_URL", "http://127.0.0.1:1")
		if tc.args[0] == "login" {
			t.Setenv("KINGSNAKE_URL", "")
		}
		r := run(t, "", tc.args...)
		r.expect(t, exitUsage, "")
		r.says(t, tc.want, "--help")
	}
}

func TestExitCodesAndMessages(t *testing.T) {
	isolate(t)
	problem := func(code api.Code, message string) api.Problem {
		return api.Problem{Code: code, Message: message, RequestID: "req-7"}
	}
	for _, tc := range []struct {
		status  int
		problem api.Problem
		code    int
		want    []string
	}{
		{401, problem(api.CodeTokenExpired, "the token ci expired"), exitLogin, []string{"the token ci expired", "check KINGSNAKE_TOKEN"}},
		{403, api.Problem{Code: api.CodeForbidden, Message: "no", MissingScope: "channel:view"}, exitForbidden, []string{"access explain"}},
		{404, problem(api.CodeNotFound, "no such channel"), exitNotFound, []string{"kingsnake channel list"}},
		{409, problem(api.CodeConflict, "it changed meanwhile"), exitConflict, []string{"it changed meanwhile"}},
		{500, problem(api.CodeInternal, "it broke"), exitError, []string{"it broke", "(request req-7)", "server's log"}},
		{400, problem(api.CodeBadRequest, "a\x1b[31mb\u202ec\nd"), exitError, []string{"a\uFFFD[31mb\uFFFDc d"}},
	} {
		serve(t, map[string]any{"GET /api/channels/team": refusal{tc.status, tc.problem}})
		r := run(t, "", "channel", "show", "team")
		r.expect(t, tc.code, "")
		r.says(t, "error: could not show the channel team\n  why:  ")
		r.says(t, tc.want...)
		if strings.Contains(r.stderr, "ks-s-test") {
			t.Errorf("the token shows in %q", r.stderr)
		}
	}
}

func TestNotLoggedIn(t *testing.T) {
	isolate(t)
	r := run(t, "", "whoami")
	r.expect(t, exitLogin, "")
	r.says(t, "no server is known", "kingsnake login URL")
	t.Setenv("KINGSNAKE_URL", "https://conda.example.org")
	r = run(t, "", "whoami")
	r.expect(t, exitLogin, "")
	r.says(t, "needs a login at https://conda.example.org", "kingsnake login https://conda.example.org")
}

func TestLoginWhoamiLogout(t *testing.T) {
	home := isolate(t)
	w := serve(t, map[string]any{
		"POST /api/auth/login":  api.LoginResponse{Token: "a.session.token", ExpiresAt: now.Add(12 * time.Hour)},
		"GET /api/account":      api.Account{UserID: "1", Username: "ada", Roles: []string{"admin", "author"}},
		"POST /api/auth/logout": nil,
	})
	t.Setenv("KINGSNAKE_TOKEN", "")
	t.Setenv("KINGSNAKE_URL", "")
	r := run(t, "hunter2\n", "login", w.URL+"/api/", "--username", "ada", "--password-stdin")
	r.expect(t, exitOK, "")
	r.says(t, "Logged in to "+w.URL+" as ada; this ends in 12 hours.")
	path := filepath.Join(home, ".config", "kingsnake", "credentials.json")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("credentials file: %v, %v", info, err)
	}
	text, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(text, []byte("a.session.token")) || bytes.Contains(text, []byte("hunter2")) {
		t.Errorf("credentials file holds %s, %v", text, err)
	}
	run(t, "", "whoami").expect(t, exitOK, `User             ada
Server           `+w.URL+`
By               session
Roles            admin, author
Default channel  -
Ends             in 12 hours
`)
	run(t, "", "logout").expect(t, exitOK, "")
	run(t, "", "whoami").expect(t, exitLogin, "")
	run(t, "", "logout").says(t, "not logged in")
}

func TestEndedSessionIsNoticedBeforeTheCall(t *testing.T) {
	isolate(t)
	saved := credentials{Current: "https://h", Servers: map[string]login{"https://h": {Session: "s", ExpiresAt: now.Add(-3 * time.Hour)}}}
	if err := saved.save(); err != nil {
		t.Fatal(err)
	}
	r := run(t, "", "whoami")
	r.expect(t, exitLogin, "")
	r.says(t, "your session at https://h ended 3 hours ago", "kingsnake login https://h")
}

func TestDamagedCredentials(t *testing.T) {
	home := isolate(t)
	path := filepath.Join(home, ".config", "kingsnake", "credentials.json")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(`{"servers": {"x": s3cret`), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, "", "whoami")
	r.expect(t, exitError, "")
	r.says(t, path, "delete it and log in again")
	if strings.Contains(r.stderr, "s3cret") {
		t.Errorf("the file's content shows in %q", r.stderr)
	}
}

func TestPlainHTTPWarning(t *testing.T) {
	isolate(t)
	for address, want := range map[string]bool{
		"http://conda.example.org": true, "https://conda.example.org": false, "http://127.0.0.1:1": false, "http://[::1]:1": false, "http://localhost:1": false,
	} {
		var errs bytes.Buffer
		(&app{Deps: Deps{Stderr: &errs}}).warnPlain(address)
		if got := strings.Contains(errs.String(), "not encrypted"); got != want {
			t.Errorf("%s: warned %v, want %v", address, got, want)
		}
	}
}

// TestDestructiveCommandsAsk runs each without a terminal: nothing may be deleted, and --yes must do it.
func TestDestructiveCommandsAsk(t *testing.T) {
	isolate(t)
	file := api.ArtifactFile{CKey: "noarch/a-1-0.conda", Name: "a", Version: "1", Build: "0", Subdir: "noarch"}
	answers := map[string]any{
		"GET /api/channels/team":                                               api.Channel{Name: "team", ArtifactCount: 3},
		"GET /api/account/tokens/t1":                                           api.Token{ID: "t1", Name: "ci"},
		"GET /api/users":                                                       []api.User{{ID: "u1", Username: "ada"}},
		"GET /api/channels/team/artifacts/conda/a/files":                       api.List[api.ArtifactFile]{TotalCount: 1, Items: []api.ArtifactFile{file}},
		"GET /api/channels/team/artifacts/conda/a/files/noarch/a-1-0.conda":    file,
		"DELETE /api/channels/team":                                            nil,
		"DELETE /api/account/tokens/t1":                                        nil,
		"DELETE /api/users/u1":                                                 nil,
		"DELETE /api/channels/team/artifacts/conda/a/files/noarch/a-1-0.conda": nil,
	}
	for _, args := range [][]string{
		{"channel", "delete", "team"},
		{"token", "delete", "t1"},
		{"user", "delete", "ada"},
		{"remove", "team/a"},
		{"remove", "team/noarch/a-1-0.conda"},
	} {
		w := serve(t, answers)
		r := run(t, "yes\n", args...)
		r.expect(t, exitUsage, "")
		r.says(t, "use --yes")
		for _, request := range w.requests {
			if strings.HasPrefix(request, "DELETE") {
				t.Errorf("%v deleted without being asked: %s", args, request)
			}
		}
		run(t, "", append(args, "--yes")...).expect(t, exitOK, "")
		if last := w.requests[len(w.requests)-1]; !strings.HasPrefix(last, "DELETE") {
			t.Errorf("%v --yes ended with %s", args, last)
		}
	}
}

func TestHelpGoesToStandardOutput(t *testing.T) {
	isolate(t)
	r := run(t, "", "--help")
	if r.code != exitOK || !strings.Contains(r.stdout, "Channels and packages:") || r.stderr != "" {
		t.Errorf("help: %+v", r)
	}
	if r := run(t, "", "completion", "bash"); r.code != exitOK || !strings.Contains(r.stdout, "complete") {
		t.Errorf("completion: exit code %d", r.code)
	}
	if r := run(t, "", "version"); r.code != exitOK || !strings.HasPrefix(r.stdout, "kingsnake ") {
		t.Errorf("version: %+v", r)
	}
}

func TestConfigShow(t *testing.T) {
	isolate(t)
	file := filepath.Join(t.TempDir(), "k.toml")
	if err := os.WriteFile(file, []byte("admin_password = 's3cret'\nlisten = ':1'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KINGSNAKE_LOG_FORMAT", "json")
	r := run(t, "", "config", "show", "--config", file, "--listen", ":2", "--json")
	var got struct {
		Settings []struct{ Key, Value, Source string }
	}
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != exitOK {
		t.Fatalf("%v: %+v", err, r)
	}
	seen := map[string]string{}
	for _, s := range got.Settings {
		if s.Source != "default" {
			seen[s.Key] = s.Value + " < " + s.Source
		}
	}
	want := map[string]string{
		"listen": ":2 < flag --listen", "admin_password": "******** < file " + file, "log_format": "json < environment KINGSNAKE_LOG_FORMAT",
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	r = run(t, "", "config", "show", "--listen", "nowhere")
	r.expect(t, exitError, "")
	r.says(t, "listen (from flag --listen)")
}

// TestExitCodesAreDocumented compares the help text with the constants.
func TestExitCodesAreDocumented(t *testing.T) {
	text := exitCodesTopic().Long
	for _, code := range []int{exitOK, exitError, exitUsage, exitLogin, exitForbidden, exitNotFound, exitConflict, exitPartly, exitInterrupted} {
		if line := fmt.Sprintf("\n  %-3d  ", code); !strings.Contains(text, line) {
			t.Errorf("no line begins with %q", line)
		}
	}
}
