package client

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
)

// newClient makes a client of a server that lives as long as the test; its pauses are short.
func newClient(t *testing.T, h http.Handler, opts ...Option) *Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	c, err := New(srv.URL, opts...)
	if err != nil {
		t.Fatal(err)
	}
	c.backoff = time.Millisecond
	return c
}

// answer writes a JSON body.
func answer(t *testing.T, w http.ResponseWriter, status int, body any) {
	t.Helper()
	w.Header().Set("Content-Type", "application/json")
	if status >= 400 {
		w.Header().Set("Content-Type", api.ProblemMediaType)
	}
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		t.Errorf("write the answer: %v", err)
	}
}

func TestNewRefusesAddresses(t *testing.T) {
	for _, raw := range []string{
		"", "example.org", "ftp://example.org", "https://", "https://u:hunter2@example.org", "https://example.org/t/ks-r-x/chan",
		"https://example.org?x=1", "https://example.org#x", "http://exa mple.org/hunter2",
	} {
		_, err := New(raw)
		if err == nil {
			t.Errorf("New(%q) made a client", raw)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("New(%q) repeats the password: %v", raw, err)
		}
	}
}

func TestBaseURL(t *testing.T) {
	for raw, want := range map[string]string{
		"https://example.org":              "https://example.org",
		"https://example.org/":             "https://example.org",
		" http://example.org:8080/api/ ":   "http://example.org:8080",
		"https://example.org/conda":        "https://example.org/conda",
		"https://example.org/conda/api":    "https://example.org/conda",
		"https://example.org/capi":         "https://example.org/capi",
		"https://[2001:db8::1]:8443/conda": "https://[2001:db8::1]:8443/conda",
	} {
		c, err := New(raw)
		if err != nil {
			t.Errorf("New(%q): %v", raw, err)
			continue
		}
		if got := c.BaseURL(); got != want {
			t.Errorf("New(%q).BaseURL() = %q, want %q", raw, got, want)
		}
	}
}

func TestCredentialHeaders(t *testing.T) {
	seen := make(chan http.Header, 1)
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header
		answer(t, w, http.StatusOK, api.Account{})
	}))
	for _, tc := range []struct {
		name                 string
		cred                 Credential
		wantXAuth, wantBears string
	}{
		{"none", Credential{}, "", ""},
		{"empty token", Token(""), "", ""},
		{"token", Token("ks-r-abc"), "ks-r-abc", ""},
		{"session", Session("a.b.c"), "", "Bearer a.b.c"},
	} {
		if _, err := c.As(tc.cred).Account(t.Context()); err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		h := <-seen
		if got := h.Get("X-Auth"); got != tc.wantXAuth {
			t.Errorf("%s: X-Auth = %q, want %q", tc.name, got, tc.wantXAuth)
		}
		if got := h.Get("Authorization"); got != tc.wantBears {
			t.Errorf("%s: Authorization = %q, want %q", tc.name, got, tc.wantBears)
		}
	}
}

// TestSecretsStayHidden looks for the secret in everything that a program might print by accident.
func TestSecretsStayHidden(t *testing.T) {
	const secret = "ks-s-verysecret"
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(t, w, http.StatusForbidden, api.Problem{Code: api.CodeForbidden, Message: "no"})
	}), WithCredential(Token(secret)), WithLogger(log))
	_, err := c.Account(t.Context())
	if err == nil {
		t.Fatal("the call succeeded")
	}
	all := fmt.Sprintf("%v %+v %#v %s %+v %#v", *c, *c, *c, err, err, Token(secret)) + logged.String()
	if strings.Contains(all, secret) {
		t.Errorf("the secret shows in %s", all)
	}
	if !strings.Contains(logged.String(), "/api/account") {
		t.Errorf("the call was not logged: %q", logged.String())
	}
}

func TestErrorCarriesTheProblem(t *testing.T) {
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "req-1")
		answer(t, w, http.StatusForbidden, api.Problem{
			Code: api.CodeForbidden, Message: "you lack a scope", MissingScope: "channel:edit",
			Errors: []api.FieldError{{Field: "name", Message: "is taken"}, {Field: "x", Message: "you lack a scope"}},
		})
	}))
	_, err := c.Channel(t.Context(), "team")
	var refusal *Error
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, want an *Error", err)
	}
	if got, want := refusal.Problem.MissingScope, "channel:edit"; got != want {
		t.Errorf("missing scope = %q, want %q", got, want)
	}
	if got, want := refusal.Problem.RequestID, "req-1"; got != want {
		t.Errorf("request id = %q, want %q", got, want)
	}
	if got, want := err.Error(), "403 Forbidden: you lack a scope; name: is taken"; got != want {
		t.Errorf("text = %q, want %q", got, want)
	}
	if CodeOf(err) != api.CodeForbidden || StatusOf(err) != http.StatusForbidden {
		t.Errorf("code %q, status %d", CodeOf(err), StatusOf(err))
	}
}

func TestAnswersFromElsewhere(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		status     int
		handler    http.HandlerFunc
	}{
		{"a proxy's error page", "proxy", http.StatusBadGateway, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, "<h1>oops</h1>")
		}},
		{"another site", "is this the address of a Kingsnake server", 0, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<h1>welcome</h1>")
		}},
		{"cut JSON", "decode the answer", 0, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"user_id": "1`)
		}},
		{"a redirect", "redirects to https://other.example/api/account", http.StatusFound, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://other.example/api/account", http.StatusFound)
		}},
	} {
		_, err := newClient(t, tc.handler).Account(t.Context())
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want it to say %q", tc.name, err, tc.want)
		}
		if got := StatusOf(err); got != tc.status {
			t.Errorf("%s: status %d, want %d", tc.name, got, tc.status)
		}
	}
}

// TestPasswordStaysWithTheServer proves that a redirect does not carry the body of a login elsewhere.
func TestPasswordStaysWithTheServer(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the other server was asked for %s", r.URL)
	}))
	defer other.Close()
	c := newClient(t, http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	if _, err := c.Login(t.Context(), "ada", "hunter2"); StatusOf(err) != http.StatusTemporaryRedirect {
		t.Errorf("error %v, want the redirect", err)
	}
}

func TestRetries(t *testing.T) {
	get := func(ctx context.Context, c *Client) error { _, err := c.Account(ctx); return err }
	post := func(ctx context.Context, c *Client) error {
		_, err := c.CreateToken(ctx, api.TokenCreate{Name: "x"})
		return err
	}
	reissue := func(ctx context.Context, c *Client) error {
		_, err := c.ReissueToken(ctx, "id", api.TokenUpdate{}, 0)
		return err
	}
	for _, tc := range []struct {
		name       string
		do         func(context.Context, *Client) error
		status     int
		retryAfter string
		want       int
	}{
		{"GET 503", get, http.StatusServiceUnavailable, "", 4},
		{"GET 429", get, http.StatusTooManyRequests, "", 4},
		{"GET 503 with a long pause", get, http.StatusServiceUnavailable, "3600", 1},
		{"GET 500", get, http.StatusInternalServerError, "", 1},
		{"GET 404", get, http.StatusNotFound, "", 1},
		{"POST 503", post, http.StatusServiceUnavailable, "", 1},
		{"reissue 503", reissue, http.StatusServiceUnavailable, "", 1},
	} {
		calls := 0
		c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			calls++
			w.Header().Set("Retry-After", tc.retryAfter)
			answer(t, w, tc.status, api.Problem{Message: "no"})
		}))
		if err := tc.do(t.Context(), c); StatusOf(err) != tc.status {
			t.Errorf("%s: error %v, want status %d", tc.name, err, tc.status)
		}
		if calls != tc.want {
			t.Errorf("%s: %d calls, want %d", tc.name, calls, tc.want)
		}
	}
}

func TestRetryHonoursRetryAfterAndContext(t *testing.T) {
	calls := 0
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls == 1 {
			w.Header().Set("Retry-After", "1")
			answer(t, w, http.StatusServiceUnavailable, api.Problem{})
			return
		}
		answer(t, w, http.StatusOK, api.Account{Username: "ada"})
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Account(ctx); !errors.Is(err, context.DeadlineExceeded) || StatusOf(err) != http.StatusServiceUnavailable {
		t.Errorf("error %v, want both the deadline and the refusal", err)
	}
	calls = 0
	began := time.Now()
	acct, err := c.Account(t.Context())
	if err != nil || acct.Username != "ada" {
		t.Errorf("got %+v, %v", acct, err)
	}
	if took := time.Since(began); took < time.Second {
		t.Errorf("came back after %v, before the second that was asked for", took)
	}
}

func TestRetryAfterForms(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-1": 0, "soon": 0,
		"Sat, 21 Nov 2026 12:00:30 GMT": 30 * time.Second,
		"Sat, 21 Nov 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("retryAfter(%q) = %v, want %v", value, got, want)
		}
	}
}

func TestCAFile(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(t, w, http.StatusOK, api.System{Status: "ok"})
	}))
	defer srv.Close()
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	plain, err := New(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plain.System(t.Context()); err == nil {
		t.Error("a server with an unknown certificate was trusted")
	}
	trusting, err := New(srv.URL, WithCAFile(ca))
	if err != nil {
		t.Fatal(err)
	}
	if sys, err := trusting.System(t.Context()); err != nil || sys.Status != "ok" {
		t.Errorf("got %+v, %v", sys, err)
	}
	if err := os.WriteFile(ca, []byte("not PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(srv.URL, WithCAFile(ca)); err == nil {
		t.Error("a CA file without a certificate was accepted")
	}
}
