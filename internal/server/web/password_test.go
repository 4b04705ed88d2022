package web_test

import (
	"strings"
	"testing"

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
	form := b.Get("/-/password").Form("form.card").Set("current_password", made.Password)
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
