package server_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"kingsnake/api"
)

// TestReissueOutlivesNoToken reissues a token that has ended by another one, which has less time left than the first one
// had in all: the new string ends with the token that asked for it.
func TestReissueOutlivesNoToken(t *testing.T) {
	l := &limits{stage: newStage(t)}
	l.session = l.stage.session(t, "ada")
	in := func(life time.Duration, scopes ...string) api.TokenCreate {
		return api.TokenCreate{Scopes: scopes, ExpiresAt: l.Clock.Now().Add(life).UTC().Truncate(time.Second).Format(time.RFC3339)}
	}
	ended := l.make(t, in(time.Hour, "channel:view"))
	l.Clock.Advance(time.Hour + time.Minute)
	l.session = l.stage.session(t, "ada")
	short := l.make(t, in(2*time.Minute, "user.token:edit", "channel:view"))

	reissue := call{method: http.MethodPut, path: "/api/account/tokens/" + ended.ID, body: api.TokenUpdate{}}
	var again api.TokenUpdated
	if err := json.Unmarshal(reissue.xAuth(short.Secret).do(t, l.Site).ok(t, "reissue by a token").body, &again); err != nil {
		t.Fatal(err)
	}
	if again.Secret == nil || again.ExpiresAt == nil || short.ExpiresAt == nil || again.ExpiresAt.After(*short.ExpiresAt) {
		t.Fatalf("the new string lives until %v, and what asked for it until %v", again.ExpiresAt, short.ExpiresAt)
	}
	l.Clock.Advance(3 * time.Minute)
	get("/api/channels/team").xAuth(*again.Secret).do(t, l.Site).refused(t, "the new string later", http.StatusUnauthorized, api.CodeTokenExpired)

	// In a session it gets all of its time again.
	l.session = l.stage.session(t, "ada")
	if err := json.Unmarshal(reissue.xAuth(l.session).do(t, l.Site).ok(t, "reissue in a session").body, &again); err != nil {
		t.Fatal(err)
	}
	if want := l.Clock.Now().Add(30 * time.Minute); again.ExpiresAt == nil || again.ExpiresAt.Before(want) {
		t.Errorf("in a session it lives until %v, want its hour", again.ExpiresAt)
	}
}
