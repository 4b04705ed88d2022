package browser

import (
	"strings"
	"testing"
)

// TestEditMetadataInABrowser edits what the index says of a file, sees both beside each other, and takes the edit back.
func TestEditMetadataInABrowser(t *testing.T) {
	t.Parallel()
	s := world(t)
	b := tabOf(t, s, "author")
	b.visit("/-/channels/team/packages/alpha")
	b.press(".files .tools a")
	original := b.value("#f-license")
	b.fill("#f-license", "BSD-3-Clause")
	b.fill("#f-depends", "python >=3.12\nteam-tools")
	b.press("form.meta-form .actions button")
	b.expect(".files tbody", "Edited")
	b.press(".files tbody tr:has(.badge.info) .tools a")
	if got := b.value("#f-license"); got != "BSD-3-Clause" {
		t.Errorf("the form holds the licence %q", got)
	}
	if got := strings.TrimSpace(b.read("#row-license .original pre")); got != original {
		t.Errorf("beside it stands %q, want %q", got, original)
	}
	if !eval[bool](b, `document.querySelector("#f-depends").getBoundingClientRect().right <= document.querySelector("#row-depends .original").getBoundingClientRect().left`) {
		t.Error("the edit and the original do not stand side by side")
	}
	b.press("#row-license button[name=original]")
	if got := b.value("#f-license"); got != original {
		t.Errorf("taken back, the form holds %q", got)
	}
	b.press("form.meta-form .actions button")
	b.press(".files tbody tr:has(.badge.info) .tools a")
	b.press(`form.meta-form a[href$="/undo"]`)
	b.expect(".danger-card", "team-tools")
	b.press("form.danger-card button")
	b.see(".notice.success")
	if n := eval[int](b, `document.querySelectorAll(".files .badge.info").length`); n != 0 {
		t.Errorf("%d files are still edited", n)
	}
}
