package browser

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"kingsnake/internal/config"
	"kingsnake/internal/oidctest"
	"kingsnake/internal/servertest"
)

// signOut leaves by the account menu.
func (b *tab) signOut() {
	b.t.Helper()
	b.click(".account-fold summary")
	b.press(`form[action="/-/sign-out"] button`)
	b.expect(".notice.success", "You are signed out.")
}

// TestSignIn comes for a page, types a wrong password and the right one, gets the page, and signs out again.
func TestSignIn(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	s.User("ada")
	for name, password := range map[string]string{"ada": servertest.UserPassword, "admin": servertest.AdminPassword} {
		b := open(t, s.URL)
		b.visit("/-/channels?q=x")
		if got, want := b.path(), "/-/sign-in?return_to=%2F-%2Fchannels%3Fq%3Dx"; got != want {
			t.Errorf("somebody without a session is sent to %s, want %s", got, want)
		}
		b.signIn(name, "not the password")
		b.expect(".notice.error", "password is wrong")
		if user, typed := b.value("#f-username"), b.value("#f-password"); user != name || typed != "" {
			t.Errorf("after a wrong password the fields hold %q and %q", user, typed)
		}
		b.fill("#f-password", password)
		b.press(submit)
		if got := b.path(); got != "/-/channels?q=x" {
			t.Errorf("after signing in at %s, want the page that was asked for", got)
		}
		b.expect(".account-name", name)
		if back := b.answers("/-/sign-in"); back != 200 || b.path() != "/-/" {
			t.Errorf("whoever has signed in gets the page for it, at %s", b.path())
		}
		b.signOut()
		b.visit("/-/channels")
		b.see("#f-username")
	}
}

// TestTooManyPasswords guesses until the site has enough, when the right password is of no use either; later it is.
func TestTooManyPasswords(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	s.User("ada")
	s.Clock.Stop()
	b := open(t, s.URL)
	b.visit("/-/sign-in")
	const words = "too many passwords were tried"
	tries := 0
	for text := ""; !strings.Contains(strings.ToLower(text), words); text = b.read(".notice.error") {
		if tries++; tries > 30 {
			t.Fatalf("after %d wrong passwords the page says %q", tries, text)
		}
		b.signIn("ada", "guess")
	}
	b.signIn("ada", servertest.UserPassword)
	if got := b.read(".notice.error"); !strings.Contains(strings.ToLower(got), words) {
		t.Errorf("the right password among guesses: %q", got)
	}
	s.Clock.Advance(10 * time.Minute)
	b.signIn("ada", servertest.UserPassword)
	b.see("nav.side")
}

// TestFirstVisit is the first hour of a new site: the password that the server printed is replaced, then there are a
// channel, a package in it, a token, and the lines by which conda uses it.
func TestFirstVisit(t *testing.T) {
	t.Parallel()
	s := servertest.New(t, func(c *config.Config) { c.AdminPassword = "" })
	b := open(t, s.URL)
	b.visit("/-/")
	b.signIn("admin", s.Server.FirstLogin.Password)
	b.expect(".notice.info", "Choose your own")
	b.visit("/-/channels")
	if got := b.path(); got != "/-/password" {
		t.Fatalf("before the password is replaced /-/channels opens %s", got)
	}
	const mine = "quite another password"
	b.fill("#f-new_password", mine)
	b.fill("#f-repeated_password", mine)
	b.press(submit)
	b.visit("/-/")
	b.expect("ol.steps li.done", "Choose your own password")

	b.press(`ol.steps a[href="/-/create-channel"]`)
	b.fill("#f-name", "team")
	b.press(submit)
	b.expect("main h1", "team")
	b.press(`nav.side a[href="/-/"]`)
	b.press(`ol.steps a[href="/-/channels/team"]`)
	path, filename := packageFile(t, 1, "alpha")
	b.chooseFiles("#f-file", path)
	b.click("form[data-upload] button[type=submit]")
	b.expect(".uploads .done", filename+" is uploaded.")
	b.press(`nav.side a[href="/-/"]`)
	b.press(`ol.steps a[href="/-/generate-token?channel=team"]`)
	b.fill("#f-name", "laptop")
	b.press(submit)
	token := b.newString()
	b.expect(".copyable", s.URL+"/t/"+token+"/team")
	works(t, s, "the first token of a new site", token)
	b.press(`nav.side a[href="/-/"]`)
	if eval[bool](b, `!!document.querySelector("ol.steps")`) {
		t.Error("the first steps are still offered after all are done")
	}
}

// TestChangePassword changes the password of somebody who is signed in twice: the other session ends, and only the new
// password opens another one.
func TestChangePassword(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	s.User("ada")
	for as, who := range map[string]struct{ name, password string }{
		"author": {"ada", servertest.UserPassword},
		"admin":  {"admin", servertest.AdminPassword},
	} {
		t.Run(as, func(t *testing.T) {
			b, other := tabOf(t, s, as), tabOf(t, s, as)
			b.click(".account-fold summary")
			b.press(`.account-fold a[href="/-/password"]`)
			b.changePassword(who.password)
			other.visit("/-/tokens")
			other.see("#f-username")
			other.signIn(who.name, who.password)
			other.expect(".notice.error", "password is wrong")
			other.signIn(who.name, changedPassword)
			other.expect("main h1", "Tokens")
		})
	}
}

// changedPassword is what changePassword chooses.
const changedPassword = "quite another password"

// changePassword fills in the form for it, with each mistake that can be made there first.
func (b *tab) changePassword(now string) {
	b.t.Helper()
	change := func(current, chosen, again string) {
		b.fill("#f-current_password", current)
		b.fill("#f-new_password", chosen)
		b.fill("#f-repeated_password", again)
		b.press(submit)
	}
	change("not it", changedPassword, changedPassword)
	b.see("#f-current_password-error")
	change(now, changedPassword, changedPassword+" or not")
	b.expect("#f-repeated_password-error", "differ")
	change(now, "short", "short")
	b.see("#f-new_password-error")
	change(now, changedPassword, changedPassword)
	b.see(".notice.success")
	b.visit("/-/tokens")
	b.expect("main h1", "Tokens")
}

// providerSite is a site that takes the word of a certified OpenID Connect provider, which runs beside it.
func providerSite(t *testing.T) (*servertest.Site, *oidctest.Provider) {
	t.Helper()
	var provider *oidctest.Provider
	s := servertest.New(t, func(c *config.Config) {
		c.PublicURL = "http://" + c.Listen
		provider = oidctest.Start(t, c.PublicURL+"/api/auth/callback/kc")
		c.OIDCIssuer, c.OIDCClientID, c.OIDCClientSecret = provider.Issuer, oidctest.ClientID, oidctest.ClientSecret
		c.OIDCName = "the company"
	})
	return s, provider
}

// signInAtProvider fills in the forms of the provider.
func (b *tab) signInAtProvider(login string) {
	b.t.Helper()
	b.fill("input[name=login]", login)
	b.fill("input[name=password]", "anything")
	b.press("form button[type=submit]")
	b.press("form button[type=submit]")
}

// TestOpenIDConnect signs in at a real provider, gets the page that was asked for, and has no password to change. A form
// that was being filled in when the session ended is finished after signing in there again, in another tab.
func TestOpenIDConnect(t *testing.T) {
	t.Parallel()
	s, provider := providerSite(t)
	provider.Account("grace", map[string]any{"preferred_username": "grace", "email": "grace@example.org"})
	b := open(t, s.URL)
	b.visit("/-/channels")
	b.expect("main .card a", "Sign in with the company")
	b.press(`main a[href^="/api/auth/authorize"]`)
	b.signInAtProvider("grace")
	b.expect(".account-name", "grace")
	if got := b.path(); got != "/-/channels" {
		t.Errorf("back from the provider at %s", got)
	}
	if eval[bool](b, `!!document.querySelector('.account-fold a[href="/-/password"]')`) {
		t.Error("the menu offers to change a password that the account does not have")
	}

	b.visit("/-/create-channel")
	b.fill("#f-name", "typed-before")
	// Not by moving the clock, which would date the provider's word.
	if status := get(b, "end the session", chromedp.Evaluate[int](`fetch("/-/sign-out", {method: "POST"}).then((r) => r.status)`, chromedp.EvalAwaitPromise, chromedp.EvalAsValue)); status != 200 {
		t.Fatalf("end the session: status %d", status)
	}
	b.press(submit)
	b.expect(".notice.warning", "what you typed is kept")
	second := b.opened(func() { b.click(`main a[href^="/api/auth/authorize"]`) })
	second.expect(".account-name", "grace")
	b.press("button[name=continue]")
	b.expect(".notice.info", "Nothing was done yet")
	if got := b.value("#f-name"); got != "typed-before" {
		t.Errorf("after signing in again the form holds %q", got)
	}
	b.press(submit)
	b.expect("main h1", "typed-before")
	b.signOut()
	b.visit("/-/channels")
	b.see("#f-username")
}

// opened gives the tab that something opens.
func (b *tab) opened(act func()) *tab {
	b.t.Helper()
	created := chromedp.WaitNewTarget(b.ctx, func(i *target.Info) bool { return i.Type == "page" })
	act()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	select {
	case id := <-created:
		next, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(id))
		b.t.Cleanup(cancel)
		return settle(next, b.t, b.site)
	case <-ctx.Done():
		b.t.Fatal("no tab was opened")
	}
	return nil
}
