package browser

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/internal/config"
	"kingsnake/internal/servertest"
)

// shot is a page to look at, and to judge by axe-core. Whoever adds a page adds a line to shots.
type shot struct {
	// name is the file's, path the page's; as is who looks: "admin", "author", or "" for nobody.
	name, path, as string
	// prepare brings the tab into the state to look at, nil for the page as it opens.
	prepare func(*tab)
}

// shots are all pages.
func shots() []shot {
	return slices.Concat([]shot{
		{name: "sign-in", path: "/-/sign-in"},
		{name: "sign-in-refused", path: "/-/sign-in", prepare: func(b *tab) {
			b.fill("#f-username", "ada")
			b.fill("#f-password", "wrong")
			b.press("main form button[type=submit]")
		}},
		{name: "home", path: "/-/", as: "author"},
		{name: "home-new-site", path: "/-/", as: "admin"},
		{name: "account-menu", path: "/-/", as: "author", prepare: func(b *tab) { b.click(".account-fold summary") }},
		{name: "password", path: "/-/password", as: "author"},
		{name: "channels", path: "/-/channels?sub=1", as: "author"},
		{name: "channels-none-found", path: "/-/channels?q=nothing-like-it", as: "author"},
		{name: "create-channel", path: "/-/create-channel", as: "author"},
		{name: "create-channel-refused", path: "/-/create-channel", as: "author", prepare: func(b *tab) {
			b.fill("#f-name", "Not A Name")
			b.press("main form button[type=submit]")
		}},
		{name: "tokens", path: "/-/tokens", as: "author"},
		{name: "tokens-none", path: "/-/tokens", as: "admin"},
		{name: "token-new", path: "/-/generate-token", as: "author"},
		{name: "token-new-scopes", path: "/-/generate-token", as: "author", prepare: func(b *tab) {
			b.click("#f-type-1")
			b.click("button[name=add_set][value=read]")
			b.see("#f-scopes-5")
		}},
		{name: "token-refused", path: "/-/generate-token", as: "author", prepare: func(b *tab) {
			b.fill("#f-name", "laptop")
			b.fill("#f-resources-0", "nothing-like-it")
			b.press("main form .actions button[type=submit]")
		}},
		{name: "token-issued", path: "/-/generate-token", as: "author", prepare: func(b *tab) {
			b.fill("#f-name", "for a colleague")
			b.fill("#f-resources-0", "team")
			b.choose("#f-permission-0", "write")
			b.press("main form .actions button[type=submit]")
			b.see(".token-notice")
		}},
		{name: "token-edit", path: "/-/tokens?q=nightly", as: "author", prepare: func(b *tab) {
			b.press("tbody th a")
			b.click("#f-reissue")
		}},
		{name: "token-delete", path: "/-/tokens?q=nightly", as: "author", prepare: func(b *tab) { b.press("tbody a[href$=delete]") }},
		{name: "not-found", path: "/-/nothing-here", as: "author"},
	}, channelShots(), adminShots(), peopleShots(), packageShots(), stateShots())
}

// world fills a site with what the pages show.
func world(t testing.TB) *servertest.Site {
	t.Helper()
	s := servertest.New(t, func(c *config.Config) {
		c.PublicURL, c.TrustedIssuers = "http://"+c.Listen, []string{githubIssuer}
	})
	ada := s.User("ada")
	s.User("eve")
	for name, privacy := range map[string]api.Privacy{"team": api.PrivacyPrivate, "community": api.PrivacyPublic, "science": api.PrivacyAuthenticated} {
		c := api.ChannelCreate{Name: name, Privacy: privacy, Description: "Packages that the " + name + " builds and tests every night, for Linux, macOS and Windows."}
		if _, err := ada.CreateChannel(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ada.CreateToken(t.Context(), api.TokenCreate{Name: "nightly build", ExpiresAt: s.Clock.Now().Add(5 * 24 * time.Hour).Format(time.DateOnly), Resources: []api.TokenResource{
		{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelWrite},
		{ResourceType: api.ResourceTypeChannel, ResourceID: "science", Permission: api.LevelRead},
	}}); err != nil {
		t.Fatal(err)
	}
	s.ScopeToken(ada, "channel:view", "artifact:view", "artifact:download", "channel:view-artifacts")
	fillChannels(t, s, ada)
	return s
}

// tabOf opens a tab as somebody of world.
func tabOf(t testing.TB, s *servertest.Site, as string) *tab {
	t.Helper()
	switch as {
	case "":
		return open(t, s.URL)
	case "admin":
		return signedIn(t, s.URL, "admin", servertest.AdminPassword)
	case "outsider":
		return signedIn(t, s.URL, "eve", servertest.UserPassword)
	}
	return signedIn(t, s.URL, "ada", servertest.UserPassword)
}

// TestEveryPage judges every page by axe-core in both schemes, and looks whether it fits into a phone. With
// KINGSNAKE_SCREENSHOTS it writes pictures into that folder besides.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	s := world(t)
	folder := os.Getenv("KINGSNAKE_SCREENSHOTS")
	only := os.Getenv("KINGSNAKE_SCREENSHOTS_ONLY")
	for _, as := range []string{"author", "admin", "outsider", ""} {
		t.Run(cmp.Or(as, "signed out"), func(t *testing.T) {
			t.Parallel()
			var b *tab
			for _, x := range shots() {
				if x.as != as || !strings.Contains(x.name, only) {
					continue
				}
				if b == nil {
					b = tabOf(t, s, as)
				}
				b.look(x, folder)
			}
		})
	}
}

// look judges a page in each of its looks, and with a folder writes pictures of them.
func (b *tab) look(x shot, folder string) {
	b.t.Helper()
	b.size(1280, 900)
	b.visit(x.path)
	if x.prepare != nil {
		x.prepare(b)
	}
	picture := func(look string) {
		if folder != "" {
			b.picture(filepath.Join(folder, x.name+"-"+look+".png"))
		}
	}
	b.scheme("light")
	b.judge(x.name+", desktop, light", everything())
	picture("desktop-light")
	b.size(360, 780)
	b.fits(x.name + ", phone")
	b.judge(x.name+", phone, light", everything())
	picture("phone-light")
	b.scheme("dark")
	picture("phone-dark")
	b.size(1280, 900)
	b.fits(x.name + ", desktop")
	b.judge(x.name+", desktop, dark", colours())
	picture("desktop-dark")
}

// judge notes every violation that axe-core finds.
func (b *tab) judge(what string, tags []string) {
	b.t.Helper()
	found, rules := b.violations(tags...)
	for _, v := range found {
		b.t.Errorf("%s: %s", what, v)
	}
	if rules < 10 && len(tags) > 1 || rules == 0 {
		b.t.Errorf("%s: only %d rules had something to judge; is there a page?", what, rules)
	}
	b.t.Logf("axe-core: %s: %d violations, %d rules", what, len(found), rules)
}

// fits notes a page that is wider than the window.
func (b *tab) fits(what string) {
	b.t.Helper()
	width, window := eval[int](b, `document.documentElement.scrollWidth`), eval[int](b, `window.innerWidth`)
	if width > window {
		wide := eval[[]string](b, `[...document.querySelectorAll("main *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 5).map((e) => e.outerHTML.slice(0, 120))`)
		b.t.Errorf("%s: the page is %d wide in a window of %d: %q", what, width, window, wide)
	}
}

// TestViolationsAreFound plants what axe-core must find.
func TestViolationsAreFound(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	b := open(t, s.URL)
	b.visit("/-/sign-in")
	eval[bool](b, `document.querySelector("label[for=f-username]").remove(), document.querySelector("main h1").setAttribute("aria-hidden", "nonsense"), true`)
	found, _ := b.violations(everything()...)
	ids := map[string]bool{}
	for _, v := range found {
		ids[v.ID] = true
	}
	if !ids["label"] || !ids["aria-valid-attr-value"] {
		t.Errorf("axe-core found %v, want label and aria-valid-attr-value among it", ids)
	}
}
