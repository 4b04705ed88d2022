package oidc

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/internal/registry"
)

// get asks a client for an address and gives the status, or the error.
func get(t *testing.T, c *http.Client, address string, header ...string) (int, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// TestOutgoing: a provider can neither flood the site nor send it elsewhere, and what it gives to everybody is not asked
// for again at once.
func TestOutgoing(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch r.URL.Path {
		case "/long":
			_, _ = fmt.Fprint(w, strings.Repeat("x", maxAnswer+1))
		case "/away":
			http.Redirect(w, r, "/keys", http.StatusFound)
		case "/bad":
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	c := newHTTPClient(nil)
	if _, err := get(t, c, server.URL+"/long"); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("an endless answer: %v", err)
	}
	if status, err := get(t, c, server.URL+"/away"); err != nil || status != http.StatusFound {
		t.Errorf("a redirect: status %d, %v, want it not followed", status, err)
	}
	for _, tc := range []struct {
		path   string
		header []string
		want   int64
	}{
		{"/keys", nil, 1},
		{"/private", []string{"Authorization: Bearer x"}, 3},
		{"/bad", nil, 3},
	} {
		asked.Store(0)
		for range 3 {
			if _, err := get(t, c, server.URL+tc.path, tc.header...); err != nil {
				t.Fatal(err)
			}
		}
		if got := asked.Load(); got != tc.want {
			t.Errorf("%s was asked for %d times, want %d", tc.path, got, tc.want)
		}
	}
}

// TestDescribe: a provider that fails is not asked again at once, and one that is no provider is unavailable.
func TestDescribe(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = fmt.Fprint(w, `{"issuer": "https://another.test"}`)
	}))
	defer server.Close()
	i := &issuer{url: server.URL, client: newHTTPClient(nil), log: slog.New(slog.DiscardHandler)}
	for range 3 {
		_, err := i.describe(t.Context())
		if e, ok := registry.AsError(err); !ok || e.Code != registry.CodeUnavailable || e.RetryAfter == 0 {
			t.Errorf("a provider with another name: %v", err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("it was asked %d times at once, want 1", n)
	}
}

// TestClaims reads the claim that roles and groups come from, in all its forms.
func TestClaims(t *testing.T) {
	claims := map[string]any{
		"groups": []any{"b", "a", "b", 7.0, nil}, "one": "x", "realm_access": map[string]any{"roles": []any{"admin"}},
		"https://example.org/groups": []any{"dotted"}, "number": 7.0, "deep": map[string]any{"er": map[string]any{"est": "y"}},
	}
	for name, want := range map[string][]string{
		"groups": {"a", "b"}, "one": {"x"}, "realm_access.roles": {"admin"}, "https://example.org/groups": {"dotted"}, "number": nil, "none": nil,
		"deep.er.est": {"y"}, "deep.er.none": nil, "one.more": nil, ".": nil, "": nil,
	} {
		value, _ := lookUp(claims, name)
		if diff := cmp.Diff(want, texts(value)); diff != "" {
			t.Errorf("claim %q (-want +got):\n%s", name, diff)
		}
	}
}

// TestAudiences: what an assertion can call the site.
func TestAudiences(t *testing.T) {
	for address, want := range map[string][]string{
		"https://conda.example.org":      {"conda.example.org", "conda.example.org", "https://conda.example.org", "https://conda.example.org/"},
		"https://conda.example.org:8443": {"conda.example.org", "conda.example.org:8443", "https://conda.example.org:8443", "https://conda.example.org:8443/"},
		"":                               nil,
	} {
		if diff := cmp.Diff(want, audiences(address)); diff != "" {
			t.Errorf("audiences of %q (-want +got):\n%s", address, diff)
		}
	}
	none := NewAssertions([]string{"https://ci.example.org"}, "", Options{Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if len(none.audiences) != 0 {
		t.Errorf("a site without an address is called %q", none.audiences)
	}
}
