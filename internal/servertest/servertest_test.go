package servertest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// TestMainJob is the whole of the main job, in the small: a private channel, a package, a token, and an install's first
// request with and without it.
func TestMainJob(t *testing.T) {
	site := servertest.New(t)
	ada := site.User("ada")
	site.Channel(ada, "team", api.PrivacyPrivate)
	data, info := servertest.Package(1, random.Options{Subdir: "noarch"})
	up := site.Upload(ada, "team", data, info.Filename)
	if !up.Created {
		t.Errorf("upload = %+v, want created", up)
	}
	token := site.ResourceToken(ada, "team", api.LevelRead)
	for path, want := range map[string]int{
		"/t/" + token.Secret + "/team/noarch/repodata.json":          http.StatusOK,
		"/t/" + token.Secret + "/api/repo/team/noarch/repodata.json": http.StatusOK,
		"/team/noarch/repodata.json":                                 http.StatusUnauthorized,
	} {
		status, body := get(t, site.URL+path)
		if status != want || want == http.StatusOK && !strings.Contains(body, info.Filename) {
			t.Errorf("GET %s = %d %s, want %d", path, status, body, want)
		}
	}
	status, body := get(t, site.URL+"/t/"+token.Secret+"/team/noarch/"+info.Filename)
	if status != http.StatusOK || body != string(data) {
		t.Errorf("download = %d with %d bytes, want the package's %d", status, len(body), len(data))
	}
	if strings.Contains(site.Log.String(), token.Secret) {
		t.Error("the token is in the log")
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url) //nolint:gosec // The URL is the test's own server.
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}
