package browser

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"kingsnake/api"
	"kingsnake/internal/servertest"
)

// TestAudit filters the events, exports what the filter finds, and has the hash chain signed and verified.
func TestAudit(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	s.Channel(s.User("ada"), "team", api.PrivacyPrivate)
	b := tabOf(t, s, "admin")
	b.press(`nav.side a[href="/-/audit"]`)
	b.choose("#f-type", "channel_created")
	b.fill("#f-user", "ada")
	b.press("form.filter button")
	b.expect("main", "No older event is like that.")
	b.expect("table.audit", "team")
	file := b.download(`form[action="/-/audit/export"] button[value=csv]`)
	rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][2] != "channel_created" {
		t.Errorf("the export has %d rows, %v: %q", len(rows), err, file)
	}
	b.visit("/-/audit?type=audit_exported")
	b.expect("table.audit tbody", "Audit exported")
	b.expect("main", "No older event is like that.")
	b.press(`form[action="/-/audit/sign"] button`)
	b.says("signed")
	b.press(`form[action="/-/audit/verify"] button`)
	b.jobDone()
	b.says("The chain is sound")
}

// download presses what downloads a file, and gives what is in it.
func (b *tab) download(selector string) string {
	b.t.Helper()
	dir := b.t.TempDir()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	in := chromedp.FromContext(b.ctx).BrowserContextID
	if _, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, BrowserContextID: in, DownloadPath: dir, EventsEnabled: new(true),
	}); err != nil {
		b.t.Fatalf("allow downloads: %v", err)
	}
	progress := chromedp.BrowserEvents(ctx, browser.DownloadProgress)
	b.click(selector)
	for ev, err := range progress {
		if err != nil {
			b.t.Fatalf("wait for the download of %s: %v", selector, err)
		}
		if ev.State != browser.DownloadProgressStateCompleted {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, ev.GUID))
		if os.IsNotExist(err) {
			// Another tab's.
			continue
		}
		if err != nil {
			b.t.Fatal(err)
		}
		return string(data)
	}
	return ""
}

// TestSettings bounds how long tokens live: the mistake stands beside its field, and the form for tokens knows the bound.
func TestSettings(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	s.User("ada")
	b, ada := tabOf(t, s, "admin"), tabOf(t, s, "author")
	b.press(`nav.side a[href="/-/settings"]`)
	const field = `[id="f-kingsnake.token_max_days"]`
	b.fill(field, "soon")
	b.press(submit)
	b.see(`[id="f-kingsnake.token_max_days-error"]`)
	if got := b.value(field); got != "soon" {
		t.Errorf("after an error the field holds %q", got)
	}
	b.fill(field, "7")
	b.press(submit)
	b.see(".notice.success")
	ada.visit("/-/generate-token")
	ada.expect("#f-expires-hint", "7 days")
	if eval[bool](ada, `!!document.querySelector('#f-expires option[value="30"]')`) {
		t.Error("a life of 30 days is offered where 7 are the bound")
	}
}

// TestSystem shows whether all is well, what the site holds, and the jobs.
func TestSystem(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	ada := s.User("ada")
	s.Channel(ada, "team", api.PrivacyPrivate)
	b := tabOf(t, s, "admin")
	b.press(`nav.side a[href="/-/system"]`)
	b.expect(".notice.success", "The database answers")
	b.expect(".empty", "No jobs yet")
	if _, err := ada.Bulk(t.Context(), "team", api.Bulk{Action: api.BulkDelete, Items: []api.BulkItem{{Name: "no-such-package", Family: api.FamilyConda}}}); err != nil {
		t.Fatal(err)
	}
	b.eventually("/-/system", "table.jobs tbody", "1 failed")
	b.click("table.jobs details summary")
	b.expect("table.jobs details", "no-such-package")
	b.choose("#f-state", "running")
	b.press("form.filter button")
	b.expect(".empty", "Nothing found")
}

// TestCheckAccessOfAToken pastes a token: the answer names each gate and what would change it, and the string is in no
// page and no address.
func TestCheckAccessOfAToken(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	ada := s.User("ada")
	s.User("eve")
	s.Channel(ada, "team", api.PrivacyPrivate)
	token := s.ResourceToken(ada, "team", api.LevelRead).Secret
	for _, as := range []string{"author", "admin"} {
		b := tabOf(t, s, as)
		b.press(`nav.side a[href="/-/check-access"]`)
		for action, want := range map[string]string{"artifact:download": "Allowed", "artifact:create": "Not allowed"} {
			b.click("#f-about-2")
			b.fill("#f-token_string", token)
			b.choose("#f-action", action)
			b.fill("#f-channel", "team")
			b.press("form.check-form button[type=submit]")
			if got := strings.TrimSpace(b.read("#answer-title")); got != want {
				t.Errorf("%s: %s of the token is %q, want %q", as, action, got, want)
			}
			if got := eval[int](b, `document.querySelectorAll(".gates li").length`); got < 3 {
				t.Errorf("%s: the answer names %d gates", as, got)
			}
			if want == "Not allowed" {
				b.expect("h3", "What would change it")
			}
			if strings.Contains(b.html()+b.address(), token) {
				t.Errorf("%s: the string is in the page or its address", as)
			}
		}
	}
}
