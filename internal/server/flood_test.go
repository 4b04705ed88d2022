package server_test

import (
	"net/http"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/internal/servertest"
)

// flood sends bad tokens until their address is slowed down, and gives the last answer. The clock must stand still.
func flood(t *testing.T, site *servertest.Site) answer {
	t.Helper()
	bad := get("/api/channels/team").xAuth(foreignToken(t))
	a := bad.do(t, site)
	for n := 0; a.status == http.StatusUnauthorized && n < 2000; n++ {
		a = bad.do(t, site)
	}
	a.refused(t, "a flood", http.StatusTooManyRequests, api.CodeRateLimited)
	return a
}

// TestGoodStringsFromAFloodingAddress: good strings work from where a flood comes from too, those that nobody has sent before and
// those that are made meanwhile as well; and nobody learns there which strings were good once.
func TestGoodStringsFromAFloodingAddress(t *testing.T) {
	s := newStage(t)
	fresh, revoked := s.ResourceToken(s.ada, "team", api.LevelRead), s.ResourceToken(s.ada, "team", api.LevelRead)
	if err := s.ada.DeleteToken(t.Context(), revoked.ID); err != nil {
		t.Fatal(err)
	}
	s.Clock.Stop()
	flood(t, s.Site)
	index := func(token string) call { return get("/team/noarch/repodata.json").xAuth(token) }
	index(fresh.Secret).do(t, s.Site).ok(t, "a token that was made before, sent for the first time")
	later := s.ResourceToken(s.ada, "team", api.LevelRead)
	index(later.Secret).do(t, s.Site).ok(t, "a token that was made during the flood")
	get("/t/"+s.ResourceToken(s.ada, "team", api.LevelRead).Secret+"/team/noarch/repodata.json").do(t, s.Site).ok(t, "one in a URL")
	for what, token := range map[string]string{"ended": revoked.Secret, "never good": foreignToken(t), "malformed": "hunter2"} {
		index(token).do(t, s.Site).refused(t, what, http.StatusTooManyRequests, api.CodeRateLimited)
	}
	if err := s.ada.DeleteToken(t.Context(), later.ID); err != nil {
		t.Fatal(err)
	}
	index(later.Secret).do(t, s.Site).refused(t, "deleted during the flood", http.StatusTooManyRequests, api.CodeRateLimited)
}

// TestGoodStringsOfAnotherServer: a token that another server has just made works at once where a flood comes from.
func TestGoodStringsOfAnotherServer(t *testing.T) {
	r := newReplicas(t)
	r.two.Clock.Stop()
	flood(t, r.two)
	for range 3 {
		made := r.one.ResourceToken(r.one.Admin, "team", api.LevelRead)
		r.get(t, "/team/noarch/"+r.file, made.Secret).ok(t, "a token that the other server made")
	}
}

// TestLimitedSignInIsNotRead: who has tried too many passwords is told so before what they send is read.
func TestLimitedSignInIsNotRead(t *testing.T) {
	s := newStage(t)
	s.Clock.Stop()
	sends := func(body []byte) answer {
		return call{method: http.MethodPost, path: "/api/auth/login", body: body}.with("Content-Type", "application/json").do(t, s.Site)
	}
	broken, wrong := []byte(`{"username": `), []byte(`{"username": "ada", "password": "wrong"}`)
	if a := sends(broken); a.status != http.StatusBadRequest && a.status != http.StatusUnprocessableEntity {
		t.Errorf("a body that is no JSON = %d", a.status)
	}
	var a answer
	for n := range 100 {
		// Another account each time: it is the address that is slowed down.
		if a = sends([]byte(`{"username": "user` + string(rune('a'+n%26)) + `", "password": "wrong"}`)); a.status != http.StatusUnauthorized {
			break
		}
	}
	told := a.refused(t, "too many passwords", http.StatusTooManyRequests, api.CodeRateLimited)
	for what, body := range map[string][]byte{"no JSON": broken, "another account": wrong} {
		a := sends(body)
		got := a.refused(t, what, http.StatusTooManyRequests, api.CodeRateLimited)
		if got.Message != told.Message || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %q and Retry-After %q, want %q", what, got.Message, a.header.Get("Retry-After"), told.Message)
		}
	}
	s.Clock.Advance(time.Minute)
	if a := sends([]byte(`{"username": "ada", "password": "` + servertest.UserPassword + `"}`)); a.status != http.StatusOK {
		t.Errorf("a minute later the right password = %d: %s", a.status, a.body)
	}
}
