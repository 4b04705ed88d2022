package web_test

import (
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/internal/server/web/webtest"
	"kingsnake/internal/servertest"
)

func TestAMadePasswordMustBeReplaced(t *testing.T) {
	s := servertest.New(t)
	made, err := s.Admin.CreateUser(t.Context(), api.UserCreate{Username: "new", Roles: []string{"author"}})
	if err != nil {
		t.Fatal(err)
	}
	b := webtest.SignIn(t, s.URL, "new", made.Password)
	for _, path := range []string{"/-/", "/-/channels", "/-/generate-token"} {
		if p := b.Get(path); p.Path != "/-/password" {
			t.Errorf("%s leads to %s before the password is replaced", path, p.Path)
		}
	}
	form := b.Get("/-/password").Form("form.card")
	p := form.Set("new_password", "short").Set("repeated_password", "short").Submit()
	if got := p.Find("#f-new_password-error").Text(); !strings.Contains(got, "at least 10") {
		t.Errorf("a short password: %q", got)
	}
	p = form.Set("new_password", "quite long enough").Set("repeated_password", "quite long enouhg").Submit()
	if got := p.Find("#f-repeated_password-error").Text(); got == "" {
		t.Error("two different passwords are taken")
	}
	other := webtest.SignIn(t, s.URL, "new", made.Password)
	p = form.Set("repeated_password", "quite long enough").Submit()
	if p.Path != "/-/" || !strings.Contains(p.Find(".notice.success").Text(), "password is changed") {
		t.Fatalf("after the change: %s: %s", p.Path, p.Problems())
	}
	if p := other.Get("/-/channels"); !strings.HasPrefix(p.Path, "/-/sign-in") {
		t.Errorf("another session outlives the change of the password: %s", p.Path)
	}
	if p := webtest.SignIn(t, s.URL, "new", "quite long enough").Get("/-/channels"); p.Path != "/-/channels" {
		t.Errorf("signed in with the chosen password: %s", p.Path)
	}
}

// TestAMadePasswordIsAskedForAfterAWhile: who has just signed in with it need not type it again, and whoever finds the
// page open later must.
func TestAMadePasswordIsAskedForAfterAWhile(t *testing.T) {
	s := servertest.New(t)
	made, err := s.Admin.CreateUser(t.Context(), api.UserCreate{Username: "new", Roles: []string{"author"}})
	if err != nil {
		t.Fatal(err)
	}
	s.Clock.Stop()
	b := webtest.SignIn(t, s.URL, "new", made.Password)
	page := b.Get("/-/password")
	if _, asks := page.First("#f-current_password"); asks {
		t.Error("the password is asked for right after signing in with it")
	}
	s.Clock.Advance(10 * time.Minute)
	chosen := page.Form("form.card").Set("new_password", "quite long enough").Set("repeated_password", "quite long enough")
	page = chosen.Submit()
	if got := page.Find("#f-current_password-error").Text(); !strings.Contains(got, "a while ago") {
		t.Fatalf("ten minutes later it is replaced by whoever is there: %q", got)
	}
	again := page.Form("form.card").Set("new_password", "quite long enough").Set("repeated_password", "quite long enough")
	if p := again.Set("current_password", "not it").Submit(); p.Find("#f-current_password-error").Text() == "" {
		t.Error("a wrong current password is taken")
	}
	if p := again.Set("current_password", made.Password).Submit(); p.Path != "/-/" {
		t.Errorf("with the current password it is not replaced: %s", p.Problems())
	}
}

// TestAnOwnPasswordIsAlwaysAskedFor: only a password that the server made is replaced without it.
func TestAnOwnPasswordIsAlwaysAskedFor(t *testing.T) {
	s := servertest.New(t)
	s.User("ada")
	b := webtest.SignIn(t, s.URL, "ada", servertest.UserPassword)
	page := b.Get("/-/password")
	if _, asks := page.First("#f-current_password"); !asks {
		t.Error("the current password is not asked for")
	}
	p := page.Form("form.card").Set("new_password", "quite long enough").Set("repeated_password", "quite long enough").Submit()
	if got := p.Find("#f-current_password-error").Text(); got == "" {
		t.Errorf("it is replaced without the current one: %s", p.Path)
	}
}
