package server_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
	"kingsnake/internal/servertest"
)

// leakReport is a report in the short form.
func leakReport(tokens ...string) call {
	return call{method: http.MethodPost, path: "/api/tokens/revoke-leaked", body: api.LeakReport{Tokens: tokens}}
}

// statuses reads what became of each string, and checks what else the answer says of them.
func statuses(t testing.TB, results []api.LeakResult, tokens []string) []api.LeakStatus {
	t.Helper()
	if len(results) != len(tokens) {
		t.Fatalf("%d results for %d strings", len(results), len(tokens))
	}
	var out []api.LeakStatus
	for i, r := range results {
		out = append(out, r.Status)
		label := "false_positive"
		if r.Status == api.LeakRevoked || r.Status == api.LeakReported {
			label = "true_positive"
		}
		if r.Fingerprint != identity.Fingerprint(tokens[i]) || !strings.HasPrefix(r.TokenHash, r.Fingerprint) || len(r.TokenHash) != 64 || r.Label != label {
			t.Errorf("result %d = %+v", i, r)
		}
	}
	return out
}

// reported sends a report as somebody without a credential and gives what became of each string.
func reported(t testing.TB, site *servertest.Site, tokens ...string) []api.LeakStatus {
	t.Helper()
	a := leakReport(tokens...).do(t, site).ok(t, "report")
	for _, token := range tokens {
		if len(token) > 8 && bytes.Contains(a.body, []byte(token)) {
			t.Errorf("the answer repeats a string")
		}
	}
	var out api.LeakResults
	if err := json.Unmarshal(a.body, &out); err != nil {
		t.Fatal(err)
	}
	return statuses(t, out.Results, tokens)
}

// leakEvents are the rows of the audit about leaks, the oldest first.
func leakEvents(t *testing.T, site *servertest.Site) []registry.Event {
	t.Helper()
	rows, err := site.Server.Site().Store.FindAudit(t.Context(), registry.AuditFilter{Types: []registry.EventType{registry.EventTokenLeaked}, OldestFirst: true}, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestEveryReportedString: one report with a string of each sort says of each what became of it, and says the same when
// it is sent again, which changes nothing and leaves no further event.
func TestEveryReportedString(t *testing.T) {
	s := newStage(t)
	bad := s.badTokens(t)
	live, rotated := s.ResourceToken(s.ada, "team", api.LevelRead), s.ResourceToken(s.ada, "team", api.LevelRead)
	fresh, err := s.ada.ReissueToken(t.Context(), rotated.ID, api.TokenUpdate{}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	unknown := foreignToken(t)
	mistyped := live.Secret[:len(live.Secret)-1] + "_"
	tokens := []string{
		live.Secret, unknown, mistyped, "", "<TOKEN>", s.session(t, "ada"), bad["expired"].token, bad["revoked"].token, bad["reissued"].token,
		bad["leaked"].token, rotated.Secret, *fresh.Secret, live.Secret,
	}
	const yes, no = api.LeakRevoked, api.LeakMalformed
	want := []api.LeakStatus{yes, api.LeakUnknown, no, no, no, no, yes, yes, yes, yes, yes, yes, yes}
	before := len(leakEvents(t, s.Site))
	if diff := cmp.Diff(want, reported(t, s.Site, tokens...)); diff != "" {
		t.Errorf("the first report (-want +got):\n%s", diff)
	}
	// One of the live, the expired, the deleted, the older string, and both strings of the overlap; the leaked one was known.
	if got := len(leakEvents(t, s.Site)) - before; got != 6 {
		t.Errorf("%d events, want 6", got)
	}
	if diff := cmp.Diff(want, reported(t, s.Site, tokens...)); diff != "" {
		t.Errorf("the second report (-want +got):\n%s", diff)
	}
	if got := len(leakEvents(t, s.Site)) - before; got != 6 {
		t.Errorf("%d events after the second report, want 6 as before", got)
	}
	for what, secret := range map[string]string{"live": live.Secret, "old": rotated.Secret, "new": *fresh.Secret} {
		index("team", secret).do(t, s.Site).refused(t, what, http.StatusUnauthorized, api.CodeTokenLeaked)
	}
	get("/api/account").xAuth(s.session(t, "ada")).do(t, s.Site).ok(t, "a session, which is no token")
}

// TestLeakIsTold: who owns a leaked token sees that it was found, where, and when it was last used; gives it a new string;
// and what the finder said of it is kept, without the string.
func TestLeakIsTold(t *testing.T) {
	s := newStage(t)
	ctx := t.Context()
	made := s.ResourceToken(s.ada, "team", api.LevelRead)
	index("team", made.Secret).do(t, s.Site).ok(t, "alive")
	url := "https://git.example.org/x/blob/1/conf?t=" + made.Secret + "\n"
	found := []map[string]any{{"token": made.Secret, "type": "kingsnake", "url": url, "source": "commit", "more": 1}, {"token": "no", "type": "kingsnake"}}
	a := call{method: http.MethodPost, path: "/api/tokens/revoke-leaked", body: found}.with("User-Agent", "finder/1").do(t, s.Site).ok(t, "report")
	var results []api.LeakResult
	if err := json.Unmarshal(a.body, &results); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	if diff := cmp.Diff([]api.LeakStatus{api.LeakRevoked, api.LeakMalformed}, statuses(t, results, []string{made.Secret, "no"})); diff != "" || results[0].TokenType != "kingsnake" {
		t.Errorf("results = %+v (-want +got):\n%s", results, diff)
	}

	const shown = "https://git.example.org/x/blob/1/conf?t=<TOKEN>"
	list, err := s.ada.Tokens(ctx, client.TokenFilter{State: api.TokenStateLeaked})
	if err != nil || list.TotalCount != 1 {
		t.Fatalf("leaked tokens = %+v, %v", list, err)
	}
	got := list.Items[0]
	if l := got.Leak; got.State != api.TokenStateLeaked || len(got.Secrets) != 0 || l == nil || l.URL != shown || l.Source != "commit" ||
		l.Fingerprint != made.Fingerprint || l.ReportedFrom != "127.0.0.1" || l.LastUsedAt == nil || l.LastUsedAddress != "127.0.0.1" {
		t.Errorf("the token shows as %+v, leak %+v", got, got.Leak)
	}
	events := leakEvents(t, s.Site)
	if len(events) != 1 {
		t.Fatalf("%d events, want 1", len(events))
	}
	if e := events[0]; e.Target != made.ID || e.Address != "127.0.0.1" || e.Client != "finder/1" || e.Principal != "anonymous" ||
		!strings.Contains(e.Data, `"verdict":"revoked"`) || !strings.Contains(e.Data, `TOKEN`) || strings.Contains(e.Data, made.Secret) {
		t.Errorf("event = %+v", e)
	}
	history := get("/api/account/history?event_type=user_token_leaked").xAuth(s.session(t, "ada")).do(t, s.Site).ok(t, "ada's history")
	if !bytes.Contains(history.body, []byte(made.ID)) {
		t.Errorf("ada's history = %s, want the event", history.body)
	}

	again, err := s.ada.ReissueToken(ctx, made.ID, api.TokenUpdate{}, 0)
	if err != nil || again.State != api.TokenStateActive || again.Leak != nil {
		t.Fatalf("reissue = %+v, %v", again, err)
	}
	index("team", *again.Secret).do(t, s.Site).ok(t, "the new string")
	index("team", made.Secret).do(t, s.Site).refused(t, "the string that was found", http.StatusUnauthorized, api.CodeTokenLeaked)
	if strings.Contains(s.Log.String(), made.Secret) {
		t.Error("the string is in the log")
	}
}

// TestLeakNotify: a site that only wants owners told leaves leaked tokens alone, tells each once, and revokes them when it
// thinks again.
func TestLeakNotify(t *testing.T) {
	s := newStage(t)
	ctx := t.Context()
	policy := func(p string) {
		t.Helper()
		if _, err := s.Admin.UpdateSettings(ctx, api.SystemSettingsUpdate{Kingsnake: &api.KingsnakeSettingsUpdate{LeakedTokens: &p}}); err != nil {
			t.Fatal(err)
		}
	}
	policy("notify")
	made := s.ResourceToken(s.ada, "team", api.LevelRead)
	for range 2 {
		if diff := cmp.Diff([]api.LeakStatus{api.LeakReported}, reported(t, s.Site, made.Secret)); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
	}
	if n := len(leakEvents(t, s.Site)); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	info, err := s.Token(made.Secret).TokenInfo(ctx)
	if err != nil || info.State != api.TokenStateExpiring && info.State != api.TokenStateActive || info.Leak == nil || info.Leak.Fingerprint != made.Fingerprint {
		t.Fatalf("token-info = %+v, %v", info, err)
	}
	fresh, err := s.ada.ReissueToken(ctx, made.ID, api.TokenUpdate{}, time.Hour)
	if err != nil || fresh.Leak == nil {
		t.Errorf("with an overlap, in which the string lives on: %+v, %v", fresh.Leak, err)
	}
	policy("revoke")
	if diff := cmp.Diff([]api.LeakStatus{api.LeakRevoked}, reported(t, s.Site, made.Secret)); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	index("team", *fresh.Secret).do(t, s.Site).refused(t, "the new string", http.StatusUnauthorized, api.CodeTokenLeaked)
	a := call{method: http.MethodPut, path: "/api/system/settings", body: map[string]any{"kingsnake": map[string]any{"leaked_tokens": "ignore"}}}
	a.xAuth(s.session(t, "admin")).do(t, s.Site).refused(t, "another policy", http.StatusUnprocessableEntity, api.CodeInvalid)
}

// TestLeakReportsAreBounded: a report has so many strings of such a length, and an address sends so many.
func TestLeakReportsAreBounded(t *testing.T) {
	s := newStage(t)
	many := make([]string, 101)
	post := func(body any) answer {
		return call{method: http.MethodPost, path: "/api/tokens/revoke-leaked", body: body}.do(t, s.Site)
	}
	for what, body := range map[string]any{
		"no strings":          api.LeakReport{Tokens: []string{}},
		"too many":            api.LeakReport{Tokens: many},
		"too many in a list":  make([]api.LeakedToken, 101),
		"a long string":       api.LeakReport{Tokens: []string{strings.Repeat("x", 1001)}},
		"a number":            []byte("7"),
		"no JSON":             []byte("ks-"),
		"nothing":             []byte{},
		"numbers for strings": []byte(`{"tokens": [1]}`),
	} {
		if a := post(body); a.status != http.StatusUnprocessableEntity && a.status != http.StatusBadRequest {
			t.Errorf("%s = %d %s, want 422 or 400", what, a.status, a.body)
		}
	}
	if a := post(bytes.Repeat([]byte(" "), 2<<20)); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a long body = %d %s, want 413", a.status, a.body)
	}
	// Each report takes a hundred of the three hundred chances, of which five come back in a second.
	a := leakReport(many[:100]...).do(t, s.Site)
	for n := 0; a.status == http.StatusOK && n < 100; n++ {
		a = leakReport(many[:100]...).do(t, s.Site)
	}
	a.refused(t, "a flood", http.StatusTooManyRequests, api.CodeRateLimited)
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil || wait < 1 {
		t.Fatalf("Retry-After = %q, want seconds", a.header.Get("Retry-After"))
	}
	s.Clock.Advance(time.Duration(wait) * time.Second)
	leakReport(many[:100]...).do(t, s.Site).ok(t, "after the wait")
}
