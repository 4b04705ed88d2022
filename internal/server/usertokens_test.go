package server_test

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/identity"
	"kingsnake/internal/server"
)

// TestTokensOfOthers: an administrator makes, changes, renews and ends the tokens of another account, within the rights
// of both, and nobody else does.
func TestTokensOfOthers(t *testing.T) {
	s := newStage(t)
	ctx := t.Context()
	theirs := s.Admin.TokensOf("ada")
	made, err := theirs.Create(ctx, api.TokenCreate{Name: "ci", Resources: []api.TokenResource{readTeam}})
	if err != nil {
		t.Fatal(err)
	}
	if made.Owner != "ada" {
		t.Errorf("the token acts for %s, want ada", made.Owner)
	}
	fetch := func(secret string) answer { return get("/team/noarch/"+s.file).xAuth(secret).do(t, s.Site) }
	fetch(made.Secret).ok(t, "ada's new token")
	if own, err := s.ada.TokenByID(ctx, made.ID); err != nil || own.Name != "ci" {
		t.Errorf("ada sees %+v, %v", own, err)
	}

	again, err := theirs.Reissue(ctx, made.ID, api.TokenUpdate{Name: new("ci2")}, 0)
	if err != nil || again.Secret == nil || again.Name != "ci2" {
		t.Fatalf("reissue = %+v, %v", again, err)
	}
	fetch(made.Secret).refused(t, "the old string", http.StatusUnauthorized, api.CodeTokenRotated)
	fetch(*again.Secret).ok(t, "the new string")
	if _, err := theirs.SetMetadata(ctx, made.ID, []byte(`{"team":"x"}`)); err != nil {
		t.Error(err)
	}
	if list, err := theirs.List(ctx, client.TokenFilter{}); err != nil || list.TotalCount != 1 || string(list.Items[0].Metadata) != `{"team":"x"}` {
		t.Errorf("ada's tokens = %+v, %v", list, err)
	}
	if _, err := s.Admin.TokensOf("bob").Get(ctx, made.ID); client.StatusOf(err) != http.StatusNotFound {
		t.Errorf("ada's token among bob's: %v", err)
	}
	if err := theirs.Delete(ctx, made.ID); err != nil {
		t.Error(err)
	}
	fetch(*again.Secret).refused(t, "the deleted token", http.StatusUnauthorized, api.CodeTokenRevoked)
}

var readTeam = api.TokenResource{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelRead}

// TestTokensOfOthersStayWithinBoth: what an administrator gives somebody lies within both accounts' rights, and what an
// administrator's token gives lies within the token too.
func TestTokensOfOthersStayWithinBoth(t *testing.T) {
	s := newStage(t)
	session := s.session(t, "admin")
	minter := s.ScopeToken(s.Admin, "user.token:edit", "artifact:view").Secret
	made := s.ScopeToken(s.ada, "channel:edit")
	scopes := func(names ...string) api.TokenCreate { return api.TokenCreate{Name: "x", Scopes: names} }
	resource := func(channel string) api.TokenCreate {
		return api.TokenCreate{Name: "x", Resources: []api.TokenResource{{ResourceType: api.ResourceTypeChannel, ResourceID: channel, Permission: api.LevelRead}}}
	}
	tokens := func(user string, in api.TokenCreate) call {
		return call{method: http.MethodPost, path: "/api/users/" + user + "/tokens", body: in}
	}
	for what, c := range map[string]call{
		"a scope that ada's roles lack":                 tokens("ada", scopes("role:edit")).xAuth(session),
		"a channel that ada cannot see":                 tokens("ada", resource("bobs")).xAuth(session),
		"a scope that the token lacks":                  tokens("ada", scopes("channel:view")).xAuth(minter),
		"a channel by a token without channels":         tokens("ada", resource("team")).xAuth(minter),
		"a string of a token that holds more":           {method: http.MethodPut, path: "/api/users/ada/tokens/" + made.ID, body: api.TokenUpdate{}, header: map[string]string{"X-Auth": minter}},
		"the end of a token that holds more":            {method: http.MethodDelete, path: "/api/users/ada/tokens/" + made.ID, header: map[string]string{"X-Auth": minter}},
		"a token for an administrator who is one alone": tokens("ada", scopes("user:edit")).xAuth(session),
	} {
		a := c.do(t, s.Site)
		switch a.status {
		case http.StatusForbidden:
			a.refused(t, what, http.StatusForbidden, api.CodeNotGrantable)
		default:
			// What a token without any channel may not see is not told to exist.
			a.refused(t, what, http.StatusNotFound, api.CodeNotFound)
		}
	}
	tokens("ada", scopes("artifact:view")).xAuth(minter).do(t, s.Site).ok(t, "what both hold")

	ada := s.session(t, "ada")
	for what, c := range map[string]call{
		"list": get("/api/users/bob/tokens"), "list of nobody": get("/api/users/nobody/tokens"), "make": tokens("bob", scopes("artifact:view")),
		"bulk":      {method: http.MethodPost, path: "/api/users/tokens", body: api.UsersTokens{UsersIDs: []string{"ada"}}},
		"bulk edit": {method: http.MethodPut, path: "/api/users/tokens", body: api.UsersTokensUpdate{TokenIDs: []string{made.ID}}},
	} {
		c.xAuth(ada).do(t, s.Site).refused(t, "ada's "+what, http.StatusNotFound, api.CodeNotFound)
	}
	get("/api/users/ada/tokens").xAuth(ada).do(t, s.Site).ok(t, "one's own by name")
}

// TestTokensInBulk: many tokens are listed and changed at once, each for itself.
func TestTokensInBulk(t *testing.T) {
	s := newStage(t)
	ctx := t.Context()
	one, two := s.ResourceToken(s.ada, "team", api.LevelRead), s.ResourceToken(s.bob, "bobs", api.LevelRead)
	scoped := s.ScopeToken(s.ada, "channel:view")

	list, err := s.Admin.UsersTokens(ctx, []string{"ada", "bob"}, true, client.ListOptions{Sort: "name"})
	if err != nil || list.TotalCount != 3 {
		t.Fatalf("tokens of both = %+v, %v", list, err)
	}
	for _, x := range list.Items {
		if x.Hash == "" || x.Hash != x.Fingerprint || x.UserID == "" {
			t.Errorf("token %s: hash %q, fingerprint %q, user %q", x.Name, x.Hash, x.Fingerprint, x.UserID)
		}
	}
	plain := call{method: http.MethodPost, path: "/api/users/tokens?with_hash=false", body: api.UsersTokens{UsersIDs: []string{"ada", "bob"}}}.
		xAuth(s.session(t, "admin")).do(t, s.Site).ok(t, "without hashes")
	for _, token := range []api.TokenCreated{one, two, scoped} {
		if strings.Contains(string(plain.body), token.Fingerprint) || strings.Contains(string(plain.body), token.Secret) {
			t.Error("a list without hashes shows a fingerprint or a string")
		}
	}

	end := s.Clock.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	out, err := s.Admin.ReissueUsersTokens(ctx, api.UsersTokensUpdate{
		TokenIDs: []string{one.ID, "no such token", scoped.ID, two.ID}, ExpiresAt: new(end.Format(time.RFC3339)), Resources: []api.TokenResource{readTeam},
	}, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []api.Code
	for _, r := range out.Tokens {
		if r.Error != nil {
			codes = append(codes, r.Error.Code)
			continue
		}
		codes = append(codes, "")
		if r.Secret == nil || r.ExpiresAt == nil || !r.ExpiresAt.Equal(end) {
			t.Errorf("token %s = %+v, want a string and the end %s", r.ID, r, end)
		}
	}
	// The second does not exist, the third holds scopes, and bob has no right on the channel.
	if diff := cmp.Diff(codes, []api.Code{"", api.CodeNotFound, api.CodeInvalid, api.CodeNotGrantable}); diff != "" {
		t.Errorf("results (-got +want):\n%s", diff)
	}
	if len(out.SuccessfulUpdatedUsers) != 1 || out.SuccessfulUpdatedUsers[0] != out.Tokens[0].UserID {
		t.Errorf("updated users = %q, want ada's id alone", out.SuccessfulUpdatedUsers)
	}
	get("/team/noarch/"+s.file).xAuth(one.Secret).do(t, s.Site).refused(t, "the old string", http.StatusUnauthorized, api.CodeTokenRotated)
	get("/bobs/noarch/repodata.json").xAuth(two.Secret).do(t, s.Site).ok(t, "the token that was refused")
}

// TestOwnersAreTold: what somebody else does to an account's tokens stands on the account, and what its owner does does not.
func TestOwnersAreTold(t *testing.T) {
	s := newStage(t)
	ctx := t.Context()
	own := s.ResourceToken(s.ada, "team", api.LevelRead)
	if _, err := s.ada.UpdateToken(ctx, own.ID, api.TokenUpdate{Name: new("mine")}); err != nil {
		t.Fatal(err)
	}
	theirs := s.Admin.TokensOf("ada")
	made, err := theirs.Create(ctx, api.TokenCreate{Name: "theirs", Resources: []api.TokenResource{readTeam}})
	if err != nil {
		t.Fatal(err)
	}
	_, uerr := theirs.Update(ctx, own.ID, api.TokenUpdate{Name: new("yours")})
	_, rerr := theirs.Reissue(ctx, own.ID, api.TokenUpdate{}, 0)
	_, merr := theirs.SetMetadata(ctx, own.ID, []byte(`{}`))
	if err := errors.Join(uerr, rerr, merr, theirs.Delete(ctx, made.ID)); err != nil {
		t.Fatal(err)
	}

	site, err := server.OpenSite(ctx, s.Config, server.Options{Log: slog.New(slog.DiscardHandler), Argon2: identity.Argon2{Memory: 64, Time: 1, Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := site.Store.Close(); err != nil {
			t.Error(err)
		}
	}()
	events, err := site.Store.ListAudit(ctx, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		if e.SubjectID != 0 && e.SubjectID != e.PrincipalID && (e.Target == own.ID || e.Target == made.ID) {
			owner, err := site.Service.Directory.Principal(ctx, e.SubjectID)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.Principal+" on "+owner.Name+": "+string(e.Type)+" "+e.Target)
		}
	}
	want := []string{
		"admin on ada: user_token_created " + made.ID, "admin on ada: user_token_updated " + own.ID, "admin on ada: user_token_reissued " + own.ID,
		"admin on ada: user_token_metadata_updated " + own.ID, "admin on ada: user_token_revoked " + made.ID,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("what ada is told (-got +want):\n%s", diff)
	}
}
