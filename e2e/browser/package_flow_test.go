package browser

import (
	"fmt"
	"testing"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// TestPackages searches packages, pages through them, and copies, moves and deletes files of one.
func TestPackages(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	ada := s.User("ada")
	s.User("eve")
	s.Channel(ada, "team", api.PrivacyPrivate)
	s.Channel(ada, "archive", api.PrivacyPrivate)
	upload := func(seed int, o random.Options) {
		data, info := servertest.Package(uint64(seed), o)
		s.Upload(ada, "team", data, info.Filename)
	}
	// One more than a page of a list has, beside the two that are worked with.
	for i := range 51 {
		upload(i, random.Options{Name: fmt.Sprintf("many-%02d", i), Version: "1.0", Subdir: "noarch"})
	}
	for i, name := range []string{"alpha", "beta"} {
		for v := range 4 {
			upload(100+10*i+v, random.Options{Name: name, Version: fmt.Sprintf("1.%d", v+8), Subdir: "noarch"})
		}
	}
	for as, name := range map[string]string{"author": "alpha", "admin": "beta"} {
		t.Run(as, func(t *testing.T) {
			b := tabOf(t, s, as)
			b.searchPackages(name)
			b.changeFiles(name)
		})
	}
	eve := tabOf(t, s, "outsider")
	eve.visit("/-/packages?q=many")
	eve.expect(".empty", "Nothing found")
	if got := eve.answers("/-/channels/team/packages/many-00"); got != 404 {
		t.Errorf("an outsider opens a package of a private channel: status %d, want 404", got)
	}
}

// searchPackages finds a package among many, and opens its page.
func (b *tab) searchPackages(name string) {
	b.t.Helper()
	b.press(`nav.side a[href="/-/packages"]`)
	b.fill("#f-q", "many")
	b.press("form.filter button")
	b.expect(".pager", "1–50 of 51")
	b.press(".pager a[rel=next]")
	b.expect(".pager", "51 of 51")
	b.expect("tbody", "many-50")
	b.press(".pager a[rel=prev]")
	b.press(`th a[href*="sort=-common_name"]`)
	b.until("the last comes first", `document.querySelector("tbody th").innerText.includes("many-50")`)
	b.fill("#f-q", name)
	b.fill("#f-channel", "team")
	b.choose("#f-platform", "noarch")
	b.press("form.filter button")
	b.press(`tbody a[href="/-/channels/team/packages/` + name + `"]`)
	b.expect("main h1", name)
	b.expect(".heading .badges", "1.11")
	if got := eval[string](b, `[...document.querySelectorAll("td[data-label=Version]")].map((e) => e.innerText).join(" ")`); got != "1.11 1.10 1.9 1.8" {
		b.t.Errorf("the versions come as %s, want them in conda's order, the newest first", got)
	}
}

// changeFiles copies a file of a package, moves another, deletes a third, and then the whole package.
func (b *tab) changeFiles(name string) {
	b.t.Helper()
	page := "/-/channels/team/packages/" + name
	press := map[string]string{
		"copy": "form.files button:not([formaction])", "move": `form.files button[formaction$="/move"]`, "delete": `form.files button[formaction$="/delete"]`,
	}
	b.press(press["copy"])
	b.expect(".notice.warning", "Choose at least one file")
	b.click("tbody tr:nth-child(1) input[name=file]")
	b.press(press["copy"])
	b.fill("#f-target_channel", "nowhere")
	b.press(submit)
	b.expect("#f-target_channel-error", "nowhere")
	b.fill("#f-target_channel", "archive")
	b.press(submit)
	b.jobDone()
	b.visit("/-/channels/archive/packages/" + name)
	b.expect("tbody", name+"-1.11")
	b.visit(page)
	b.click("tbody tr:nth-child(2) input[name=file]")
	b.press(press["move"])
	b.fill("#f-target_channel", "archive")
	b.press(submit)
	b.jobDone()
	b.visit(page)
	b.files(3)
	b.click("tbody tr:first-child input[name=file]")
	b.press(press["delete"])
	b.expect(".danger-card", name+"-1.11")
	b.press(submit)
	b.says("is deleted.")
	b.files(2)
	b.click("#f-all")
	b.press(press["delete"])
	b.fill("#f-typed", "another")
	b.press(submit)
	b.expect("#f-typed-error", name)
	b.fill("#f-typed", name)
	b.press(submit)
	b.jobDone()
	if got := b.answers(page); got != 404 {
		b.t.Errorf("the page of a deleted package: status %d, want 404", got)
	}
	b.visit("/-/channels/archive/packages/" + name)
	b.files(2)
}

// files asks that the page of a package has as many files.
func (b *tab) files(want int) {
	b.t.Helper()
	if got := eval[int](b, `document.querySelectorAll("form.files tbody tr").length`); got != want {
		b.t.Errorf("%s has %d files, want %d", b.path(), got, want)
	}
}

// jobDone waits on the page of a job until it is done.
func (b *tab) jobDone() {
	b.t.Helper()
	b.see("#job-state")
	b.eventually(b.path(), "#job-state", "Done")
}
