package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
)

// TestSecretsStayOut uses tokens, sessions and passwords in all the ways that clients do, and in some that they should
// not, and then looks for each of them in everything that the server has written.
func TestSecretsStayOut(t *testing.T) {
	p := launch(t, t.TempDir())
	s := &secrets{answers: map[string][]byte{}}
	c, session := p.login(t)
	s.keep(adminPassword, session)
	s.use(t, p, c)
	s.collect(t, p)

	for _, secret := range s.all {
		for where, text := range s.places {
			if form := holds(text, secret); form != "" {
				t.Errorf("%s holds a secret, %s: ...%s", where, form, strings.ReplaceAll(secret[:6], "\n", " "))
			}
		}
	}
	if len(s.all) < 10 || len(s.places) < 20 {
		t.Errorf("%d secrets were looked for in %d places, want more", len(s.all), len(s.places))
	}
	t.Logf("%d secrets in %d places", len(s.all), len(s.places))
}

// TestSecretsAreFound checks the search itself: it finds a planted string in each form, wherever it begins.
func TestSecretsAreFound(t *testing.T) {
	const secret = "ks-r-a planted secret/+?"
	for pad := range 4 {
		text := strings.Repeat("x", pad) + secret + "yz"
		for form, planted := range map[string]string{
			"as it is": text, "in base64": base64.StdEncoding.EncodeToString([]byte(text)), "in base64 for URLs": base64.RawURLEncoding.EncodeToString([]byte(text)),
			"percent-encoded": url.PathEscape(text), "percent-encoded query": url.QueryEscape(text), "every byte percent-encoded": percent(text),
		} {
			if holds([]byte("before "+planted+" after"), secret) == "" {
				t.Errorf("not found %s, after %d bytes", form, pad)
			}
		}
	}
	if form := holds([]byte("ks-r-a planted secret"), secret); form != "" {
		t.Errorf("a part of it is found %s", form)
	}
}

// percent encodes every byte.
func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02x", s[i])
	}
	return b.String()
}

// holds tells in which form a text holds a secret, "" for none.
func holds(text []byte, secret string) (form string) {
	for _, f := range spellings(secret) {
		if bytes.Contains(text, []byte(f.text)) {
			return f.name
		}
	}
	if plain, err := url.PathUnescape(strings.ToValidUTF8(string(text), "")); err == nil && strings.Contains(plain, secret) {
		return "percent-encoded"
	}
	return ""
}

// spellings are the ways in which a secret may stand in a text.
func spellings(secret string) []struct{ name, text string } {
	out := []struct{ name, text string }{
		{"as it is", secret},
		{"percent-encoded", url.PathEscape(secret)},
		{"percent-encoded", url.QueryEscape(secret)},
		{"percent-encoded", percent(secret)},
		{"percent-encoded", strings.ReplaceAll(secret, "-", "%2D")},
		{"percent-encoded", strings.ReplaceAll(secret, "-", "%2d")},
	}
	for before := range 3 {
		// Of the first and the last group of digits, some depend on what stands beside the secret.
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := enc.EncodeToString(append(make([]byte, before), secret...))
			begin := (8*before + 5) / 6
			end := 8 * (before + len(secret)) / 6
			out = append(out, struct{ name, text string }{"in base64", text[begin:end]})
		}
	}
	return out
}

// secrets are the strings that nobody may see, and the places where they might be.
type secrets struct {
	all     []string
	answers map[string][]byte
	places  map[string][]byte
}

func (s *secrets) keep(secret ...string) { s.all = append(s.all, secret...) }

// use does what people do, and what they do wrongly.
func (s *secrets) use(t *testing.T, p *process, c *client.Client) {
	t.Helper()
	ctx := t.Context()
	if _, err := c.CreateChannel(ctx, api.ChannelCreate{Name: "team", Privacy: api.PrivacyPrivate}); err != nil {
		t.Fatal(err)
	}
	const bobs, wrong = "Bob's own & good password", "a wrong password of bob's"
	s.keep(bobs, wrong)
	if _, err := c.CreateUser(ctx, api.UserCreate{Username: "bob", Password: bobs, Roles: []string{"author"}}); err != nil {
		t.Fatal(err)
	}
	s.request(t, p, "a wrong password", http.MethodPost, "/api/auth/login", nil, `{"username":"bob","password":"`+wrong+`"}`)
	s.request(t, p, "a field too many beside a password", http.MethodPost, "/api/auth/login", nil, `{"username":"bob","password":"`+wrong+`","x":1}`)
	s.request(t, p, "a password too short to be one", http.MethodPost, "/api/auth/login", nil, `{"username":"bob","password":["`+wrong+`"]}`)
	reset, err := c.ResetPassword(ctx, "bob", "")
	if err != nil {
		t.Fatal(err)
	}
	s.keep(reset.Password)

	var tokens []string
	mint := func(in api.TokenCreate) api.TokenCreated {
		made, err := c.CreateToken(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, made.Secret)
		return made
	}
	bound := mint(api.TokenCreate{Name: "bound", Resources: []api.TokenResource{{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelWrite}}})
	mint(api.TokenCreate{Name: "scopes", Scopes: readOnly()})
	dead := mint(api.TokenCreate{Name: "dead", Scopes: readOnly()})
	if err := c.DeleteToken(ctx, dead.ID); err != nil {
		t.Fatal(err)
	}
	again := s.request(t, p, "", http.MethodPut, "/api/account/tokens/"+bound.ID+"?reissue_token=true", http.Header{"Authorization": {"Bearer " + s.all[1]}}, `{}`)
	var reissued api.TokenUpdated
	unmarshal(t, again, &reissued)
	if reissued.Secret == nil {
		t.Fatalf("no string came of reissuing: %s", again)
	}
	tokens = append(tokens, *reissued.Secret)
	a := made(91, random.Options{NoArch: "generic"})
	if _, err := c.As(client.Token(*reissued.Secret)).Upload(ctx, "team", client.Upload{Filename: a.Filename, Content: bytes.NewReader(a.data), Size: a.Size}); err != nil {
		t.Fatal(err)
	}
	// Of the right form and never given out, and one with a wrong checksum.
	tokens = append(tokens, tokens[0][:len(tokens[0])-1]+"!", strings.Replace(tokens[0], "ks-r-", "ks-r-Z", 1))
	s.keep(tokens...)
	for i, token := range tokens {
		s.everywhere(t, p, fmt.Sprint("token ", i), token, a.ckey())
	}
}

// everywhere sends a token in each place where one can be, and where one should not be.
func (s *secrets) everywhere(t *testing.T, p *process, name, token, ckey string) {
	t.Helper()
	basic := func(user, password string) http.Header {
		return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))}}
	}
	for i, h := range []http.Header{
		{"X-Auth": {token}},
		{"X-Api-Key": {token}},
		{"Authorization": {"Bearer " + token}},
		{"Authorization": {"token " + token}},
		{"Authorization": {token}},
		{"Authorization": {"Digest " + token}},
		basic(token, "x-auth-token"), basic("me", token), basic(token, ""),
		{"User-Agent": {"pip/1 " + token}},
		{"Referer": {"https://x/t/" + token + "/team"}},
		{"X-Request-Id": {token}},
		{"X-Forwarded-For": {token}},
		{"Cookie": {"session=" + token}},
		{"If-None-Match": {token}},
		{"Range": {token}},
		{"Accept": {token}},
		{"Origin": {token}},
		{"X-Token": {token}},
	} {
		s.request(t, p, fmt.Sprint(name, " header ", i), http.MethodGet, "/team/"+ckey, h, "")
		s.request(t, p, fmt.Sprint(name, " API header ", i), http.MethodGet, "/api/channels/team", h, "")
	}
	escaped := strings.ReplaceAll(token, "-", "%2D")
	for i, path := range []string{
		"/t/" + token + "/team/noarch/repodata.json", "/t/" + token + "/team/" + ckey, "/t/" + token, "/t/" + token + "/", "/t/" + token + "//team/noarch/repodata.json",
		"/t/" + token + "/api/channels", "/team/t/" + token + "/noarch/repodata.json", "/team/t/" + token + "/x", "/" + token + "/noarch/repodata.json", "/team/" + token + "/repodata.json",
		"/team/noarch/" + token, "/team/noarch/" + token + ".conda", "/t/" + escaped + "/team/noarch/repodata.json", "/x/t/" + escaped + "/y", "/T/" + token + "/team/noarch/repodata.json",
		"/t%2F" + token + "/team/noarch/repodata.json", "/t/" + percent(token) + "/team/noarch/repodata.json", "/team/noarch/x" + percent(token), "/t/x/t/" + token + "/team",
		"/team/noarch/repodata.json?token=" + token, "/api/channels?q=" + token, "/api/channels/" + token, "/api/users/" + token, "/api/account/tokens/" + token, "/-/" + token, "/api/" + token, "/.well-known/" + token,
	} {
		s.request(t, p, fmt.Sprint(name, " path ", i), http.MethodGet, path, nil, "")
		s.request(t, p, fmt.Sprint(name, " signed in, path ", i), http.MethodGet, path, http.Header{"Authorization": {"Bearer " + s.all[1]}}, "")
	}
	s.request(t, p, name+" as the user name", http.MethodPost, "/api/auth/login", nil, `{"username":"`+token+`","password":"x"}`)
	s.request(t, p, name+" as an upload", http.MethodPut, "/t/"+token+"/team/noarch/a-1-0.conda", nil, "not a package")
}

// request sends a request as it stands and keeps the answer if it is a refusal. With no name nothing is kept.
func (s *secrets) request(t *testing.T, p *process, name, method, path string, h http.Header, body string) []byte {
	t.Helper()
	u, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	path, query, _ := strings.Cut(path, "?")
	u.Opaque, u.RawQuery = "//"+u.Host+path, query
	if h == nil {
		h = http.Header{}
	}
	h = h.Clone()
	if body != "" && strings.HasPrefix(path, "/api/") {
		h.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultTransport.RoundTrip(&http.Request{
		Method: method, URL: u, Host: u.Host, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if resp.StatusCode >= 500 {
		t.Errorf("%s: %s %s", name, resp.Status, answer)
	}
	if name != "" && resp.StatusCode >= 300 {
		var head bytes.Buffer
		_ = resp.Header.Write(&head) // A buffer takes everything.
		s.answers["the answer to "+name] = append(head.Bytes(), answer...)
	}
	return answer
}

// collect reads all that the server has written: its log, its files while it runs and after, its refusals, its metrics.
func (s *secrets) collect(t *testing.T, p *process) {
	t.Helper()
	s.places = s.answers
	s.places["/metrics"] = p.mustGet(t, "/metrics")
	time.Sleep(2500 * time.Millisecond) // Uses are written every two seconds.
	s.files(t, p, "while it runs")
	p.stop(t)
	s.files(t, p, "after")
	s.places["standard error"] = []byte(p.errout.String())
	// Nothing else is ever printed there: the first password was given to the server.
	s.places["standard output"] = []byte(p.out.String())
	if !strings.Contains(p.errout.String(), "level=DEBUG") || !bytes.Contains(s.places["after: kingsnake.db"], []byte("dead_token_used")) {
		t.Error("the log is not that of debugging, or the audit is not in the database: there is nothing to search")
	}
}

func (s *secrets) files(t *testing.T, p *process, when string) {
	t.Helper()
	var names []string
	err := filepath.WalkDir(p.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(p.data, path)
		if err != nil {
			return err
		}
		names = append(names, name)
		s.places[when+": "+name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(names, "kingsnake.db") {
		t.Errorf("there is no database among %v", names)
	}
}
