package web_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/server/web/webtest"
	"kingsnake/internal/servertest"
)

// texts are the texts of what a selector finds.
func texts(p *webtest.Page, selector string) []string {
	var out []string
	for _, n := range p.All(selector) {
		out = append(out, n.Text())
	}
	return out
}

// fixture is a site with a private channel of ada's, which bob may read and eve may not.
func fixture(t *testing.T) (s *servertest.Site, ada *client.Client) {
	t.Helper()
	s = servertest.New(t)
	ada = s.User("ada")
	s.User("bob")
	s.User("eve")
	if _, err := ada.CreateChannel(t.Context(), api.ChannelCreate{Name: "team", Privacy: api.PrivacyPrivate, Description: "What the team builds"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Admin.CreateGroup(t.Context(), api.GroupRequest{Name: "readers"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Admin.SetGroupMember(t.Context(), "readers", "bob", api.LevelRead); err != nil {
		t.Fatal(err)
	}
	if err := s.Admin.AddChannelGroup(t.Context(), "team", "readers", api.LevelRead); err != nil {
		t.Fatal(err)
	}
	return s, ada
}

// as signs somebody of fixture in.
func as(t *testing.T, s *servertest.Site, name string) *webtest.Browser {
	t.Helper()
	if name == "admin" {
		return webtest.SignIn(t, s.URL, name, servertest.AdminPassword)
	}
	return webtest.SignIn(t, s.URL, name, servertest.UserPassword)
}

func TestChannelPageForEverybody(t *testing.T) {
	s, ada := fixture(t)
	data, info := servertest.Package(1, random.Options{Name: "alpha", Version: "1.0", Subdir: "linux-64"})
	s.Upload(ada, "team", data, info.Filename)
	data, info = servertest.Package(2, random.Options{Name: "alpha", Version: "1.10", Subdir: "noarch"})
	s.Upload(ada, "team", data, info.Filename)
	for name, want := range map[string]struct {
		tabs   string
		upload bool
	}{
		"ada":   {"Packages Subchannels", true},
		"admin": {"Packages Subchannels", true},
		"bob":   {"Packages Subchannels", false},
	} {
		p := as(t, s, name).Get("/-/channels/team")
		if got := strings.Join(texts(p, "nav.tabs a"), " "); !strings.HasPrefix(got, want.tabs) {
			t.Errorf("%s: tabs %q, want %q", name, got, want.tabs)
		}
		if got := len(p.All("form[data-upload]")) == 1; got != want.upload {
			t.Errorf("%s: form for uploads: %v, want %v", name, got, want.upload)
		}
		row := p.Find("#packages tbody tr").Text()
		for _, part := range []string{"alpha", "1.10", "linux-64", "noarch"} {
			if !strings.Contains(row, part) {
				t.Errorf("%s: the line %q has no %s", name, row, part)
			}
		}
		if got := p.Find("#packages tbody a").Attr("href"); got != "/-/channels/team/packages/alpha" {
			t.Errorf("%s: the package is at %s", name, got)
		}
		if got := p.Find("#copy-conda").Text(); !strings.Contains(got, "/t/<TOKEN>/team") {
			t.Errorf("%s: the line for conda is %q", name, got)
		}
	}
	if p := as(t, s, "eve").Get("/-/channels/team"); p.Status != http.StatusNotFound {
		t.Errorf("an outsider: status %d", p.Status)
	}
	if p := webtest.New(t, s.URL).Get("/-/channels/team"); !strings.HasPrefix(p.Path, "/-/sign-in") {
		t.Errorf("without a session: %s", p.Path)
	}
}

func TestPackagesAreFiltered(t *testing.T) {
	s, ada := fixture(t)
	for i, name := range []string{"alpha", "beta"} {
		data, info := servertest.Package(uint64(i), random.Options{Name: name, Version: "1.0", Subdir: []string{"linux-64", "noarch"}[i]})
		s.Upload(ada, "team", data, info.Filename)
	}
	b := as(t, s, "ada")
	for query, want := range map[string]string{
		"": "alpha beta", "?q=ALPH": "alpha", "?platform=noarch": "beta", "?sort=-common_name": "beta alpha", "?q=nothing": "",
	} {
		p := b.Get("/-/channels/team" + query)
		if got := strings.Join(texts(p, "#packages tbody th a"), " "); got != want {
			t.Errorf("%q shows %q, want %q", query, got, want)
		}
	}
	p := b.Get("/-/channels/team?q=nothing&platform=noarch")
	if p.Find("#packages .empty h2").Text() != "Nothing found" || p.Find("#f-q").Attr("value") != "nothing" || !p.Find("#f-platform option[value=noarch]").Has("selected") {
		t.Errorf("an empty search: %s", p.Find("#packages").Text())
	}
}

// send posts files as a browser does, with a box ticked or not.
func send(t *testing.T, b *webtest.Browser, path string, replace bool, files map[string][]byte) *webtest.Page {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if replace {
		if err := w.WriteField("replace", "1"); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range files {
		part, err := w.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Send(path, w.FormDataContentType(), &body)
}

func TestUploadByForm(t *testing.T) {
	s, _ := fixture(t)
	b := as(t, s, "ada")
	one, info := servertest.Package(1, random.Options{Name: "alpha", Version: "1.0", Subdir: "noarch"})
	p := send(t, b, "/-/channels/team/upload", false, map[string][]byte{info.Filename: one})
	if p.Path != "/-/channels/team" || p.Find(".notice.success").Text() != info.Filename+" is uploaded." {
		t.Fatalf("at %s (status %d): %s", p.Path, p.Status, p.Text())
	}
	if p = send(t, b, "/-/channels/team/upload", false, map[string][]byte{info.Filename: one}); !strings.Contains(p.Find(".notice.success").Text(), "was there already") {
		t.Errorf("the same file again: %s", p.Find("main").Text())
	}
	other, _ := servertest.Package(7, random.Options{Name: "alpha", Version: "1.0", Subdir: "noarch", Build: info.Build})
	p = send(t, b, "/-/channels/team/upload", false, map[string][]byte{info.Filename: other, "no-package.txt": []byte("x")})
	if p.Status != http.StatusUnprocessableEntity || len(p.All(".notice.error li")) != 2 || strings.Contains(p.Text(), "_format") {
		t.Errorf("another file of that name and no package: status %d: %s", p.Status, p.Find("main").Text())
	}
	if p = send(t, b, "/-/channels/team/upload", true, map[string][]byte{info.Filename: other}); p.Find(".notice.success").Text() != info.Filename+" is replaced." {
		t.Errorf("replacing: %s", p.Find("main").Text())
	}
	if p = send(t, b, "/-/channels/team/upload", false, map[string][]byte{"": nil}); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Problems(), "Choose at least one file") {
		t.Errorf("without a file: status %d: %s", p.Status, p.Problems())
	}
	if p = b.Post("/-/channels/team/upload", url.Values{"file": {"x"}}); p.Status != http.StatusUnprocessableEntity {
		t.Errorf("a form without files: status %d", p.Status)
	}
	for name, want := range map[string]int{"bob": http.StatusForbidden, "eve": http.StatusNotFound} {
		if p := send(t, as(t, s, name), "/-/channels/team/upload", false, map[string][]byte{info.Filename: one}); p.Status != want {
			t.Errorf("%s uploads: status %d, want %d", name, p.Status, want)
		}
	}
}

func TestUploadPageIsForWhoMayUpload(t *testing.T) {
	s, ada := fixture(t)
	for name, want := range map[string]int{"ada": http.StatusOK, "bob": http.StatusNotFound, "eve": http.StatusNotFound} {
		if p := as(t, s, name).Get("/-/channels/team/upload"); p.Status != want {
			t.Errorf("%s: status %d, want %d", name, p.Status, want)
		}
	}
	frozen := api.IndexingBehavior("frozen")
	if _, err := ada.UpdateChannel(t.Context(), "team", api.ChannelUpdate{IndexingBehavior: &frozen}); err != nil {
		t.Fatal(err)
	}
	p := as(t, s, "ada").Get("/-/channels/team")
	if len(p.All("form[data-upload]")) != 0 || !strings.Contains(p.Find(".heading").Text(), "Frozen") {
		t.Errorf("a frozen channel: %s", p.Find("main").Text())
	}
}

func TestDefaultChannel(t *testing.T) {
	s, _ := fixture(t)
	b := as(t, s, "bob")
	p := b.Get("/-/channels/team").Form("main details form").Submit()
	if p.Path != "/-/channels/team" || !strings.Contains(p.Find(".heading").Text(), "Your default channel") {
		t.Fatalf("at %s: %s", p.Path, p.Find("main").Text())
	}
	if p = p.Form("main details form").Set("clear", "1").Submit(); strings.Contains(p.Find(".heading").Text(), "Your default channel") {
		t.Errorf("it is still the default: %s", p.Find(".heading").Text())
	}
}

func TestVirtualChannel(t *testing.T) {
	s, ada := fixture(t)
	data, info := servertest.Package(1, random.Options{Name: "alpha", Version: "1.0", Subdir: "noarch"})
	s.Upload(ada, "team", data, info.Filename)
	b := as(t, s, "ada")
	form := b.Get("/-/create-channel").Form("form.card").Set("name", "all").Set("privacy", "authenticated").Set("channel_type", "virtual")
	if p := form.Set("sources", "hidden").Submit(); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Find("#f-sources-error").Text(), "hidden") {
		t.Errorf("an unknown source: status %d: %s", p.Status, p.Problems())
	}
	form = b.Get("/-/create-channel").Form("form.card").Set("name", "all").Set("privacy", "authenticated").Set("channel_type", "virtual")
	p := form.Set("sources", "team").Submit()
	if p.Path != "/-/channels/all" || strings.Join(texts(p, "#packages tbody th a"), " ") != "alpha" || len(p.All("form[data-upload]")) != 0 {
		t.Errorf("at %s: %s", p.Path, p.Find("main").Text())
	}
	if p = as(t, s, "eve").Get("/-/channels/all"); p.Status != http.StatusOK || strings.Contains(p.Source, "alpha") || strings.Contains(p.Source, "/team") ||
		p.Find("#packages .empty h2").Text() != "The packages are not for you" {
		t.Errorf("who may not read the source: status %d: %s", p.Status, p.Find("main").Text())
	}
}
