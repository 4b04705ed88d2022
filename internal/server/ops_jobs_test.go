package server_test

import (
	"net/http"
	"testing"

	"kingsnake/api"
)

// jobOperations are those of jobs, and of what is done in jobs, in the REST API.
func jobOperations() []operation {
	const one = "/api/jobs/{job_id}"
	return []operation{
		{name: "PUT " + oneChannel + "/artifacts/bulk", scopes: needs("artifact:create", "artifact:download"), both: true, call: func(_ testing.TB, w *world, at place) call {
			body := api.Bulk{Action: api.BulkCopy, TargetChannel: "team", Items: []api.BulkItem{{Name: w.pkg, Family: api.FamilyConda}}}
			if at == onTeam {
				body.TargetSubchannel = "part"
			}
			return call{method: http.MethodPut, path: at.rest + "/artifacts/bulk", body: body}
		}},
		{name: "PATCH /api/repo/{channel}/{ckey...}", scopes: needs("artifact:edit"), call: func(_ testing.TB, w *world, at place) call {
			return call{method: http.MethodPatch, path: "/api/repo/" + at.path + "/noarch/" + w.file, body: map[string]any{"license": "MIT"}}
		}},
		{name: "GET " + onePackage + "/about", scopes: needs("artifact:view"), both: true, call: belowPackage(http.MethodGet, "/about")},
		{name: "GET " + onePackage + "/dependencies", scopes: needs("artifact:view"), both: true, call: belowPackage(http.MethodGet, "/dependencies")},
		{name: "GET " + onePackage + "/dependants", scopes: needs("artifact:view"), both: true, call: belowPackage(http.MethodGet, "/dependants")},
		{name: "GET /api/jobs", self: true, scopes: needs("job:view"), finds: needle, call: func(t testing.TB, w *world, _ place) call {
			w.job(t)
			return get("/api/jobs")
		}},
		{name: "GET " + one, scopes: needs("job:view"), call: func(t testing.TB, w *world, _ place) call { return get("/api/jobs/" + w.job(t)) }},
		{name: "POST " + one + "/cancel", scopes: needs("job:edit"), call: func(t testing.TB, w *world, _ place) call {
			return call{method: http.MethodPost, path: "/api/jobs/" + w.job(t) + "/cancel"}
		}},
	}
}

// needle is the package that the world's job is about, which is not there.
const needle = "needle-in-a-haystack"

// job gives the id of a job that an admin's session asked for, and that is over.
func (w *world) job(t testing.TB) string {
	return w.spare(t, "job", func(string) string {
		j, err := w.Admin.Bulk(t.Context(), "team", api.Bulk{
			Action: api.BulkDelete, Items: []api.BulkItem{{Name: needle, Family: api.FamilyConda}},
		})
		if err == nil {
			j, err = w.Admin.WaitJob(t.Context(), j.ID, nil)
		}
		if err != nil || j.State != api.JobDone || j.Failed != 1 {
			t.Fatalf("job = %+v, %v, want it done and its item failed", j, err)
		}
		return j.ID
	})
}
