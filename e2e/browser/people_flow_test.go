package browser

import (
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/internal/servertest"
)

// TestGroup makes a group, lets it into a channel and puts somebody into it: the right works with their next request, and
// ends with the next one after they are taken out.
func TestGroup(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	s.Channel(s.User("ada"), "team", api.PrivacyPrivate)
	s.User("eve")
	eve := tabOf(t, s, "outsider")
	for as, group := range map[string]string{"author": "science", "admin": "auditing"} {
		t.Run(as, func(t *testing.T) {
			b := tabOf(t, s, as)
			b.press(`nav.side a[href="/-/groups"]`)
			b.press(`a[href="/-/create-group"]`)
			b.fill("#f-name", "team_owners")
			b.fill("#f-description", "Who reads")
			b.press(submit)
			b.see("#f-name-error")
			b.fill("#f-name", group)
			b.press(submit)
			b.expect("main h1", group)
			page := b.path()
			b.fill("#f-user", "nobody-knows-them")
			b.press(submit)
			b.expect("#f-user-error", "nobody-knows-them")
			b.fill("#f-user", "eve")
			b.press(submit)
			b.expect("tbody", "eve")
			eve.reads("/-/channels/team", false)

			b.visit("/-/channels/team/groups")
			b.fill("#f-group", group)
			b.press(`section form[action$="/groups"] button[type=submit]`)
			b.expect("tbody", group)
			eve.reads("/-/channels/team", true)
			if got := eval[int](eve, `document.querySelectorAll('form[data-upload], nav.tabs a[href$="/settings"]').length`); got != 0 {
				t.Error("who may read is offered to upload or to change settings")
			}
			eve.reads("/-/channels/team/settings", false)
			b.visit(page + "/channels")
			b.expect("tbody", "team")

			b.visit(page)
			b.press(`.tools a[href$="/members/eve/remove"]`)
			b.press(submit)
			eve.reads("/-/channels/team", false)
			b.visit(page + "/edit")
			b.fill("#f-name", group+"-renamed")
			b.press(submit)
			b.expect("main h1", group+"-renamed")
			b.visit(page + "/delete")
			b.press(submit)
			b.reads(page, false)
		})
	}
}

// reads asks whether somebody may open a page, or is told that there is none.
func (b *tab) reads(path string, want bool) {
	b.t.Helper()
	status := 404
	if want {
		status = 200
	}
	if got := b.answers(path); got != status {
		b.t.Errorf("%s answers %d, want %d\n%s", path, got, status, b.source())
	}
}

// TestUser is the life of an account: created with a password that the site makes, disabled, enabled, given a new
// password, and deleted with a report of what it owned.
func TestUser(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	s.User("ada")
	b := tabOf(t, s, "admin")
	b.press(`nav.side a[href="/-/users"]`)
	b.press(`a[href="/-/create-user"]`)
	b.fill("#f-username", "not a name")
	b.fill("#f-email", "kim@lab.test")
	b.press(submit)
	b.see("#f-username-error")
	b.fill("#f-username", "kim")
	b.press(submit)
	password := b.read("#copy-password")
	b.press(".token-notice a.button")
	page := b.path()

	kim := open(t, s.URL)
	kim.visit("/-/channels")
	kim.signIn("kim", password)
	kim.see("#f-new_password")
	kim.fill("#f-new_password", servertest.UserPassword)
	kim.fill("#f-repeated_password", servertest.UserPassword)
	kim.press(submit)
	kim.visit("/-/create-channel")
	kim.fill("#f-name", "of-kim")
	kim.press(submit)
	kim.expect("main h1", "of-kim")

	b.visit(page)
	b.press(`main a[href$="/disable"]`)
	b.expect(".danger-card", "sessions of kim")
	b.press(submit)
	b.says("kim is disabled.")
	kim.visit("/-/channels")
	kim.signIn("kim", servertest.UserPassword)
	kim.see(".notice.error")
	b.press(`form[action$="/enable"] button`)
	b.says("enabled")
	kim.signIn("kim", servertest.UserPassword)
	kim.expect("main h1", "Channels")

	b.press(`main a[href$="/reset-password"]`)
	b.press(submit)
	if again := b.read("#copy-password"); again == password {
		t.Error("the new password is the old one")
	}
	kim.visit("/-/channels")
	kim.see("#f-username")
	b.visit(page)
	b.press(`main a[href$="/delete"]`)
	b.expect(".danger-card", "The only owner of channel of-kim")
	b.fill("#f-typed", "tim")
	b.press(submit)
	b.expect("#f-typed-error", "kim")
	b.fill("#f-typed", "kim")
	b.press(submit)
	b.says("kim is deleted.")
	b.visit("/-/users?q=kim")
	b.expect(".empty", "Nothing found")
}

// TestHandOver deletes somebody whose token a job uses. The page that asks for the name offers to hand the token over to
// the service account of a channel: the job goes on with the new string after the account is gone, and not with the old.
func TestHandOver(t *testing.T) {
	t.Parallel()
	s := tokenSite(t)
	old := s.ResourceToken(s.Login("ada", servertest.UserPassword), "team", api.LevelRead).Secret
	b := tabOf(t, s, "admin")
	b.visit("/-/users?q=ada")
	b.press(`tbody a`)
	b.press(`main a[href$="/delete"]`)
	b.expect(".danger-card", "1 token that works now")
	b.press(`.danger-card a[href$="/hand-over"]`)
	b.click("#f-tokens-0")
	b.fill("#f-channel", "nothing-like-it")
	b.press(submit)
	b.expect("#f-channel-error", "nothing-like-it")
	b.fill("#f-channel", "team")
	b.press(submit)
	handed := strings.TrimSpace(b.read("#copy-1--for-team"))
	works(t, s, "handed over", handed)
	refused(t, s, "handed over", "401", old)
	b.press(".token-notice a.button")
	b.expect("tbody", "for team")

	b.visit("/-/users?q=ada")
	b.press(`tbody a`)
	b.press(`main a[href$="/delete"]`)
	b.fill("#f-typed", "ada")
	b.press(submit)
	b.says("ada is deleted.")
	works(t, s, "of somebody who is gone", handed)
}

// TestRole copies a role, takes rights from it in the grid, gives it to somebody and takes it away again.
func TestRole(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	s.User("ada")
	b, ada := tabOf(t, s, "admin"), tabOf(t, s, "author")
	b.press(`nav.side a[href="/-/roles"]`)
	b.press(`tbody a[href="/-/create-role?from=author"]`)
	b.fill("#f-name", "Not A Name")
	b.press(submit)
	b.see("#f-name-error")
	b.fill("#f-name", "reader")
	for _, category := range []string{"channel", "artifact"} {
		b.click(`input[name="level.` + category + `"][value=read]`)
	}
	b.press(submit)
	b.expect("main h1", "reader")
	b.visit("/-/roles")
	if got := b.read("td[data-label=reader]"); got != "Read" {
		t.Errorf("in the grid the new role has %q on the first category", got)
	}
	ada.reads("/-/create-channel", true)
	b.visit("/-/users?q=ada")
	b.press("tbody th a")
	b.click("input[name=roles][value=author]")
	b.click("input[name=roles][value=reader]")
	b.press(`form[action$="/roles"] button[type=submit]`)
	b.says("The roles are changed")
	ada.reads("/-/create-channel", false)
	ada.visit("/-/channels")
	if eval[bool](ada, `!!document.querySelector('a[href="/-/create-channel"]')`) {
		t.Error("who may not create a channel is offered it")
	}
	b.visit("/-/roles/reader/delete")
	b.expect(".danger-card", "ada")
	b.press(submit)
	b.visit("/-/roles")
	if got := b.read("main"); got == "" || eval[bool](b, `!!document.querySelector('a[href="/-/roles/reader"]')`) {
		t.Error("the deleted role is still there")
	}
}
