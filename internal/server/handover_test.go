package server_test

import (
	"net/http"
	"testing"

	"kingsnake/api"
)

// handOver asks to give tokens to the service account of a channel.
func handOver(user, channel string, tokens ...string) call {
	return call{method: http.MethodPost, path: "/api/users/" + user + "/tokens/hand-over", body: api.HandOver{Channel: channel, Tokens: tokens}}
}

// TestHandOver: a token of somebody who leaves works on for the channel, with another string.
func TestHandOver(t *testing.T) {
	s := newStage(t)
	token := s.ResourceToken(s.ada, "team", api.LevelWrite)
	s.as(t, "admin", http.MethodPut, "/api/users/ada", api.UserUpdate{Disabled: new(true)})
	s.put("team", token.Secret).do(t, s.Site).refused(t, "of a disabled account", http.StatusUnauthorized, api.CodeAccountDisabled)
	passed, err := s.Admin.HandOverTokens(t.Context(), "ada", api.HandOver{Channel: "team", Tokens: []string{token.ID}})
	if err != nil || len(passed) != 1 {
		t.Fatalf("handed over = %v, %v, want one token", passed, err)
	}
	got := passed[0]
	if got.ID != token.ID || got.Owner != teamService || got.Kind != api.TokenKindService || got.Secret == token.Secret {
		t.Errorf("handed over = %+v, want token %s of %s with a new string", got.Token, token.ID, teamService)
	}
	s.put("team", token.Secret).do(t, s.Site).refused(t, "the old string", http.StatusUnauthorized, api.CodeTokenRotated)
	s.put("team", got.Secret).do(t, s.Site).ok(t, "the new string")
	if levels := s.groupsOf(t, "team"); levels[teamService] != api.LevelWrite {
		t.Errorf("groups of team = %v, want write for %s", levels, teamService)
	}
	s.as(t, "admin", http.MethodDelete, "/api/users/ada?force=true", nil)
	s.put("team", got.Secret).do(t, s.Site).ok(t, "when its former owner is gone")
	handOver("ada", "team", token.ID).xAuth(s.session(t, "admin")).do(t, s.Site).refused(t, "again", http.StatusNotFound, api.CodeNotFound)
}

// TestHandOverTakesRights: over the tokens, over the channel, and all that the tokens carry.
func TestHandOverTakesRights(t *testing.T) {
	s := newStage(t)
	both := s.ResourceToken(s.ada, "team", api.LevelRead)
	bobs := s.ResourceToken(s.bob, "bobs", api.LevelManage)
	scoped := s.ScopeToken(s.ada, "channel:view")
	ada, bob, admin := s.session(t, "ada"), s.session(t, "bob"), s.session(t, "admin")
	for _, c := range []struct {
		what, credential string
		call             call
		status           int
		code             api.Code
	}{
		{"another's token", bob, handOver("ada", "bobs", both.ID), http.StatusNotFound, api.CodeNotFound},
		{"a channel of somebody else", bob, handOver("bob", "team", bobs.ID), http.StatusNotFound, api.CodeNotFound},
		{"a scope token", admin, handOver("ada", "team", scoped.ID), http.StatusUnprocessableEntity, api.CodeInvalid},
		{"a token of another account", admin, handOver("ada", "team", bobs.ID), http.StatusNotFound, api.CodeNotFound},
		{"no tokens", admin, handOver("ada", "team"), http.StatusUnprocessableEntity, api.CodeInvalid},
		{"by a token that holds less", s.ScopeToken(s.Admin, "user.token:edit", "service-account:edit").Secret, handOver("ada", "team", both.ID), http.StatusForbidden, api.CodeNotGrantable},
		{"one good and one bad", admin, handOver("ada", "team", both.ID, scoped.ID), http.StatusUnprocessableEntity, api.CodeInvalid},
	} {
		c.call.xAuth(c.credential).do(t, s.Site).refused(t, c.what, c.status, c.code)
	}
	index("team", both.Secret).do(t, s.Site).ok(t, "a refused change leaves the token as it was")
	handOver("ada", "team", both.ID).xAuth(ada).do(t, s.Site).ok(t, "one's own, to one's own channel")
}
