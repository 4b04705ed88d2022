package server_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// tell writes a list of dependencies in one line each.
func tell(l api.List[api.ArtifactDependency], err error) (out []string) {
	if err != nil {
		return []string{err.Error()}
	}
	for _, d := range l.Items {
		line := d.Name + " " + d.Version
		if d.Artifact != nil {
			line += fmt.Sprintf(" here %s/%s", d.Artifact.Channel, d.Artifact.Metadata.Version)
		}
		out = append(out, line)
	}
	if l.TotalCount < int64(len(out)) {
		out = append(out, "too low a total")
	}
	return out
}

func TestDependencies(t *testing.T) {
	d := newDepot(t, 0)
	seed := uint64(0)
	add := func(channel, name, version, subdir string, depends ...string) {
		t.Helper()
		seed++
		o := random.Options{Name: name, Version: version, Build: "0", Subdir: subdir, Depends: depends}
		if subdir == "noarch" {
			o.NoArch = "generic"
		}
		data, info := servertest.Package(seed, o)
		d.Upload(d.ada, channel, data, info.Filename)
	}
	ask := func(name, version string) []string {
		return tell(d.ada.Dependencies(t.Context(), "lab", name, version, client.ListOptions{}))
	}
	users := func(name string) []string {
		return tell(d.ada.Dependants(t.Context(), "lab", name, client.ListOptions{}))
	}
	same := func(what string, got []string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	add("lab", "base", "1.0", "noarch")
	add("lab", "app", "1.0", "linux-64", "old-thing", "base")
	add("lab", "app", "2.0", "linux-64", "base >=1", "python >=3.9,<3.14")
	add("lab", "app", "2.0", "osx-64", "base >=1", "python >=3.10")
	add("prod", "secret-user", "1.0", "noarch", "base")
	same("the newest version", ask("app", ""), "base >=1 here lab/1.0", "python >=3.10 | >=3.9,<3.14")
	same("an older version", ask("app", "1.0"), "base  here lab/1.0", "old-thing ")
	same("no version", ask("app", "9"))
	same("dependants", users("base"), "app 2.0 here lab/2.0")
	same("dependants of what is not there", users("python"), "app 2.0 here lab/2.0")
	same("dependants of what only an old version needed", users("old-thing"))

	// An edit, a new version, a deletion and a copy are seen by the next question.
	files, err := d.ada.Files(t.Context(), "lab", "app", client.FileFilter{Version: "2.0"})
	do(t, err)
	for _, f := range files.Items {
		do(t, d.ada.EditMetadata(t.Context(), "lab", f.CKey, map[string]any{"depends": []string{"edited-in"}}))
	}
	same("after an edit", users("edited-in"), "app 2.0 here lab/2.0")
	same("after an edit", users("base"))
	add("lab", "app", "3.0", "linux-64", "base")
	same("after a new version", users("base"), "app 3.0 here lab/3.0")
	do(t, d.ada.DeleteFile(t.Context(), "lab", "app", "linux-64/app-3.0-0.conda"))
	same("after a deletion", users("base"))
	counts(t, "copy", d.bulk(t, d.ada, "prod", api.Bulk{Action: api.BulkCopy, TargetChannel: "lab", All: true}), api.JobDone, 1, 0, 0)
	same("after a copy", users("base"), "secret-user 1.0 here lab/1.0")
}
