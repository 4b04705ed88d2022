package web_test

import (
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/config"
	"kingsnake/internal/server/web"
	"kingsnake/internal/server/web/webtest"
	"kingsnake/internal/servertest"
)

// placeholder is a part of a pattern that stands for something.
var placeholder = regexp.MustCompile(`\{([a-z]+)(\.\.\.)?\}`)

// site is a site on which every page has something to show, and what stands for the placeholders in their paths. Whoever
// adds a page with a new placeholder adds it here.
func site(t *testing.T) (s *servertest.Site, values map[string]string) {
	t.Helper()
	s = servertest.New(t, func(c *config.Config) {
		c.PublicURL, c.TrustedIssuers = "http://pages.test", []string{"https://ci.test"}
	})
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	group, err := s.Admin.CreateGroup(t.Context(), api.GroupRequest{Name: "readers"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Admin.AddChannelGroup(t.Context(), "team", "readers", api.LevelRead); err != nil {
		t.Fatal(err)
	}
	data, info := servertest.Package(1, random.Options{Name: "alpha", Version: "1.0", Subdir: "noarch"})
	s.Upload(s.Admin, "team", data, info.Filename)
	if err := s.Admin.EditMetadata(t.Context(), "team", "noarch/"+info.Filename, map[string]any{"license": "MIT"}); err != nil {
		t.Fatal(err)
	}
	role, err := s.Admin.CreateRole(t.Context(), api.Role{Name: "auditor", Permissions: map[string]*api.Level{"audit-logs": new(api.LevelRead)}})
	if err != nil {
		t.Fatal(err)
	}
	token := s.ResourceToken(s.Admin, "team", api.LevelWrite)
	rule, err := s.Admin.CreateTrustRule(t.Context(), "team", api.TrustRuleWrite{Issuer: "https://ci.test", Claims: map[string]string{"sub": "x"}, Permission: api.LevelRead})
	if err != nil {
		t.Fatal(err)
	}
	service, err := s.Admin.CreateServiceToken(t.Context(), "team", "service-account-channel-team", api.TokenCreate{Name: "ci", Resources: []api.TokenResource{
		{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelRead},
	}})
	if err != nil {
		t.Fatal(err)
	}
	job, err := s.Admin.Bulk(t.Context(), "team", api.Bulk{Action: api.BulkDelete, Items: []api.BulkItem{{Name: "nothing", Family: api.FamilyConda}}})
	if err != nil {
		t.Fatal(err)
	}
	began := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword).Post("/-/audit/verify", url.Values{})
	notices, err := s.Admin.SetNotices(t.Context(), "team", []api.NoticeUpdate{{Message: "We move"}})
	if err != nil {
		t.Fatal(err)
	}
	return s, map[string]string{
		"job":     job.ID,
		"channel": "team", "grant": group.ID, "owner": "admin", "notice": notices[0].ID, "token": token.ID, "rule": rule.ID, "servicetoken": service.ID,
		"package": "alpha", "verification": path.Base(began.Path), "subdir": "noarch", "file": info.Filename, "group": group.ID, "member": "admin", "user": "admin", "usertoken": token.ID, "role": role.Name,
	}
}

// patterns are the routes of a method, by pattern, with the address at which to ask for each.
func patterns(t *testing.T, method string, values map[string]string) map[string]string {
	t.Helper()
	w, err := web.New(web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, pattern := range web.Patterns(w) {
		path, ok := strings.CutPrefix(pattern, method+" ")
		if !ok {
			continue
		}
		path = strings.TrimSuffix(path, "{$}")
		out[pattern] = placeholder.ReplaceAllStringFunc(path, func(part string) string {
			v, known := values[placeholder.FindStringSubmatch(part)[1]]
			if !known {
				t.Errorf("%s: nothing stands for %s; add it to site", pattern, part)
			}
			return v
		})
	}
	return out
}

func TestEveryPageIsSound(t *testing.T) {
	s, values := site(t)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	for pattern, path := range patterns(t, http.MethodGet, values) {
		p := b.Get(path)
		if p.Status != http.StatusOK {
			t.Errorf("%s: status %d", pattern, p.Status)
			continue
		}
		for name, want := range map[string]string{
			"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := p.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", pattern, name, got, want)
			}
		}
		csp := p.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'; script-src 'self'; style-src 'self'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", pattern, csp)
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			sound(t, pattern, p)
		}
	}
}

// sound notes what every page must have and must not have.
func sound(t *testing.T, name string, p *webtest.Page) {
	t.Helper()
	if p.Find("html").Attr("lang") == "" || p.Find("title").Text() == "" || len(p.All("h1")) != 1 {
		t.Errorf("%s: lang %q, title %q, %d headings of the first level", name, p.Find("html").Attr("lang"), p.Find("title").Text(), len(p.All("h1")))
	}
	ids := map[string]bool{}
	for _, n := range p.All("[id]") {
		if ids[n.Attr("id")] {
			t.Errorf("%s: the id %s is there twice", name, n.Attr("id"))
		}
		ids[n.Attr("id")] = true
	}
	for _, n := range slices.Concat(p.All("input"), p.All("select"), p.All("textarea")) {
		if n.Attr("type") == "hidden" || n.Has("hidden") || n.Attr("aria-label") != "" {
			continue
		}
		if _, ok := p.First("label[for=" + n.Attr("id") + "]"); !ok {
			t.Errorf("%s: the field %s has no label", name, n.Attr("name"))
		}
	}
	for _, n := range p.All("select[required]") {
		// A browser does not send a form while such a select stands on its empty choice.
		if first := n.All("option")[0]; first.Attr("value") == "" && first.Text() != "Choose…" {
			t.Errorf("%s: the choice %q of the field %s cannot be sent", name, first.Text(), n.Attr("name"))
		}
	}
	if len(p.All("[style]"))+len(p.All("style")) > 0 {
		t.Errorf("%s has style inside the page", name)
	}
	for _, n := range p.All("script") {
		if n.Attr("src") == "" {
			t.Errorf("%s has a script inside the page", name)
		}
	}
	for _, n := range p.All("a[href]") {
		if to := n.Attr("href"); !strings.HasPrefix(n.Attr("rel"), "external ") && !strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "#") {
			t.Errorf("%s: the link %s leaves the site", name, to)
		}
	}
	for _, n := range p.All("form[method=post]") {
		if !strings.HasPrefix(n.Attr("action"), "/-/") {
			t.Errorf("%s: a form is sent to %q", name, n.Attr("action"))
		}
	}
}

func TestNoPageWithoutASession(t *testing.T) {
	s, values := site(t)
	w, err := web.New(web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	open := web.OpenPatterns(w)
	b := webtest.New(t, s.URL)
	for pattern, path := range patterns(t, http.MethodGet, values) {
		p := b.Get(path)
		if asked := strings.HasPrefix(p.Path, "/-/sign-in"); !asked && !open[pattern] {
			t.Errorf("%s: somebody without a session is shown %s", pattern, p.Path)
		}
	}
	for pattern, path := range patterns(t, http.MethodPost, values) {
		p := b.Post(path, url.Values{"name": {"x"}})
		if !open[pattern] && p.Status != http.StatusUnauthorized {
			t.Errorf("%s: status %d without a session, want 401", pattern, p.Status)
		}
	}
	want := []string{"GET /-/sign-in", "POST /-/sign-in", "POST /-/sign-out", "POST /-/theme"}
	var got []string
	for pattern, is := range open {
		if is {
			got = append(got, pattern)
		}
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("open without a session are %q, want %q", got, want)
	}
}
