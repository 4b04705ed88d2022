package server_test

import (
	"net/http"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/internal/server/web/webtest"
	"kingsnake/internal/servertest"
)

// TestLongURLs searches for texts that are as long as a URL may be, of letters that take twice their room in a database's
// pattern, and for longer ones.
func TestLongURLs(t *testing.T) {
	site := servertest.New(t)
	b := webtest.SignIn(t, site.URL, "admin", servertest.AdminPassword)
	long, longer := strings.Repeat("!", 16<<10-64), strings.Repeat("!", 16<<10)
	for _, page := range []string{"channels", "packages", "users", "groups", "tokens", "audit"} {
		if p := b.Get("/-/" + page + "?q=" + long); p.Status != http.StatusOK {
			t.Errorf("searching %s for a long text = %d %s, want 200", page, p.Status, p.Problems())
		}
		if p := b.Get("/-/" + page + "?q=" + longer); p.Status != http.StatusRequestURITooLong {
			t.Errorf("searching %s for a longer text = %d, want 414", page, p.Status)
		}
	}
	if a := get("/search?name="+long).do(t, site); a.status >= http.StatusInternalServerError {
		t.Errorf("anaconda-client's search for a long text = %d %s", a.status, a.body)
	}
	for _, path := range []string{"/search?name=" + longer, "/" + longer + "/noarch/repodata.json", "/t/some-token/team/noarch/" + longer, "/api/channels?q=" + longer, "/api/channels/" + longer} {
		get(path).do(t, site).refused(t, path[:20], http.StatusRequestURITooLong, api.CodeURLTooLong)
	}
}
