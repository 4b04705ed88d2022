package registry

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/conda/channel"
	"kingsnake/conda/pkgfile"
)

// TestNotedAbout: what stands in for a file too costly to read is what it says itself, without what is no about.json.
func TestNotedAbout(t *testing.T) {
	own := json.RawMessage(`{"name":"app","version":"1","binary_prefix":true,"license":"MIT","summary":"Short.","source_url":["https://example.org"]}`)
	edited := File{Facts: json.RawMessage(`{"summary":"edited","description":"edited"}`), Original: &Original{Facts: own}}
	want := FileAbout{About: json.RawMessage(`{"license":"MIT","source_url":["https://example.org"],"summary":"Short."}`), Readme: "Short."}
	for what, f := range map[string]File{"plain": {Facts: own}, "edited": edited} {
		got, err := f.noted()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	// One that is too large is not even opened: there is no storage here.
	tooLarge := File{Facts: own, Format: string(channel.FormatTarBz2), Size: maxAboutTar + 1}
	got, err := (&Packages{abouts: newAboutReader(pkgfile.Limits{})}).readAbout(t.Context(), tooLarge)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("too large (-want +got):\n%s", diff)
	}
	if got, err := (File{Facts: json.RawMessage("?")}).noted(); err == nil {
		t.Errorf("facts that are no JSON give %+v, want an error", got)
	}
}
