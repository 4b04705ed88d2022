package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/access"
	"kingsnake/internal/servertest"
)

// useRow is a row of a token's uses in one line.
func useRow(u api.TokenUse) string {
	line := fmt.Sprintf("%s %s %s %s %d", u.Scope, u.Level, u.Where, u.ResourceID, u.Uses)
	if u.Permission != api.LevelNone {
		line += " of " + string(u.Permission)
	}
	if !u.Granted {
		line += " lost"
	}
	return line
}

func useRows(t *testing.T, got api.TokenUses, err error) []string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	rows := []string{}
	for _, u := range got.Items {
		if (u.LastUsedAt == nil) != (u.Uses == 0) {
			t.Errorf("%s: last used %v", useRow(u), u.LastUsedAt)
		}
		rows = append(rows, useRow(u))
	}
	return rows
}

// wantSame compares, and says what of.
func wantSame[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// nineScopes is a scope token with more than its user needs.
func nineScopes() []string {
	return []string{
		"artifact:create", "artifact:delete", "artifact:download", "artifact:edit", "artifact:view", "channel:create", "channel:edit",
		"channel:view", "channel:view-artifacts",
	}
}

// twoUses installs from a channel with a token: it reads the index and fetches a package.
func twoUses(t *testing.T, site *servertest.Site, token, filename string) {
	t.Helper()
	get("/team/noarch/repodata.json").xAuth(token).do(t, site).ok(t, "the index")
	get("/t/"+token+"/team/noarch/"+filename).do(t, site).ok(t, "the package")
	get("/team/noarch/"+filename).xAuth(token).do(t, site).ok(t, "the package again")
}

// TestNarrowScopes: of a token that used two of nine scopes exactly those two are enough. Narrowed, it works for what it
// did, with the same string, and is refused the rest.
func TestNarrowScopes(t *testing.T) {
	site := servertest.Open(t, inMemory(t))
	site.Channel(site.Admin, "team", api.PrivacyPrivate)
	data, info := servertest.Package(1, random.Options{NoArch: "generic"})
	site.Upload(site.Admin, "team", data, info.Filename)
	token := site.ScopeToken(site.Admin, nineScopes()...)
	tokens := site.Admin.TokensOf("")
	twoUses(t, site, token.Secret, info.Filename)

	got, err := tokens.Uses(t.Context(), token.ID)
	wantSame(t, "uses", useRows(t, got, err), []string{
		"artifact:create write general  0", "artifact:delete manage general  0", "artifact:download read resource team 2",
		"artifact:edit manage general  0", "artifact:view read general  0", "channel:create write general  0", "channel:edit manage general  0",
		"channel:view read general  0", "channel:view-artifacts read resource team 1",
	})
	advice, err := tokens.Advice(t.Context(), token.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	enough := []string{"artifact:download", "channel:view-artifacts"}
	wantSame(t, "enough", advice.Scopes, enough)
	if advice.Verdict != api.TokenVerdictNarrow || len(advice.Unused) != 7 || advice.Days != 90 || !advice.Young {
		t.Errorf("advice = %+v, want one to narrow a young token by seven scopes over 90 days", advice)
	}
	if _, err := site.Token(token.Secret).TokensOf("").Narrow(t.Context(), token.ID, api.TokenNarrow{}); err == nil {
		t.Error("a token without user.token:edit narrows itself")
	}

	narrowed, err := tokens.Narrow(t.Context(), token.ID, api.TokenNarrow{})
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "narrowed", narrowed.Scopes, enough)
	if narrowed.Secret != nil || narrowed.Fingerprint != token.Fingerprint {
		t.Errorf("the string changed: %v, fingerprint %s, want that of before, %s", narrowed.Secret, narrowed.Fingerprint, token.Fingerprint)
	}
	twoUses(t, site, token.Secret, info.Filename)
	for _, c := range []call{
		get("/api/channels/team"), get("/api/channels/team/artifacts"),
		{method: http.MethodDelete, path: "/api/channels/team/artifacts/conda/" + info.Name},
		{method: http.MethodPost, path: "/api/channels", body: api.ChannelCreate{Name: "other"}},
	} {
		if a := c.xAuth(token.Secret).do(t, site); a.status != http.StatusForbidden {
			t.Errorf("%s %s with the narrowed token: %d %s, want 403", c.method, c.path, a.status, a.body)
		}
	}
	_, err = tokens.Narrow(t.Context(), token.ID, api.TokenNarrow{})
	wantConflict(t, "narrowing again", err, api.CodeTokenFits)
}

func wantConflict(t *testing.T, what string, err error, code api.Code) {
	t.Helper()
	if client.StatusOf(err) != http.StatusConflict || client.CodeOf(err) != code {
		t.Errorf("%s: %v, want a conflict with the code %s", what, err, code)
	}
}

// TestNarrowResources: channels that a resource token never used go, and of the others what is above the level used.
func TestNarrowResources(t *testing.T) {
	site := servertest.Open(t, inMemory(t))
	var resources []api.TokenResource
	for name, level := range map[string]api.Level{"team": api.LevelManage, "build": api.LevelManage, "never": api.LevelRead} {
		site.Channel(site.Admin, name, api.PrivacyPrivate)
		resources = append(resources, api.TokenResource{ResourceType: api.ResourceTypeChannel, ResourceID: name, Permission: level})
	}
	data, info := servertest.Package(1, random.Options{NoArch: "generic"})
	site.Upload(site.Admin, "team", data, info.Filename)
	tokens := site.Admin.TokensOf("")
	token, err := tokens.Create(t.Context(), api.TokenCreate{Name: "ci", Resources: resources})
	if err != nil {
		t.Fatal(err)
	}
	unused, err := tokens.Advice(t.Context(), token.ID, 30)
	if err != nil || unused.Verdict != api.TokenVerdictUnused || len(unused.Resources) != 0 {
		t.Errorf("advice on a new token = %+v, %v, want that it was not used", unused, err)
	}
	_, err = tokens.Narrow(t.Context(), token.ID, api.TokenNarrow{})
	wantConflict(t, "narrowing a token that used nothing", err, api.CodeTokenUnused)

	twoUses(t, site, token.Secret, info.Filename)
	site.Upload(site.Token(token.Secret), "build", data, info.Filename)
	advice, err := tokens.Advice(t.Context(), token.ID, 30)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "enough", advice.Resources, []api.TokenResource{
		{ResourceType: api.ResourceTypeChannel, ResourceID: "build", Permission: api.LevelWrite},
		{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelRead},
	})
	wantSame(t, "unused", advice.Unused, []api.TokenExcess{
		{ResourceType: api.ResourceTypeChannel, ResourceID: "build", Permission: api.LevelManage, Enough: api.LevelWrite},
		{ResourceType: api.ResourceTypeChannel, ResourceID: "never", Permission: api.LevelRead, Enough: api.LevelNone},
		{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelManage, Enough: api.LevelRead},
	})
	if _, err := tokens.Narrow(t.Context(), token.ID, api.TokenNarrow{Days: 30}); err != nil {
		t.Fatal(err)
	}
	twoUses(t, site, token.Secret, info.Filename)
	for path, want := range map[string]int{"/never/noarch/repodata.json": http.StatusForbidden, "/build/noarch/" + info.Filename: http.StatusOK} {
		if a := get(path).xAuth(token.Secret).do(t, site); a.status != want {
			t.Errorf("GET %s with the narrowed token: %d, want %d", path, a.status, want)
		}
	}
	if err := site.Token(token.Secret).DeleteArtifact(t.Context(), "build", info.Name); err == nil {
		t.Error("the narrowed token deletes, which it never did")
	}
}

// TestNarrowerToken: another token with what was used is made beside the one that there is, which can be given an end.
func TestNarrowerToken(t *testing.T) {
	site := servertest.Open(t, inMemory(t))
	site.Channel(site.Admin, "team", api.PrivacyPrivate)
	data, info := servertest.Package(1, random.Options{NoArch: "generic"})
	site.Upload(site.Admin, "team", data, info.Filename)
	token := site.ScopeToken(site.Admin, nineScopes()...)
	tokens := site.Admin.TokensOf("")
	twoUses(t, site, token.Secret, info.Filename)
	if _, err := tokens.Narrow(t.Context(), token.ID, api.TokenNarrow{Overlap: "1h"}); err == nil {
		t.Error("an overlap without another token is taken")
	}
	made, err := tokens.Narrow(t.Context(), token.ID, api.TokenNarrow{New: true, Overlap: "1h"})
	if err != nil || made.Secret == nil || made.ID == token.ID {
		t.Fatalf("another token = %+v, %v", made, err)
	}
	wantSame(t, "the other token", made.Scopes, []string{"artifact:download", "channel:view-artifacts"})
	wantSame(t, "name and end", made.Name+made.ExpiresAt.String(), token.Name+token.ExpiresAt.Truncate(time.Millisecond).String())
	twoUses(t, site, *made.Secret, info.Filename)
	twoUses(t, site, token.Secret, info.Filename)
	site.Clock.Advance(time.Hour)
	twoUses(t, site, *made.Secret, info.Filename)
	if a := get("/team/noarch/repodata.json").xAuth(token.Secret).do(t, site); a.status != http.StatusUnauthorized {
		t.Errorf("the old token after the overlap: %d, want 401", a.status)
	}
	_, err = tokens.Narrow(t.Context(), token.ID, api.TokenNarrow{New: true})
	wantConflict(t, "another token in place of one that has ended", err, api.CodeConflict)
}

// TestAdviceLooksBackSoFar: what was used before the days that are looked at is not enough reason to keep it, and a token
// that is older than that is not called young.
func TestAdviceLooksBackSoFar(t *testing.T) {
	site := servertest.Open(t, inMemory(t))
	site.Channel(site.Admin, "team", api.PrivacyPrivate)
	site.Clock.Advance(time.Hour)
	made, err := site.Admin.CreateToken(t.Context(), api.TokenCreate{Name: "ci", Scopes: []string{"channel:view", "channel:edit"}, ExpiresAt: "never"})
	if err != nil {
		t.Fatal(err)
	}
	token := site.Token(made.Secret)
	if _, err := token.UpdateChannel(t.Context(), "team", api.ChannelUpdate{Description: new("x")}); err != nil {
		t.Fatal(err)
	}
	edited := site.Clock.Now()
	site.Clock.Advance(40 * 24 * time.Hour)
	if _, err := token.Channel(t.Context(), "team"); err != nil {
		t.Fatal(err)
	}
	site.Admin = site.Login("admin", servertest.AdminPassword)
	tokens := site.Admin.TokensOf("")
	advice, err := tokens.Advice(t.Context(), made.ID, 30)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "enough of 30 days", advice.Scopes, []string{"channel:view"})
	if len(advice.Unused) != 1 || advice.Unused[0].LastUsedAt == nil || advice.Unused[0].LastUsedAt.After(edited) || advice.Young {
		t.Errorf("advice = %+v, want channel:edit unused since %s on a token that is not young", advice, edited)
	}
	if advice, err = tokens.Advice(t.Context(), made.ID, 60); err != nil || advice.Verdict != api.TokenVerdictFits || !advice.Young || !advice.Since.Equal(made.CreatedAt.Truncate(time.Millisecond)) {
		t.Errorf("advice over 60 days = %+v, %v, want that the token fits, and is young", advice, err)
	}
	for _, days := range []int{-1, 366} {
		if _, err := tokens.Advice(t.Context(), made.ID, days); err == nil {
			t.Errorf("advice over %d days is given", days)
		}
	}
}

// TestUsesOutliveTheirChannel: that a right was used stays true when the channel is gone, and no name of a channel is told
// to who may not see it.
func TestUsesOutliveTheirChannel(t *testing.T) {
	site := servertest.Open(t, inMemory(t))
	ada := site.User("ada", "author")
	for _, name := range []string{"gone", "shut"} {
		site.Channel(ada, name, api.PrivacyPrivate)
	}
	token := site.ScopeToken(ada, "channel:view", "channel:delete")
	robot := site.Token(token.Secret)
	for _, name := range []string{"gone", "shut"} {
		if _, err := robot.Channel(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if err := robot.DeleteChannel(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	if _, err := site.Admin.SetGroupMember(t.Context(), "shut_owners", "admin", api.LevelManage); err != nil {
		t.Fatal(err)
	}
	if _, err := site.Admin.RemoveGroupMember(t.Context(), "shut_owners", "ada"); err != nil {
		t.Fatal(err)
	}
	got, err := ada.TokensOf("").Uses(t.Context(), token.ID)
	wantSame(t, "to its owner", useRows(t, got, err), []string{"channel:delete manage gone  1", "channel:view read gone  1", "channel:view read hidden  1"})
	got, err = site.Admin.TokensOf("ada").Uses(t.Context(), token.ID)
	wantSame(t, "to an administrator", useRows(t, got, err), []string{"channel:delete manage gone  1", "channel:view read gone  1", "channel:view read resource shut 1"})
	advice, err := ada.TokensOf("").Advice(t.Context(), token.ID, 0)
	if err != nil || advice.Verdict != api.TokenVerdictFits {
		t.Errorf("advice = %+v, %v, want that the token fits", advice, err)
	}
}

// TestUsesAreStoredAtTheEnd: a server that stops writes what it has counted.
func TestUsesAreStoredAtTheEnd(t *testing.T) {
	dir := inMemory(t)
	var token api.TokenCreated
	t.Run("before", func(t *testing.T) {
		site := servertest.Open(t, dir)
		site.Channel(site.Admin, "team", api.PrivacyPrivate)
		token = site.ScopeToken(site.Admin, "channel:view", "channel:edit")
		if _, err := site.Token(token.Secret).Channel(t.Context(), "team"); err != nil {
			t.Fatal(err)
		}
		if _, err := site.Token(token.Secret).Channel(t.Context(), "nowhere"); err == nil {
			t.Fatal("a channel that does not exist was shown")
		}
	})
	again := servertest.Open(t, dir)
	got, err := again.Admin.TokensOf("").Uses(t.Context(), token.ID)
	wantSame(t, "uses", useRows(t, got, err), []string{"channel:edit manage general  0", "channel:view read resource team 1"})
	shown, err := again.Admin.TokenByID(t.Context(), token.ID)
	if err != nil || shown.Uses != 2 || shown.Refusals != 1 || shown.LastUsedAt == nil || shown.LastUsedAddress == "" || shown.LastUsedClient == "" || shown.Secrets[0].Uses != 2 {
		t.Errorf("the token = %+v, %v, want two uses, one refusal, and where the last came from", shown, err)
	}
}

// listing are the scopes by which operations that are never refused for want of them show more, and which therefore count as used.
func listing() map[string][]string {
	view, history := []string{"channel:view", "subchannel:view"}, []string{"channel:history", "channel:view", "subchannel:history", "subchannel:view"}
	return map[string][]string{
		"GET " + oneChannel + "/subchannels":                               {"subchannel:view"},
		"GET " + oneChannel + "/subchannels/{subchannel}/virtual-channels": {"channel:view"},
		"GET " + oneChannel + "/access":                                    {"user.token:view"},
		"GET " + oneChannel + "/subchannels/{subchannel}/access":           {"channel.group:view", "user.token:view"},
		"GET /api/groups/{group_id}/channels":                              view,
		"GET /api/account/history":                                         history,
		"GET /api/account/history/ws":                                      history,
	}
}

// TestEachOperationUsesItsScopes: what is noted of an operation is what the table says that it takes, neither more nor
// less, so that a token narrowed to what it used can do it again.
func TestEachOperationUsesItsScopes(t *testing.T) {
	w, lists := newWorld(t), listing()
	var all []string
	for _, i := range access.Catalogue() {
		all = append(all, i.Name)
	}
	for _, o := range sample(allOperations()) {
		if o.session || o.open {
			continue
		}
		token := w.ScopeToken(w.Admin, all...)
		o.call(t, w, o.at).xAuth(token.Secret).do(t, w.Site).ok(t, o.name)
		w.destroyed()
		advice, err := w.Admin.TokensOf("").Advice(t.Context(), token.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		got, want := advice.Scopes, slices.Sorted(slices.Values(slices.Concat(o.scopes, o.carries, lists[o.name])))
		slices.Sort(got)
		if diff := cmp.Diff(slices.Compact(want), slices.Compact(got)); diff != "" {
			t.Errorf("%s (-takes +used):\n%s", o.name, diff)
		}
	}
}
