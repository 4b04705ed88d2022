package browser

// peopleShots are the pages of groups, users and roles.
func peopleShots() []shot {
	user := func(more func(*tab)) func(*tab) {
		return func(b *tab) {
			b.press("tbody th a")
			if more != nil {
				more(b)
			}
		}
	}
	follow := func(end string) func(*tab) {
		return user(func(b *tab) { b.press(`main a[href$="` + end + `"]`) })
	}
	return []shot{
		{name: "people-groups", path: "/-/groups", as: "admin"},
		{name: "people-groups-none-found", path: "/-/groups?q=nothing-like-it", as: "author"},
		{name: "people-group-create", path: "/-/create-group", as: "author"},
		{name: "people-group", path: "/-/groups?q=builders", as: "author", prepare: user(nil)},
		{name: "people-group-refused", path: "/-/groups?q=builders", as: "author", prepare: user(func(b *tab) {
			b.fill("#f-user", "nobody-knows-them")
			b.press("main section form .actions button")
		})},
		{name: "people-group-channels", path: "/-/groups?q=builders", as: "author", prepare: follow("/channels")},
		{name: "people-group-edit", path: "/-/groups?q=builders", as: "author", prepare: follow("/edit")},
		{name: "people-users", path: "/-/users", as: "admin"},
		{name: "people-user-create", path: "/-/create-user", as: "admin"},
		{name: "people-user-password", path: "/-/create-user", as: "admin", prepare: func(b *tab) {
			b.fill("#f-username", "kim")
			b.press(submit)
			b.see(".token-notice")
		}},
		{name: "people-user", path: "/-/users?q=ada", as: "admin", prepare: user(nil)},
		{name: "people-user-tokens", path: "/-/users?q=ada", as: "admin", prepare: follow("/tokens")},
		{name: "people-user-handover", path: "/-/users?q=ada", as: "admin", prepare: follow("/hand-over")},
		{name: "people-user-reset", path: "/-/users?q=ada", as: "admin", prepare: follow("/reset-password")},
		{name: "people-user-delete", path: "/-/users?q=ada", as: "admin", prepare: follow("/delete")},
		{name: "people-roles", path: "/-/roles", as: "admin"},
		{name: "people-role", path: "/-/roles/author", as: "admin"},
		{name: "people-role-admin", path: "/-/roles/admin", as: "admin"},
		{name: "people-role-create", path: "/-/create-role?from=author", as: "admin"},
	}
}
