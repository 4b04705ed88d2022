package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/config"
)

// longSessions keeps the stage's sessions alive while its clock moves for months.
func longSessions(c *config.Config) { c.SessionLifetime = config.Duration(10_000 * time.Hour) }

const oneDay = 24 * time.Hour

// lifetimes changes the settings of the lives of tokens.
func (s *stage) lifetimes(t testing.TB, in api.KingsnakeSettingsUpdate) {
	t.Helper()
	s.set(t, api.SystemSettingsUpdate{Kingsnake: &in})
}

// TestLoweredLifetime: a maximum that is lowered ends tokens that were made before, with the next request.
func TestLoweredLifetime(t *testing.T) {
	s := newStage(t, longSessions)
	token := s.ResourceToken(s.ada, "team", api.LevelRead)
	read := index("team", token.Secret)
	ends := func(what string, want time.Time) {
		t.Helper()
		got, err := s.ada.TokenByID(t.Context(), token.ID)
		if err != nil || got.ExpiresAt == nil || !got.ExpiresAt.Equal(want.Truncate(time.Millisecond)) {
			t.Errorf("%s: the token ends at %v, %v, want %s", what, got.ExpiresAt, err, want)
		}
	}
	s.Clock.Advance(10 * oneDay)
	read.do(t, s.Site).ok(t, "after ten days")
	ends("as made", *token.ExpiresAt)

	s.lifetimes(t, api.KingsnakeSettingsUpdate{TokenMaxDays: new(30)})
	read.do(t, s.Site).ok(t, "under a maximum that is far")
	ends("under a maximum", token.CreatedAt.Add(30*oneDay))

	s.lifetimes(t, api.KingsnakeSettingsUpdate{TokenMaxDays: new(9)})
	p := read.do(t, s.Site).refused(t, "older than the maximum", http.StatusUnauthorized, api.CodeTokenTooOld)
	if !strings.Contains(p.Message, "kingsnake token reissue") {
		t.Errorf("message = %q, which does not tell what to do", p.Message)
	}
	get("/api/account/token-info").xAuth(token.Secret).do(t, s.Site).refused(t, "by REST", http.StatusUnauthorized, api.CodeTokenTooOld)
	if w := index("open", token.Secret).do(t, s.Site).header.Get("Conda-Token-Warning"); w == "" {
		t.Error("a public channel is served without a warning")
	}
	ends("too old", token.CreatedAt.Add(9*oneDay))
	if got, err := s.ada.Tokens(t.Context(), client.TokenFilter{State: api.TokenStateExpired}); err != nil || got.TotalCount != 1 {
		t.Errorf("expired tokens: %d, %v, want the one", got.TotalCount, err)
	}

	s.lifetimes(t, api.KingsnakeSettingsUpdate{TokenMaxDays: new(-1)})
	read.do(t, s.Site).ok(t, "under the configuration's lifetime again")
	s.lifetimes(t, api.KingsnakeSettingsUpdate{TokenMaxDays: new(9)})
	fresh := s.reissue(t, token.ID, "")
	index("team", fresh).do(t, s.Site).ok(t, "with a new string")
}

// TestDefaultLifetimes: the defaults of people's and of service accounts' tokens are set apart, and the maximum of the first
// bounds the second.
func TestDefaultLifetimes(t *testing.T) {
	s := newStage(t)
	account := s.service(t)
	lives := func(what string, people, services time.Duration) {
		t.Helper()
		own := s.ResourceToken(s.ada, "team", api.LevelRead)
		theirs := s.serviceToken(t, s.ada, account.ID, reaching(api.LevelRead, "team"))
		for token, want := range map[*api.TokenCreated]time.Duration{&own: people, &theirs: services} {
			if token.ExpiresAt == nil {
				if want != 0 {
					t.Errorf("%s: a token of %s has no end, want %s", what, token.Owner, want)
				}
				continue
			}
			if got := token.ExpiresAt.Sub(token.CreatedAt); got.Round(time.Minute) != want {
				t.Errorf("%s: a token of %s lives %s, want %s", what, token.Owner, got, want)
			}
		}
	}
	lives("as configured", 90*oneDay, 30*oneDay)
	s.lifetimes(t, api.KingsnakeSettingsUpdate{TokenDefaultDays: new(50), ServiceTokenDefaultDays: new(60)})
	lives("defaults", 50*oneDay, 60*oneDay)
	s.lifetimes(t, api.KingsnakeSettingsUpdate{ServiceTokenMaxDays: new(40)})
	lives("a maximum below the default", 50*oneDay, 40*oneDay)
	s.lifetimes(t, api.KingsnakeSettingsUpdate{TokenMaxDays: new(20)})
	lives("a maximum for all", 20*oneDay, 20*oneDay)
	s.lifetimes(t, api.KingsnakeSettingsUpdate{TokenMaxDays: new(0), TokenDefaultDays: new(0), ServiceTokenMaxDays: new(0), ServiceTokenDefaultDays: new(0)})
	lives("no bounds", 0, 0)
	s.lifetimes(t, api.KingsnakeSettingsUpdate{TokenMaxDays: new(-1), TokenDefaultDays: new(-1), ServiceTokenMaxDays: new(-1), ServiceTokenDefaultDays: new(-1)})
	lives("as configured again", 90*oneDay, 30*oneDay)
}

// TestEndWarnings: from thirty days before its end on a token is warned by every answer, and so is the old string of one
// that has a newer one.
func TestEndWarnings(t *testing.T) {
	s := newStage(t, longSessions)
	token := s.ResourceToken(s.ada, "team", api.LevelWrite)
	warning := func(secret string) string {
		t.Helper()
		got := map[string]bool{}
		for _, c := range []call{index("team", secret), get("/api/channels/team").xAuth(secret), s.put("team", secret), get("/t/" + secret + "/team/noarch/repodata.json")} {
			got[c.do(t, s.Site).header.Get("Conda-Token-Warning")] = true
		}
		info, err := s.Token(secret).TokenInfo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !got[info.Warning] || len(got) != 1 {
			t.Errorf("the warnings differ: %v, and %q in token-info", got, info.Warning)
		}
		return info.Warning
	}
	left := func(secret string, want int) {
		t.Helper()
		if info, err := s.Token(secret).TokenInfo(t.Context()); err != nil || info.DaysLeft == nil || *info.DaysLeft != want {
			t.Errorf("days left = %v, %v, want %d", info.DaysLeft, err, want)
		}
	}
	for _, step := range []struct {
		after time.Duration
		left  int
		want  string
	}{
		{50 * oneDay, 39, ""},
		{9*oneDay + time.Hour, 30, ""},
		{20 * time.Hour, 30, ""},
		{5 * time.Hour, 29, "in 29 days, on "},
		{22 * oneDay, 7, "in 7 days, on "},
		{6 * oneDay, 1, "in 1 day, on "},
		{oneDay, 0, "in 21 hours, on "},
	} {
		s.Clock.Advance(step.after)
		left(token.Secret, step.left)
		switch got := warning(token.Secret); {
		case step.want == "" && got != "":
			t.Errorf("%d days before the end: warned by %q", step.left, got)
		case !strings.Contains(got, step.want):
			t.Errorf("%d days before the end: warning = %q, want %q in it", step.left, got, step.want)
		}
	}
	if _, err := s.ada.UpdateToken(t.Context(), token.ID, api.TokenUpdate{ExpiresAt: new("never")}); err != nil {
		t.Fatal(err)
	}
	if got := warning(token.Secret); got != "" {
		t.Errorf("without an end: warned by %q", got)
	}
	fresh := s.reissue(t, token.ID, "24h")
	if got := warning(token.Secret); !strings.Contains(got, "newer string") || !strings.Contains(got, "in 23 hours, on ") {
		t.Errorf("the old string is warned by %q", got)
	}
	if got := warning(fresh); got != "" {
		t.Errorf("the new string is warned by %q", got)
	}
}

// TestShortLivesAreNotWarned: no notice comes in the first half of a life.
func TestShortLivesAreNotWarned(t *testing.T) {
	s := newStage(t, longSessions)
	for _, c := range []struct {
		life, after time.Duration
		warned      bool
	}{
		{time.Hour, 0, false},
		{time.Hour, 50 * time.Minute, false},
		{3 * oneDay, 0, false},
		{3 * oneDay, 49 * time.Hour, true},
		{10 * oneDay, 0, false},
		{30 * oneDay, 0, false},
		{30 * oneDay, 24 * oneDay, true},
	} {
		read := get("/api/channels/team").xAuth(s.mintUntil(t, c.life).Secret)
		s.Clock.Advance(c.after)
		if got := read.do(t, s.Site).ok(t, "a short life").header.Get("Conda-Token-Warning"); (got != "") != c.warned {
			t.Errorf("%s into a life of %s: warning = %q", c.after, c.life, got)
		}
	}
}
