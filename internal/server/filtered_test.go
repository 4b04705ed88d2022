package server_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
)

// TestEditsAreFiltered: an edit of a file's licence decides anew whether it is offered.
func TestEditsAreFiltered(t *testing.T) {
	s := newRulesSite(t)
	file, _ := s.add(random.Options{Name: "demo", Version: "1.0", License: "MIT"})
	s.add(random.Options{Name: "other", Version: "1.0", License: "MIT"})
	s.filter(t, &api.FamilyFilter{ExcludeLicenses: []string{"gpl3"}})
	edit := func(license any) {
		t.Helper()
		do(t, s.ada.EditMetadata(t.Context(), "lab", "noarch/"+file, map[string]any{"license": license}))
	}
	check := func(offered bool) {
		t.Helper()
		for path, body := range s.forms(t) {
			if got := strings.Contains(body, "demo"); got != offered {
				t.Errorf("%s tells of demo: %v, want %v", path, got, offered)
			}
		}
		a := get("/lab/noarch/"+file).do(t, s.Site)
		if offered {
			a.ok(t, "download")
		} else {
			a.refused(t, "download", http.StatusNotFound, api.CodeFiltered)
		}
	}
	check(true)
	edit("GPL-3.0-only")
	check(false)
	edit("Apache-2.0")
	check(true)
	edit("GPL-3.0-or-later")
	edit(nil)
	check(true)
	list, err := s.ada.FilesFiltered(t.Context(), "lab", client.ListOptions{Limit: 10})
	do(t, err)
	var changes []string
	for _, f := range list.Items {
		changes = append(changes, f.CKey+" "+f.Change)
	}
	if want := []string{"noarch/" + file + " added", "noarch/" + file + " removed", "noarch/" + file + " added", "noarch/" + file + " removed"}; !slices.Equal(changes, want) {
		t.Errorf("changes = %q, want %q", changes, want)
	}
}

// TestHiddenFilesAreListed: those who may change the filters see what these hide, where they ask for it.
func TestHiddenFilesAreListed(t *testing.T) {
	s := newRulesSite(t)
	old, _ := s.add(random.Options{Name: "tool", Version: "1.0"})
	young, _ := s.add(random.Options{Name: "tool", Version: "2.0"})
	gone, _ := s.add(random.Options{Name: "gone", Version: "1.0"})
	s.filter(t, &api.FamilyFilter{ExcludeSpecs: []string{"tool <2", "gone"}})
	causes := func(name string) map[string]string {
		t.Helper()
		list, err := s.ada.Files(t.Context(), "lab", name, client.FileFilter{Hidden: true})
		do(t, err)
		out := map[string]string{}
		for _, f := range list.Items {
			out[f.Filename] = f.FilteredCause
		}
		if int(list.TotalCount) != len(out) {
			t.Errorf("%d files of %s are counted and %d are listed", list.TotalCount, name, len(out))
		}
		return out
	}
	if got := causes("tool"); len(got) != 2 || got[old] != "exclude_specs" || got[young] != "" {
		t.Errorf("files of tool = %v", got)
	}
	if got := causes("gone"); len(got) != 1 || got[gone] != "exclude_specs" {
		t.Errorf("files of gone = %v", got)
	}
	const path = "/api/channels/lab/artifacts/conda/tool/files?include_nonsearchable=true"
	writer := s.ResourceToken(s.ada, "lab", api.LevelWrite).Secret
	get(path).xAuth(writer).do(t, s.Site).refused(t, "a token that may write", http.StatusForbidden, api.CodeTokenLevel)
	get(path).do(t, s.Site).refused(t, "nobody", http.StatusUnauthorized, api.CodeAuthRequired)
	get(strings.TrimSuffix(path, "true")+"false").do(t, s.Site).ok(t, "nobody, who does not ask for them")
}

// TestLabelsOfHiddenFiles: under a label a hidden file is as hidden, and a label that only such files carry is not there.
func TestLabelsOfHiddenFiles(t *testing.T) {
	s := newRulesSite(t)
	free, gnu := makePkg(1, "freedom", random.Options{License: "MIT"}), makePkg(2, "gnuish", random.Options{License: "GPL-3.0-only"})
	mustLabel(t, s.ada, "lab", free, "main", "dev")
	mustLabel(t, s.ada, "lab", gnu, "dev", "odd")
	read := func(filtered bool, want ...string) {
		t.Helper()
		for _, form := range []string{"repodata.json", "run_exports.json"} {
			body := get("/lab/label/dev/noarch/"+form).do(t, s.Site).ok(t, form).body
			var index struct {
				Conda map[string]json.RawMessage `json:"packages.conda"`
			}
			do(t, json.Unmarshal(body, &index))
			if _, ok := index.Conda[gnu.Filename]; ok == filtered || !bytes.Contains(body, []byte(free.Filename)) {
				t.Errorf("%s of the label: %s", form, body)
			}
		}
		list, err := s.ada.Labels(t.Context(), "lab", client.ListOptions{})
		do(t, err)
		var names []string
		for _, l := range list.Items {
			names = append(names, l.Name)
		}
		same(t, "labels", names, want...)
	}
	read(false, "dev", "main", "odd")
	s.filter(t, &api.FamilyFilter{ExcludeLicenses: []string{"gpl3"}})
	read(true, "dev", "main")
	get("/lab/label/dev/noarch/"+gnu.Filename).do(t, s.Site).refused(t, "download", http.StatusNotFound, api.CodeFiltered)
	s.filter(t, nil)
	read(false, "dev", "main", "odd")
	get("/lab/label/dev/noarch/"+gnu.Filename).do(t, s.Site).ok(t, "download")
}

// TestCopiesAreFiltered: the filters of the target judge what is copied into it, and what the source hides stays there.
func TestCopiesAreFiltered(t *testing.T) {
	d := newDepot(t, 3)
	filter := func(channel string, specs ...string) {
		t.Helper()
		_, err := d.ada.UpdateChannel(t.Context(), channel, api.ChannelUpdate{Filters: &api.ChannelFilters{Conda: &api.FamilyFilter{ExcludeSpecs: specs}}})
		do(t, err)
	}
	filter("prod", "pkg001")
	filter("lab", "pkg002")
	counts(t, "copy", d.bulk(t, d.ada, "lab", api.Bulk{Action: api.BulkCopy, TargetChannel: "prod", All: true}), api.JobDone, 2, 0, 1)
	d.wantFiles(t, "prod", d.files[0])
	filter("prod")
	d.wantFiles(t, "prod", d.files[0], d.files[1])
}

// TestVirtualOverFilters: a virtual channel shows of files with one name the first that is offered.
func TestVirtualOverFilters(t *testing.T) {
	s := newRulesSite(t)
	s.Channel(s.ada, "spare", api.PrivacyPublic)
	first, second := makePkg(1, "tool", random.Options{Version: "1.0", Build: "0"}), makePkg(2, "tool", random.Options{Version: "1.0", Build: "0"})
	alone := makePkg(3, "alone", random.Options{Version: "1.0"})
	s.Upload(s.ada, "lab", first.data, first.Filename)
	s.Upload(s.ada, "lab", alone.data, alone.Filename)
	s.Upload(s.ada, "spare", second.data, second.Filename)
	virtual(t, s.ada, "all", api.PrivacyPublic, "lab", "spare")
	reader := indexReader{s.Site, s.ScopeToken(s.ada, "channel:view-artifacts", "artifact:download").Secret}
	check := func(want map[string]string) {
		t.Helper()
		if diff := cmp.Diff(want, reader.files(t, "/all/noarch")); diff != "" {
			t.Errorf("index (-want +got):\n%s", diff)
		}
		list, err := s.ada.Artifacts(t.Context(), "all", client.ArtifactFilter{})
		if err != nil || int(list.TotalCount) != len(want) {
			t.Errorf("%d packages, %v, want %d", list.TotalCount, err, len(want))
		}
		a := get("/all/noarch/"+first.Filename).do(t, s.Site).ok(t, "download")
		if got := fmt.Sprintf("%x", sha256.Sum256(a.body)); got != want[first.Filename] {
			t.Errorf("download has the checksum %s, the index %s", got, want[first.Filename])
		}
	}
	all := map[string]string{first.Filename: first.SHA256, alone.Filename: alone.SHA256}
	check(all)
	s.filter(t, &api.FamilyFilter{ExcludeSpecs: []string{"*"}})
	check(map[string]string{second.Filename: second.SHA256})
	get("/all/noarch/"+alone.Filename).do(t, s.Site).refused(t, "what no source offers", http.StatusNotFound, api.CodeNotFound)
	s.filter(t, nil)
	check(all)
}
