package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/internal/server/web/webtest"
)

// asked sends the form of the page Check access.
func asked(b *webtest.Browser, values ...string) *webtest.Page {
	f := b.Get("/-/check-access").Form("form.check-form")
	for i := 0; i+1 < len(values); i += 2 {
		f.Set(values[i], values[i+1])
	}
	return f.Submit()
}

func TestCheckAccess(t *testing.T) {
	s, ada := fixture(t)
	token := s.ResourceToken(ada, "team", api.LevelRead)
	b := as(t, s, "ada")
	for name, c := range map[string]struct {
		ask       []string
		badge     string
		says      string
		mayChange bool
	}{
		"oneself":             {[]string{"action", "artifact:create", "channel", "team"}, "Allowed", "ada may exercise artifact:create", false},
		"a reader, reading":   {[]string{"about", "person", "user", "bob", "action", "artifact:download", "channel", "team"}, "Allowed", "group readers", false},
		"a reader, uploading": {[]string{"about", "person", "user", "bob", "action", "artifact:create", "channel", "team"}, "Not allowed", "bob may not", true},
		"an outsider":         {[]string{"about", "person", "user", "eve", "action", "artifact:download", "channel", "team"}, "Not allowed", "eve may not", true},
		"a token, reading":    {[]string{"about", "token", "token_string", token.Secret, "action", "artifact:download", "channel", "team"}, "Allowed", "of ada", false},
		"a token, uploading":  {[]string{"about", "token", "token_string", token.Secret, "action", "artifact:create", "channel", "team"}, "Not allowed", "What the token carries Refused", true},
		"no token":            {[]string{"about", "token", "token_string", "nonsense", "action", "artifact:download", "channel", "team"}, "Not allowed", "Sign-in or token Refused", true},
	} {
		p := asked(b, c.ask...)
		if p.Status != http.StatusOK {
			t.Errorf("%s: status %d: %s", name, p.Status, p.Problems())
			continue
		}
		if got := p.Find("#answer-title").Text(); got != c.badge {
			t.Errorf("%s: %q, want %q", name, got, c.badge)
		}
		if got := strings.Join(strings.Fields(p.Find(".answer").Text()), " "); !strings.Contains(got, c.says) {
			t.Errorf("%s: %q, want %q in it", name, got, c.says)
		}
		if got := len(p.All(".gates li")); got != 6 {
			t.Errorf("%s: %d gates, want 6", name, got)
		}
		if got := len(p.All(".changes li")) > 0; got != c.mayChange {
			t.Errorf("%s: says what would change it: %t, want %t", name, got, c.mayChange)
		}
		if strings.Contains(p.Source, token.Secret) {
			t.Errorf("%s: the page repeats the string", name)
		}
	}
}

func TestCheckAccessRefuses(t *testing.T) {
	s, ada := fixture(t)
	token := s.ResourceToken(ada, "team", api.LevelRead)
	b := as(t, s, "eve")
	for name, c := range map[string]struct {
		ask   []string
		field string
	}{
		"nobody named":           {[]string{"about", "person", "action", "channel:view", "channel", "team"}, "user"},
		"no string":              {[]string{"about", "token", "action", "channel:view", "channel", "team"}, "token_string"},
		"no action":              {[]string{"channel", "team"}, "action"},
		"a package of nothing":   {[]string{"action", "artifact:view", "package", "conda/x"}, "channel"},
		"another person":         {[]string{"about", "person", "user", "ada", "action", "channel:view", "channel", "team"}, "about"},
		"somebody unknown":       {[]string{"about", "person", "user", "nobody", "action", "channel:view", "channel", "team"}, "about"},
		"another's token":        {[]string{"about", "token", "token_string", token.Secret, "action", "channel:view", "channel", "team"}, "about"},
		"a channel that is none": {[]string{"about", "person", "user", "ada", "action", "channel:view", "channel", "none"}, "about"},
	} {
		p := asked(b, c.ask...)
		if got := p.All(".notice.error a[href]"); p.Status != http.StatusUnprocessableEntity || len(got) != 1 || got[0].Attr("href") != "#f-"+c.field {
			t.Errorf("%s: status %d, %q, want an error of %s", name, p.Status, p.Problems(), c.field)
		}
		if strings.Contains(p.Source, token.Secret) {
			t.Errorf("%s: the page repeats the string", name)
		}
	}
	hidden := asked(b, "action", "channel:view", "channel", "team").Find(".answer").Text()
	unknown := asked(b, "action", "channel:view", "channel", "none").Find(".answer").Text()
	if want := strings.ReplaceAll(unknown, "none", "team"); hidden != want {
		t.Errorf("a hidden channel answers\n%s\nand an unknown one\n%s", hidden, want)
	}
}

func TestCheckAccessForgetsTheStringOfAToken(t *testing.T) {
	s, ada := fixture(t)
	token := s.ResourceToken(ada, "team", api.LevelRead)
	p := webtest.New(t, s.URL).Post("/-/check-access", url.Values{
		"about": {"token"}, "token_string": {token.Secret}, "action": {"channel:view"}, "channel": {"team"},
	})
	if p.Status != http.StatusUnauthorized || strings.Contains(p.Source, token.Secret) {
		t.Errorf("status %d; the string is in the page: %t", p.Status, strings.Contains(p.Source, token.Secret))
	}
	b := as(t, s, "ada")
	ask := []string{"about", "token", "token_string", token.Secret, "action", "channel:view", "channel", "team"}
	if err := ada.DeleteToken(t.Context(), token.ID); err != nil {
		t.Fatal(err)
	}
	if got := asked(b, ask...).Find(".gates li").Text(); !strings.Contains(got, "Refused") || !strings.Contains(got, "revoked") {
		t.Errorf("of a token that was deleted the page says %q", got)
	}
}

// TestCheckAccessOnNoChannel: what is done on a channel only is asked about one.
func TestCheckAccessOnNoChannel(t *testing.T) {
	s, _ := fixture(t)
	b := as(t, s, "ada")
	if got := asked(b, "action", "channel:view").Find("#f-channel-error").Text(); !strings.Contains(got, "the channel") {
		t.Errorf("channel:view on no channel: %q", got)
	}
	if got := asked(b, "action", "channel:create").Find(".answer").Text(); !strings.Contains(got, "Allowed") {
		t.Errorf("channel:create, which is of the site: %q", got)
	}
}
