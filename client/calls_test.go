package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
)

// TestCallsOnTheWire writes out the request line and body of every call.
func TestCallsOnTheWire(t *testing.T) {
	ctx := t.Context()
	name, never := "new", api.ExpiresNever
	disabled := true
	private := api.PrivacyPrivate
	for _, tc := range []struct {
		want string
		do   func(*Client) error
	}{
		{`POST /api/auth/login {"username":"ada","password":"pw"}`, func(c *Client) error { _, err := c.Login(ctx, "ada", "pw"); return err }},
		{`POST /api/auth/logout`, func(c *Client) error { return c.Logout(ctx) }},
		{`GET /api/account`, func(c *Client) error { _, err := c.Account(ctx); return err }},
		{`PUT /api/account/password {"current_password":"a","new_password":"b"}`, func(c *Client) error { return c.ChangePassword(ctx, "a", "b") }},
		{`GET /api/account/scopes`, func(c *Client) error { _, err := c.GrantableScopes(ctx); return err }},
		{`GET /api/account/channels?limit=5&q=x`, func(c *Client) error {
			_, err := c.AccountChannels(ctx, ChannelFilter{ListOptions: ListOptions{Limit: 5, Query: "x"}})
			return err
		}},
		{`GET /api/account/permissions`, func(c *Client) error { _, err := c.AccountPermissions(ctx); return err }},
		{`GET /api/account/token-info`, func(c *Client) error { _, err := c.TokenInfo(ctx); return err }},
		{`GET /api/account/tokens?offset=100&sort=-created_at&state=expired&type=scope`, func(c *Client) error {
			_, err := c.Tokens(ctx, TokenFilter{
				ListOptions: ListOptions{Offset: 100, Sort: "-created_at"},
				Type:        api.TokenTypeScope, State: api.TokenStateExpired,
			})
			return err
		}},
		{`GET /api/account/tokens/t1`, func(c *Client) error { _, err := c.TokenByID(ctx, "t1"); return err }},
		{`POST /api/account/tokens {"name":"ci","scopes":["channel:view"]}`, func(c *Client) error {
			_, err := c.CreateToken(ctx, api.TokenCreate{Name: "ci", Scopes: []string{"channel:view"}})
			return err
		}},
		{`PUT /api/account/tokens/t1?reissue_token=false {"name":"new","expires_at":"never"}`, func(c *Client) error {
			_, err := c.UpdateToken(ctx, "t1", api.TokenUpdate{Name: &name, ExpiresAt: &never})
			return err
		}},
		{`GET /api/account/tokens/t1/usage`, func(c *Client) error { _, err := c.TokensOf("").Uses(ctx, "t1"); return err }},
		{`GET /api/users/ada/tokens/t1/advice?days=30`, func(c *Client) error { _, err := c.TokensOf("ada").Advice(ctx, "t1", 30); return err }},
		{`POST /api/account/tokens/t1/narrow {"days":30,"new":true,"overlap":"1h"}`, func(c *Client) error {
			_, err := c.TokensOf("").Narrow(ctx, "t1", api.TokenNarrow{Days: 30, New: true, Overlap: "1h"})
			return err
		}},
		{`GET /api/channels/a/service-accounts/s1/tokens/t1/usage`, func(c *Client) error { _, err := c.ServiceTokenUses(ctx, "a", "s1", "t1"); return err }},
		{`GET /api/channels/a/subchannels/b/service-accounts/s1/tokens/t1/advice`, func(c *Client) error { _, err := c.ServiceTokenAdvice(ctx, "a/b", "s1", "t1", 0); return err }},
		{`POST /api/channels/a/service-accounts/s1/tokens/t1/narrow {}`, func(c *Client) error {
			_, err := c.NarrowServiceToken(ctx, "a", "s1", "t1", api.TokenNarrow{})
			return err
		}},
		{`GET /api/users/ada/tokens?limit=5`, func(c *Client) error {
			_, err := c.TokensOf("ada").List(ctx, TokenFilter{ListOptions: ListOptions{Limit: 5}})
			return err
		}},
		{`GET /api/users/ada/tokens/t1`, func(c *Client) error { _, err := c.TokensOf("ada").Get(ctx, "t1"); return err }},
		{`POST /api/users/ada/tokens {"name":"ci","scopes":["channel:view"],"one_time":true}`, func(c *Client) error {
			_, err := c.TokensOf("ada").Create(ctx, api.TokenCreate{Name: "ci", Scopes: []string{"channel:view"}, OneTime: true})
			return err
		}},
		{`PUT /api/users/ada/tokens/t1?reissue_token=false {"restrictions":{}}`, func(c *Client) error {
			_, err := c.TokensOf("ada").Update(ctx, "t1", api.TokenUpdate{Restrictions: &api.TokenRestrictions{}})
			return err
		}},
		{`DELETE /api/users/ada/tokens/t1`, func(c *Client) error { return c.TokensOf("ada").Delete(ctx, "t1") }},
		{`POST /api/users/tokens?with_hash=true {"users_ids":["ada"]}`, func(c *Client) error {
			_, err := c.UsersTokens(ctx, []string{"ada"}, true, ListOptions{})
			return err
		}},
		{`PUT /api/users/tokens?reissue_token=false {"token_ids":["t1"],"expires_at":"never"}`, func(c *Client) error {
			_, err := c.UpdateUsersTokens(ctx, api.UsersTokensUpdate{TokenIDs: []string{"t1"}, ExpiresAt: &never})
			return err
		}},
		{`PUT /api/users/tokens?overlap=1h0m0s&reissue_token=true {"token_ids":["t1"]}`, func(c *Client) error {
			_, err := c.ReissueUsersTokens(ctx, api.UsersTokensUpdate{TokenIDs: []string{"t1"}}, time.Hour)
			return err
		}},
		{`PUT /api/account/tokens/t1?overlap=24h0m0s&reissue_token=true {}`, func(c *Client) error {
			_, err := c.ReissueToken(ctx, "t1", api.TokenUpdate{}, 24*time.Hour)
			return err
		}},
		{`PUT /api/account/tokens/t1/metadata {"a":1}`, func(c *Client) error {
			_, err := c.SetTokenMetadata(ctx, "t1", json.RawMessage(`{"a":1}`))
			return err
		}},
		{`DELETE /api/account/tokens/t1`, func(c *Client) error { return c.DeleteToken(ctx, "t1") }},
		{`GET /api/channels?include_subchannels=true`, func(c *Client) error {
			_, err := c.Channels(ctx, ChannelFilter{IncludeSubchannels: true})
			return err
		}},
		{`POST /api/channels {"name":"team","privacy":"private"}`, func(c *Client) error {
			_, err := c.CreateChannel(ctx, api.ChannelCreate{Name: "team", Privacy: private})
			return err
		}},
		{`GET /api/channels/team`, func(c *Client) error { _, err := c.Channel(ctx, "team"); return err }},
		{`GET /api/channels/team/subchannels/dev`, func(c *Client) error { _, err := c.Channel(ctx, "team/dev"); return err }},
		{`PUT /api/channels/team {"privacy":"private"}`, func(c *Client) error {
			_, err := c.UpdateChannel(ctx, "team", api.ChannelUpdate{Privacy: &private})
			return err
		}},
		{`DELETE /api/channels/team`, func(c *Client) error { return c.DeleteChannel(ctx, "team") }},
		{`GET /api/channels/team/permissions`, func(c *Client) error { _, err := c.ChannelPermissions(ctx, "team"); return err }},
		{`GET /api/artifacts?artifact_family=conda&only_names=a&only_names=b&platform=linux-64`, func(c *Client) error {
			_, err := c.SearchArtifacts(ctx, ArtifactFilter{Family: api.FamilyConda, Platform: "linux-64", OnlyNames: []string{"a", "b"}})
			return err
		}},
		{`GET /api/channels/team/artifacts?q=num`, func(c *Client) error {
			_, err := c.Artifacts(ctx, "team", ArtifactFilter{ListOptions: ListOptions{Query: "num"}})
			return err
		}},
		{`GET /api/channels/team/artifacts/conda/numpy`, func(c *Client) error { _, err := c.Artifact(ctx, "team", "numpy"); return err }},
		{`DELETE /api/channels/team/artifacts/conda/numpy`, func(c *Client) error { return c.DeleteArtifact(ctx, "team", "numpy") }},
		{`GET /api/channels/team/artifacts/conda/numpy/files?version=2.0`, func(c *Client) error {
			_, err := c.Files(ctx, "team", "numpy", FileFilter{Version: "2.0"})
			return err
		}},
		{`GET /api/channels/team/artifacts/conda/x264/files/linux-64/x264-1%21164-0.conda`, func(c *Client) error {
			_, err := c.File(ctx, "team", "x264", "linux-64/x264-1!164-0.conda")
			return err
		}},
		{`DELETE /api/channels/team/artifacts/conda/numpy/files/noarch/numpy-1+a-0.conda`, func(c *Client) error {
			return c.DeleteFile(ctx, "team", "numpy", "noarch/numpy-1+a-0.conda")
		}},
		{`GET /api/users?q=ad`, func(c *Client) error {
			_, err := c.Users(ctx, UserFilter{ListOptions: ListOptions{Query: "ad"}})
			return err
		}},
		{`GET /api/users?disabled=false&role=author`, func(c *Client) error {
			_, err := c.Users(ctx, UserFilter{Role: "author", Disabled: new(false)})
			return err
		}},
		{`GET /api/users/ada`, func(c *Client) error { _, err := c.User(ctx, "ada"); return err }},
		{`POST /api/users {"username":"bob","roles":["author"]}`, func(c *Client) error {
			_, err := c.CreateUser(ctx, api.UserCreate{Username: "bob", Roles: []string{"author"}})
			return err
		}},
		{`PUT /api/users/bob {"disabled":true}`, func(c *Client) error {
			_, err := c.UpdateUser(ctx, "bob", api.UserUpdate{Disabled: &disabled})
			return err
		}},
		{`DELETE /api/users/bob`, func(c *Client) error { return c.DeleteUser(ctx, "bob", false) }},
		{`DELETE /api/users/bob?force=true`, func(c *Client) error { return c.DeleteUser(ctx, "bob", true) }},
		{`POST /api/users/bob/tokens/hand-over {"channel":"team","tokens":["t1"]}`, func(c *Client) error {
			_, err := c.HandOverTokens(ctx, "bob", api.HandOver{Channel: "team", Tokens: []string{"t1"}})
			return err
		}},
		{`GET /api/users/bob/ownings`, func(c *Client) error { _, err := c.Ownings(ctx, "bob"); return err }},
		{`PUT /api/users/bob/password {}`, func(c *Client) error { _, err := c.ResetPassword(ctx, "bob", ""); return err }},
		{`PUT /api/users/bob/roles {"roles":[]}`, func(c *Client) error { _, err := c.SetRoles(ctx, "bob", nil); return err }},
		{`GET /api/system/settings`, func(c *Client) error { _, err := c.Settings(ctx); return err }},
		{`PUT /api/system/settings {"show_intro":true,"cve_channel_id":""}`, func(c *Client) error {
			_, err := c.UpdateSettings(ctx, api.SystemSettingsUpdate{ShowIntro: new(true), CVEChannelID: new("")})
			return err
		}},
		{`PUT /api/account {"default_channel_name":"team"}`, func(c *Client) error { _, err := c.SetDefaultChannel(ctx, "team"); return err }},
		{`GET /api/roles`, func(c *Client) error { _, err := c.Roles(ctx, ListOptions{}); return err }},
		{`GET /api/roles/analyst`, func(c *Client) error { _, err := c.Role(ctx, "analyst"); return err }},
		{`POST /api/roles {"name":"analyst","persistent":false,"permissions":{"cve":"read","role":null}}`, func(c *Client) error {
			_, err := c.CreateRole(ctx, api.Role{Name: "analyst", Permissions: map[string]*api.Level{"cve": new(api.LevelRead), "role": nil}})
			return err
		}},
		{`PUT /api/roles/analyst {"name":"auditor","persistent":false,"permissions":{}}`, func(c *Client) error {
			_, err := c.UpdateRole(ctx, "analyst", api.Role{Name: "auditor", Permissions: map[string]*api.Level{}})
			return err
		}},
		{`DELETE /api/roles/analyst`, func(c *Client) error { return c.DeleteRole(ctx, "analyst", false) }},
		{`DELETE /api/roles/analyst?force=true`, func(c *Client) error { return c.DeleteRole(ctx, "analyst", true) }},
		{`PUT /api/roles/analyst/users/ada`, func(c *Client) error { return c.GiveRole(ctx, "analyst", "ada") }},
		{`DELETE /api/roles/analyst/users/ada`, func(c *Client) error { return c.TakeRole(ctx, "analyst", "ada") }},
		{`GET /api/roles/analyst/users?limit=2`, func(c *Client) error { _, err := c.RoleUsers(ctx, "analyst", ListOptions{Limit: 2}); return err }},
		{`POST /api/users {"username":"bob","roles":[]}`, func(c *Client) error {
			_, err := c.CreateUser(ctx, api.UserCreate{Username: "bob", Roles: []string{}})
			return err
		}},
		{`GET /api/system`, func(c *Client) error { _, err := c.System(ctx); return err }},
		{`GET /api/system/scopes?details=true`, func(c *Client) error { _, err := c.ScopeDetails(ctx); return err }},
		{`GET /api/system/resource_types`, func(c *Client) error { _, err := c.ResourceTypes(ctx); return err }},
		{`POST /api/access/explain {"action":"artifact:view","channel":"team"}`, func(c *Client) error {
			_, err := c.Explain(ctx, api.ExplainRequest{Action: "artifact:view", Channel: "team"})
			return err
		}},
	} {
		t.Run(tc.want, func(t *testing.T) {
			var got string
			c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				if got = r.Method + " " + r.RequestURI; len(body) > 0 {
					got += " " + string(body)
					if ct := r.Header.Get("Content-Type"); ct != "application/json" {
						t.Errorf("content type %q", ct)
					}
				}
				w.WriteHeader(http.StatusNoContent)
			}))
			if err := tc.do(c); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNamesCannotLeadElsewhere keeps a name from being read as another path by a proxy or the server.
func TestNamesCannotLeadElsewhere(t *testing.T) {
	ctx := t.Context()
	c := newClient(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the server was asked for %s %s", r.Method, r.RequestURI)
	}))
	for what, do := range map[string]func() error{
		"no channel":          func() error { return c.DeleteChannel(ctx, "") },
		"channel ..":          func() error { return c.DeleteChannel(ctx, "..") },
		"subchannel ..":       func() error { return c.DeleteChannel(ctx, "team/..") },
		"empty subchannel":    func() error { return c.DeleteChannel(ctx, "team/") },
		"no token":            func() error { return c.DeleteToken(ctx, "") },
		"ckey without subdir": func() error { return c.DeleteFile(ctx, "team", "x", "x-1-0.conda") },
		"ckey with more":      func() error { return c.DeleteFile(ctx, "team", "x", "noarch/../x-1-0.conda") },
	} {
		if err := do(); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func TestAllWalksThePages(t *testing.T) {
	total := 7
	list := func(_ context.Context, o ListOptions) (api.List[int], error) {
		page := api.List[int]{TotalCount: int64(total)}
		for i := o.Offset; i < min(o.Offset+3, total); i++ {
			page.Items = append(page.Items, i)
		}
		return page, nil
	}
	got, err := Collect(All(t.Context(), ListOptions{Offset: 1}, list))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1, 2, 3, 4, 5, 6}, got); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	failing := func(_ context.Context, o ListOptions) (api.List[int], error) {
		if o.Offset > 0 {
			return api.List[int]{}, io.ErrUnexpectedEOF
		}
		return api.List[int]{TotalCount: 9, Items: []int{1}}, nil
	}
	if _, err := Collect(All(t.Context(), ListOptions{}, failing)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v, want the second page's", err)
	}
}
