package server_test

import (
	"net/http"
	"testing"

	"kingsnake/api"
)

// TestSubchannelsAreTheirOwn: a subchannel's privacy and packages are its own; what one holds on the channel above reaches
// down with manage only.
func TestSubchannelsAreTheirOwn(t *testing.T) {
	s := newStage(t)
	for name, privacy := range map[string]api.Privacy{"hidden": api.PrivacyPrivate, "seen": api.PrivacyPublic} {
		for _, parent := range []string{"team", "open"} {
			if _, err := s.ada.CreateSubchannel(t.Context(), parent, api.ChannelCreate{Name: name, Privacy: privacy}); err != nil {
				t.Fatal(err)
			}
			s.Upload(s.ada, parent+"/"+name, s.data, s.file)
		}
	}
	reader := s.ResourceToken(s.ada, "open", api.LevelManage).Secret
	scoped := s.ScopeToken(s.ada, "channel:view", "channel:view-artifacts", "artifact:download").Secret
	both := s.ScopeToken(s.ada, "subchannel:view-artifacts", "artifact:download").Secret
	for _, c := range []struct {
		who, token, channel string
		status              int
	}{
		{"anybody", "", "open/seen", http.StatusOK},
		{"anybody", "", "team/seen", http.StatusOK}, // Public below a private channel: its privacy is its own.
		{"anybody", "", "open/hidden", http.StatusUnauthorized},
		{"anybody", "", "open/nope", http.StatusUnauthorized},
		{"bob", s.session(t, "bob"), "open/hidden", http.StatusForbidden},
		{"bob", s.session(t, "bob"), "team/seen", http.StatusOK},
		{"ada", s.session(t, "ada"), "open/hidden", http.StatusOK},
		{"a token for the channel above", reader, "open/hidden", http.StatusForbidden},
		{"a token for the channel above", reader, "open/seen", http.StatusOK}, // As anybody may.
		{"a token with the channel's scopes", scoped, "open/hidden", http.StatusForbidden},
		{"a token with the subchannel's scopes", both, "open/hidden", http.StatusOK},
		{"a token with the subchannel's scopes", both, "team", http.StatusForbidden},
	} {
		a := index(c.channel, c.token).do(t, s.Site)
		if a.status != c.status {
			t.Errorf("%s reads %s: status = %d %s, want %d", c.who, c.channel, a.status, a.body, c.status)
		}
	}
	// A channel whose subchannel a token does not reach is not the token's to delete.
	call{method: http.MethodDelete, path: "/api/channels/open"}.xAuth(reader).do(t, s.Site).
		refused(t, "delete a channel with subchannels", http.StatusForbidden, api.CodeTokenResource)
	s.as(t, "ada", http.MethodDelete, "/api/channels/open", nil)
	index("open/seen", "").do(t, s.Site).refused(t, "a subchannel of a deleted channel", http.StatusUnauthorized, api.CodeAuthRequired)
}
