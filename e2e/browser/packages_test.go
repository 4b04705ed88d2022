package browser

// packageShots are the pages of packages.
func packageShots() []shot {
	return []shot{
		{name: "packages", path: "/-/packages", as: "author"},
		{name: "packages-nothing-found", path: "/-/packages?q=nothing-like-it", as: "author"},
		{name: "packages-no-such-channel", path: "/-/packages?channel=nothing-like-it", as: "author"},
		{name: "package", path: "/-/channels/team/packages/alpha", as: "author"},
		{name: "package-copy", path: "/-/channels/team/packages/alpha", as: "author", prepare: func(b *tab) {
			b.click("input[name=file]")
			b.press("form.files button[type=submit]")
		}},
		{name: "package-move-refused", path: "/-/channels/team/packages/alpha/move?all=1", as: "author", prepare: func(b *tab) {
			b.fill("#f-target_channel", "nothing-like-it")
			b.press("main form .actions button")
		}},
		{name: "package-delete", path: "/-/channels/team/packages/alpha", as: "author", prepare: func(b *tab) {
			b.click("input[name=file]")
			b.press(`button[formaction$="/delete"]`)
		}},
		{name: "package-delete-all", path: "/-/channels/team/packages/alpha/delete?all=1", as: "author"},
		{name: "package-edit", path: "/-/channels/team/packages/team-tools", as: "author", prepare: func(b *tab) {
			b.press(".files .tools a")
		}},
		{name: "package-edit-refused", path: "/-/channels/team/packages/alpha", as: "author", prepare: func(b *tab) {
			b.press(".files .tools a")
			b.fill("#f-depends", "a spec = that [is none")
			b.press("form.meta-form .actions button")
		}},
		{name: "package-edit-undo", path: "/-/channels/team/packages/team-tools", as: "author", prepare: func(b *tab) {
			b.press(".files .tools a")
			b.press(`a[href$="/undo"]`)
		}},
		{name: "package-job", path: "/-/channels/team/packages/team-tools/copy?all=1", as: "author", prepare: func(b *tab) {
			b.fill("#f-target_channel", "team/nightly")
			b.press("main form .actions button")
			b.see("#job-state")
		}},
	}
}
