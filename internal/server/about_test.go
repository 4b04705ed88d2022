package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// TestAbout: the latest file is asked unless one is named, and an edit changes nothing in what a file says itself.
func TestAbout(t *testing.T) {
	d := newDepot(t, 0)
	seed := uint64(900)
	add := func(version, readme string, tarBz2 bool) random.Info {
		t.Helper()
		seed++
		data, info := servertest.Package(seed, random.Options{Name: "app", Version: version, Build: "0", NoArch: "generic", Readme: readme, TarBz2: tarBz2})
		d.Upload(d.ada, "lab", data, info.Filename)
		return info
	}
	long := strings.Repeat("ä", 200<<10)
	old := add("1.0", "# App\n\nOld.\n", true)
	bare := add("2.0", "", false)
	cut := add("1.5", long, false)
	check := func(ckey string, info random.Info, readme, readmeName string) {
		t.Helper()
		got, err := d.ada.About(t.Context(), "lab", "app", ckey)
		if err != nil {
			t.Fatal(err)
		}
		var about struct{ Summary, License, Home string }
		do(t, json.Unmarshal(got.About, &about))
		if got.CKey != "noarch/"+info.Filename || got.Version != info.Version || got.Name != "app" || about.Summary != info.Summary || about.License != info.License {
			t.Errorf("about %q = %+v with %+v, want that of %s", ckey, got, about, info.Filename)
		}
		if diff := cmp.Diff(readme, got.Readme); diff != "" || got.ReadmeName != readmeName {
			t.Errorf("README %q of %q, want %q (-want +got):\n%.300s", got.ReadmeName, ckey, readmeName, diff)
		}
	}
	for range 2 {
		check("", bare, bare.Summary+".", "")
		check("noarch/"+old.Filename, old, "# App\n\nOld.\n", "README.md")
		check("noarch/"+cut.Filename, cut, long[:256<<10], "README.md")
		do(t, d.ada.EditMetadata(t.Context(), "lab", "noarch/"+bare.Filename, map[string]any{"summary": "edited", "description": "edited"}))
	}
	newest := add("3.0", "New.", false)
	check("", newest, "New.", "README.md")

	// A virtual channel tells of the files that it shows.
	virtual(t, d.ada, "mix", api.PrivacyPrivate, "prod", "lab")
	for ckey, want := range map[string]string{"": newest.Filename, "noarch/" + old.Filename: old.Filename} {
		if got, err := d.ada.About(t.Context(), "mix", "app", ckey); err != nil || got.CKey != "noarch/"+want {
			t.Errorf("about %q of the virtual channel = %+v, %v, want that of %s", ckey, got, err, want)
		}
	}
}

// TestAboutIsRefused: about is for those who may see the package, and for a token narrowed to it.
func TestAboutIsRefused(t *testing.T) {
	s := newShelf(t)
	about := func(ch, name, ckey string) call {
		path := "/api/channels/" + ch + "/artifacts/conda/" + name + "/about"
		if ckey != "" {
			path += "?ckey=noarch/" + ckey
		}
		return get(path)
	}
	narrowed := s.narrowed(t, api.LevelRead, "team/conda/alpha").Secret
	about("team", "alpha", "").xAuth(narrowed).do(t, s.Site).ok(t, "its own package")
	for what, c := range map[string]call{
		"another package":                 about("team", "beta", "").xAuth(narrowed),
		"another package's file":          about("team", "alpha", s.files["beta"]).xAuth(narrowed),
		"a package with a like name":      about("team", "alpha-extra", "").xAuth(narrowed),
		"another channel":                 about("staff", "alpha", "").xAuth(narrowed),
		"a hidden channel":                about("team", "alpha", "").xAuth(s.session(t, "bob")),
		"a hidden channel's file":         about("team", "alpha", s.files["alpha"]).xAuth(s.session(t, "bob")),
		"no package":                      about("team", "nothing", "").xAuth(s.session(t, "ada")),
		"no file":                         about("team", "alpha", "none-1-0.conda").xAuth(s.session(t, "ada")),
		"another package's, though asked": about("team", "alpha", s.files["beta"]).xAuth(s.session(t, "ada")),
	} {
		c.do(t, s.Site).refused(t, what, http.StatusNotFound, api.CodeNotFound)
	}
	about("team", "alpha", "").do(t, s.Site).refused(t, "nobody", http.StatusUnauthorized, api.CodeAuthRequired)
	a := about("open", "alpha", "").do(t, s.Site).ok(t, "a public channel")
	if got := a.header.Get("Cache-Control"); got != get("/api/channels/open/artifacts/conda/alpha").do(t, s.Site).header.Get("Cache-Control") {
		t.Errorf("Cache-Control = %q, unlike that of the package", got)
	}
	do(t, s.ada.DeleteArtifact(t.Context(), "open", "alpha"))
	about("open", "alpha", "").do(t, s.Site).refused(t, "a deleted package", http.StatusNotFound, api.CodeNotFound)
}
