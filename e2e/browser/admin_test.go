package browser

import "testing"

// adminShots are the pages of Check access and of the administration.
func adminShots() []shot {
	return []shot{
		{name: "check-access", path: "/-/check-access", as: "author"},
		{name: "check-access-refused", path: "/-/check-access?action=system.settings:edit", as: "author", prepare: func(b *tab) {
			b.press("form.check-form button[type=submit]")
			b.see(".answer")
		}},
		{name: "check-access-allowed", path: "/-/check-access?action=artifact:create&channel=team", as: "author", prepare: func(b *tab) {
			b.press("form.check-form button[type=submit]")
			b.see(".answer .success")
		}},
		{name: "check-access-person", path: "/-/check-access?user=eve&action=artifact:download&channel=team", as: "author", prepare: func(b *tab) {
			b.press("form.check-form button[type=submit]")
			b.see(".answer .danger")
		}},
		{name: "check-access-hidden", path: "/-/check-access?action=channel:view&channel=nothing-like-it", as: "author", prepare: func(b *tab) {
			b.press("form.check-form button[type=submit]")
		}},
		{name: "check-access-token", path: "/-/check-access?action=channel:view", as: "author", prepare: func(b *tab) {
			b.click("#f-about-2")
			b.fill("#f-token_string", "no token of this site")
			b.press("form.check-form button[type=submit]")
		}},
		{name: "audit", path: "/-/audit", as: "admin"},
		{name: "audit-none", path: "/-/audit?q=nothing-like-it", as: "admin"},
		{name: "audit-verified", path: "/-/audit", as: "admin", prepare: func(b *tab) {
			b.press("form[action$=verify] button")
			b.jobDone()
		}},
		{name: "settings", path: "/-/settings", as: "admin"},
		{name: "settings-refused", path: "/-/settings", as: "admin", prepare: func(b *tab) {
			b.fill(`[id="f-kingsnake.token_max_days"]`, "soon")
			b.press("main form button[type=submit]")
		}},
		{name: "system", path: "/-/system", as: "admin"},
	}
}

// TestCheckAccessInABrowser asks about a person: fields that do not belong to the question are out of the way.
func TestCheckAccessInABrowser(t *testing.T) {
	t.Parallel()
	s := world(t)
	b := tabOf(t, s, "author")
	b.visit("/-/check-access")
	if eval[bool](b, `document.querySelector("#f-user").checkVisibility()`) {
		t.Error("the name of a person is asked for in a question about oneself")
	}
	b.click("#f-about-1")
	b.see("#f-user")
	b.fill("#f-user", "ada")
	b.choose("#f-action", "artifact:create")
	b.fill("#f-channel", "team")
	b.press("form.check-form button[type=submit]")
	b.expect("#answer-title", "Allowed")
	if !eval[bool](b, `document.activeElement.matches(".answer")`) {
		t.Error("the answer has no focus")
	}
}
