package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/server/web/webtest"
	"kingsnake/internal/servertest"
)

// TestAFormThatFailedCanBeSentAgain goes back to a form that was refused: what failed has used nothing up.
func TestAFormThatFailedCanBeSentAgain(t *testing.T) {
	s := servertest.New(t)
	s.Channel(s.Admin, "taken", api.PrivacyPrivate)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	form := b.Get("/-/create-channel").Form("form.card")
	for _, name := range []string{"taken", "taken", "Not A Name"} {
		if p := form.Set("name", name).Submit(); p.Status != http.StatusUnprocessableEntity || p.Problems() == "" {
			t.Errorf("%s: status %d: %s", name, p.Status, p.Problems())
		}
	}
	if p := form.Set("name", "free").Submit(); p.Path != "/-/channels/free" {
		t.Fatalf("the corrected form: status %d at %s: %s", p.Status, p.Path, p.Find("main").Text())
	}
	if p := form.Set("name", "free2").Submit(); p.Status != http.StatusConflict {
		t.Errorf("sent once more after that: status %d", p.Status)
	}

	token := generate(b, "laptop", "absent", "read")
	if p := token.Submit(); p.Status != http.StatusUnprocessableEntity {
		t.Errorf("a token for an unknown channel: status %d", p.Status)
	}
	if p := token.Set("resources", "free").Submit(); !strings.HasPrefix(shown(p), "ks-r-") {
		t.Errorf("the corrected form for a token: status %d: %s", p.Status, p.Problems())
	}
}

// TestFormsSentAtOnceMakeOneThing sends the same form several times at the same moment.
func TestFormsSentAtOnceMakeOneThing(t *testing.T) {
	s := servertest.New(t)
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	form := generate(b, "once", "team", "read")
	statuses := make([]int, 6)
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() { statuses[i] = b.Post(form.Action, form.Values).Status })
	}
	all.Wait()
	slices.Sort(statuses)
	if want := []int{200, 409, 409, 409, 409, 409}; !slices.Equal(statuses, want) {
		t.Errorf("the answers are %v, want %v", statuses, want)
	}
	if n := len(b.Get("/-/tokens").All("tbody tr")); n != 1 {
		t.Errorf("there are %d tokens, want 1", n)
	}
}

func TestFormsWithTooManyValues(t *testing.T) {
	s := servertest.New(t)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	many := url.Values{"name": {"x"}, "type": {"resources"}, "resources": slices.Repeat([]string{"a"}, 6000)}
	if p := b.Post("/-/generate-token", many); p.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("a form in which one field has 6000 values: status %d, want 413", p.Status)
	}
}

// TestAnIssuedStringLeadsBackToItsList closes the page of a string of a service account.
func TestAnIssuedStringLeadsBackToItsList(t *testing.T) {
	s, ada := fixture(t)
	if _, err := ada.CreateServiceAccount(t.Context(), "team", api.ServiceAccountCreate{}); err != nil {
		t.Fatal(err)
	}
	b := as(t, s, "ada")
	page := "/-/channels/team/service-accounts"
	p := b.Get(page+"/generate-token").Form("form.card").Set("name", "ci").Submit()
	if got := p.Find(".token-notice a.button").Attr("href"); got != page {
		t.Errorf("a new token of a service account leads to %s, want %s", got, page)
	}
	p = b.Get(b.Get(page).All("tbody .tools a")[0].Attr("href")).Form("form.card").Submit()
	if got := p.Find(".token-notice a.button").Attr("href"); got != page {
		t.Errorf("a new string of it leads to %s, want %s", got, page)
	}
	if got := generate(b, "mine", "team", "read").Submit().Find(".token-notice a.button").Attr("href"); got != "/-/tokens" {
		t.Errorf("a token of one's own leads to %s", got)
	}
}

// TestNoLinkToAHiddenParent opens a subchannel as somebody who may not see the channel above it.
func TestNoLinkToAHiddenParent(t *testing.T) {
	s, ada := fixture(t)
	if _, err := ada.CreateSubchannel(t.Context(), "team", api.ChannelCreate{Name: "dev", Privacy: api.PrivacyPublic}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"ada": true, "bob": true, "eve": false, "admin": true} {
		p := as(t, s, name).Get("/-/channels/team:dev")
		if p.Status != http.StatusOK {
			t.Fatalf("%s: status %d", name, p.Status)
		}
		linked := slices.ContainsFunc(p.All("a"), func(a webtest.Node) bool {
			return strings.HasPrefix(a.Attr("href"), "/-/channels/team/") || a.Attr("href") == "/-/channels/team"
		})
		if linked != want {
			t.Errorf("%s: a link to the channel above: %t, want %t", name, linked, want)
		}
	}
	// Looking for a link is no attempt to get in.
	log, err := s.Admin.Audit(t.Context(), client.AuditFilter{Outcome: "denied", User: "eve"}, client.AuditCursor{})
	if err != nil || len(log.Items) != 0 {
		t.Errorf("the audit has %d refusals, %v", len(log.Items), err)
	}
}

func TestNewUserBeginsWithTheRolesOfTheSite(t *testing.T) {
	s := servertest.New(t)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	ticked := func() string {
		return strings.Join(b.Get("/-/create-user").Form("form.card").Values["roles"], " ")
	}
	if got := ticked(); got != "author" {
		t.Errorf("at first the roles %q are ticked, want author", got)
	}
	form := b.Get("/-/settings").Form("main form")
	form.Values.Del("kingsnake.author_by_default")
	if p := form.Submit(); p.Path != "/-/settings" {
		t.Fatalf("settings: status %d: %s", p.Status, p.Problems())
	}
	if got := ticked(); got != "" {
		t.Errorf("the site gives new people no role, and %q is ticked", got)
	}
}
