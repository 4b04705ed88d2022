package browser

import (
	"bytes"
	"cmp"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// pictureLimit is how many bytes a picture of the README may have.
const pictureLimit = 150_000

// TestPicturesOfTheREADME takes the pictures that the README shows. With KINGSNAKE_PICTURES it writes them into that
// folder; else it looks that they can be taken, and that those in docs/pictures are small and shown.
func TestPicturesOfTheREADME(t *testing.T) {
	s := geoSite(t)
	folder := cmp.Or(os.Getenv("KINGSNAKE_PICTURES"), t.TempDir())
	b := signedIn(t, s.URL, "mira", servertest.UserPassword)
	b.scheme("light")
	b.size(1280, 700)

	b.visit("/-/generate-token")
	b.fill("#f-name", "release workflow")
	b.fill("#f-resources-0", "geo")
	b.choose("#f-permission-0", "write")
	b.press("main form .actions button[type=submit]")
	b.see(".token-notice")
	b.keep(folder, "token-generated", 700)

	b.visit("/-/tokens")
	b.see("table.tokens")
	b.keep(folder, "tokens", 700)

	b.visit("/-/channels/geo/access")
	b.see("main table")
	b.keep(folder, "channel-access", 940)

	b.visit("/-/check-access")
	b.click("#f-about-1")
	b.fill("#f-user", "sofia")
	b.choose("#f-action", "artifact:create")
	b.fill("#f-channel", "geo")
	b.press("form.check-form button[type=submit]")
	b.expect("#answer-title", "Not allowed")
	b.keep(folder, "check-access", 840)

	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"token-generated", "tokens", "channel-access", "check-access"} {
		if !strings.Contains(string(readme), "](docs/pictures/"+name+".png)") {
			t.Errorf("the README does not show docs/pictures/%s.png", name)
		}
		for _, folder := range []string{folder, "../../docs/pictures"} {
			info, err := os.Stat(filepath.Join(folder, name+".png"))
			if err != nil {
				t.Error(err)
			} else if info.Size() > pictureLimit {
				t.Errorf("%s in %s has %d bytes, want at most %d", name, folder, info.Size(), pictureLimit)
			}
		}
	}
}

// keep writes the upper part of a page as a picture, with addresses for examples in place of the test's own.
func (b *tab) keep(folder, name string, height int) {
	b.t.Helper()
	eval[bool](b, `(() => {
		const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		while (texts.nextNode()) {
			const n = texts.currentNode;
			const host = n.parentElement.closest("pre") ? "conda.example.org" : "192.0.2.17";
			n.data = n.data.replaceAll(location.origin, "https://conda.example.org").replaceAll(location.hostname, host);
		}
		document.activeElement.blur();
		return true;
	})()`)
	whole := filepath.Join(b.t.TempDir(), name+".png")
	b.picture(whole)
	data, err := os.ReadFile(whole)
	if err != nil {
		b.t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		b.t.Fatal(err)
	}
	part, ok := img.(interface {
		SubImage(image.Rectangle) image.Image
	})
	if !ok {
		b.t.Fatalf("a part of %T cannot be taken", img)
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, part.SubImage(image.Rect(0, 0, 1280, height))); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), out.Bytes(), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// geoSite is a site as a small institute might have it.
func geoSite(t *testing.T) *servertest.Site {
	t.Helper()
	ctx := t.Context()
	s := servertest.New(t)
	mira, jonas, sofia := s.User("mira"), s.User("jonas"), s.User("sofia")
	for name, text := range map[string]string{"geo": "Satellite images and maps: what the geo group builds.", "statistics": "Models and the data they were fitted to."} {
		if _, err := mira.CreateChannel(ctx, api.ChannelCreate{Name: name, Privacy: api.PrivacyPrivate, Description: text}); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{"tile-server", "map-projections", "cloud-mask"} {
		data, info := servertest.Package(uint64(i), random.Options{Name: name, Version: "2.4.1", Subdir: "noarch"})
		s.Upload(mira, "geo", data, info.Filename)
	}
	for _, err := range []error{
		second(mira.CreateGroup(ctx, api.GroupRequest{Name: "geo-developers", Description: "Who builds the packages"})),
		second(mira.CreateGroup(ctx, api.GroupRequest{Name: "analysts", Description: "Who works with them"})),
		second(mira.SetGroupMember(ctx, "geo-developers", "jonas", api.LevelRead)),
		second(mira.SetGroupMember(ctx, "analysts", "sofia", api.LevelRead)),
		mira.AddChannelGroup(ctx, "geo", "geo-developers", api.LevelWrite),
		mira.AddChannelGroup(ctx, "geo", "analysts", api.LevelRead),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	on := func(channel string, level api.Level) api.TokenResource {
		return api.TokenResource{ResourceType: api.ResourceTypeChannel, ResourceID: channel, Permission: level}
	}
	year := s.Clock.Now().AddDate(0, 6, 0).Format(time.DateOnly)
	soon := s.Clock.Now().AddDate(0, 0, 26).Format(time.DateOnly)
	for _, x := range []struct {
		of    *client.Client
		token api.TokenCreate
		agent string
	}{
		{mira, api.TokenCreate{Name: "laptop", ExpiresAt: year, Scopes: []string{"channel:view", "artifact:view", "artifact:download", "channel:view-artifacts"}}, "conda/26.9.1"},
		{mira, api.TokenCreate{Name: "nightly build", ExpiresAt: soon, Resources: []api.TokenResource{on("geo", api.LevelWrite), on("statistics", api.LevelRead)}}, "pixi/0.62.0"},
		{mira, api.TokenCreate{Name: "map server", ExpiresAt: year, Resources: []api.TokenResource{on("geo", api.LevelRead)}}, "mamba/2.4.0"},
		{jonas, api.TokenCreate{Name: "workstation", ExpiresAt: year, Resources: []api.TokenResource{on("geo", api.LevelRead)}}, "mamba/2.4.0"},
		{sofia, api.TokenCreate{Name: "notebooks", ExpiresAt: soon, Resources: []api.TokenResource{on("geo", api.LevelRead)}}, "conda/26.9.1"},
	} {
		made, err := x.of.CreateToken(ctx, x.token)
		if err != nil {
			t.Fatal(err)
		}
		s.Clock.Advance(2 * time.Hour)
		fetch(t, s.URL+"/geo/noarch/repodata.json", made.Secret, x.agent)
	}
	s.Clock.Advance(21 * 24 * time.Hour)
	return s
}

// fetch reads a page as a tool does that has a token.
func fetch(t *testing.T, url, token, agent string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Auth", token)
	r.Header.Set("User-Agent", agent)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Errorf("%s with a token of %s: %s", url, agent, res.Status)
	}
}
