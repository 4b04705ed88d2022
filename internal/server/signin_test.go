package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/config"
	"kingsnake/internal/oidctest"
	"kingsnake/internal/servertest"
)

// single is a site at which people sign in by OpenID Connect.
type single struct {
	*servertest.Site
	*oidctest.Provider
}

// newSingle starts a provider and a site that takes its word.
func newSingle(t *testing.T, options ...func(*config.Config)) *single {
	t.Helper()
	s := &single{}
	s.Site = servertest.Open(t, inMemory(t), func(cfg *config.Config) {
		cfg.PublicURL = "http://" + cfg.Listen
		s.Provider = oidctest.Start(t, cfg.PublicURL+"/api/auth/callback/kc")
		cfg.OIDCIssuer, cfg.OIDCClientID, cfg.OIDCClientSecret = s.Issuer, oidctest.ClientID, oidctest.ClientSecret
		cfg.OIDCRoleMap = []string{"it=admin", "typo=no-such-role"}
		cfg.OIDCGroupMap = []string{"/company/devs=devs", "*"}
		for _, o := range options {
			o(cfg)
		}
		if err := cfg.Validate(); err != nil {
			t.Fatal(err)
		}
	})
	return s
}

// begin is the address at which a sign-in begins.
func (s *single) begin() string { return s.URL + "/api/auth/authorize" }

// signIn signs somebody in with a new browser.
func (s *single) signIn(t *testing.T, login string) *client.Client {
	t.Helper()
	b := oidctest.NewBrowser(t)
	page := b.Open(b.SignIn(s.Provider, s.begin(), login).String())
	if page.Status != http.StatusOK {
		t.Fatalf("sign in as %s: status %d: %s", login, page.Status, page.Body)
	}
	var in api.LoginResponse
	if err := json.Unmarshal(page.Body, &in); err != nil {
		t.Fatal(err)
	}
	return s.Anonymous().As(client.Session(in.Token))
}

// denied checks that a page is a refusal with a code.
func denied(t *testing.T, what string, page oidctest.Page, status int, code api.Code) {
	t.Helper()
	var p api.Problem
	if err := json.Unmarshal(page.Body, &p); err != nil || page.Status != status || p.Code != code {
		t.Errorf("%s: status %d: %s, want %d %s (%v)", what, page.Status, page.Body, status, code, err)
	}
}

func (s *single) account(t *testing.T, c *client.Client) api.Account {
	t.Helper()
	a, err := c.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// share gives a group a level on a channel, as its managers do.
func (s *single) share(t *testing.T, group, channel string, level api.Level) {
	t.Helper()
	if err := s.Admin.AddChannelGroup(t.Context(), channel, group, level); err != nil {
		t.Fatal(err)
	}
}

// reads tells whether a client may see a channel.
func reads(t *testing.T, c *client.Client, channel string) bool {
	t.Helper()
	_, err := c.Channel(t.Context(), channel)
	if err != nil && client.StatusOf(err) != http.StatusNotFound {
		t.Fatalf("read %s: %v", channel, err)
	}
	return err == nil
}

// TestSignIn follows somebody from the first sign-in to the day when nobody vouches for them any more.
func TestSignIn(t *testing.T) {
	s := newSingle(t)
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	s.Provider.Account("alice", map[string]any{
		"preferred_username": "alice", "email": "alice@example.org", "email_verified": true, "groups": []string{"/company/devs", "typo"},
	})
	first := s.signIn(t, "alice")
	got := s.account(t, first)
	if got.Username != "alice" || cmp.Diff([]string{"author"}, got.Roles) != "" {
		t.Errorf("the new account is %+v, want alice with the role author", got)
	}
	if reads(t, first, "team") {
		t.Error("a member of the group reads a channel that the group has nothing to do with")
	}
	s.share(t, "devs", "team", api.LevelRead)
	if !reads(t, first, "team") {
		t.Error("a member of the group does not read a channel that the group was given a moment ago")
	}
	members, err := s.Admin.GroupMembers(t.Context(), "devs", client.ListOptions{})
	if err != nil || len(members.Items) != 1 || members.Items[0].Username != "alice" || !members.Items[0].Remote {
		t.Errorf("the members of the group are %+v (%v), want alice, from elsewhere", members, err)
	}
	s.Provider.Account("alice", map[string]any{"preferred_username": "renamed", "groups": []string{"/company/devs", "it"}})
	again := s.signIn(t, "alice")
	same := s.account(t, again)
	if same.UserID != got.UserID || same.Username != "alice" || cmp.Diff([]string{"admin", "author"}, same.Roles) != "" {
		t.Errorf("the second sign-in leads to %+v, want the account %s with the role admin too", same, got.UserID)
	}
	if !reads(t, again, "team") || !reads(t, first, "team") {
		t.Error("a member of the group does not read the group's channel")
	}
	s.Provider.Account("alice", map[string]any{"groups": []string{"other"}})
	if reads(t, s.signIn(t, "alice"), "team") || reads(t, first, "team") {
		t.Error("the provider has taken the group away, and the channel is still read")
	}
	if roles := s.account(t, first).Roles; cmp.Diff([]string{"author"}, roles) != "" {
		t.Errorf("the provider has taken the value away that gives the role admin, and the roles are %q", roles)
	}
}

// TestClaimsLapse: what claims gave ends 30 days after the last sign-in, for tokens as for sessions, also where it was
// read a moment before.
func TestClaimsLapse(t *testing.T) {
	s := newSingle(t, func(cfg *config.Config) { cfg.SessionLifetime = config.Duration(60 * 24 * time.Hour) })
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	s.Provider.Account("alice", map[string]any{"preferred_username": "alice", "groups": []string{"/company/devs", "it"}})
	s.signIn(t, "alice")
	s.share(t, "devs", "team", api.LevelWrite)
	s.Provider.Account("alice", map[string]any{"groups": []string{"/company/devs"}})
	alice := s.signIn(t, "alice")
	token := s.Token(s.ScopeToken(alice, "channel:view", "artifact:view").Secret)
	for who, c := range map[string]*client.Client{"session": alice, "token": token} {
		if !reads(t, c, "team") {
			t.Errorf("the %s does not read the group's channel", who)
		}
	}
	s.Clock.Advance(30*24*time.Hour - time.Minute)
	for who, c := range map[string]*client.Client{"session": alice, "token": token} {
		if !reads(t, c, "team") {
			t.Errorf("the %s does not read the group's channel before the 30 days are over", who)
		}
	}
	s.Clock.Advance(2 * time.Minute)
	for who, c := range map[string]*client.Client{"session": alice, "token": token} {
		if reads(t, c, "team") {
			t.Errorf("the %s reads the group's channel after 30 days", who)
		}
	}
	if got := s.account(t, alice); got.Username != "alice" || cmp.Diff([]string{"author"}, got.Roles) != "" {
		t.Errorf("after 30 days the account is %+v, want alice with the role author", got)
	}
}

// TestNamesakes: an account belongs to one subject of one issuer. A name or an address that is the same leads to another
// account, also where it is that of somebody with a password.
func TestNamesakes(t *testing.T) {
	s := newSingle(t)
	s.User("alice")
	same := map[string]any{"preferred_username": "alice", "email": "alice@example.org", "email_verified": true}
	for _, subject := range []string{"one", "two"} {
		s.Provider.Account(subject, same)
	}
	one, two := s.account(t, s.signIn(t, "one")), s.account(t, s.signIn(t, "two"))
	if one.Username != "alice2" || two.Username != "alice3" || one.UserID == two.UserID {
		t.Errorf("the accounts of two namesakes are %+v and %+v", one, two)
	}
	s.Provider.Account("three", map[string]any{"preferred_username": "Zoë Müller/", "email": "admin@example.org"})
	if got := s.account(t, s.signIn(t, "three")); got.Username != "Zo--M-ller" {
		t.Errorf("a name with strange letters became %q", got.Username)
	}
	s.Provider.Account("four", map[string]any{"email": "admin@example.org", "email_verified": true})
	if got := s.account(t, s.signIn(t, "four")); got.Username != "admin2" || cmp.Diff([]string{"author"}, got.Roles) != "" {
		t.Errorf("who has the address admin@… became %+v", got)
	}
	s.Provider.Account("five", map[string]any{"preferred_username": "system"})
	if got := s.account(t, s.signIn(t, "five")); got.Username == "system" {
		t.Error("an account has a reserved name")
	}
}

// TestDisabledStaysOut: what the provider says does not open an account that is disabled here.
func TestDisabledStaysOut(t *testing.T) {
	s := newSingle(t)
	s.Provider.Account("alice", map[string]any{"preferred_username": "alice", "groups": []string{"it"}})
	in := s.signIn(t, "alice")
	if _, err := s.Admin.UpdateUser(t.Context(), s.account(t, in).UserID, api.UserUpdate{Disabled: new(true)}); err != nil {
		t.Fatal(err)
	}
	b := oidctest.NewBrowser(t)
	back := b.SignIn(s.Provider, s.begin(), "alice")
	denied(t, "a disabled account", b.Open(back.String()), http.StatusUnauthorized, api.CodeAccountDisabled)
}

// TestAllowed: a site may be for some of those only whom the provider knows.
func TestAllowed(t *testing.T) {
	s := newSingle(t, func(cfg *config.Config) {
		cfg.OIDCAllowedDomains, cfg.OIDCAllowedGroups = []string{"Example.org"}, []string{"staff"}
	})
	staff := []string{"staff"}
	for name, claims := range map[string]map[string]any{
		"unverified": {"email": "a@example.org", "groups": staff},
		"elsewhere":  {"email": "a@example.org.evil.test", "email_verified": true, "groups": staff},
		"nowhere":    {"groups": staff},
		"guest":      {"email": "a@example.org", "email_verified": true, "groups": []string{"guests"}},
	} {
		s.Provider.Account(name, claims)
		b := oidctest.NewBrowser(t)
		back := b.SignIn(s.Provider, s.begin(), name)
		denied(t, name, b.Open(back.String()), http.StatusUnauthorized, api.CodeIdentityNotAllowed)
	}
	s.Provider.Account("insider", map[string]any{"email": "a@EXAMPLE.org", "email_verified": true, "groups": staff})
	s.signIn(t, "insider")
	users, err := s.Admin.Users(t.Context(), client.UserFilter{})
	if err != nil || len(users) != 2 {
		t.Errorf("accounts %+v, want those of the administrator and of the insider only (%v)", users, err)
	}
}

// TestStates: a callback counts once, in the browser that began, and not for ever.
func TestStates(t *testing.T) {
	s := newSingle(t)
	b := oidctest.NewBrowser(t)
	back := b.SignIn(s.Provider, s.begin(), "alice")
	denied(t, "another browser", oidctest.NewBrowser(t).Open(back.String()), http.StatusUnauthorized, api.CodeSignInState)
	other := replaced(back, "state", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	denied(t, "another state", b.Open(other), http.StatusUnauthorized, api.CodeSignInState)
	denied(t, "another issuer", b.Open(replaced(back, "iss", "https://evil.test")), http.StatusUnauthorized, api.CodeSignInState)

	kept := attempts(b, back)
	if page := b.Open(back.String()); page.Status != http.StatusOK || len(kept) != 1 || len(attempts(b, back)) != 0 {
		t.Fatalf("the callback: status %d, cookies %v before and %v after: %s", page.Status, kept, attempts(b, back), page.Body)
	}
	denied(t, "again without the cookie", b.Open(back.String()), http.StatusUnauthorized, api.CodeSignInState)
	b.Jar.SetCookies(back, kept)
	denied(t, "again with the cookie", b.Open(back.String()), http.StatusUnauthorized, api.CodeSignInReplayed)

	begun := b.SignIn(s.Provider, s.begin(), "alice")
	denied(t, "another code", b.Open(replaced(begun, "code", "invented")), http.StatusUnauthorized, api.CodeSignInRefused)
	begun = b.SignIn(s.Provider, s.begin(), "alice")
	denied(t, "nobody", b.Open(replaced(begun, "error", "access_denied")), http.StatusUnauthorized, api.CodeSignInRefused)
	begun = b.SignIn(s.Provider, s.begin(), "alice")
	s.Clock.Advance(16 * time.Minute)
	denied(t, "too late", b.Open(begun.String()), http.StatusUnauthorized, api.CodeSignInExpired)
	if log := s.Log.String(); strings.Contains(log, back.Query().Get("code")) || strings.Contains(log, back.Query().Get("state")) {
		t.Error("the log holds a code or a state")
	}
}

// attempts are the cookies of sign-ins under way.
func attempts(b *oidctest.Browser, site *url.URL) []*http.Cookie {
	return slices.DeleteFunc(b.Jar.Cookies(site), func(c *http.Cookie) bool { return !strings.Contains(c.Name, "kingsnake") })
}

// replaced gives an address with another value of one parameter.
func replaced(u *url.URL, name, value string) string {
	clone, q := *u, u.Query()
	q.Set(name, value)
	clone.RawQuery = q.Encode()
	return clone.String()
}

// TestAuthorizeAnswers: who asks for JSON gets the address, everybody else is sent there.
func TestAuthorizeAnswers(t *testing.T) {
	s := newSingle(t)
	for _, tc := range []struct {
		query, accept string
		status        int
	}{
		{"", "", http.StatusFound},
		{"", "*/*", http.StatusFound},
		{"", "text/html,application/xhtml+xml,*/*", http.StatusFound},
		{"", "application/json, text/plain, */*", http.StatusOK},
		{"?redirect=false", "*/*", http.StatusOK},
		{"?redirect=true", "application/json", http.StatusFound},
	} {
		a := get("/api/auth/authorize"+tc.query).with("Accept", tc.accept).do(t, s.Site)
		var out api.Authorization
		if err := json.Unmarshal(a.body, &out); err != nil {
			t.Fatal(err)
		}
		to, err := url.Parse(out.RedirectURL)
		if err != nil || a.status != tc.status || !strings.HasPrefix(out.RedirectURL, s.Issuer+"/") {
			t.Errorf("%s with Accept %q: status %d to %s, want %d", tc.query, tc.accept, a.status, out.RedirectURL, tc.status)
		}
		q := to.Query()
		if q.Get("code_challenge_method") != "S256" || q.Get("state") == "" || q.Get("nonce") == "" || q.Get("redirect_uri") != s.URL+"/api/auth/callback/kc" {
			t.Errorf("%s with Accept %q: the provider is asked %v", tc.query, tc.accept, q)
		}
		if location := a.header.Get("Location"); (location == out.RedirectURL) != (tc.status == http.StatusFound) {
			t.Errorf("%s with Accept %q: Location %q", tc.query, tc.accept, location)
		}
		cookie := a.header.Get("Set-Cookie")
		if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || a.header.Get("Cache-Control") != "private, no-store" {
			t.Errorf("%s with Accept %q: cookie %q, Cache-Control %q", tc.query, tc.accept, cookie, a.header.Get("Cache-Control"))
		}
	}
}

// TestNoProvider: a site without one says so, and one whose provider is down works otherwise.
func TestNoProvider(t *testing.T) {
	without := servertest.Open(t, inMemory(t))
	for _, path := range []string{"/api/auth/authorize", "/api/auth/callback/kc?code=x&state=y"} {
		get(path).do(t, without).problem(t, path, api.CodeNotFound)
	}
	down := servertest.Open(t, inMemory(t), func(cfg *config.Config) {
		cfg.PublicURL, cfg.OIDCIssuer, cfg.OIDCClientID = "https://conda.example.org", "http://127.0.0.1:1", "x"
	})
	a := get("/api/auth/authorize").do(t, down)
	a.problem(t, "a provider that is down", api.CodeUnavailable)
	if a.header.Get("Retry-After") == "" || !strings.Contains(down.Log.String(), "cannot be reached") {
		t.Errorf("Retry-After %q, and the log %s", a.header.Get("Retry-After"), down.Log)
	}
}

// TestLogoutByLink: the vendor's way to end a session.
func TestLogoutByLink(t *testing.T) {
	s := servertest.Open(t, inMemory(t))
	in, err := s.Anonymous().Login(t.Context(), "admin", servertest.AdminPassword)
	if err != nil {
		t.Fatal(err)
	}
	out := get("/api/auth/logout")
	if a := out.do(t, s); a.status != http.StatusUnauthorized {
		t.Errorf("without a session: status %d", a.status)
	}
	a := out.with("Authorization", "Bearer "+in.Token).do(t, s)
	if a.status != http.StatusFound || a.header.Get("Location") != "/" {
		t.Errorf("status %d to %q: %s", a.status, a.header.Get("Location"), a.body)
	}
	if a := get("/api/account").with("Authorization", "Bearer "+in.Token).do(t, s); a.status != http.StatusUnauthorized {
		t.Errorf("the session opens still: status %d", a.status)
	}
}
