package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/internal/config"
	"kingsnake/internal/server/web/webtest"
	"kingsnake/internal/servertest"
)

func TestAnonymousIsSentToSignIn(t *testing.T) {
	s := servertest.New(t)
	b := webtest.New(t, s.URL)
	p := b.Get("/-/channels?q=x")
	if want := "/-/sign-in?return_to=" + url.QueryEscape("/-/channels?q=x"); p.Path != want {
		t.Fatalf("ended up at %s, want %s", p.Path, want)
	}
	p = p.Form("form.card").Set("username", "admin").Set("password", servertest.AdminPassword).Submit()
	if p.Path != "/-/channels?q=x" || p.Find("h1").Text() != "Channels" {
		t.Errorf("after signing in: at %s, heading %q", p.Path, p.Find("h1").Text())
	}
}

func TestReturnToStaysHere(t *testing.T) {
	s := servertest.New(t)
	for _, to := range []string{"https://evil.example/-/", "//evil.example/-/", `/\evil.example/-/`, "/-/../../evil", "/other", "javascript:alert(1)", "/-/sign-out"} {
		b := webtest.New(t, s.URL)
		p := b.Get("/-/sign-in?return_to="+url.QueryEscape(to)).Form("form.card").
			Set("username", "admin").Set("password", servertest.AdminPassword).Submit()
		if !strings.HasPrefix(p.Path, "/-/") || p.Status != http.StatusOK && p.Status != http.StatusNotFound {
			t.Errorf("return_to %s leads to %s (status %d)", to, p.Path, p.Status)
		}
	}
}

func TestWrongPassword(t *testing.T) {
	s := servertest.New(t)
	p := webtest.New(t, s.URL).Get("/-/sign-in").Form("form.card").Set("username", "admin").Set("password", "not this one").Submit()
	if p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Problems(), "the password is wrong") {
		t.Errorf("status %d, problems %q", p.Status, p.Problems())
	}
	if got := p.Find("#f-username").Attr("value"); got != "admin" {
		t.Errorf("the user name is %q afterwards, want it kept", got)
	}
	if strings.Contains(p.Source, "not this one") {
		t.Error("the page repeats the password")
	}
}

// TestTooManyPasswords guesses until the site has enough: it says when to try again, to people and to programs.
func TestTooManyPasswords(t *testing.T) {
	s := servertest.New(t)
	s.Clock.Stop()
	form := webtest.New(t, s.URL).Get("/-/sign-in").Form("form.card").Set("username", "admin").Set("password", "not this one")
	p := form.Submit()
	for range 30 {
		if p.Status != http.StatusUnprocessableEntity {
			break
		}
		p = form.Submit()
	}
	wait := p.Header.Get("Retry-After")
	if p.Status != http.StatusTooManyRequests || wait == "" || !strings.Contains(p.Problems(), "try again in "+wait+" seconds") {
		t.Errorf("status %d, Retry-After %q, problems %q", p.Status, wait, p.Problems())
	}
}

func TestSignOutEndsTheSession(t *testing.T) {
	s := servertest.New(t)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	kept := b.Cookies()
	p := b.Get("/-/").Form("form[action=/-/sign-out]").Submit()
	if p.Path != "/-/sign-in" || !strings.Contains(p.Find(".notice.success").Text(), "signed out") {
		t.Errorf("signing out leads to %s: %s", p.Path, p.Text())
	}
	if p = b.Get("/-/channels"); !strings.HasPrefix(p.Path, "/-/sign-in") {
		t.Errorf("after signing out the pages still open: %s", p.Path)
	}
	thief := webtest.New(t, s.URL)
	for _, c := range kept {
		thief.Header.Add("Cookie", c.String())
	}
	if p = thief.Get("/-/channels"); !strings.HasPrefix(p.Path, "/-/sign-in") {
		t.Errorf("the cookie of a session that was signed out opens %s", p.Path)
	}
}

func TestSessionEndsWhenIdle(t *testing.T) {
	s := servertest.New(t, func(c *config.Config) {
		c.SessionIdle, c.SessionLifetime = config.Duration(time.Hour), config.Duration(3*time.Hour)
	})
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	for range 3 {
		s.Clock.Advance(50 * time.Minute)
		if p := b.Get("/-/channels"); p.Path != "/-/channels" {
			t.Fatalf("a browser that opened a page 50 minutes ago is sent to %s", p.Path)
		}
	}
	s.Clock.Advance(40 * time.Minute)
	if p := b.Get("/-/channels"); !strings.HasPrefix(p.Path, "/-/sign-in") {
		t.Error("a session outlives its lifetime as long as it is used")
	}
	b = webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	s.Clock.Advance(61 * time.Minute)
	if p := b.Get("/-/channels"); !strings.HasPrefix(p.Path, "/-/sign-in") {
		t.Error("a session outlives the time that it may be idle")
	}
}

func TestFormSurvivesTheEndOfItsSession(t *testing.T) {
	s := servertest.New(t)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	form := b.Get("/-/create-channel").Form("form.card").Set("name", "team").Set("description", "what I <b>typed</b>").Set("privacy", "public")
	s.Clock.Advance(24 * time.Hour)
	p := form.Submit()
	if p.Status != http.StatusUnauthorized || !strings.Contains(p.Text(), "what you typed is kept") {
		t.Fatalf("status %d: %s", p.Status, p.Text())
	}
	p = p.Form("form.card").Set("username", "admin").Set("password", servertest.AdminPassword).Submit()
	if got := p.Find("#f-name").Attr("value") + ", " + p.Find("#f-description").Text(); got != "team, what I <b>typed</b>" {
		t.Errorf("after signing in the form holds %q", got)
	}
	if strings.Contains(p.Source, servertest.AdminPassword) {
		t.Error("the password is in the page")
	}
	if _, err := s.Admin.CreateChannel(t.Context(), api.ChannelCreate{Name: "probe"}); err == nil {
		t.Error("the old session of the REST API still works, so the clock did not move")
	}
	if b.Get("/-/channels/team").Status != http.StatusNotFound {
		t.Error("the channel exists before the form was sent again")
	}
	p = p.Form("form[action=/-/create-channel]").Submit()
	if p.Path != "/-/channels/team" || p.Find("h1").Text() != "team" {
		t.Errorf("sent again it leads to %s: %s", p.Path, p.Problems())
	}
}

func TestResendCreatesOnce(t *testing.T) {
	s := servertest.New(t)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	form := b.Get("/-/create-channel").Form("form.card").Set("name", "once")
	if p := form.Submit(); p.Path != "/-/channels/once" {
		t.Fatalf("create: %s %s", p.Path, p.Problems())
	}
	p := form.Set("name", "twice").Submit()
	if p.Status != http.StatusConflict || !strings.Contains(p.Find(".notice.warning").Text(), "sent before") {
		t.Errorf("a resend: status %d: %s", p.Status, p.Text())
	}
	if b.Get("/-/channels/twice").Status != http.StatusNotFound {
		t.Error("the resend made another channel")
	}
}

func TestErrorsStandBesideTheField(t *testing.T) {
	s := servertest.New(t)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	p := b.Get("/-/create-channel").Form("form.card").Set("name", "No Such Name").Set("description", "kept").Submit()
	if p.Status != http.StatusUnprocessableEntity {
		t.Errorf("status %d", p.Status)
	}
	input := p.Find("#f-name")
	if input.Attr("aria-invalid") != "true" || !strings.Contains(input.Attr("aria-describedby"), "f-name-error") || input.Attr("value") != "No Such Name" {
		t.Errorf("the field: %+v", input.Node.Attr)
	}
	if p.Find("#f-name-error").Text() == "" || p.Find("#f-description").Text() != "kept" {
		t.Errorf("error %q, description %q", p.Find("#f-name-error").Text(), p.Find("#f-description").Text())
	}
}

func TestFormsFromElsewhereDoNothing(t *testing.T) {
	s := servertest.New(t)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	for name, header := range map[string]http.Header{
		"fetch metadata": {"Sec-Fetch-Site": {"cross-site"}},
		"same site":      {"Sec-Fetch-Site": {"same-site"}},
		"origin only":    {"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}},
	} {
		b.Header = header
		if p := b.Post("/-/create-channel", url.Values{"name": {"evil"}, "privacy": {"public"}}); p.Status != http.StatusForbidden {
			t.Errorf("%s: status %d, want 403", name, p.Status)
		}
		b.Header = http.Header{}
		if b.Get("/-/channels/evil").Status != http.StatusNotFound {
			t.Errorf("%s: the channel was created", name)
		}
	}
}

func TestUnknownPages(t *testing.T) {
	s := servertest.New(t)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	for path, want := range map[string]int{
		"/-/nothing": http.StatusNotFound, "/-/channels/unknown": http.StatusNotFound, "/-//channels": http.StatusNotFound,
		"/-/sign-out": http.StatusMethodNotAllowed, "/-/static/style.css": http.StatusNotFound,
	} {
		if p := b.Get(path); p.Status != want {
			t.Errorf("GET %s: status %d, want %d", path, p.Status, want)
		}
	}
}

func TestHiddenAndUnknownChannelsLookTheSame(t *testing.T) {
	s := servertest.New(t)
	s.Channel(s.Admin, "secret", api.PrivacyPrivate)
	s.User("eve")
	b := webtest.SignIn(t, s.URL, "eve", servertest.UserPassword)
	normal := func(p *webtest.Page, name string) string {
		return strings.ReplaceAll(p.Find("main").Text(), name, "NAME")
	}
	hidden, unknown := b.Get("/-/channels/secret"), b.Get("/-/channels/absent")
	if hidden.Status != http.StatusNotFound || hidden.Status != unknown.Status || normal(hidden, "secret") != normal(unknown, "absent") {
		t.Errorf("hidden: %d %s\nunknown: %d %s", hidden.Status, hidden.Find("main").Text(), unknown.Status, unknown.Find("main").Text())
	}
}
