package browser

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/servertest"
)

// wall is pages that the same people may open.
type wall struct {
	pages []string
	// admin, author and outsider are the statuses with which the pages answer them.
	admin, author, outsider int
}

// walls are all pages of world, by who may open them. The author owns the private channel team; the outsider has an
// account and nothing else.
func walls(t *testing.T, s *servertest.Site) []wall {
	t.Helper()
	ctx := t.Context()
	ada := s.Login("ada", servertest.UserPassword)
	tokens, err := ada.Tokens(ctx, client.TokenFilter{})
	if err != nil || len(tokens.Items) == 0 {
		t.Fatalf("%d tokens, %v", len(tokens.Items), err)
	}
	groups, err := ada.Groups(ctx, client.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(groups.Items, func(g api.Group) bool { return g.Name == "builders" })
	if at < 0 {
		t.Fatalf("no group builders among %v", groups.Items)
	}
	group, token, channel := "/-/groups/"+groups.Items[at].ID, "/-/tokens/"+tokens.Items[0].ID, "/-/channels/team"
	below := func(base string, ends ...string) []string {
		out := []string{base}
		for _, end := range ends {
			out = append(out, base+"/"+end)
		}
		return out
	}
	const yes, no = http.StatusOK, http.StatusNotFound
	return []wall{
		{[]string{
			"/-/", "/-/password", "/-/channels", "/-/create-channel", "/-/packages", "/-/tokens", "/-/generate-token", "/-/groups", "/-/create-group",
			"/-/check-access", "/-/channels/community", "/-/channels/science", "/-/channels/team:nightly",
		}, yes, yes, yes},
		{below(channel, "upload", "subchannels", "subchannels/new", "groups", "access", "service-accounts", "service-accounts/generate-token", "trust", "trust/new",
			"history", "settings", "settings/filters", "settings/notices", "delete", "packages/alpha", "packages/alpha/delete?all=1", "packages/alpha/copy?all=1"), yes, yes, no},
		{below(group, "channels", "edit", "delete"), yes, yes, no},
		{below(token, "delete"), no, yes, no},
		{[]string{
			"/-/users", "/-/create-user", "/-/users/ada", "/-/users/ada/tokens", "/-/users/ada/delete", "/-/users/ada/disable", "/-/users/ada/reset-password",
			"/-/users/ada/hand-over", "/-/roles", "/-/create-role", "/-/roles/author", "/-/audit", "/-/settings", "/-/system",
		}, yes, no, no},
	}
}

// answer is what a page answered, after all redirects.
type answer struct {
	Path   string `json:"path"`
	Status int    `json:"status"`
	At     string `json:"at"`
}

// fetch asks for pages from a page that is open, with its cookies.
func (b *tab) fetch(paths []string) []answer {
	b.t.Helper()
	list := make([]string, len(paths))
	for i, p := range paths {
		list[i] = quoted(p)
	}
	js := `Promise.all([` + strings.Join(list, ",") + `].map(async (path) => {
		const r = await fetch(path);
		await r.text();
		return {path, status: r.status, at: r.url.slice(location.origin.length)};
	}))`
	return get(b, "fetch pages", chromedp.Evaluate[[]answer](js, chromedp.EvalAwaitPromise, chromedp.EvalAsValue))
}

// TestWhoMayOpenWhat asks for every page as everybody: an outsider is told that there is nothing, whoever has not signed
// in is asked to, and no navigation names what its reader may not open.
func TestWhoMayOpenWhat(t *testing.T) {
	t.Parallel()
	s := world(t)
	all := walls(t, s)
	hidden := map[string]int{"/-/users": 1, "/-/roles": 1, "/-/audit": 1, "/-/settings": 1, "/-/system": 1}
	for as, status := range map[string]func(wall) int{
		"admin": func(w wall) int { return w.admin }, "author": func(w wall) int { return w.author }, "outsider": func(w wall) int { return w.outsider },
	} {
		b := tabOf(t, s, as)
		for _, w := range all {
			for _, got := range b.fetch(w.pages) {
				if got.Status != status(w) || got.At != got.Path {
					t.Errorf("%s opens %s: status %d at %s, want %d", as, got.Path, got.Status, got.At, status(w))
				}
			}
		}
		links := eval[[]string](b, `[...document.querySelectorAll("nav.side a")].map((a) => a.getAttribute("href"))`)
		named := 0
		for _, l := range links {
			named += hidden[l]
		}
		if want := map[string]int{"admin": len(hidden)}[as]; named != want {
			t.Errorf("the navigation of %s names %q, of which %d are for administrators, want %d", as, links, named, want)
		}
		if as == "admin" {
			continue
		}
		b.reads("/-/audit", false)
		b.expect("main h1", "Page not found")
	}
	b := open(t, s.URL)
	b.visit("/-/sign-in")
	for _, w := range all {
		for _, got := range b.fetch(w.pages) {
			if got.Status != http.StatusOK || !strings.HasPrefix(got.At, "/-/sign-in") {
				t.Errorf("nobody opens %s: status %d at %s, want the page for signing in", got.Path, got.Status, got.At)
			}
		}
	}
	b.visit("/-/channels/team/settings")
	b.signIn("eve", servertest.UserPassword)
	b.expect("main h1", "Page not found")
}
