package server_test

import (
	"net/http"
	"testing"
)

// condaOperations are the requests of the conda protocol.
func condaOperations() []operation {
	var all []operation
	for _, row := range []struct{ scope, path string }{
		{"channel:view", ""},
		{"channel:view", "/channeldata.json"},
		{"channel:view", "/notices.json"},
		{"channel:view-artifacts", "/noarch/repodata.json"},
		{"channel:view-artifacts", "/noarch/repodata.json.zst"},
		{"channel:view-artifacts", "/noarch/repodata_shards.msgpack.zst"},
		{"channel:view-artifacts", "/noarch/run_exports.json"},
		{"channel:view-artifacts", "/noarch/run_exports.json.zst"},
	} {
		all = append(all, operation{
			name: "GET /<channel>" + row.path, scopes: needs(row.scope), both: true,
			call: func(_ testing.TB, _ *world, at place) call { return get("/" + at.path + row.path) },
		})
	}
	return append(all,
		operation{
			name: "GET <channel>: shard", scopes: needs("channel:view-artifacts"), both: true,
			call: func(_ testing.TB, w *world, at place) call { return get(w.shards[at.path]) },
		},
		operation{
			name: "GET <channel>: package", scopes: needs("artifact:download"), both: true,
			call: func(_ testing.TB, w *world, at place) call { return get("/" + at.path + "/noarch/" + w.file) },
		},
		operation{
			name: "PUT <channel>: package", scopes: needs("artifact:create"), both: true,
			call: func(_ testing.TB, w *world, at place) call {
				return call{method: http.MethodPut, path: "/" + at.path + "/noarch/" + w.file, body: w.data}
			},
		},
		operation{
			name: "PUT <channel>: package?force=true", scopes: needs("artifact:create", "artifact:edit"), both: true,
			call: func(_ testing.TB, w *world, at place) call {
				return call{method: http.MethodPut, path: "/" + at.path + "/noarch/" + w.file + "?force=true", body: w.data}
			},
		})
}
