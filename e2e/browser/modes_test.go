package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"kingsnake/api"
	"kingsnake/internal/servertest"
)

// TestWithoutScripts does everything essential in a browser whose scripts are switched off.
func TestWithoutScripts(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	ada := s.User("ada")
	s.User("eve")
	if _, err := ada.CreateGroup(t.Context(), api.GroupRequest{Name: "readers"}); err != nil {
		t.Fatal(err)
	}
	b := open(t, s.URL)
	b.do("switch scripts off", command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	b.visit("/-/create-channel")
	b.signIn("ada", servertest.UserPassword)
	if eval[bool](b, `[...document.querySelectorAll("[data-copy]")].some((e) => !e.hidden)`) {
		t.Fatal("scripts run, which were to be switched off")
	}
	b.fill("#f-name", "team")
	b.click("input[name=privacy][value=private]")
	b.press(submit)
	b.expect("main h1", "team")
	path, filename := packageFile(t, 1, "alpha")
	b.chooseFiles("#f-file", path)
	b.press("form[data-upload] button[type=submit]")
	b.expect("main .notice.success", filename+" is uploaded.")

	b.visit("/-/generate-token")
	b.fill("#f-name", "laptop")
	b.fill("#f-resources-0", "team")
	b.press("button[name=add_resource]")
	b.fill("#f-resources-1", "team/not-there")
	b.press("button[name=remove_resource][value='1']")
	b.press(submit)
	first := b.newString()
	b.press(".token-notice a.button")
	b.reissueToken("laptop", "0s")
	second := b.newString()
	refused(t, s, "replaced", "401", first)
	works(t, s, "made without scripts", second)
	b.visit("/-/generate-token")
	b.fill("#f-name", "reader")
	b.click("#f-type-1")
	b.press("button[name=add_set][value=read]")
	b.press(submit)
	works(t, s, "a scope token made without scripts", b.newString())
	b.visit("/-/tokens?q=laptop")
	b.press("tbody a[href$=delete]")
	b.press(submit)
	b.says("The token is deleted")

	b.visit("/-/channels/team/groups")
	b.fill("#f-group", "readers")
	b.press(`section form[action$="/groups"] button[type=submit]`)
	b.expect("tbody", "readers")
	b.visit("/-/channels/team/packages/alpha")
	b.click("input[name=file]")
	b.press(`form.files button[formaction$="/delete"]`)
	b.press(submit)
	b.says("is deleted, and alpha with it.")
	b.visit("/-/check-access")
	b.choose("#f-action", "channel:delete")
	b.fill("#f-channel", "team")
	b.press("form.check-form button[type=submit]")
	b.expect("#answer-title", "Allowed")
	b.visit("/-/channels/team/delete")
	b.fill("#f-typed", "team")
	b.press(submit)
	b.says("team is deleted.")
	b.visit("/-/password")
	b.fill("#f-current_password", servertest.UserPassword)
	b.fill("#f-new_password", "quite another password")
	b.fill("#f-repeated_password", "quite another password")
	b.press(submit)
	b.see(".notice.success")
	b.signOut()
}

// stop is where the focus is: what has it, what it says, and how that shows.
type stop struct {
	What    string `json:"what"`
	Text    string `json:"text"`
	Outline string `json:"outline"`
	Width   int    `json:"width"`
	Shown   bool   `json:"shown"`
}

// key presses keys, and looks where the focus is then.
func (b *tab) key(keys string) stop {
	b.t.Helper()
	b.do("press a key", chromedp.KeyEvent(keys))
	return b.focus()
}

// focus looks where the focus is, and notes an element on which it does not show.
func (b *tab) focus() stop {
	b.t.Helper()
	const js = `(() => {
		const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
		return {what: e.tagName.toLowerCase() + (e.id && "#" + e.id), text: e.innerText || e.getAttribute("aria-label") || "", outline: style.outlineStyle,
			width: parseInt(style.outlineWidth), shown: box.width > 0 && box.height > 0 && box.bottom > 0 && box.right > 0};
	})()`
	f := eval[stop](b, js)
	if f.What != "body" && f.What != "main#main" && (f.Outline == "none" || f.Width < 2 || !f.Shown) {
		b.t.Errorf("at %s the focus on %s %q does not show: outline %s of %d, shown %t", b.path(), f.What, f.Text, f.Outline, f.Width, f.Shown)
	}
	return f
}

// tabTo presses Tab until the focus is on what a selector means.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	js := `document.activeElement.matches(` + quoted(selector) + `)`
	for range 120 {
		if eval[bool](b, js) {
			return
		}
		b.key(kb.Tab)
	}
	b.t.Fatalf("Tab never gets to %s at %s\n%s", selector, b.path(), b.source())
}

// enter presses Enter on what leads to another page, and waits for it.
func (b *tab) enter() {
	b.t.Helper()
	b.leave("press Enter", chromedp.KeyEvent(kb.Enter))
}

// TestKeyboard signs in, generates a token, opens and closes the menu and signs out without a mouse, and looks at every
// stop whether the focus shows.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	s.Channel(s.User("ada"), "team", api.PrivacyPrivate)
	b := open(t, s.URL)
	b.visit("/-/generate-token")
	b.until("the first field has the focus", `document.activeElement.id === "f-username"`)
	b.key("ada")
	b.key(kb.Tab)
	b.key(servertest.UserPassword)
	b.enter()
	b.expect("main h1", "Generate token")
	b.key("laptop")
	b.tabTo("#f-resources-0")
	b.key("team")
	b.tabTo("#f-permission-0")
	b.key("w")
	if got := b.value("#f-permission-0"); got != "write" {
		t.Errorf("the key w chooses the permission %q", got)
	}
	b.tabTo("button[name=add_resource]")
	b.key(" ")
	b.until("the new row has the focus", `document.activeElement.id === "f-resources-1"`)
	b.tabTo("button[name=remove_resource][value='1']")
	b.key(" ")
	b.gone("#f-resources-1")
	b.tabTo(submit)
	b.enter()
	if !strings.HasPrefix(b.newString(), "ks-r-") {
		t.Error("no token was made")
	}
	b.until("the string is next", `document.activeElement.matches(".token-notice")`)

	b.visit("/-/tokens")
	if f := b.key(kb.Tab); f.Text != "Skip to the content" {
		t.Errorf("the first stop is %s %q, want the link past the navigation", f.What, f.Text)
	}
	b.key(kb.Enter)
	b.until("the link is followed", `location.hash === "#main"`)
	if f := b.key(kb.Tab); !eval[bool](b, `document.querySelector("main").contains(document.activeElement)`) {
		t.Errorf("after the link past the navigation the next stop is %s %q", f.What, f.Text)
	}
	b.tabTo("tbody th a")
	b.visit("/-/tokens")
	b.tabTo(".account-fold summary")
	b.key(kb.Enter)
	b.see(`.account-fold form[action="/-/sign-out"] button`)
	if f := b.key(kb.Escape); !strings.HasPrefix(f.What, "summary") {
		t.Errorf("Escape leaves the focus on %s", f.What)
	}
	b.until("Escape closes the menu", `!document.querySelector(".account-fold").open`)
	b.key(kb.Enter)
	b.tabTo(`.account-fold form[action="/-/sign-out"] button`)
	b.enter()
	b.says("You are signed out.")
}

// TestReducedMotion looks that nothing moves for who prefers that.
func TestReducedMotion(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	b := tabOf(t, s, "admin")
	const moving = `[...document.querySelectorAll("*")].filter((e) => {
		const s = getComputedStyle(e);
		return [s.transitionDuration, s.animationDuration].some((d) => d.split(",").some((x) => parseFloat(x) > 0)) || s.scrollBehavior === "smooth";
	}).map((e) => e.tagName + "." + e.className)`
	for _, path := range []string{"/-/", "/-/channels", "/-/generate-token", "/-/settings", "/-/system"} {
		b.prefer("prefers-reduced-motion", "reduce")
		b.visit(path)
		if got := eval[[]string](b, moving); len(got) > 0 {
			t.Errorf("%s: these move: %q", path, got)
		}
		b.prefer("prefers-reduced-motion", "no-preference")
		if got := eval[[]string](b, moving); len(got) == 0 {
			t.Errorf("%s: nothing moves for anybody, so the test finds nothing", path)
		}
	}
}
