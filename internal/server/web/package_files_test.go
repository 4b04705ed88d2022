package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/server/web/webtest"
)

// finished looks at the page of a job until the job is over.
func finished(t *testing.T, b *webtest.Browser, p *webtest.Page) *webtest.Page {
	t.Helper()
	if !strings.Contains(p.Path, "/jobs/") {
		t.Fatalf("at %s (status %d), not at a job: %s", p.Path, p.Status, p.Find("main").Text())
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); p = b.Get(p.Path) {
		if strings.HasPrefix(p.Find("#job-state").Text(), "Done") {
			return p
		}
	}
	t.Fatalf("the job does not end: %s", p.Find("main").Text())
	return nil
}

// filesOf are the names of the files of a package as the API has them, sorted; none where there is no such package.
func filesOf(t *testing.T, c *client.Client, channel, name string) []string {
	t.Helper()
	found, err := c.Artifacts(t.Context(), channel, client.ArtifactFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(found.Items, func(a api.Artifact) bool { return a.Name == name }) {
		return nil
	}
	list, err := c.Files(t.Context(), channel, name, client.FileFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range list.Items {
		out = append(out, f.CKey)
	}
	slices.Sort(out)
	return out
}

func TestCopyMoveAndDeleteFiles(t *testing.T) {
	s, ada := fixture(t)
	s.Channel(ada, "other", api.PrivacyPrivate)
	names := uploaded(t, s, ada, "team",
		random.Options{Name: "alpha", Version: "1.0", Subdir: "noarch"},
		random.Options{Name: "alpha", Version: "2.0", Subdir: "noarch"},
		random.Options{Name: "alpha", Version: "3.0", Subdir: "noarch"},
	)
	for i := range names {
		names[i] = "noarch/" + names[i]
	}
	const page = "/-/channels/team/packages/alpha"
	b := as(t, s, "ada")
	form := b.Get(page).Form("form.files")
	p := form.Submit()
	if p.Path != page || !strings.Contains(p.Find(".notice.warning").Text(), "Choose at least one file") {
		t.Errorf("nothing chosen leads to %s: %s", p.Path, p.Find("main").Text())
	}
	form.Values.Del("all")
	p = form.Set("file", names[:2]...).Submit()
	if got := texts(p, ".chosen li"); !slices.Equal(got, names[:2]) {
		t.Fatalf("to be copied are %q", got)
	}
	for target, want := range map[string]string{"": "Name the channel", "team": "same channel", "nowhere": "nowhere"} {
		p = p.Form("form.card").Set("target_channel", target).Submit()
		if p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Find("#f-target_channel-error").Text(), want) || len(p.All(".chosen li")) != 2 {
			t.Errorf("to %q: status %d: %s", target, p.Status, p.Find("main").Text())
		}
	}
	p = finished(t, b, p.Form("form.card").Set("target_channel", "other").Submit())
	if got := filesOf(t, ada, "other", "alpha"); !slices.Equal(got, names[:2]) || p.Find("#job-done").Text() != "2" {
		t.Errorf("the other channel has %q: %s", got, p.Find("main").Text())
	}

	form = b.Get(page).Form("form.files").Set("file", names[2])
	form.Action = page + "/move"
	p = finished(t, b, form.Submit().Form("form.card").Set("target_channel", "other").Submit())
	if here, there := filesOf(t, ada, "team", "alpha"), filesOf(t, ada, "other", "alpha"); !slices.Equal(here, names[:2]) || !slices.Equal(there, names) {
		t.Errorf("after moving: %q here and %q there: %s", here, there, p.Find("main").Text())
	}

	form.Action = page + "/delete"
	p = form.Set("file", names[0]).Submit()
	if got := texts(p, ".chosen li"); !slices.Equal(got, names[:1]) {
		t.Fatalf("to be lost are %q", got)
	}
	p = p.Form("form.danger-card").Submit()
	if p.Path != page || p.Find(".notice.success").Text() != names[0]+" is deleted." {
		t.Errorf("deleting leads to %s: %s", p.Path, p.Find("main").Text())
	}
	p = form.Set("all", "1").Submit().Form("form.danger-card").Submit()
	if p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Find("#f-typed-error").Text(), "alpha") {
		t.Fatalf("the whole package without its name: status %d: %s", p.Status, p.Find("main").Text())
	}
	finished(t, b, p.Form("form.danger-card").Set("typed", "alpha").Submit())
	if got := filesOf(t, ada, "team", "alpha"); got != nil {
		t.Errorf("left are %q", got)
	}
}

func TestFilesAreChangedByWhoMay(t *testing.T) {
	s, ada := fixture(t)
	name := "noarch/" + uploaded(t, s, ada, "team", random.Options{Name: "alpha", Version: "1.0", Subdir: "noarch"})[0]
	const page = "/-/channels/team/packages/alpha"
	for who, want := range map[string]map[string]int{
		"bob": {"/copy": http.StatusOK, "/move": http.StatusNotFound, "/delete": http.StatusNotFound},
		"eve": {"/copy": http.StatusNotFound, "/move": http.StatusNotFound, "/delete": http.StatusNotFound},
	} {
		b := as(t, s, who)
		for what, status := range want {
			if p := b.Get(page + what + "?file=" + name); p.Status != status {
				t.Errorf("%s opens %s: status %d, want %d", who, what, p.Status, status)
			}
			values := map[string][]string{"file": {name}, "target_channel": {"team"}}
			if p := b.Post(page+what, values); p.Status < 400 {
				t.Errorf("%s sends %s: status %d", who, what, p.Status)
			}
		}
	}
	if got := filesOf(t, ada, "team", "alpha"); !slices.Equal(got, []string{name}) {
		t.Errorf("the channel has %q", got)
	}
	job, err := ada.Bulk(t.Context(), "team", api.Bulk{Action: api.BulkDelete, All: true})
	if err != nil {
		t.Fatal(err)
	}
	if p := as(t, s, "bob").Get("/-/channels/team/jobs/" + job.ID); p.Status == http.StatusOK {
		t.Errorf("a reader follows the job of somebody else: %s", p.Find("main").Text())
	}
}
