package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

func TestSystemPage(t *testing.T) {
	s, ada := fixture(t)
	data, info := servertest.Package(1, random.Options{Name: "alpha", Version: "1.0", Subdir: "linux-64"})
	s.Upload(ada, "team", data, info.Filename)
	b := as(t, s, "admin")
	if p := b.Get("/-/system"); p.Find(".empty h2").Text() != "No jobs yet" {
		t.Errorf("before any job: %s", p.Find("main").Text())
	}
	job, err := ada.Bulk(t.Context(), "team", api.Bulk{Action: api.BulkDelete, Items: []api.BulkItem{{Name: "no-such-package", Family: api.FamilyConda}}})
	if err == nil {
		job, err = ada.WaitJob(t.Context(), job.ID, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	p := b.Get("/-/system")
	for begun := time.Now(); strings.Contains(p.Find(".facts").Text(), "Being counted") && time.Since(begun) < time.Minute; {
		p = b.Get("/-/system") // The page does not wait for the bytes of all packages where the machine is slow.
	}
	if !strings.Contains(p.Find(".notice.success").Text(), "database answers") {
		t.Errorf("health: %s", p.Find("main").Text())
	}
	facts := strings.Join(texts(p, ".facts dt"), ", ")
	for _, want := range []string{"Version", "Channels", "Groups", "People", "Events in the audit", "Stored in all", "Conda files"} {
		if !strings.Contains(facts, want) {
			t.Errorf("the facts are %s, want %s among them", facts, want)
		}
	}
	row := p.Find("table.jobs tbody tr").Text()
	for _, want := range []string{strings.ToUpper(job.Title[:1]) + job.Title[1:], "Done", "1 of 1", "1 failed", "ada", "no-such-package"} {
		if !strings.Contains(row, want) {
			t.Errorf("the job is shown as %q, want %q in it", row, want)
		}
	}
	if got := len(p.All("table.jobs .tools a")); got != 0 {
		t.Error("a job that is over can be canceled")
	}
	if p = b.Get("/-/system?state=running"); p.Find(".empty h2").Text() != "Nothing found" {
		t.Errorf("running jobs: %s", p.Find("main").Text())
	}
	if p = b.Get("/-/system/jobs/" + job.ID + "/cancel"); !strings.Contains(p.Find(".danger-card").Text(), "over already") {
		t.Errorf("canceling what is over: %s", p.Find("main").Text())
	}
	if p = b.Get("/-/system/jobs/none/cancel"); p.Status != http.StatusNotFound {
		t.Errorf("a job that is none: status %d", p.Status)
	}
	outsider := as(t, s, "ada")
	for _, path := range []string{"/-/system", "/-/system/jobs/" + job.ID + "/cancel"} {
		if p := outsider.Get(path); p.Status != http.StatusNotFound || strings.Contains(p.Find("nav").Text(), "System ") {
			t.Errorf("ada: %s: status %d", path, p.Status)
		}
	}
	if p := outsider.Post("/-/system/jobs/"+job.ID+"/cancel", url.Values{}); p.Status != http.StatusNotFound {
		t.Errorf("ada cancels on the page of the system: status %d", p.Status)
	}
}
