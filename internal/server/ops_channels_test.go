package server_test

import (
	"net/http"
	"testing"

	"kingsnake/api"
)

// The channel's operations in the REST API, to keep the lines below readable.
const (
	oneChannel = "/api/channels/{channel}"
	onePackage = oneChannel + "/artifacts/{artifact_family}/{artifact_name}"
)

// channelOperations are those of channels and their packages in the REST API.
func channelOperations() []operation {
	return []operation{
		{name: "GET /api/channels", scopes: needs("channel:view"), call: request(http.MethodGet, "/api/channels", nil), finds: `"team"`},
		{name: "GET /api/account/channels", self: true, scopes: needs("channel:view"), call: request(http.MethodGet, "/api/account/channels", nil), finds: `"team"`},
		{name: "GET /api/artifacts", scopes: needs("artifact:view"), call: request(http.MethodGet, "/api/artifacts", nil), finds: `"team"`},
		{name: "POST /api/channels", scopes: needs("channel:create"), call: func(_ testing.TB, w *world, _ place) call {
			return call{method: http.MethodPost, path: "/api/channels", body: api.ChannelCreate{Name: w.fresh("new"), Privacy: api.PrivacyPrivate}}
		}},
		{name: "GET " + oneChannel, scopes: needs("channel:view"), both: true, call: below(http.MethodGet, "", nil)},
		{name: "PUT " + oneChannel, scopes: needs("channel:edit"), both: true, call: below(http.MethodPut, "", api.ChannelUpdate{Description: new("changed")})},
		{name: "DELETE " + oneChannel, scopes: needs("channel:delete"), both: true, call: func(t testing.TB, w *world, at place) call {
			return call{method: http.MethodDelete, path: w.doomedAt(t, at).rest}
		}},
		{name: "GET " + oneChannel + "/permissions", scopes: needs("channel:view"), both: true, call: below(http.MethodGet, "/permissions", nil)},
		{name: "GET " + oneChannel + "/stats", scopes: needs("channel:view"), both: true, call: below(http.MethodGet, "/stats", nil)},
		{name: "GET " + oneChannel + "/notices", scopes: needs("channel:view"), both: true, call: below(http.MethodGet, "/notices", nil)},
		{name: "PUT " + oneChannel + "/notices", scopes: needs("channel:edit"), both: true, call: below(http.MethodPut, "/notices", api.NoticesUpdate{Notices: []api.NoticeUpdate{{Message: "Hello"}}})},
		{name: "POST " + oneChannel + "/notices", scopes: needs("channel:edit"), both: true, call: below(http.MethodPost, "/notices", api.NoticeUpdate{Message: "More"})},
		{name: "DELETE " + oneChannel + "/notices/{notice_id}", scopes: needs("channel:edit"), both: true, call: func(t testing.TB, w *world, at place) call {
			made, err := w.Admin.SetNotices(t.Context(), at.path, []api.NoticeUpdate{{Message: "Gone soon"}})
			if err != nil {
				t.Fatal(err)
			}
			return call{method: http.MethodDelete, path: at.rest + "/notices/" + made[0].ID}
		}},
		{name: "PUT " + oneChannel + "/artifacts/{artifact_family}", scopes: needs("channel:edit"), both: true, call: below(http.MethodPut, "/artifacts/conda", nil)},
		{name: "GET " + oneChannel + "/subchannels", scopes: needs("channel:view"), call: below(http.MethodGet, "/subchannels", nil)},
		{name: "POST " + oneChannel + "/subchannels", scopes: needs("subchannel:create"), call: func(_ testing.TB, w *world, at place) call {
			return call{method: http.MethodPost, path: at.rest + "/subchannels", body: api.ChannelCreate{Name: w.fresh("sub"), Privacy: api.PrivacyPrivate}}
		}},
		{name: "GET " + oneChannel + "/artifacts", scopes: needs("artifact:view"), both: true, call: below(http.MethodGet, "/artifacts", nil)},
		{name: "GET " + onePackage, scopes: needs("artifact:view"), both: true, call: belowPackage(http.MethodGet, "")},
		{name: "GET " + onePackage + "/files", scopes: needs("artifact:view"), both: true, call: belowPackage(http.MethodGet, "/files")},
		{name: "GET " + onePackage + "/files/{ckey...}", scopes: needs("artifact:view"), both: true, call: func(_ testing.TB, w *world, at place) call {
			return get(at.rest + "/artifacts/conda/" + w.pkg + "/files/noarch/" + w.file)
		}},
		{name: "DELETE " + onePackage, scopes: needs("artifact:delete"), both: true, call: func(t testing.TB, w *world, at place) call {
			name, _ := w.pack(t, "package", at)
			return call{method: http.MethodDelete, path: at.rest + "/artifacts/conda/" + name}
		}},
		{name: "DELETE " + onePackage + "/files/{ckey...}", scopes: needs("artifact:delete"), both: true, call: func(t testing.TB, w *world, at place) call {
			name, file := w.pack(t, "file", at)
			return call{method: http.MethodDelete, path: at.rest + "/artifacts/conda/" + name + "/files/noarch/" + file}
		}},
		{name: "POST " + oneChannel + "/artifacts", scopes: needs("artifact:create"), both: true, call: func(t testing.TB, w *world, at place) call {
			c := w.form(t, api.UploadFieldContent)
			c.path = at.rest + "/artifacts"
			return c
		}},
		{name: "POST " + oneChannel + "/upload/{file}", scopes: needs("artifact:create"), both: true, call: func(_ testing.TB, w *world, at place) call {
			return call{method: http.MethodPost, path: at.rest + "/upload/" + w.file, body: w.data}
		}},
		{name: "POST /api/v1/upload/{channel}", scopes: needs("artifact:create"), both: true, call: func(t testing.TB, w *world, at place) call {
			c := w.form(t, "file")
			c.path = "/api/v1/upload/team"
			if at == onPart {
				c.path += "/subchannels/part"
			}
			return c
		}},
	}
}

// belowPackage makes a call to what stands under the address of the world's package.
func belowPackage(method, path string) func(testing.TB, *world, place) call {
	return func(_ testing.TB, w *world, at place) call {
		return call{method: method, path: at.rest + "/artifacts/conda/" + w.pkg + path}
	}
}
