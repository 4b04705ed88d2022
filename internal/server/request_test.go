package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/internal/servertest"
)

// inMemory gives a folder in memory where the system has a place for such: these tests make many sites, and are not about
// what survives a power cut.
func inMemory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "kingsnake-test-")
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	servertest.Keep(t, dir)
	return dir
}

// call is one request as a test writes it. A body that is not bytes is sent as JSON.
type call struct {
	method, path string
	header       map[string]string
	body         any
}

// answer is what came back, read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// plain follows no redirect and asks for no compression, so that a test sees what the server sent.
var plain = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// do sends a call.
func (c call) do(t testing.TB, site *servertest.Site) answer {
	t.Helper()
	var body io.Reader
	switch b := c.body.(type) {
	case nil:
	case []byte:
		body = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(t.Context(), c.method, site.URL+c.path, body)
	if err != nil {
		t.Fatal(err)
	}
	if _, raw := c.body.([]byte); body != nil && !raw {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range c.header {
		req.Header.Set(name, value)
	}
	resp, err := plain.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", c.method, c.path, err)
	}
	defer resp.Body.Close()
	out := answer{status: resp.StatusCode, header: resp.Header}
	if out.body, err = io.ReadAll(resp.Body); err != nil {
		t.Fatalf("%s %s: %v", c.method, c.path, err)
	}
	return out
}

// with gives the call with one more header.
func (c call) with(name, value string) call {
	headers := map[string]string{name: value}
	for k, v := range c.header {
		headers[k] = v
	}
	c.header = headers
	return c
}

// xAuth gives the call with a token, or as it is without one.
func (c call) xAuth(token string) call {
	if token == "" {
		return c
	}
	return c.with("X-Auth", token)
}

func get(path string) call { return call{method: http.MethodGet, path: path} }

// basicAuth is the value of an Authorization header.
func basicAuth(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// refused checks that an answer is a refusal in every respect that holds for all of them, and gives its body.
func (a answer) refused(t testing.TB, what string, status int, code api.Code) api.Problem {
	t.Helper()
	if a.status != status {
		t.Errorf("%s: status = %d %s, want %d %s", what, a.status, a.body, status, code)
		return api.Problem{}
	}
	for name, want := range map[string]string{
		"Content-Type": api.ProblemMediaType, "Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer",
		"X-Content-Type-Options": "nosniff", "Etag": "", "Location": "",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %s = %q, want %q", what, name, got, want)
		}
	}
	challenge := a.header.Get("WWW-Authenticate")
	if got, want := strings.HasPrefix(challenge, "Bearer "), status == http.StatusUnauthorized; got != want {
		t.Errorf("%s: WWW-Authenticate = %q on status %d", what, challenge, status)
	}
	if got, want := strings.Contains(challenge, "invalid_token"), status == http.StatusUnauthorized && code != api.CodeAuthRequired; got != want {
		t.Errorf("%s: WWW-Authenticate = %q for %s", what, challenge, code)
	}
	if got, want := a.header.Get("Retry-After") != "", status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable; got != want {
		t.Errorf("%s: Retry-After = %q on status %d", what, a.header.Get("Retry-After"), status)
	}
	if len(a.body) == 0 {
		return api.Problem{} // HEAD; heads are compared with their GET elsewhere.
	}
	return a.problem(t, what, code)
}

// problem decodes and checks the body of a refusal.
func (a answer) problem(t testing.TB, what string, code api.Code) api.Problem {
	t.Helper()
	var p api.Problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		t.Errorf("%s: body %q: %v", what, a.body, err)
		return p
	}
	if p.Code != code {
		t.Errorf("%s: code = %s, want %s (%s)", what, p.Code, code, p.Message)
	}
	if p.Status != a.status || p.Title != http.StatusText(a.status) || p.Type != "about:blank" {
		t.Errorf("%s: status, title, type = %d, %q, %q, want those of %d", what, p.Status, p.Title, p.Type, a.status)
	}
	if p.Message == "" || p.Message != p.Detail || p.Message != p.Error {
		t.Errorf("%s: message, detail, error = %q, %q, %q, want one text", what, p.Message, p.Detail, p.Error)
	}
	if want := strings.ToUpper(strings.ReplaceAll(string(code), "_", " ")); p.Reason != want {
		t.Errorf("%s: reason = %q, want %q", what, p.Reason, want)
	}
	return p
}

// shape is the headers of an answer that its meaning decides: all but the date and the number of the request.
func (a answer) shape() http.Header {
	h := a.header.Clone()
	h.Del("Date")
	h.Del("X-Request-Id")
	return h
}
