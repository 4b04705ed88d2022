package browser

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// submit is the button that sends the form of a page.
const submit = "main form .actions button[type=submit]"

// tokenSite is a site with a package in the private channel team of ada's.
func tokenSite(t *testing.T) (s *servertest.Site, file string) {
	t.Helper()
	s = servertest.New(t)
	ada := s.User("ada")
	s.Channel(ada, "team", api.PrivacyPrivate)
	s.Channel(ada, "tools", api.PrivacyPrivate)
	data, info := servertest.Package(1, random.Options{})
	s.Upload(ada, "team", data, info.Filename)
	return s, "/team/" + info.Subdir + "/" + info.Filename
}

// download fetches a file with a token in its URL, as conda does, and gives the status.
func download(t *testing.T, s *servertest.Site, token, file string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/t/"+token+file, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// newString reads the string that a page shows once.
func (b *tab) newString() string {
	b.t.Helper()
	return strings.TrimSpace(b.read("#copy-token-string"))
}

// TestResourceTokenFlow follows the documentation: generate a resource token, use it, edit it, issue a new one, delete it.
func TestResourceTokenFlow(t *testing.T) {
	s, file := tokenSite(t)
	b := tabOf(t, s, "author")
	b.press("nav.side a[href='/-/tokens']")
	b.press("a[href='/-/generate-token']")
	b.fill("#f-name", "laptop")
	b.choose("#f-expires", "30")
	b.fill("#f-resources-0", "team")
	b.click("button[name=add_resource]")
	b.fill("#f-resources-1", "tools")
	b.choose("#f-permission-1", "write")
	b.fill("#f-description", "of ada's laptop")
	b.press(submit)
	b.expect(".token-notice", "cannot be recovered")
	first := b.newString()
	if got := download(t, s, first, file); got != http.StatusOK {
		t.Fatalf("a download with the new string: status %d", got)
	}

	b.press(".token-notice a")
	b.expect("tbody", "Read and upload to tools")
	b.press("tbody th a")
	if got := b.value("#f-name"); got != "laptop" {
		t.Errorf("the form for editing holds the name %q", got)
	}
	b.fill("#f-name", "old laptop")
	b.click("#f-reissue")
	b.see(".reissue-warning")
	b.choose("#f-overlap", "24h")
	b.press(submit)
	second := b.newString()
	for _, token := range []string{first, second} {
		if got := download(t, s, token, file); got != http.StatusOK {
			t.Errorf("a download within the overlap: status %d", got)
		}
	}

	b.press(".token-notice a")
	b.press("tbody a[href$=delete]")
	b.expect("form.card", "Delete the token old laptop?")
	b.press(submit)
	b.expect(".notice.success", "The token is deleted")
	for _, token := range []string{first, second} {
		if got := download(t, s, token, file); got != http.StatusUnauthorized {
			t.Errorf("a download with a deleted token: status %d, want 401", got)
		}
	}
}

// TestScopeTokenFlow generates a scope token from a ready-made set.
func TestScopeTokenFlow(t *testing.T) {
	s, file := tokenSite(t)
	b := tabOf(t, s, "author")
	b.visit("/-/generate-token")
	b.fill("#f-name", "reader")
	b.click("#f-type-1")
	b.click("button[name=add_set][value=read]")
	b.see("#f-scopes-5")
	b.click("button[name=remove_scope][value='0']")
	b.gone("#f-scopes-5")
	b.click("button[name=add_set][value=read]")
	b.see("#f-scopes-5")
	b.press(submit)
	token := b.newString()
	if got := download(t, s, token, file); got != http.StatusOK {
		t.Errorf("a download with a scope token: status %d", got)
	}
	if up := s.Token(token); up != nil {
		if _, err := up.CreateChannel(t.Context(), api.ChannelCreate{Name: "more"}); err == nil {
			t.Error("a token for reading creates a channel")
		}
	}
}

// TestTypeAhead fills a list of channels while somebody types.
func TestTypeAhead(t *testing.T) {
	s, _ := tokenSite(t)
	b := tabOf(t, s, "author")
	b.visit("/-/generate-token")
	b.do("type", typing("#f-resources-0", "too"))
	b.present("#f-resources-0-list option[value=tools]")
}

// TestFormSurvivesInTheBrowser lets a session end while a form is filled in.
func TestFormSurvivesInTheBrowser(t *testing.T) {
	s, file := tokenSite(t)
	b := tabOf(t, s, "author")
	b.visit("/-/generate-token")
	b.fill("#f-name", "typed for long")
	b.fill("#f-resources-0", "team")
	s.Clock.Advance(13 * time.Hour)
	b.press(submit)
	b.expect(".notice.warning", "what you typed is kept")
	b.fill("#f-username", "ada")
	b.fill("#f-password", servertest.UserPassword)
	b.press(submit)
	b.expect(".notice.info", "Nothing was done yet")
	if name, channel := b.value("#f-name"), b.value("#f-resources-0"); name != "typed for long" || channel != "team" {
		t.Errorf("the form holds %q and %q", name, channel)
	}
	b.press(submit)
	if got := download(t, s, b.newString(), file); got != http.StatusOK {
		t.Errorf("a download with the string: status %d", got)
	}
}
