package browser

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// githubIssuer is the issuer that the site of world trusts.
const githubIssuer = "https://token.actions.githubusercontent.com"

// channelShots are the pages of channels.
func channelShots() []shot {
	return []shot{
		{name: "channel", path: "/-/channels/team", as: "author"},
		{name: "channel-how-to-use", path: "/-/channels/team", as: "author", prepare: func(b *tab) { b.click(".use-box summary") }},
		{name: "channel-nothing-found", path: "/-/channels/team?q=nothing-like-it", as: "author"},
		{name: "channel-empty", path: "/-/channels/science", as: "author"},
		{name: "channel-virtual", path: "/-/channels/all", as: "author"},
		{name: "channel-subchannel", path: "/-/channels/team:nightly", as: "author"},
		{name: "channel-uploading", path: "/-/channels/team", as: "author", prepare: func(b *tab) {
			b.chooseFiles("#f-file", "doc.go")
			b.click("form[data-upload] button")
			b.see(".uploads .failed")
		}},
		{name: "channel-upload", path: "/-/channels/team/upload", as: "author"},
		{name: "channel-subchannels", path: "/-/channels/team/subchannels", as: "author"},
		{name: "channel-subchannels-none", path: "/-/channels/science/subchannels", as: "author"},
		{name: "channel-create-subchannel", path: "/-/channels/team/subchannels/new", as: "author"},
		{name: "channel-groups", path: "/-/channels/team/groups", as: "author"},
		{name: "channel-groups-subchannel", path: "/-/channels/team:nightly/groups", as: "author"},
		{name: "channel-groups-refused", path: "/-/channels/team/groups", as: "author", prepare: func(b *tab) {
			b.fill("#f-group", "nobody-knows-it")
			b.press("section form .actions button")
		}},
		{name: "channel-access", path: "/-/channels/team/access?inactive=1", as: "author"},
		{name: "channel-services", path: "/-/channels/team/service-accounts", as: "author"},
		{name: "channel-services-none", path: "/-/channels/science/service-accounts", as: "author"},
		{name: "channel-service-token", path: "/-/channels/team/service-accounts/generate-token", as: "author"},
		{name: "channel-trust", path: "/-/channels/team/trust", as: "author"},
		{name: "channel-trust-new", path: "/-/channels/team/trust/new", as: "author"},
		{name: "channel-history", path: "/-/channels/team/history", as: "author"},
		{name: "channel-settings", path: "/-/channels/team/settings", as: "admin"},
		{name: "channel-filters", path: "/-/channels/team/settings/filters", as: "author"},
		{name: "channel-freeze", path: "/-/channels/team/settings/freeze", as: "author"},
		{name: "channel-reindex", path: "/-/channels/team/settings/reindex", as: "author"},
		{name: "channel-notice-remove", path: "/-/channels/team/settings/notices", as: "author", prepare: func(b *tab) { b.press(".notice-card button") }},
		{name: "channel-notices", path: "/-/channels/team/settings/notices", as: "author"},
		{name: "channel-delete", path: "/-/channels/team/delete", as: "author"},
		{name: "channel-frozen", path: "/-/channels/" + longName, as: "admin"},
		{name: "channel-long-names", path: "/-/channels/" + longName + "/access", as: "admin"},
		{name: "channels-long-names", path: "/-/channels?q=" + longName, as: "admin"},
		{name: "package-long-names", path: "/-/channels/" + longName + "/packages/" + longName[:64], as: "admin"},
	}
}

// longName is as long as the name of a channel may be, and has no place where a line would break by itself.
const longName = longThird + longThird + longThird + "name_of_128"

const longThird = "averylongnameaverylongnameaverylongname"

// fillChannels gives the channels of world what their pages show.
func fillChannels(t testing.TB, s *servertest.Site, ada *client.Client) {
	t.Helper()
	ctx, tools := t.Context(), ""
	for i, p := range []random.Options{
		{Name: "alpha", Version: "1.9", Subdir: "linux-64"},
		{Name: "alpha", Version: "1.10", Subdir: "osx-arm64"},
		{Name: "alpha", Version: "1.10", Subdir: "win-64"},
		{Name: "team-tools", Version: "2026.3", Subdir: "noarch"},
		{Name: "a-package-with-a-rather-long-name-indeed", Version: "0.0.1", Subdir: "noarch"},
	} {
		data, info := servertest.Package(uint64(i), p)
		s.Upload(ada, "team", data, info.Filename)
		if p.Name == "team-tools" {
			tools = "noarch/" + info.Filename
		}
	}
	for _, err := range []error{
		second(ada.CreateSubchannel(ctx, "team", api.ChannelCreate{Name: "nightly", Privacy: api.PrivacyPublic, Description: "Built every night"})),
		second(ada.CreateChannel(ctx, api.ChannelCreate{Name: "all", Privacy: api.PrivacyAuthenticated, ChannelType: api.ChannelTypeVirtual, Sources: []api.ChannelSource{{Name: "team"}, {Name: "science"}}})),
		second(ada.CreateGroup(ctx, api.GroupRequest{Name: "builders", Description: "Who builds the packages"})),
		ada.AddChannelGroup(ctx, "team", "builders", api.LevelWrite),
		second(ada.SetNotices(ctx, "team", []api.NoticeUpdate{{Message: "We move to Python 3.14 on Friday.", Level: "warning"}})),
		second(ada.SetDefaultChannel(ctx, "team")),
		second(ada.CreateTrustRule(ctx, "team", api.TrustRuleWrite{
			Issuer: githubIssuer, Claims: map[string]string{"repository_id": "123456", "environment": "release"},
			Permission: api.LevelWrite, Packages: []string{"team-*"}, Description: "Releases of the tools",
		})),
		second(ada.CreateServiceToken(ctx, "team", "service-account-channel-team", api.TokenCreate{Name: "nightly upload", Description: "In the secrets of the build", Resources: []api.TokenResource{
			{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelWrite},
		}})),
		ada.EditMetadata(ctx, "team", tools, map[string]any{"license": "ISC", "depends": []string{"python >=3.12", "alpha"}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s.ResourceToken(ada, "team", api.LevelRead)
	fillLongNames(t, s)
}

// fillLongNames has somebody with whom nobody else of world shares anything make a channel, now frozen, of which
// everything has the longest name possible.
func fillLongNames(t testing.TB, s *servertest.Site) {
	t.Helper()
	lin := s.User("lin")
	if _, err := lin.CreateChannel(t.Context(), api.ChannelCreate{Name: longName, Privacy: api.PrivacyPrivate, Description: longName}); err != nil {
		t.Fatal(err)
	}
	data, info := servertest.Package(9, random.Options{Name: longName[:64], Version: "1.0", Subdir: "noarch"})
	s.Upload(lin, longName, data, info.Filename)
	if _, err := lin.UpdateChannel(t.Context(), longName, api.ChannelUpdate{IndexingBehavior: new(api.IndexingFrozen)}); err != nil {
		t.Fatal(err)
	}
}

// second is the error of a call that gives something else too.
func second[T any](_ T, err error) error { return err }

// chooseFiles chooses files as the picker of the browser does.
func (b *tab) chooseFiles(selector string, files ...string) {
	b.t.Helper()
	for i, f := range files {
		path, err := filepath.Abs(f)
		if err != nil {
			b.t.Fatal(err)
		}
		files[i] = path
	}
	b.do("choose files", chromedp.SetUploadFiles(chromedp.CSS(selector), files))
}

// drop drops a file onto something.
func (b *tab) drop(selector, name string, data []byte) {
	b.t.Helper()
	const js = `(selector, name, data) => {
		const dropped = new DataTransfer();
		dropped.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name));
		return document.querySelector(selector).dispatchEvent(new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: dropped})) || true;
	}`
	get(b, "drop "+name, chromedp.PollFunction[bool](js, chromedp.WithPollingArgs(selector, name, base64.StdEncoding.EncodeToString(data)), chromedp.WithPollingTimeout(patience)))
}

// packageFile writes a small package into a folder of the test's own.
func packageFile(t *testing.T, seed uint64, name string) (path, filename string) {
	t.Helper()
	data, info := servertest.Package(seed, random.Options{Name: name, Version: "1.0", Subdir: "noarch"})
	path = filepath.Join(t.TempDir(), info.Filename)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, info.Filename
}

// TestUploads sends files from the page of a channel: chosen ones, one that is no package, and one that is dropped.
func TestUploads(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	for channel, who := range map[string]struct {
		as  string
		api *client.Client
	}{"team": {"author", s.User("ada")}, "site": {"admin", s.Admin}} {
		t.Run(who.as, func(t *testing.T) {
			s.Channel(who.api, channel, api.PrivacyPrivate)
			tabOf(t, s, who.as).uploads(t, channel)
			list, err := who.api.Artifacts(t.Context(), channel, client.ArtifactFilter{})
			if err != nil || list.TotalCount != 2 {
				t.Errorf("the channel has %d packages, %v, want 2", list.TotalCount, err)
			}
		})
	}
}

// uploads sends files from the page of a channel.
func (b *tab) uploads(t *testing.T, channel string) {
	t.Helper()
	b.visit("/-/channels/" + channel)
	one, first := packageFile(t, 1, "alpha")
	two, other := packageFile(t, 2, "beta")
	none := filepath.Join(t.TempDir(), "none-1.0-0.conda")
	if err := os.WriteFile(none, []byte("this is no package"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.chooseFiles("#f-file", one, none)
	// A bar may come and go between two looks, so the page itself is asked to note them.
	b.do("watch for bars", script(`window.bars = [];
		new MutationObserver((changes) => changes.forEach((c) => c.addedNodes.forEach((n) => n.querySelectorAll?.("progress").forEach((p) => window.bars.push(p.ariaLabel)))))
			.observe(document.querySelector(".uploads"), {childList: true})`))
	b.click("form[data-upload] button[type=submit]")
	b.expect(".uploads .done", first+" is uploaded.")
	b.expect(".uploads .failed", "none-1.0-0.conda: ")
	b.expect("#packages tbody th", "alpha")
	if got := b.path(); got != "/-/channels/"+channel {
		t.Errorf("the page was left for %s", got)
	}
	data, err := os.ReadFile(two)
	if err != nil {
		t.Fatal(err)
	}
	b.drop("main", other, data)
	b.expect(".uploads .done", other+" is uploaded.")
	b.expect("#packages tbody th", "beta")
	want := []string{"Upload of " + first, "Upload of none-1.0-0.conda", "Upload of " + other}
	if got := eval[[]string](b, `window.bars`); !slices.Equal(got, want) {
		t.Errorf("the bars were %q, want %q", got, want)
	}
}

// TestDeletingAChannel goes the whole way, as its owner.
func TestDeletingAChannel(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	ada := s.User("ada")
	s.Channel(ada, "team", api.PrivacyPrivate)
	b := tabOf(t, s, "author")
	b.visit("/-/channels/team")
	b.press(`nav.tabs a[href$="/settings"]`)
	b.press(`a[href="/-/channels/team/delete"]`)
	if got := b.read(".danger-card"); !strings.Contains(got, "no packages") {
		t.Errorf("the page says %q", got)
	}
	b.fill("#f-typed", "team")
	b.press(".danger-card button")
	b.expect(".notice.success", "team is deleted.")
}
