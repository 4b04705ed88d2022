package browser

import (
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/config"
	"kingsnake/internal/servertest"
)

// openTab opens a tab of a channel's page.
func (b *tab) openTab(end string) {
	b.t.Helper()
	b.press(`nav.tabs a[href$="/` + end + `"]`)
}

// says waits for the word that something was done.
func (b *tab) says(text string) {
	b.t.Helper()
	b.expect(".notice.success", text)
}

// TestChannel takes a channel through all its tabs, from creating to deleting, as its owner and as an administrator.
func TestChannel(t *testing.T) {
	t.Parallel()
	s := servertest.New(t, func(c *config.Config) {
		c.PublicURL, c.TrustedIssuers = "http://"+c.Listen, []string{githubIssuer}
	})
	ada := s.User("ada")
	s.User("eve")
	for _, who := range []struct {
		as, channel string
		api         *client.Client
	}{{"author", "lab", ada}, {"admin", "ops", s.Admin}} {
		t.Run(who.as, func(t *testing.T) {
			if _, err := who.api.CreateGroup(t.Context(), api.GroupRequest{Name: who.channel + "-people"}); err != nil {
				t.Fatal(err)
			}
			b := tabOf(t, s, who.as)
			b.createChannel(who.channel)
			b.subchannel(who.channel)
			b.groupsAndOwners(who.channel)
			b.serviceAccount(who.channel)
			b.trustedPublisher()
			b.channelSettings(who.channel, who.as == "admin")
			b.openTab("history")
			b.expect("tbody", "Channel created")
			b.fill("#f-q", "nothing-like-it")
			b.press("form.filter button")
			b.expect(".empty", "Nothing found")
			b.deleteChannel(who.channel)
		})
	}
}

// createChannel makes a private channel, at the second try, and makes it the default one.
func (b *tab) createChannel(name string) {
	b.t.Helper()
	b.press(`nav.side a[href="/-/channels"]`)
	b.press(`a[href="/-/create-channel"]`)
	b.fill("#f-name", "Not A Name")
	b.fill("#f-description", "What we build")
	b.press(submit)
	b.see("#f-name-error")
	if got := b.value("#f-description"); got != "What we build" {
		b.t.Errorf("after an error the description is %q", got)
	}
	b.fill("#f-name", name)
	b.click("input[name=privacy][value=private]")
	b.press(submit)
	b.expect("main h1", name)
	b.expect(".heading .badges", "Private")
	b.expect(".use-box .copyable", b.site+"/t/<TOKEN>/"+name)
	b.press(`form[action$="/default"] button`)
	b.expect(".heading .badges", "Your default channel")
}

// subchannel makes one, and deletes it again.
func (b *tab) subchannel(channel string) {
	b.t.Helper()
	b.openTab("subchannels")
	b.press(`a[href$="/subchannels/new"]`)
	b.fill("#f-name", "nightly")
	b.press(submit)
	b.expect("main h1", channel+"/nightly")
	b.visit("/-/channels/" + channel + "/subchannels")
	b.press(`.tools a[href$="/delete"]`)
	b.fill("#f-typed", channel)
	b.press(submit)
	b.expect("#f-typed-error", channel+"/nightly")
	b.fill("#f-typed", channel+"/nightly")
	b.press(submit)
	b.says(channel + "/nightly is deleted.")
	b.visit("/-/channels/" + channel)
}

// groupsAndOwners lets a group in, changes and removes it, adds an owner and removes them, and looks who has access.
func (b *tab) groupsAndOwners(channel string) {
	b.t.Helper()
	group := channel + "-people"
	b.openTab("groups")
	letIn := `section form[action$="/groups"] button[type=submit]`
	b.fill("#f-group", "nobody-knows-it")
	b.press(letIn)
	b.expect("#f-group-error", "nobody-knows-it")
	b.fill("#f-group", group)
	b.click("input[name=permission][value=write]")
	b.press(letIn)
	b.expect("tbody", group)
	b.choose("tbody select[name=level]", "manage")
	b.press("tbody form button")
	if got := b.value("tbody select[name=level]"); got != "manage" {
		b.t.Errorf("after the change the group may %s", got)
	}
	b.openTab("access")
	b.expect("tbody", group)
	b.fill("#f-q", "nothing-like-it")
	b.press("form.filter button")
	b.expect(".empty", "Nothing found")
	b.openTab("groups")
	b.press("tbody .tools a")
	b.expect(".danger-card", "1 member")
	b.press(submit)
	if got := b.read("main"); strings.Contains(got, group+"\n") {
		b.t.Errorf("after removing the group the page says %q", got)
	}
	b.fill("#f-user", "eve")
	b.press(`form[action$="/owners"] button`)
	b.expect(".people", "eve")
	b.press(`.people a[href*="/owners/eve/"]`)
	b.press(submit)
	b.until("eve is no owner", `!document.querySelector(".people").innerText.includes("eve")`)
}

// serviceAccount makes the account of a channel, a token of it, a new string, and takes all away again.
func (b *tab) serviceAccount(channel string) {
	b.t.Helper()
	b.openTab("service-accounts")
	b.fill("#f-description", "for CI")
	b.press(submit)
	b.expect(".facts", "service-account-channel-"+channel)
	b.press(`a[href$="/generate-token"]`)
	b.fill("#f-name", "nightly upload")
	b.choose("#f-permission-0", "write")
	b.press(submit)
	first := b.newString()
	b.press(".token-notice a.button")
	b.expect("tbody", "nightly upload")
	b.press(`.tools a[href$="/reissue"]`)
	b.press(submit)
	if second := b.newString(); second == first || !strings.HasPrefix(second, "ks-a-") {
		b.t.Errorf("the new string begins with %.5s", second)
	}
	b.press(".token-notice a.button")
	b.press(`.tools a[href$="/delete"]`)
	b.expect(".danger-card", "Read and upload to "+channel)
	b.press(submit)
	b.expect(".empty", "No tokens yet")
	b.press(`a[href$="/service-accounts/delete"]`)
	b.press(submit)
	b.expect("main h3", "Create the service account")
}

// trustedPublisher makes a rule, at the second try, and deletes it.
func (b *tab) trustedPublisher() {
	b.t.Helper()
	b.openTab("trust")
	b.press(`a[href$="/trust/new"]`)
	b.fill("#f-claims", "no claim")
	b.press(submit)
	b.see("#f-claims-error")
	b.fill("#f-claims", "repository_id = 123456")
	b.press(submit)
	b.expect("tbody", "repository_id = 123456")
	b.press(`.tools a[href$="/delete"]`)
	b.press(submit)
	b.expect(".empty", "Nobody is trusted yet")
}

// channelSettings changes the description and who reads, the filters, a notice, whether it is frozen, the index and, for
// administrators, the quota.
func (b *tab) channelSettings(channel string, quota bool) {
	b.t.Helper()
	b.openTab("settings")
	b.fill("#f-description", "New words")
	b.click("input[name=privacy][value=authenticated]")
	b.press(`form[action$="/settings"] button[type=submit]`)
	b.expect(".lead", "New words")
	b.press(`a[href$="/settings/filters"]`)
	b.fill(`[id="f-filters.conda.exclude_specs"]`, "alpha<1")
	b.press(submit)
	b.expect("main", "Some packages are hidden")
	b.press(`a[href$="/settings/notices"]`)
	b.fill("#f-message", "We move on Friday.")
	b.press(submit)
	b.expect(".notice-card", "We move on Friday.")
	b.press(".notice-card form button")
	b.expect(".danger-card", "We move on Friday.")
	b.press(submit)
	b.expect(".empty", "No notices")
	b.visit("/-/channels/" + channel + "/settings")
	b.press(`form[action$="/reindex"] button`)
	b.press(submit)
	b.says("The index is being rebuilt")
	b.press(`form[action$="/freeze"] button`)
	b.expect(".danger-card", "Freeze "+channel)
	b.press(submit)
	b.expect(".heading .badges", "Frozen")
	b.press(`form[action$="/freeze"] button`)
	b.says("takes changes again")
	if quota {
		b.fill("#f-quota_bytes", "a lot")
		b.press(`form[action$="/quota"] button`)
		b.see("#f-quota_bytes-error")
		b.fill("#f-quota_bytes", "500MB")
		b.press(`form[action$="/quota"] button`)
		b.says("The quota of the channel is")
	} else if eval[bool](b, `!!document.querySelector("#f-quota_bytes")`) {
		b.t.Error("an owner is offered to set the quota")
	}
}

// deleteChannel deletes a channel by its settings.
func (b *tab) deleteChannel(name string) {
	b.t.Helper()
	b.openTab("settings")
	b.press(`a[href$="/` + name + `/delete"]`)
	b.expect(".danger-card", "no packages")
	b.fill("#f-typed", name)
	b.press(submit)
	b.says(name + " is deleted.")
}
