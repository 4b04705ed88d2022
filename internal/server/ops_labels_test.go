package server_test

import (
	"net/http"
	"testing"

	"kingsnake/api"
)

// labelOperations are those of labels, in the REST API and in the conda protocol.
func labelOperations() []operation {
	all := []operation{
		{name: "GET " + oneChannel + "/labels", scopes: needs("channel:view"), both: true, call: below(http.MethodGet, "/labels", nil)},
		{name: "GET " + oneChannel + "/virtual-channels", scopes: needs("channel:view"), both: true, call: below(http.MethodGet, "/virtual-channels", nil)},
		{name: "PUT " + onePackage + "/labels/{ckey...}", scopes: needs("artifact:edit"), both: true, call: func(_ testing.TB, w *world, at place) call {
			return call{
				method: http.MethodPut, path: at.rest + "/artifacts/conda/" + w.pkg + "/labels/noarch/" + w.file,
				body: api.LabelsUpdate{Labels: []string{"main", "beta"}},
			}
		}},
		{name: "PUT <channel>: labelled package", scopes: needs("artifact:create"), both: true, call: func(_ testing.TB, w *world, at place) call {
			return call{method: http.MethodPut, path: "/" + at.path + "/label/beta/noarch/" + w.file, body: w.data}
		}},
		{name: "GET <channel>: labelled package", scopes: needs("artifact:download"), both: true, call: func(t testing.TB, w *world, at place) call {
			w.label(t, at)
			return get("/" + at.path + "/label/beta/noarch/" + w.file)
		}},
	}
	for _, row := range []struct{ scope, path string }{
		{"channel:view", ""},
		{"channel:view-artifacts", "/noarch/repodata.json"},
		{"channel:view-artifacts", "/noarch/repodata.json.zst"},
		{"channel:view-artifacts", "/noarch/repodata_shards.msgpack.zst"},
		{"channel:view-artifacts", "/noarch/run_exports.json"},
	} {
		all = append(all, operation{
			name: "GET /<channel>/label/beta" + row.path, scopes: needs(row.scope), both: true,
			call: func(t testing.TB, w *world, at place) call {
				w.label(t, at)
				return get("/" + at.path + "/label/beta" + row.path)
			},
		})
	}
	return all
}

// label makes the world's package carry the label beta too.
func (w *world) label(t testing.TB, at place) {
	t.Helper()
	if _, err := w.Admin.SetLabels(t.Context(), at.path, w.pkg, "noarch/"+w.file, []string{"main", "beta"}); err != nil {
		t.Fatal(err)
	}
}
