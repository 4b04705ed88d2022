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

// tokenSite is a site with the package alpha in the private channel team of ada's, and an outsider called eve.
func tokenSite(t *testing.T) *servertest.Site {
	t.Helper()
	s := servertest.New(t)
	ada := s.User("ada")
	s.User("eve")
	s.Channel(ada, "team", api.PrivacyPrivate)
	s.Channel(ada, "tools", api.PrivacyPrivate)
	data, info := servertest.Package(1, random.Options{Name: "alpha", Version: "1.0", NoArch: "generic"})
	s.Upload(ada, "team", data, info.Filename)
	return s
}

// newString reads the string that a page shows once.
func (b *tab) newString() string {
	b.t.Helper()
	return strings.TrimSpace(b.read("#copy-token-string"))
}

// TestResourceToken follows the documentation: generate a resource token, use it with conda, edit it, issue a new one,
// delete it.
func TestResourceToken(t *testing.T) {
	t.Parallel()
	s := tokenSite(t)
	for _, as := range []string{"author", "admin"} {
		t.Run(as, func(t *testing.T) {
			b := tabOf(t, s, as)
			first := b.generateResourceToken()
			works(t, s, "generated", first)
			b.press(".token-notice a")
			b.expect("tbody", "Read and upload to tools")
			if strings.Contains(b.html(), first) {
				t.Error("the string is in the list")
			}

			b.editToken("laptop", func() {
				b.fill("#f-name", "old laptop")
				b.click("button[name=remove_resource][value='0']")
				b.gone("#f-resources-1")
				b.press(submit)
			})
			b.expect("tbody", "old laptop")
			refused(t, s, "the channel is taken from the token", "403", first)
			b.editToken("old laptop", func() {
				b.click("button[name=add_resource]")
				b.fill("#f-resources-1", "team")
				b.press(submit)
			})
			works(t, s, "the channel is given back, with the same string", first)

			b.reissueToken("old laptop", "24h")
			second := b.newString()
			works(t, s, "within the overlap", first, second)
			b.editToken("old laptop", func() {
				// Uses are written down every few seconds.
				b.eventually(b.path(), ".notice.warning", "It is still in use")
				b.press("main .actions a[href='/-/tokens']")
			})
			b.reissueToken("old laptop", "0s")
			third := b.newString()
			refused(t, s, "replaced at once", "401", first, second)
			works(t, s, "issued instead", third)

			b.press(".token-notice a")
			b.press("tbody a[href$=delete]")
			b.expect("form.card", "Delete the token “old laptop”?")
			b.eventually(b.path(), "form.card", "It was last used")
			b.press("form.card .actions a")
			b.expect("main h1", "old laptop")
			b.press("main .actions a[href$=delete]")
			b.press(submit)
			b.expect(".notice.success", "The token is deleted")
			refused(t, s, "deleted", "401", third)
		})
	}
}

// generateResourceToken makes a token that reads team and writes tools, from the navigation on, and gives its string.
func (b *tab) generateResourceToken() string {
	b.t.Helper()
	b.press("nav.side a[href='/-/tokens']")
	b.press(".heading a[href='/-/generate-token']")
	b.fill("#f-name", "laptop")
	b.choose("#f-expires", "30")
	b.fill("#f-resources-0", "team")
	b.click("button[name=add_resource]")
	b.fill("#f-resources-1", "tools")
	b.choose("#f-permission-1", "write")
	b.fill("#f-description", "of my laptop")
	b.press(submit)
	b.expect(".token-notice", "cannot be recovered")
	return b.newString()
}

// editToken opens a token of the list and changes it there.
func (b *tab) editToken(name string, change func()) {
	b.t.Helper()
	b.visit("/-/tokens")
	b.press("tbody th a")
	if got := b.value("#f-name"); got != name {
		b.t.Errorf("the form for editing holds the name %q, want %q", got, name)
	}
	change()
}

// reissueToken issues a new string, and says for how long the old one shall go on working.
func (b *tab) reissueToken(name, overlap string) {
	b.t.Helper()
	b.editToken(name, func() {
		b.click("#f-reissue")
		b.expect(".reissue-warning", "replaces its string")
		b.choose("#f-overlap", overlap)
		b.press(submit)
	})
}

// TestScopeToken generates a token for reading from a ready-made set and one scope more, and uses, reissues and deletes it.
func TestScopeToken(t *testing.T) {
	t.Parallel()
	s := tokenSite(t)
	for _, as := range []string{"author", "admin"} {
		t.Run(as, func(t *testing.T) {
			b := tabOf(t, s, as)
			b.visit("/-/generate-token")
			b.fill("#f-name", "reader")
			b.click("#f-type-1")
			b.click("button[name=add_set][value=read]")
			b.see("#f-scopes-5")
			b.click("button[name=remove_scope][value='0']")
			b.gone("#f-scopes-5")
			b.click("button[name=add_set][value=read]")
			b.see("#f-scopes-5")
			b.click("button[name=add_scope]")
			b.choose("#f-scopes-6", "channel:history")
			b.press(submit)
			token := b.newString()
			works(t, s, "generated", token)
			with := s.Token(token)
			if _, err := with.CreateChannel(t.Context(), api.ChannelCreate{Name: "more"}); err == nil {
				t.Error("a token for reading creates a channel")
			}

			b.editToken("reader", func() { b.expect("section", "channel:history") })
			b.reissueToken("reader", "0s")
			next := b.newString()
			refused(t, s, "replaced", "401", token)
			works(t, s, "issued instead", next)
			b.press(".token-notice a")
			b.press("tbody a[href$=delete]")
			b.press(submit)
			refused(t, s, "deleted", "401", next)
		})
	}
}

// TestTokensOfOthers: an outsider cannot grant what they do not have, nor open what belongs to somebody else.
func TestTokensOfOthers(t *testing.T) {
	t.Parallel()
	s := tokenSite(t)
	ada := tabOf(t, s, "author")
	token := ada.generateResourceToken()
	ada.press(".token-notice a")
	page := eval[string](ada, `document.querySelector("tbody th a").getAttribute("href")`)
	eve := tabOf(t, s, "outsider")
	eve.visit("/-/tokens")
	eve.expect(".empty", "No tokens yet")
	for _, path := range []string{page, page + "/delete", page + "/narrow"} {
		if got := eve.answers(path); got != http.StatusNotFound {
			t.Errorf("an outsider opens %s: status %d, want 404", path, got)
		}
		eve.expect("main h1", "Not found")
	}
	eve.visit("/-/generate-token")
	eve.fill("#f-name", "of a stranger")
	eve.fill("#f-resources-0", "team")
	eve.press(submit)
	eve.expect(".error-text", "There is no channel team, or none that you may see.")
	if got := eve.value("#f-name"); got != "of a stranger" {
		t.Errorf("after the refusal the name is %q", got)
	}
	works(t, s, "while an outsider tries", token)
}

// TestNarrowToken takes from a token what it has not used.
func TestNarrowToken(t *testing.T) {
	t.Parallel()
	s := tokenSite(t)
	b := tabOf(t, s, "author")
	token := b.generateResourceToken()
	works(t, s, "generated", token)
	b.editToken("laptop", func() {
		b.expect(".notice.info", "It holds more than it needs.")
		b.press("main a[href$=narrow]")
		b.expect(".danger-card", "tools")
		b.press(submit)
	})
	b.expect(".notice.success", "The token holds only what it used.")
	if got := eval[int](b, `document.querySelectorAll("[name=resources]").length`); got != 1 || b.value("#f-resources-0") != "team" {
		t.Errorf("after narrowing the token holds %d resources, the first of them %q", got, b.value("#f-resources-0"))
	}
	works(t, s, "narrowed", token)
}

// TestTypeAhead fills a list of channels while somebody types.
func TestTypeAhead(t *testing.T) {
	t.Parallel()
	s := tokenSite(t)
	b := tabOf(t, s, "author")
	b.visit("/-/generate-token")
	b.do("type", typing("#f-resources-0", "too"))
	b.present("#f-resources-0-list option[value=tools]")
}

// TestFormSurvivesInTheBrowser lets a session end while a form is filled in.
func TestFormSurvivesInTheBrowser(t *testing.T) {
	t.Parallel()
	s := tokenSite(t)
	b := tabOf(t, s, "author")
	b.visit("/-/generate-token")
	b.fill("#f-name", "typed for long")
	b.fill("#f-resources-0", "team")
	s.Clock.Advance(13 * time.Hour)
	b.press(submit)
	b.expect(".notice.warning", "what you typed is kept")
	b.signIn("ada", servertest.UserPassword)
	b.expect(".notice.info", "Nothing was done yet")
	if name, channel := b.value("#f-name"), b.value("#f-resources-0"); name != "typed for long" || channel != "team" {
		t.Errorf("the form holds %q and %q", name, channel)
	}
	b.press(submit)
	works(t, s, "sent again", b.newString())
}
