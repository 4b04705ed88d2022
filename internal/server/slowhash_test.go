package server_test

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/internal/servertest"
)

// suspects are credentials that are no good, and some that are, in every form in which one can be sent: none of them is
// worth a slow hash, since tokens are long and random and passwords belong to the sign-in only.
func (s *stage) suspects(t *testing.T, rotten map[string]bad) map[string]call {
	t.Helper()
	out := map[string]call{"nothing": {}}
	header := func(what, name, value string) { out[what] = call{header: map[string]string{name: value}} }
	texts := map[string]string{
		"no token": "hunter2", "a long text": strings.Repeat("x", 4000), "nothing": "", "no session": "a.b.c",
		"good": s.ResourceToken(s.ada, "team", api.LevelRead).Secret, "good session": s.session(t, "ada"),
	}
	for what, b := range rotten {
		texts[what] = b.token
	}
	for what, text := range texts {
		for form, h := range headerForms(text) {
			header(what+": "+form, h[0], h[1])
		}
		header(what+": no scheme", "Authorization", text)
		header(what+": another scheme", "Authorization", "Digest "+text)
		header(what+": cookie", "Cookie", "kingsnake_session="+text)
		header(what+": cookie with TLS", "Cookie", "__Host-kingsnake_session="+text)
	}
	for _, user := range []string{"ada", "admin", "nobody", "", "x-auth-token", "ADA"} {
		for _, password := range []string{servertest.UserPassword, servertest.AdminPassword, "wrong", "", "x-auth-token", "*****"} {
			header(fmt.Sprintf("Basic %q:%q", user, password), "Authorization", basicAuth(user, password))
		}
	}
	header("Basic without base64", "Authorization", "Basic ada:wrong")
	header("Basic without a colon", "Authorization", "Basic YWRh")
	return out
}

// doors are requests to each part of the server, none of which is a sign-in.
func (s *stage) doors() []call {
	return []call{
		get("/team/noarch/repodata.json"), get("/open/noarch/" + s.file), get("/none/noarch/repodata.json.zst"),
		{method: http.MethodHead, path: "/team"},
		{method: http.MethodPut, path: "/team/noarch/" + s.file, body: []byte("x")},
		get("/api/account"), get("/api/channels/team"), get("/api/users"), get("/-/"),
		{method: http.MethodPost, path: "/api/account/tokens", body: api.TokenCreate{Name: "x"}},
		{method: http.MethodPost, path: "/api/users", body: api.UserCreate{Username: "eve", Password: "a password of eve's"}},
		{method: http.MethodPut, path: "/api/users/ada/password", body: map[string]string{"password": "a password of eve's"}},
		{method: http.MethodPost, path: "/api/channels/team/artifacts", body: []byte("x")},
		get("/user").with("X-Binstar-Api-Version", "1"), call{method: http.MethodDelete, path: "/authentications"}.with("X-Binstar-Api-Version", "1"),
	}
}

// TestNoSlowHashOnRequests: what is sent with requests never costs a password hash, which takes a good part of a second
// and 64 MB on purpose, and at the sign-in the limiter stands before the hash. It counts hashes and measures no time.
func TestNoSlowHashOnRequests(t *testing.T) {
	s := newStage(t, behindProxy)
	rotten, from := s.badTokens(t), addresses()
	credentials := s.suspects(t, rotten)
	passwords := s.Server.Site().Passwords
	requests := 0
	for _, what := range slices.Sorted(maps.Keys(credentials)) {
		for _, c := range s.doors() {
			for name, value := range credentials[what].header {
				c = c.with(name, value)
			}
			hashes := passwords.Computed()
			// Each from an address of its own, lest the limiter does what is tested here.
			a := from(c).do(t, s.Site)
			requests++
			if got := passwords.Computed() - hashes; got != 0 || a.status == http.StatusTooManyRequests || a.status >= 500 {
				t.Errorf("%s: %s %s = %d and %d hashes, want none", what, c.method, c.path, a.status, got)
			}
		}
	}
	for what, b := range rotten {
		hashes := passwords.Computed()
		for _, path := range urlForms(url.PathEscape(b.token), "/team/noarch/repodata.json") {
			from(get(path)).do(t, s.Site)
			from(leakReport(b.token, "hunter2")).do(t, s.Site)
			requests += 2
		}
		if got := passwords.Computed() - hashes; got != 0 {
			t.Errorf("%s in URLs and reports: %d hashes, want none", what, got)
		}
	}
	t.Logf("%d credentials, %d requests, no hash", len(credentials), requests)
}

// addresses makes a function that lets each call come from an address of its own.
func addresses() func(call) call {
	n := 0
	return func(c call) call {
		n++
		return c.with("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", n>>16&0xff, n>>8&0xff, n&0xff))
	}
}

// TestSignInHashesWhatTheLimiterLetsThrough: every hash is one that the limiter let through, which is so many at once and
// so many in a minute, for users that there are, for those that there are not, and for changes of a password.
func TestSignInHashesWhatTheLimiterLetsThrough(t *testing.T) {
	s := newStage(t, behindProxy)
	session := s.session(t, "ada")
	from := addresses()
	// The limits of the design, by hand: twenty passwords at once and twenty a minute from an address.
	const burst, perMinute = 20, 20
	users := []string{"ada", "admin", "nobody", "somebody else", strings.Repeat("x", 5000), "ADA", " ada"}
	for what, try := range map[string]func(n int) call{
		"sign-in": func(n int) call {
			return call{method: http.MethodPost, path: "/api/auth/login", body: api.LoginRequest{Username: users[n%len(users)], Password: fmt.Sprint("wrong", n)}}
		},
		"sign-in of ever new names": func(n int) call {
			return call{method: http.MethodPost, path: "/api/auth/login", body: api.LoginRequest{Username: fmt.Sprint("user", n), Password: "wrong"}}
		},
		"page": func(n int) call {
			form := url.Values{"username": {users[n%len(users)]}, "password": {fmt.Sprint("wrong", n)}}
			return call{method: http.MethodPost, path: "/-/sign-in", body: []byte(form.Encode())}.with("Content-Type", "application/x-www-form-urlencoded")
		},
		"anaconda-client": func(n int) call {
			c := call{method: http.MethodPost, path: "/authentications", body: map[string]any{"scopes": []string{}, "note": "x"}}
			return c.with("X-Binstar-Api-Version", "1").with("Authorization", basicAuth(users[n%len(users)], fmt.Sprint("wrong", n)))
		},
		"change of a password": func(n int) call {
			return call{method: http.MethodPut, path: "/api/account/password", body: api.PasswordChange{CurrentPassword: fmt.Sprint("wrong", n), NewPassword: "a new password"}}.xAuth(session)
		},
	} {
		t.Run(what, func(t *testing.T) {
			address := from(call{}).header["X-Forwarded-For"]
			passwords := s.Server.Site().Passwords
			start, before := time.Now(), passwords.Computed()
			tried, slowed := int64(0), 0
			for n := range 120 {
				// A page shows the form again and says why; everything else is 429.
				if a := try(n).with("X-Forwarded-For", address).do(t, s.Site); bytes.Contains(a.body, []byte("oo many passwords")) {
					slowed++
				} else {
					tried++
				}
			}
			hashes := passwords.Computed() - before
			if hashes != tried {
				t.Errorf("%d hashes for %d tries that were not refused, want one for each", hashes, tried)
			}
			if most := int64(math.Ceil(burst + time.Since(start).Minutes()*perMinute)); hashes > most {
				t.Errorf("%d hashes from one address, want at most %d", hashes, most)
			}
			t.Logf("%d tries from one address: %d hashes, %d refused before", 120, hashes, slowed)
		})
	}
}
