package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/config"
)

// family is a token, one that it minted, and one that this one minted, all of which can read a private channel.
type family struct {
	owner   string
	ids     [3]string
	secrets [3]string
	// end is the end of the eldest.
	end time.Time
}

// graves is a stage in which tokens die.
type graves struct {
	*stage
	admin string
	n     int
	cases int
}

// familyScopes are what the tokens hold; the first is what it takes to mint.
func familyScopes() []string {
	return []string{"user.token:edit", "user.token:view", "channel:view", "channel:view-artifacts", "artifact:view", "artifact:download", "artifact:create"}
}

// born makes a new account with a channel of its own and a family of tokens.
func (g *graves) born(t *testing.T) family {
	t.Helper()
	g.n++
	f := family{owner: fmt.Sprintf("user%d", g.n), end: g.Clock.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)}
	g.Clock.Advance(time.Minute) // Lest logins be slowed down.
	owner := g.User(f.owner)
	g.Channel(owner, "of-"+f.owner, api.PrivacyPrivate)
	g.Upload(owner, "of-"+f.owner, g.data, g.file)
	by := owner
	for i := range f.ids {
		made, err := by.CreateToken(t.Context(), api.TokenCreate{Name: fmt.Sprint("generation ", i), Scopes: familyScopes(), ExpiresAt: f.end.Format(time.RFC3339)})
		if err != nil {
			t.Fatal(err)
		}
		f.ids[i], f.secrets[i] = made.ID, made.Secret
		by = g.Token(made.Secret)
	}
	return f
}

// uses are the ways in which a token can be presented and exchanged for something.
func (g *graves) uses(f family, secret string) map[string]call {
	ch := "of-" + f.owner
	g.n++
	return map[string]call{
		"index by URL":     get("/t/" + secret + "/" + ch + "/noarch/repodata.json"),
		"package by URL":   get("/t/" + secret + "/" + ch + "/noarch/" + g.file),
		"package":          get("/" + ch + "/noarch/" + g.file).xAuth(secret),
		"package by basic": get("/"+ch+"/noarch/"+g.file).with("Authorization", basicAuth(secret, "x-auth-token")),
		"upload":           {method: http.MethodPut, path: "/" + ch + "/noarch/" + g.file, body: g.data, header: map[string]string{"Authorization": "Bearer " + secret}},
		"list":             get("/api/channels/" + ch + "/artifacts").xAuth(secret),
		"itself":           get("/api/account/token-info").xAuth(secret),
		"its tokens":       get("/api/account/tokens").xAuth(secret),
		"another token":    {method: http.MethodPost, path: "/api/account/tokens", body: api.TokenCreate{Name: "x", Scopes: []string{"channel:view"}, ExpiresAt: f.end.Format(time.RFC3339)}, header: map[string]string{"X-API-Key": secret}},
	}
}

// TestDeadTokensStayDead kills tokens in every way there is, and tries them, those that they minted and those that these
// minted, in every way in which a token can be presented, with all caches warm.
func TestDeadTokensStayDead(t *testing.T) {
	g := &graves{stage: newStage(t, behindProxy, func(c *config.Config) {
		c.SessionLifetime = config.Duration(1000 * time.Hour)
	})}
	for _, way := range ways() {
		f := g.born(t)
		g.admin = g.session(t, "admin")
		for i, secret := range f.secrets {
			for what, c := range g.uses(f, secret) {
				c.do(t, g.Site).ok(t, fmt.Sprintf("%s: generation %d alive: %s", way.name, i, what))
			}
		}
		secrets := way.kill(t, g, f)
		for i, secret := range f.secrets {
			for what, c := range g.uses(f, secret) {
				what = fmt.Sprintf("%s: generation %d: %s", way.name, i, what)
				code := way.codes[i]
				if code == "" {
					c.do(t, g.Site).ok(t, what)
					continue
				}
				g.cases++
				// Each from an address of its own, lest it be slowed down.
				a := c.with("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", g.n%250, i, g.cases%250)).do(t, g.Site)
				a.refused(t, what, http.StatusUnauthorized, code)
			}
		}
		for _, secret := range secrets {
			get("/of-"+f.owner+"/noarch/repodata.json").xAuth(secret).do(t, g.Site).ok(t, way.name+": the new string")
		}
	}
	t.Logf("%d ways to die, %d uses of dead tokens refused", len(ways()), g.cases)
}

// way is one way for a token to die. kill gives the strings that live on; codes are what each generation answers after
// it, empty for one that lives.
type way struct {
	name  string
	kill  func(*testing.T, *graves, family) []string
	codes [3]api.Code
}

func ways() []way {
	const revoked = api.CodeTokenRevoked
	all := [3]api.Code{revoked, revoked, revoked}
	expired := [3]api.Code{api.CodeTokenExpired, api.CodeTokenExpired, api.CodeTokenExpired}
	disabled := [3]api.Code{api.CodeAccountDisabled, api.CodeAccountDisabled, api.CodeAccountDisabled}
	return []way{
		{"deleted by its owner", func(t *testing.T, g *graves, f family) []string {
			g.send(t, f.owner, http.MethodDelete, "/api/account/tokens/"+f.ids[0], nil)
			return nil
		}, all},
		{"deleted by itself", func(t *testing.T, g *graves, f family) []string {
			call{method: http.MethodDelete, path: "/api/account/tokens/" + f.ids[0]}.xAuth(f.secrets[0]).do(t, g.Site).ok(t, "delete")
			return nil
		}, all},
		{"deleted by an administrator", func(t *testing.T, g *graves, f family) []string {
			g.send(t, "admin", http.MethodDelete, "/api/users/"+f.owner+"/tokens/"+f.ids[0], nil)
			return nil
		}, all},
		{"the middle one deleted by the one that minted it", func(t *testing.T, g *graves, f family) []string {
			call{method: http.MethodDelete, path: "/api/account/tokens/" + f.ids[1]}.xAuth(f.secrets[0]).do(t, g.Site).ok(t, "delete")
			return nil
		}, [3]api.Code{"", revoked, revoked}},
		{"reissued", func(t *testing.T, g *graves, f family) []string {
			return []string{g.renew(t, f, "")}
		}, [3]api.Code{api.CodeTokenRotated, revoked, revoked}},
		{"reissued with many others", func(t *testing.T, g *graves, f family) []string {
			g.send(t, "admin", http.MethodPut, "/api/users/tokens", api.UsersTokensUpdate{TokenIDs: f.ids[:1]})
			return nil
		}, [3]api.Code{api.CodeTokenRotated, revoked, revoked}},
		{"the overlap over", func(t *testing.T, g *graves, f family) []string {
			fresh := g.renew(t, f, "1h")
			for i, secret := range f.secrets {
				get("/of-"+f.owner+"/noarch/repodata.json").xAuth(secret).do(t, g.Site).ok(t, fmt.Sprint("in the overlap: ", i))
			}
			g.Clock.Advance(time.Hour)
			return []string{fresh}
		}, [3]api.Code{api.CodeTokenRotated, revoked, revoked}},
		{"found in public", func(t *testing.T, g *graves, f family) []string {
			g.report(t, f.secrets[0])
			return nil
		}, [3]api.Code{api.CodeTokenLeaked, revoked, revoked}},
		{"the middle one found in public", func(t *testing.T, g *graves, f family) []string {
			g.report(t, f.secrets[1])
			return nil
		}, [3]api.Code{"", api.CodeTokenLeaked, revoked}},
		{"the new string found in the overlap", func(t *testing.T, g *graves, f family) []string {
			fresh := g.renew(t, f, "1h")
			g.report(t, fresh)
			get("/of-"+f.owner+"/noarch/repodata.json").xAuth(fresh).do(t, g.Site).refused(t, "the new string", http.StatusUnauthorized, api.CodeTokenLeaked)
			return nil
		}, [3]api.Code{api.CodeTokenLeaked, revoked, revoked}},
		{"the old string found in the overlap", func(t *testing.T, g *graves, f family) []string {
			fresh := g.renew(t, f, "1h")
			g.report(t, f.secrets[0])
			get("/of-"+f.owner+"/noarch/repodata.json").xAuth(fresh).do(t, g.Site).refused(t, "the new string", http.StatusUnauthorized, api.CodeTokenLeaked)
			return nil
		}, [3]api.Code{api.CodeTokenLeaked, revoked, revoked}},
		{"the old string found after the overlap", func(t *testing.T, g *graves, f family) []string {
			fresh := g.renew(t, f, "1h")
			g.Clock.Advance(time.Hour)
			g.report(t, f.secrets[0])
			return []string{fresh}
		}, [3]api.Code{api.CodeTokenRotated, revoked, revoked}},
		{"found in public, and renewed", func(t *testing.T, g *graves, f family) []string {
			g.report(t, f.secrets[0])
			return []string{g.renew(t, f, "1h")}
		}, [3]api.Code{api.CodeTokenLeaked, revoked, revoked}},
		{"found in public when it had expired, and its end moved on", func(t *testing.T, g *graves, f family) []string {
			g.Clock.Advance(f.end.Sub(g.Clock.Now()))
			g.report(t, f.secrets[0])
			later := g.Clock.Now().Add(time.Hour).UTC().Format(time.RFC3339)
			g.send(t, f.owner, http.MethodPut, "/api/account/tokens/"+f.ids[0]+"?reissue_token=false", api.TokenUpdate{ExpiresAt: &later})
			return nil
		}, [3]api.Code{api.CodeTokenLeaked, revoked, revoked}},
		{"expired", func(_ *testing.T, g *graves, f family) []string {
			g.Clock.Advance(f.end.Sub(g.Clock.Now()))
			return nil
		}, expired},
		{"the eldest's end drawn nearer", func(t *testing.T, g *graves, f family) []string {
			near := g.Clock.Now().Add(time.Hour).UTC().Format(time.RFC3339)
			g.send(t, f.owner, http.MethodPut, "/api/account/tokens/"+f.ids[0]+"?reissue_token=false", api.TokenUpdate{ExpiresAt: &near})
			g.Clock.Advance(time.Hour)
			return nil
		}, [3]api.Code{api.CodeTokenExpired, revoked, revoked}},
		{"its owner disabled", func(t *testing.T, g *graves, f family) []string {
			g.send(t, "admin", http.MethodPut, "/api/users/"+f.owner, api.UserUpdate{Disabled: new(true)})
			return nil
		}, disabled},
		{"its owner deleted", func(t *testing.T, g *graves, f family) []string {
			g.send(t, "admin", http.MethodDelete, "/api/users/"+f.owner+"?force=true", nil)
			return nil
		}, all},
	}
}

// send sends a request in a session of a user.
func (g *graves) send(t *testing.T, user, method, path string, body any) answer {
	t.Helper()
	session := g.admin
	if user != "admin" {
		session = g.session(t, user)
	}
	return call{method: method, path: path, body: body}.xAuth(session).do(t, g.Site).ok(t, method+" "+path)
}

// report tells the server, as somebody without a credential, that a string was found.
func (g *graves) report(t *testing.T, secret string) {
	t.Helper()
	a := call{method: http.MethodPost, path: "/api/tokens/revoke-leaked", body: api.LeakReport{Tokens: []string{secret}}}.do(t, g.Site).ok(t, "report")
	var out api.LeakResults
	if err := json.Unmarshal(a.body, &out); err != nil || len(out.Results) != 1 || out.Results[0].Status != api.LeakRevoked {
		t.Fatalf("report = %s, %v, want one string revoked", a.body, err)
	}
}

// renew gives the eldest a new string.
func (g *graves) renew(t *testing.T, f family, overlap string) string {
	t.Helper()
	a := g.send(t, f.owner, http.MethodPut, "/api/account/tokens/"+f.ids[0]+"?overlap="+overlap, api.TokenUpdate{})
	var out api.TokenUpdated
	if err := json.Unmarshal(a.body, &out); err != nil || out.Secret == nil {
		t.Fatalf("reissue = %s, %v", a.body, err)
	}
	return *out.Secret
}

// TestMintedForOthersDieWithTheMinter: what an administrator's token made for somebody else ends with that token, and
// rests while the administrator is disabled.
func TestMintedForOthersDieWithTheMinter(t *testing.T) {
	s := newStage(t)
	ctx := t.Context()
	s.User("boss", "admin", "author")
	boss := s.Login("boss", "a password of a user")
	minter := s.ScopeToken(boss, "user.token:edit", "channel:view", "channel:view-artifacts")
	made, err := s.Token(minter.Secret).TokensOf("ada").Create(ctx, api.TokenCreate{Name: "x", Scopes: []string{"channel:view", "channel:view-artifacts"}})
	if err != nil {
		t.Fatal(err)
	}
	read := index("team", made.Secret)
	read.do(t, s.Site).ok(t, "alive")
	setDisabled := func(disabled bool) {
		if _, err := s.Admin.UpdateUser(ctx, "boss", api.UserUpdate{Disabled: &disabled}); err != nil {
			t.Fatal(err)
		}
	}
	setDisabled(true)
	read.do(t, s.Site).refused(t, "the minter disabled", http.StatusUnauthorized, api.CodeAccountDisabled)
	setDisabled(false)
	read.do(t, s.Site).ok(t, "the minter enabled")
	if err := s.Admin.TokensOf("boss").Delete(ctx, minter.ID); err != nil {
		t.Fatal(err)
	}
	read.do(t, s.Site).refused(t, "the minter gone", http.StatusUnauthorized, api.CodeTokenRevoked)
	if _, err := s.Admin.TokensOf("ada").Get(ctx, made.ID); client.StatusOf(err) != http.StatusNotFound {
		t.Errorf("the token is still listed: %v", err)
	}
}

// TestMintingInARow: tokens that mint one another come to an end, and two children of one token cannot use more of it
// than there is, however they hurry.
func TestMintingInARow(t *testing.T) {
	s := newStage(t)
	scopes := []string{"user.token:edit", "artifact:download"}
	mint := func(by string, in api.TokenCreate) answer {
		return call{method: http.MethodPost, path: "/api/account/tokens", body: in}.xAuth(by).do(t, s.Site)
	}
	made := s.ScopeToken(s.ada, scopes...)
	row := 1
	for {
		a := mint(made.Secret, api.TokenCreate{Name: "next", Scopes: scopes})
		if a.status != http.StatusOK {
			a.refused(t, "the last in a row", http.StatusUnprocessableEntity, api.CodeInvalid)
			break
		}
		if err := json.Unmarshal(a.body, &made); err != nil {
			t.Fatal(err)
		}
		row++
	}
	if row != 8 {
		t.Errorf("%d tokens minted one another in a row, want 8", row)
	}

	parent, err := s.ada.CreateToken(t.Context(), api.TokenCreate{Name: "parent", Scopes: scopes, Restrictions: &api.TokenRestrictions{MaxUses: 12}})
	if err != nil {
		t.Fatal(err)
	}
	var children [2]api.TokenCreated
	for i := range children {
		a := mint(parent.Secret, api.TokenCreate{Name: "child", Scopes: scopes[1:], Restrictions: &api.TokenRestrictions{MaxUses: 8}}).ok(t, "mint")
		if err := json.Unmarshal(a.body, &children[i]); err != nil {
			t.Fatal(err)
		}
	}
	var served atomic.Int64
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			if a := get("/team/noarch/"+s.file).xAuth(children[i%2].Secret).do(t, s.Site); a.status == http.StatusOK {
				served.Add(1)
			} else {
				a.refused(t, "a child", http.StatusForbidden, api.CodeTokenUsedUp)
			}
		})
	}
	all.Wait()
	if got := served.Load(); got != 10 {
		t.Errorf("%d uses of both children, want the 10 that their parent had left", got)
	}
}
