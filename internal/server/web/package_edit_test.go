package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/server/web/webtest"
	"kingsnake/internal/servertest"
)

// packaged is fixture with a package, and the address at which its metadata is edited.
func packaged(t *testing.T) (s *servertest.Site, page string, patch func() string) {
	t.Helper()
	s, ada := fixture(t)
	data, info := servertest.Package(1, random.Options{Name: "alpha", Version: "1.0", Subdir: "noarch"})
	s.Upload(ada, "team", data, info.Filename)
	return s, "/-/channels/team/packages/alpha/edit/noarch/" + info.Filename, func() string {
		t.Helper()
		f, err := ada.File(t.Context(), "team", "alpha", "noarch/"+info.Filename)
		if err != nil {
			t.Fatal(err)
		}
		var meta map[string]json.RawMessage
		if err := json.Unmarshal(f.Metadata, &meta); err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(meta["patch.json"]), `\u003e`, ">")
	}
}

func TestEditMetadata(t *testing.T) {
	s, page, patch := packaged(t)
	b := as(t, s, "ada")
	p := b.Get("/-/channels/team/packages/alpha")
	p = p.Follow(".files .tools a")
	if p.Path != page || !strings.Contains(p.Find("main").Text(), "the file stays the same") {
		t.Fatalf("at %s (status %d): %s", p.Path, p.Status, p.Find("main").Text())
	}
	sound(t, "edit metadata", p)
	license := p.Form("form.meta-form").Values.Get("license")
	if original := p.Find("#row-license .original").Text(); license == "" || !strings.Contains(original, license) {
		t.Errorf("the form holds the licence %q; beside it stands %q", license, original)
	}
	p = p.Form("form.meta-form").Set("depends", "python >=3.10\r\n\r\nlibblas").Set("license", "ISC").Set("run_exports", `{"weak": ["libblas >=3"]}`).Submit()
	if p.Path != "/-/channels/team/packages/alpha" || !strings.Contains(p.Find("tbody tr").Text(), "Edited") {
		t.Fatalf("at %s: %s", p.Path, p.Problems())
	}
	if got, want := patch(), `{"depends":["python >=3.10","libblas"],"license":"ISC","run_exports":{"weak":["libblas >=3"]}}`; got != want {
		t.Errorf("the edit is\n%s\nwant\n%s", got, want)
	}
	p = b.Get(page)
	if got := p.Find("#row-license .original pre").Text(); got != license || p.Find("#f-license").Attr("value") != "ISC" || len(p.All("#row-license .badge")) != 1 || len(p.All("#row-summary .badge")) != 0 {
		t.Errorf("the page shows the original licence %q and %q", got, p.Find("#f-license").Attr("value"))
	}
	if !p.Find("details.more").Has("open") {
		t.Error("an edited field is folded away")
	}
	// One edit is taken back: first in the form, then by saving it.
	p = p.Form("form.meta-form").Set("original", "license").Submit()
	if got := p.Find("#f-license").Attr("value"); got != license || !strings.Contains(patch(), "ISC") {
		t.Errorf("the form holds the licence %q, want the original; the edit is %s", got, patch())
	}
	p.Form("form.meta-form").Submit()
	if got, want := patch(), `{"depends":["python >=3.10","libblas"],"run_exports":{"weak":["libblas >=3"]}}`; got != want {
		t.Errorf("with one edit undone it is\n%s\nwant\n%s", got, want)
	}
	p = b.Get(page).Follow(".actions a[href$=/undo]")
	if text := p.Find("form.danger-card").Text(); !strings.Contains(text, "libblas") || !strings.Contains(text, "Depends on") {
		t.Errorf("before all edits are undone: %s", text)
	}
	if p = p.Form("form.danger-card").Submit(); p.Path != "/-/channels/team/packages/alpha" || patch() != "" {
		t.Errorf("at %s, the edit is %s", p.Path, patch())
	}
	if got := b.Get(page + "/undo").Status; got != http.StatusNotFound {
		t.Errorf("undoing nothing: status %d", got)
	}
}

func TestEditMetadataErrors(t *testing.T) {
	s, page, patch := packaged(t)
	b := as(t, s, "ada")
	for field, value := range map[string]string{"depends": "a spec = that [is none", "run_exports": "{weak", "constrains": "[["} {
		p := b.Get(page).Form("form.meta-form").Set(field, value).Set("license", "kept").Submit()
		if p.Status != http.StatusUnprocessableEntity || p.Find("#f-"+field+"-error").Text() == "" || p.Find("#f-"+field).Raw() != value || p.Find("#f-license").Attr("value") != "kept" {
			t.Errorf("%s: status %d: %s", field, p.Status, p.Find("main").Text())
		}
	}
	if patch() != "" {
		t.Errorf("forms with errors edited it: %s", patch())
	}
	if p := b.Get(page).Form("form.meta-form").Submit(); !strings.Contains(p.Find(".notice.info").Text(), "nothing was saved") || patch() != "" {
		t.Errorf("nothing changed: at %s: %s", p.Path, patch())
	}
	// Somebody else edits the same field, and another one, while the form stands open.
	form := b.Get(page).Form("form.meta-form")
	b.Get(page).Form("form.meta-form").Set("license", "GPL").Set("summary", "Theirs").Submit()
	p := form.Set("license", "ISC").Submit()
	if text := p.Find("#f-license-error").Text(); p.Status != http.StatusUnprocessableEntity || !strings.Contains(text, "“GPL”") || p.Find("#f-license").Attr("value") != "ISC" {
		t.Errorf("a conflict: status %d: %q", p.Status, text)
	}
	p.Form("form.meta-form").Submit()
	if got := patch(); got != `{"license":"ISC","summary":"Theirs"}` {
		t.Errorf("the edit is %s", got)
	}
}

func TestWhoEditsMetadata(t *testing.T) {
	s, page, patch := packaged(t)
	for name, want := range map[string]int{"ada": http.StatusOK, "admin": http.StatusOK, "bob": http.StatusNotFound, "eve": http.StatusNotFound} {
		b := as(t, s, name)
		if got := b.Get(page).Status; got != want {
			t.Errorf("%s: status %d, want %d", name, got, want)
		}
		if want == http.StatusOK {
			continue
		}
		if p := b.Get("/-/channels/team/packages/alpha"); len(p.All(".files .tools")) != 0 {
			t.Errorf("%s is offered to edit", name)
		}
		if got := b.Post(page, map[string][]string{"license": {"ISC"}, "was.license": {""}}).Status; got != http.StatusNotFound || patch() != "" {
			t.Errorf("%s edits: status %d, %s", name, got, patch())
		}
	}
	if p := webtest.New(t, s.URL).Get(page); !strings.HasPrefix(p.Path, "/-/sign-in") {
		t.Errorf("signed out: at %s", p.Path)
	}
	ada := s.Login("ada", servertest.UserPassword)
	if _, err := ada.UpdateChannel(t.Context(), "team", api.ChannelUpdate{IndexingBehavior: new(api.IndexingFrozen)}); err != nil {
		t.Fatal(err)
	}
	p := as(t, s, "ada").Get(page).Form("form.meta-form").Set("license", "ISC").Submit()
	if p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Problems(), "frozen") || patch() != "" {
		t.Errorf("a frozen channel: status %d: %s", p.Status, p.Problems())
	}
}
