package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/server/web/webtest"
	"kingsnake/internal/servertest"
)

// uploaded uploads small packages and gives the names of their files.
func uploaded(t *testing.T, s *servertest.Site, c *client.Client, channel string, packages ...random.Options) []string {
	t.Helper()
	var names []string
	for i, o := range packages {
		data, info := servertest.Package(uint64(i), o)
		s.Upload(c, channel, data, info.Filename)
		names = append(names, info.Filename)
	}
	return names
}

func TestPackagesOfAllChannels(t *testing.T) {
	s, ada := fixture(t)
	p := as(t, s, "eve").Get("/-/packages")
	if p.Find(".empty h2").Text() != "No packages yet" || p.Find(".menu a[aria-current]").Text() != "Packages" {
		t.Errorf("an empty site: %s", p.Find("main").Text())
	}
	s.Channel(ada, "open", api.PrivacyPublic)
	uploaded(t, s, ada, "team", random.Options{Name: "alpha", Version: "1.0", Subdir: "linux-64"}, random.Options{Name: "beta", Version: "2.0", Subdir: "noarch"})
	uploaded(t, s, ada, "open", random.Options{Name: "gamma", Version: "3.0", Subdir: "noarch"})
	b := as(t, s, "bob")
	for query, want := range map[string]string{
		"": "alpha beta gamma", "?q=ALPH": "alpha", "?platform=noarch": "beta gamma", "?channel=open": "gamma", "?sort=-common_name": "gamma beta alpha",
		"?q=a&platform=noarch&channel=team": "beta", "?page=2": "",
	} {
		p := b.Get("/-/packages" + query)
		if got := strings.Join(texts(p, "tbody th a"), " "); got != want || p.Status != http.StatusOK {
			t.Errorf("%q shows %q (status %d), want %q", query, got, p.Status, want)
		}
	}
	if got := b.Get("/-/packages?q=beta").Find("tbody a").Attr("href"); got != "/-/channels/team/packages/beta" {
		t.Errorf("the package is at %s", got)
	}
	p = b.Get("/-/packages?q=nothing")
	if p.Find(".empty h2").Text() != "Nothing found" || p.Find("#f-q").Attr("value") != "nothing" {
		t.Errorf("an empty search: %s", p.Find("main").Text())
	}
	b = as(t, s, "eve")
	if got := texts(b.Get("/-/packages"), "tbody th a"); !slices.Equal(got, []string{"gamma"}) {
		t.Errorf("an outsider sees %q", got)
	}
	hidden, unknown := b.Get("/-/packages?channel=team"), b.Get("/-/packages?channel=none")
	if hidden.Status != http.StatusUnprocessableEntity || hidden.Problems() == "" || strings.ReplaceAll(hidden.Problems(), "team", "none") != unknown.Problems() {
		t.Errorf("a hidden channel: status %d, %q; an unknown one: %q", hidden.Status, hidden.Problems(), unknown.Problems())
	}
	if p := webtest.New(t, s.URL).Get("/-/packages"); !strings.HasPrefix(p.Path, "/-/sign-in") {
		t.Errorf("without a session: %s", p.Path)
	}
}

func TestPackagePage(t *testing.T) {
	s, ada := fixture(t)
	uploaded(t, s, ada, "team",
		random.Options{Name: "alpha", Version: "1.9", Subdir: "linux-64", Depends: []string{"gone >=1"}},
		random.Options{Name: "alpha", Version: "1.10", Subdir: "linux-64", License: "BSD-3-Clause", Depends: []string{"beta >=2", "elsewhere"}, Readme: "Read <me> first"},
		random.Options{Name: "alpha", Version: "1.10", Subdir: "win-64"},
		random.Options{Name: "beta", Version: "2.0", Subdir: "noarch"},
	)
	const page = "/-/channels/team/packages/alpha"
	for _, name := range []string{"ada", "bob"} {
		b := as(t, s, name)
		p := b.Get(page)
		if p.Find("h1").Text() != "alpha" || strings.Join(texts(p, "nav.crumbs a"), " ") != "Channels team" {
			t.Fatalf("%s: status %d: %s", name, p.Status, p.Find("main").Text())
		}
		if got, want := texts(p, "#files td[data-label=Version]"), []string{"1.10", "1.10", "1.9"}; !slices.Equal(got, want) {
			t.Errorf("%s: versions %q, want %q", name, got, want)
		}
		for query, want := range map[string]string{"?version=1.9": "1.9", "?platform=win-64": "1.10", "?sort=metadata_version": "1.9 1.10 1.10", "?version=7": ""} {
			if got := strings.Join(texts(b.Get(page+query), "#files td[data-label=Version]"), " "); got != want {
				t.Errorf("%s: %s shows %q, want %q", name, query, got, want)
			}
		}
		if got := p.Find("#copy-conda").Text(); !strings.HasPrefix(got, "conda install --channel ") || !strings.HasSuffix(got, "/t/<TOKEN>/team alpha") {
			t.Errorf("%s: the line for conda is %q", name, got)
		}
		if got := texts(p, ".related li"); !slices.Equal(got, []string{"beta >=2", "elsewhere"}) || p.Find(".related a").Attr("href") != "/-/channels/team/packages/beta" {
			t.Errorf("%s: depends on %q", name, got)
		}
		if got := texts(b.Get("/-/channels/team/packages/beta"), ".related li"); !slices.Equal(got, []string{"alpha 1.10"}) {
			t.Errorf("%s: beta is needed by %q", name, got)
		}
	}
	p := as(t, s, "bob").Get(page)
	for what, selector := range map[string]string{"moving": "button[formaction$=/move]", "deletion": "button[formaction$=/delete]"} {
		if n := len(p.All(selector)); n != 0 {
			t.Errorf("a reader is offered %s %d times", what, n)
		}
	}
	for _, path := range []string{page, "/-/channels/none/packages/alpha"} {
		if p := as(t, s, "eve").Get(path); p.Status != http.StatusNotFound || strings.Contains(p.Find("main").Text(), "alpha") {
			t.Errorf("an outsider at %s: status %d: %s", path, p.Status, p.Find("main").Text())
		}
	}
	if p := as(t, s, "ada").Get("/-/channels/team/packages/none"); p.Status != http.StatusNotFound {
		t.Errorf("an unknown package: status %d", p.Status)
	}
}

func TestPublicPackageCanBeFetchedByALink(t *testing.T) {
	s, ada := fixture(t)
	s.Channel(ada, "open", api.PrivacyPublic)
	uploaded(t, s, ada, "open", random.Options{Name: "alpha", Version: "1.0", Subdir: "noarch", License: "MIT", Readme: "Read <me> first"})
	p := as(t, s, "eve").Get("/-/channels/open/packages/alpha")
	if got := p.Find("#copy-conda").Text(); strings.Contains(got, "/t/") || !strings.HasSuffix(got, "/open alpha") {
		t.Errorf("the line for conda is %q", got)
	}
	if !strings.Contains(p.Find(".facts").Text(), "MIT") || p.Find(".readme").Text() != "Read <me> first" {
		t.Errorf("about: %s", p.Find("main").Text())
	}
	link := p.Find("#files a[download]").Attr("href")
	if got := webtest.New(t, s.URL).Get(link); got.Status != http.StatusOK || !strings.HasPrefix(link, "/open/noarch/alpha-1.0-") {
		t.Errorf("%s answers %d", link, got.Status)
	}
}
