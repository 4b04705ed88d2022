package server_test

import (
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/config"
	"kingsnake/internal/notify/notifytest"
	"kingsnake/internal/servertest"
)

const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// told is a stage whose people are told of tokens that end, with what they got.
type told struct {
	*stage
	box      *notifytest.Mailbox
	receiver *notifytest.Receiver
}

// tells configures both ways. The receiver of webhooks judges times by the real clock only roughly, so tests that move the
// server's clock give it that.
func tells(box *notifytest.Mailbox, receiver *notifytest.Receiver) func(*config.Config) {
	return func(c *config.Config) {
		longSessions(c)
		c.NoticeHour = 0
		c.SMTPAddress, c.SMTPTLS, c.SMTPFrom = box.Address, "none", "kingsnake@example.org"
		c.WebhookURL, c.WebhookSecret = receiver.URL, webhookSecret
		c.WebhookAllowedNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}
}

func newTold(t *testing.T, options ...func(*config.Config)) *told {
	t.Helper()
	d := &told{box: notifytest.NewMailbox(t, nil)}
	d.receiver = notifytest.NewReceiver(t, webhookSecret, func() time.Time { return d.Clock.Now() })
	d.stage = newStage(t, append([]func(*config.Config){tells(d.box, d.receiver)}, options...)...)
	if _, err := d.ada.SetEmail(t.Context(), "ada@example.org"); err != nil {
		t.Fatal(err)
	}
	d.morning(t)
	return d
}

// morning moves the clock to ten o'clock of the next day, so that no test runs over the end of a day by chance.
func (d *told) morning(t *testing.T) {
	t.Helper()
	next := d.Clock.Now().UTC().Truncate(oneDay).Add(oneDay + 10*time.Hour)
	d.Clock.Advance(next.Sub(d.Clock.Now()))
	d.tell(t)
}

// tell has the digests of the moment sent, and waits until they are.
func (d *told) tell(t *testing.T) {
	t.Helper()
	if err := d.Server.Site().Service.Notifications.Plan(t.Context()); err != nil {
		t.Fatal(err)
	}
	settled(t, d.Admin)
}

// settled waits until no job is left.
func settled(t *testing.T, admin *client.Client) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		open, err := admin.Jobs(t.Context(), client.JobFilter{States: []api.JobState{api.JobQueued, api.JobRunning}})
		if err != nil {
			t.Fatal(err)
		}
		if open.TotalCount == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("jobs are still at work: %+v", open.Items)
		}
	}
}

// ends makes a token of somebody's that reaches channels and ends after a while.
func (d *told) ends(t *testing.T, who *client.Client, name string, after time.Duration, channels ...string) api.TokenCreated {
	t.Helper()
	in := reaching(api.LevelRead, channels...)
	in.Name, in.ExpiresAt = name, d.Clock.Now().Add(after).UTC().Format(time.RFC3339)
	made, err := who.CreateToken(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestDigests: owners, and those who manage the channels, are told 30, 7 and 1 days ahead and after the end; once each,
// and nobody else.
func TestDigests(t *testing.T) {
	d := newTold(t)
	d.User("carol")
	g := d.group(t, "keepers")
	d.member(t, g.Name, "carol", api.LevelRead)
	d.give(t, g.Name, api.LevelManage)
	d.User("rita")
	readers := d.group(t, "readers")
	d.member(t, readers.Name, "rita", api.LevelRead)
	d.give(t, readers.Name, api.LevelRead)

	d.ends(t, d.ada, "hers", 60*oneDay+time.Hour, "team")
	d.ends(t, d.bob, "his", 60*oneDay+2*time.Hour, "open", "bobs")
	d.ends(t, d.ada, "week", 7*oneDay, "team")
	d.ends(t, d.ada, "day", oneDay, "team")
	service := d.service(t)
	in := reaching(api.LevelRead, "team")
	in.Name, in.ExpiresAt = "robot", d.Clock.Now().Add(60*oneDay+3*time.Hour).UTC().Format(time.RFC3339)
	d.serviceToken(t, d.ada, service.ID, in)
	if _, err := d.bob.CreateToken(t.Context(), api.TokenCreate{Name: "scopes", Scopes: []string{"channel:view"}, ExpiresAt: in.ExpiresAt}); err != nil {
		t.Fatal(err)
	}

	got := map[string][]string{}
	letters, calls := 0, 0
	for day := range 63 {
		d.tell(t)
		d.tell(t)
		var today []string
		for _, l := range d.box.Letters()[letters:] {
			today = append(today, "mail "+l.To+": "+strings.Join(named(l.Text), " "))
			letters++
		}
		good, bad := d.receiver.Calls()
		for _, c := range good[calls:] {
			today = append(today, "webhook "+c.User+": "+strings.Join(c.Tokens, " "))
			calls++
		}
		if len(bad) > 0 {
			t.Fatalf("bad webhooks: %v", bad)
		}
		if len(today) > 0 {
			slices.Sort(today)
			got[fmt.Sprintf("day %d", day)] = today
		}
		d.Clock.Advance(oneDay)
	}
	all := []string{"mail ada@example.org: hers his robot", "webhook ada: hers his robot", "webhook bob: his scopes", "webhook carol: hers robot"}
	week := []string{"mail ada@example.org: week", "webhook ada: week", "webhook carol: week"}
	want := map[string][]string{"day 6": week, "day 7": week, "day 31": all, "day 54": all, "day 60": all, "day 61": all}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what was told (-want +got):\n%s", diff)
	}
}

// named are the names of the tokens in a letter.
func named(text string) (names []string) {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "* "); ok {
			name, _, _ := strings.Cut(rest, ":")
			names = append(names, name)
		}
	}
	return names
}

// TestDigestIsRepeated: what could not be sent is tried again later, and what was sent is not.
func TestDigestIsRepeated(t *testing.T) {
	d := newTold(t)
	d.ends(t, d.ada, "hers", 30*oneDay, "team")
	d.box.Refuse("451 later")
	d.Clock.Advance(25 * oneDay)
	counts := func() (int, int) {
		calls, _ := d.receiver.Calls()
		return len(d.box.Letters()), len(calls)
	}
	d.tell(t)
	d.tell(t)
	if letters, calls := counts(); letters != 0 || calls != 1 || d.box.Tried() != 1 {
		t.Fatalf("%d letters after %d attempts, %d calls, want none after one, and one call", letters, d.box.Tried(), calls)
	}
	d.Clock.Advance(6 * time.Minute)
	d.tell(t)
	if d.box.Tried() != 2 {
		t.Errorf("%d attempts, want a second one after six minutes", d.box.Tried())
	}
	d.Clock.Advance(6 * time.Minute)
	d.tell(t)
	if d.box.Tried() != 2 {
		t.Errorf("%d attempts, want the third one later than the second", d.box.Tried())
	}
	d.box.Refuse("")
	d.Clock.Advance(6 * time.Minute)
	for range 3 {
		d.tell(t)
		d.Clock.Advance(time.Hour)
	}
	if letters, calls := counts(); letters != 1 || calls != 1 {
		t.Errorf("%d letters, %d calls, want one each", letters, calls)
	}
}

// TestWebhookKeepsItsID: a receiver that took a digest and did not say so gets it again under the same id, and other digests
// under others.
func TestWebhookKeepsItsID(t *testing.T) {
	d := newTold(t)
	d.ends(t, d.ada, "hers", 30*oneDay, "team")
	d.ends(t, d.bob, "his", 30*oneDay, "bobs")
	// It comes near its end between the second and the third attempt.
	d.ends(t, d.bob, "news", 32*oneDay+16*time.Minute, "bobs")
	d.receiver.Answer(http.StatusInternalServerError, nil)
	d.Clock.Advance(25 * oneDay)
	d.tell(t)
	d.Clock.Advance(6 * time.Minute)
	d.tell(t)
	d.receiver.Answer(http.StatusNoContent, nil)
	d.Clock.Advance(20 * time.Minute)
	d.tell(t)
	good, bad := d.receiver.Calls()
	if len(good) != 6 || len(bad) != 0 {
		t.Fatalf("%d calls, bad ones %v, want three to each of two", len(good), bad)
	}
	ids := map[string][]string{}
	for _, c := range good {
		ids[c.User] = append(ids[c.User], c.ID)
	}
	if a := ids["ada"]; len(a) != 3 || a[0] != a[1] || a[1] != a[2] {
		t.Errorf("ids of three attempts at one digest = %v, want one", a)
	}
	if b := ids["bob"]; len(b) != 3 || b[0] != b[1] || b[1] == b[2] || b[0] == ids["ada"][0] {
		t.Errorf("ids of two attempts, one with another token, and of somebody else = %v, %v", b, ids["ada"])
	}
}

// TestMailServerThatDoesNotAnswer: it is asked once for all who are to be told, and the job says of the others that they were
// not tried; they are when it answers.
func TestMailServerThatDoesNotAnswer(t *testing.T) {
	d := newTold(t)
	d.ends(t, d.ada, "hers", 30*oneDay, "team")
	for _, name := range []string{"carol", "dave"} {
		who := d.User(name)
		if _, err := who.SetEmail(t.Context(), name+"@example.org"); err != nil {
			t.Fatal(err)
		}
		if _, err := who.CreateToken(t.Context(), api.TokenCreate{
			Name: name, Scopes: []string{"channel:view"}, ExpiresAt: d.Clock.Now().Add(30 * oneDay).UTC().Format(time.RFC3339),
		}); err != nil {
			t.Fatal(err)
		}
	}
	d.box.Refuse("421 come back later")
	d.Clock.Advance(25 * oneDay)
	d.tell(t)
	if calls, _ := d.receiver.Calls(); d.box.Tried() != 1 || len(calls) != 3 {
		t.Errorf("%d attempts by mail, %d by webhook, want one and one for each of three", d.box.Tried(), len(calls))
	}
	jobs, err := d.Admin.Jobs(t.Context(), client.JobFilter{})
	i := slices.IndexFunc(jobs.Items, func(j api.Job) bool { return j.Failed > 0 })
	if err != nil || i < 0 {
		t.Fatalf("jobs = %+v, %v, want one of which something failed", jobs, err)
	}
	job, err := d.Admin.Job(t.Context(), jobs.Items[i].ID)
	if err != nil || job.Done != 3 || job.Failed != 3 || len(job.Errors) != 2 || job.Errors[1].Item != "2 more by mail" || !strings.Contains(job.Errors[1].Message, "not tried") {
		t.Errorf("job = %+v, %v, want three digests by webhook, one that failed and two that were not tried", job, err)
	}
	d.box.Refuse("")
	d.Clock.Advance(6 * time.Minute)
	d.tell(t)
	if letters := d.box.Letters(); len(letters) != 3 {
		t.Errorf("%d letters, want one for each", len(letters))
	}
}

// TestDigestIsNotRepeatedInDoubt: a mail that may have arrived is not sent again.
func TestDigestIsNotRepeatedInDoubt(t *testing.T) {
	d := newTold(t)
	d.ends(t, d.ada, "hers", 30*oneDay, "team")
	d.box.Vanish(true)
	d.Clock.Advance(25 * oneDay)
	d.tell(t)
	d.box.Vanish(false)
	for range 3 {
		d.Clock.Advance(time.Hour)
		d.tell(t)
	}
	if n := len(d.box.Letters()); n != 1 {
		t.Errorf("%d letters, want the one", n)
	}
}

// TestDigestSurvivesRestart: a server that starts again on the same day tells nobody twice.
func TestDigestSurvivesRestart(t *testing.T) {
	dir, box := inMemory(t), notifytest.NewMailbox(t, nil)
	var clock *servertest.Clock
	receiver := notifytest.NewReceiver(t, webhookSecret, func() time.Time { return clock.Now() })
	start := time.Now().UTC().Truncate(oneDay).Add(30*oneDay + 10*time.Hour)
	for _, run := range []string{"first", "second"} {
		t.Run(run, func(t *testing.T) {
			site := servertest.Open(t, dir, tells(box, receiver))
			clock = site.Clock
			d := &told{stage: &stage{Site: site, ada: site.Admin}, box: box, receiver: receiver}
			if run == "first" {
				site.Channel(site.Admin, "team", api.PrivacyPrivate)
				d.ends(t, site.Admin, "hers", start.Add(5*oneDay).Sub(clock.Now()), "team")
			}
			clock.Advance(start.Sub(clock.Now()))
			d.tell(t)
			if calls, bad := receiver.Calls(); len(calls) != 1 || len(bad) != 0 {
				t.Errorf("%d calls, bad ones %v, want one call", len(calls), bad)
			}
		})
	}
}

// TestNoticesByHand: administrators see and send what is due, and test the ways.
func TestNoticesByHand(t *testing.T) {
	// Nothing goes out by itself while the test's clock stands before the last hour of the day.
	d := newTold(t, func(c *config.Config) { c.NoticeHour = 23 })
	d.ends(t, d.ada, "hers", 30*oneDay, "team")
	d.Clock.Advance(24*oneDay + 10*time.Hour)
	d.tell(t)
	planned, err := d.Admin.PlannedNotices(t.Context(), client.ListOptions{})
	if err != nil || planned.TotalCount != 2 {
		t.Fatalf("planned: %+v, %v, want a mail and a webhook", planned, err)
	}
	for _, p := range planned.Items {
		if p.Username != "ada" || len(p.Tokens) != 1 || p.Tokens[0].Name != "hers" || p.Tokens[0].DaysLeft != 5 || p.Tokens[0].Expired || !slices.Equal(p.Tokens[0].Channels, []string{"team"}) {
			t.Errorf("planned: %+v", p)
		}
	}
	if n := len(d.box.Letters()); n != 0 {
		t.Errorf("the preview sent %d letters", n)
	}
	for _, want := range []struct{ done, total int64 }{{2, 2}, {0, 0}} {
		job, err := d.Admin.SendNotices(t.Context())
		if err == nil {
			job, err = d.Admin.WaitJob(t.Context(), job.ID, nil)
		}
		if err != nil || job.State != api.JobDone || job.Done != want.done || job.Total != want.total {
			t.Errorf("job = %+v, %v, want %d done", job, err, want.done)
		}
	}
	tests := func(want map[string]bool) {
		t.Helper()
		got, err := d.Admin.TestNotices(t.Context())
		if err != nil || len(got) != len(want) {
			t.Errorf("tests = %+v, %v, want %v", got, err, want)
		}
		for _, one := range got {
			if (one.Error == "") != want[one.Way] {
				t.Errorf("test by %s: error = %q, want success %v", one.Way, one.Error, want[one.Way])
			}
		}
	}
	tests(map[string]bool{"mail": false, "webhook": true})
	if _, err := d.Admin.SetEmail(t.Context(), "admin@example.org"); err != nil {
		t.Fatal(err)
	}
	tests(map[string]bool{"mail": true, "webhook": true})
	letters := d.box.Letters()
	if l := letters[len(letters)-1]; l.To != "admin@example.org" || !strings.Contains(l.Text, "This is a test") {
		t.Errorf("letter = %+v", l)
	}
}

// TestOwnEmail: people change their own address in a session, and a token neither changes nor sees it.
func TestOwnEmail(t *testing.T) {
	s := newStage(t)
	account, err := s.ada.SetEmail(t.Context(), "ada@example.org")
	if err != nil || account.Email != "ada@example.org" {
		t.Errorf("account = %+v, %v", account, err)
	}
	put := func(credential, email string) answer {
		return call{method: http.MethodPut, path: "/api/account/email", body: api.EmailUpdate{Email: email}}.xAuth(credential).do(t, s.Site)
	}
	put(s.session(t, "ada"), "no address").refused(t, "no address", http.StatusUnprocessableEntity, api.CodeInvalid)
	token := s.ScopeToken(s.ada, "user.token:edit", "channel:view").Secret
	put(token, "eve@example.org").refused(t, "by a token", http.StatusForbidden, api.CodeSessionRequired)
	put("", "eve@example.org").refused(t, "by nobody", http.StatusUnauthorized, api.CodeAuthRequired)
	if seen, err := s.Token(token).Account(t.Context()); err != nil || seen.Email != "" {
		t.Errorf("a token sees the address %q, %v", seen.Email, err)
	}
	if account, err = s.ada.SetEmail(t.Context(), ""); err != nil || account.Email != "" {
		t.Errorf("cleared: %+v, %v", account, err)
	}
}

// TestExpiryMetric: the metric tells of tokens that end soon, by their ids, and of no other.
func TestExpiryMetric(t *testing.T) {
	d := newTold(t)
	soon := d.ends(t, d.ada, "soon", 20*oneDay, "team")
	bobs := d.ends(t, d.bob, "bobs", 3*oneDay, "bobs")
	d.ends(t, d.ada, "later", 60*oneDay, "team")
	d.ends(t, d.ada, "a moment", time.Hour, "team")
	gone := d.ends(t, d.ada, "gone", 2*oneDay, "team")
	if err := d.ada.DeleteToken(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	check := func(want map[string]int) {
		t.Helper()
		d.Clock.Advance(2 * time.Minute) // What was asked of the database is good for one.
		got := map[string]int{}
		for line := range strings.Lines(string(get("/metrics").do(t, d.Site).ok(t, "metrics").body)) {
			if rest, ok := strings.CutPrefix(line, "kingsnake_token_expires_seconds{"); ok {
				labels, value, _ := strings.Cut(rest, "} ")
				seconds, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
				if err != nil {
					t.Fatal(err)
				}
				got[labels] = int(math.Floor(seconds / oneDay.Seconds()))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("days left (-want +got):\n%s", diff)
		}
	}
	label := func(token api.TokenCreated) string { return `kind="resource",token="` + token.ID + `"` }
	check(map[string]int{label(soon): 19, label(bobs): 2})
	d.Clock.Advance(3 * oneDay)
	check(map[string]int{label(soon): 16, label(bobs): -1})
	d.Clock.Advance(oneDay)
	check(map[string]int{label(soon): 15})
}
