package browser

// stateShots are states that pages come into: errors, questions before something is destroyed, and having nothing to show.
func stateShots() []shot {
	// through presses one thing after the other.
	through := func(selectors ...string) func(*tab) {
		return func(b *tab) {
			for _, s := range selectors {
				b.press(s)
			}
		}
	}
	const first = "tbody th a"
	return []shot{
		{name: "state-sign-in-problem", path: "/-/sign-in?problem=account_disabled"},
		{name: "state-signed-out-nowhere", path: "/-/nothing-here"},
		{name: "state-session-ended", path: "/-/sign-in", prepare: func(b *tab) {
			b.leave("send a form without a session", script(`(() => {
				const form = document.createElement("form");
				form.method = "post";
				form.action = "/-/create-channel";
				form.append(Object.assign(document.createElement("input"), {name: "name", value: "typed"}));
				document.body.append(form);
				form.submit();
			})()`))
			b.see(".notice.warning")
		}},
		{name: "state-home-nothing", path: "/-/", as: "outsider"},
		{name: "state-groups-none", path: "/-/groups", as: "outsider"},
		{name: "state-channel-of-others", path: "/-/channels/community", as: "outsider"},
		{name: "state-not-for-you", path: "/-/channels/team", as: "outsider"},
		{name: "state-not-possible", path: "/-/sign-out", as: "author"},
		{name: "state-password-refused", path: "/-/password", as: "author", prepare: func(b *tab) {
			b.fill("#f-current_password", "not it")
			b.fill("#f-new_password", "short")
			b.fill("#f-repeated_password", "other")
			b.press(submit)
		}},
		{name: "state-group-refused", path: "/-/create-group", as: "author", prepare: func(b *tab) {
			b.fill("#f-name", "release_owners")
			b.press(submit)
		}},
		{name: "state-trust-refused", path: "/-/channels/team/trust/new", as: "author", prepare: func(b *tab) {
			b.fill("#f-claims", "no claim")
			b.press(submit)
		}},
		{name: "state-check-not-filled-in", path: "/-/check-access?about=user&action=channel:view", as: "author", prepare: through("form.check-form button[type=submit]")},
		{name: "state-remove-group", path: "/-/channels/team/groups", as: "author", prepare: through("tbody .tools a")},
		{name: "state-remove-owner", path: "/-/channels/team/groups", as: "author", prepare: through(".people a")},
		{name: "state-delete-trust", path: "/-/channels/team/trust", as: "author", prepare: through(`.tools a[href$="/delete"]`)},
		{name: "state-service-reissue", path: "/-/channels/team/service-accounts", as: "author", prepare: through(`.tools a[href$="/reissue"]`)},
		{name: "state-service-delete-token", path: "/-/channels/team/service-accounts", as: "author", prepare: through(`.tools a[href$="/delete"]`)},
		{name: "state-service-delete", path: "/-/channels/team/service-accounts", as: "author", prepare: through(`a[href$="/service-accounts/delete"]`)},
		{name: "state-filters-refused", path: "/-/channels/team/settings/filters", as: "author", prepare: func(b *tab) {
			b.fill(`[id="f-filters.conda.exclude_specs"]`, "a spec = that [is none")
			b.press(submit)
		}},
		{name: "state-delete-group", path: "/-/groups?q=builders", as: "author", prepare: through(first, `main a[href$="/edit"]`, `main a[href$="/delete"]`)},
		{name: "state-disable-user", path: "/-/users?q=ada", as: "admin", prepare: through(first, `main a[href$="/disable"]`)},
		{name: "state-user-refused", path: "/-/create-user", as: "admin", prepare: func(b *tab) {
			b.fill("#f-username", "not a name")
			b.press(submit)
		}},
		{name: "state-role-refused", path: "/-/create-role", as: "admin", prepare: func(b *tab) {
			b.fill("#f-name", "Not A Name")
			b.press(submit)
		}},
		{name: "state-quota-refused", path: "/-/channels/team/settings", as: "admin", prepare: func(b *tab) {
			b.fill("#f-quota_bytes", "a lot")
			b.press(`form[action$="/quota"] button`)
		}},
	}
}
