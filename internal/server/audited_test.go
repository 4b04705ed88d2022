package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/registry"
	"kingsnake/internal/servertest"
)

// silent are the operations that change nothing although their method says that they might, each with what it does
// instead.
var silent = map[string]string{
	"POST /api/access/explain":                          "answers a question",
	"POST /api/users/tokens":                            "lists the tokens of the accounts in its body",
	"POST binstar:/package/<channel>/{name}":            "a package comes with its first file",
	"PATCH binstar:/package/<channel>/{name}":           "a package says itself what it is",
	"POST binstar:/release/<channel>/{name}/{version}":  "a version comes with its first file",
	"PATCH binstar:/release/<channel>/{name}/{version}": "a version says itself what it is",
}

// several are the operations that do more than one thing, each of which is an event.
var several = map[string]string{
	"DELETE " + oneChannel:                                         "each subchannel ends with its channel",
	"DELETE " + oneUser:                                            "each token ends with its account",
	"PUT " + oneChannel + "/artifacts/bulk":                        "a job is queued, and ends",
	"POST " + oneChannel + "/service-accounts/{account_id}/tokens": "the account's level on the channel changes with its tokens",
	"POST /api/system/notices":                                     "a job is queued, and ends",
	"POST " + serviceToken + "/narrow":                             "the account's level on the channel changes with its tokens",
	"POST " + oneUser + "/tokens/hand-over":                        "each token gets a new string with its new owner, whose account may have to be made",
	"POST binstar:/channels/<channel>/{label}/copy/{to}":           "each file of the label gets another one",
	"POST " + oneChannel + "/trust":                                "the service account's level on the channel changes with the first rule",
}

// idle are the operations whose request in the table changes nothing, be it only when it is repeated: what changes nothing
// leaves no event.
var idle = map[string]string{
	"PUT /api/account":                                                 "no default channel, as before",
	"PUT /api/system/settings":                                         "repeated",
	"PUT " + onePackage + "/labels/{ckey...}":                          "repeated",
	"POST /api/jobs/{job_id}/cancel":                                   "the job has ended",
	"POST binstar:/channels/<channel>/{label}":                         "repeated",
	"POST binstar:/channels/<channel>/{label}/copy/{to}":               "repeated",
	"POST binstar:/copy/package/<channel>/{name}/{version}/{ckey...}":  "the file is there",
	"PATCH binstar:/copy/package/<channel>/{name}/{version}/{ckey...}": "the file is there",
	"PUT binstar:/copy/package/<channel>/{name}/{version}/{ckey...}":   "the file is there",
}

// people are the operations for which a token must hold more than their scopes: what it passes on.
var people = map[string]bool{
	"POST " + oneChannel + "/service-accounts/{account_id}/tokens": true,
	"POST " + oneToken + "/narrow":                                 true,
	"POST " + oneUser + "/tokens/{token_id}/narrow":                true,
	"POST " + serviceToken + "/narrow":                             true,
}

// eventOf is the event that operations must leave, written by hand. Of those that are not here it is only asked that they
// leave one.
var eventOf = map[string]registry.EventType{
	"POST /api/channels":                                              registry.EventChannelCreated,
	"PUT " + oneChannel:                                               registry.EventChannelUpdated,
	"POST " + oneChannel + "/subchannels":                             registry.EventChannelCreated,
	"DELETE " + onePackage:                                            registry.EventArtifactRemoved,
	"DELETE " + onePackage + "/files/{ckey...}":                       registry.EventArtifactRemoved,
	"POST " + oneChannel + "/artifacts":                               registry.EventArtifactAdded,
	"POST " + oneChannel + "/upload/{file}":                           registry.EventArtifactAdded,
	"POST /api/v1/upload/{channel}":                                   registry.EventArtifactAdded,
	"PUT <channel>: package":                                          registry.EventArtifactAdded,
	"POST binstar:/stage/<channel>/{name}/{version}/{subdir}/{file}":  registry.EventArtifactStaged,
	"POST binstar:/commit/<channel>/{name}/{version}/{subdir}/{file}": registry.EventArtifactAdded,
	"POST binstar:/authentications":                                   registry.EventTokenCreated,
	"POST /api/account/tokens":                                        registry.EventTokenCreated,
	"PUT " + oneToken + "/metadata":                                   registry.EventTokenMetadata,
	"DELETE " + oneToken:                                              registry.EventTokenRevoked,
	"POST /api/users":                                                 registry.EventUserCreated,
	"PUT " + oneUser:                                                  registry.EventUserUpdated,
	"PUT " + oneUser + "/password":                                    registry.EventPasswordChanged,
	"PUT " + oneUser + "/roles":                                       registry.EventRolesChanged,
	"POST /api/audit/heads":                                           registry.EventHeadSigned,
	"POST /api/auth/logout":                                           registry.EventLogout,
	"PUT /api/account/password":                                       registry.EventPasswordChanged,
}

// writes tells the operations that change something.
func (o operation) writes() bool { return !strings.HasPrefix(o.name, "GET ") && silent[o.base()] == "" }

// rowsOf gives the rows of the audit that a request left, waiting for refusals, which are written a moment later.
func (w *world) rowsOf(t *testing.T, a answer, outcome registry.Outcome, wait bool) []registry.Event {
	t.Helper()
	store, id := w.Server.Site().Store, a.header.Get("X-Request-Id")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		rows, err := store.FindAudit(t.Context(), registry.AuditFilter{Query: id, Outcome: outcome, OldestFirst: true}, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		var own []registry.Event
		for _, e := range rows {
			// One id may begin another.
			if e.RequestID == id {
				own = append(own, e)
			}
		}
		if len(own) > 0 || !wait || time.Now().After(deadline) {
			return own
		}
	}
}

// base is the operation's name, of a subchannel's twin that of the channel's.
func (o operation) base() string {
	return strings.Replace(strings.Replace(o.name, "/subchannels/{subchannel}", "", 1), "/<subchannel>", "", 1)
}

// freshPackage gives the next upload something that is not there yet.
func (w *world) freshPackage() {
	w.n++
	data, info := servertest.Package(uint64(10_000+w.n), random.Options{NoArch: "generic", Name: fmt.Sprintf("fresh%d", w.n)})
	w.data, w.file = data, info.Filename
}

// TestEveryWriteIsAudited performs every operation that changes something, with a session and with a token, and finds
// exactly one row of it, which says who did it, with which token, from where, and what. An operation that is added
// without an event fails here.
func TestEveryWriteIsAudited(t *testing.T) {
	w := newWorld(t)
	session := w.adminSession(t)
	checked := 0
	for _, o := range allOperations() {
		if !o.writes() || o.open || o.session && o.name == "PUT /api/account/password" {
			continue
		}
		for _, withToken := range []bool{false, true} {
			if withToken && (o.session || len(o.scopes) == 0 || people[o.base()]) {
				continue
			}
			w.Clock.Advance(time.Minute)
			pkg, file := w.data, w.file
			if strings.Contains(o.name, "upload") || strings.HasSuffix(o.name, "/artifacts") || strings.HasPrefix(o.name, "PUT <") || strings.Contains(o.name, ":/commit") {
				w.freshPackage()
			}
			credential, token := session, api.TokenCreated{}
			if withToken {
				token = w.ScopeToken(w.Admin, o.scopes...)
				credential = token.Secret
			}
			if o.name == "POST /api/auth/logout" {
				credential = w.adminSession(t)
			}
			what := fmt.Sprintf("%s (token: %v)", o.name, withToken)
			a := o.call(t, w, o.at).xAuth(credential).do(t, w.Site).ok(t, what)
			w.data, w.file = pkg, file
			if strings.HasPrefix(o.name, "DELETE ") {
				w.destroyed()
			}
			checked++
			w.checkRows(t, what, o, a, token.ID)
		}
	}
	t.Logf("%d writes were checked", checked)
	if checked < 40 {
		t.Errorf("only %d writes were checked", checked)
	}
}

// adminSession signs the admin in.
func (w *world) adminSession(t *testing.T) string {
	t.Helper()
	in, err := w.Anonymous().Login(t.Context(), "admin", servertest.AdminPassword)
	if err != nil {
		t.Fatal(err)
	}
	return in.Token
}

// checkRows compares what an operation left in the audit with what it must leave.
func (w *world) checkRows(t *testing.T, what string, o operation, a answer, token string) {
	t.Helper()
	rows := w.rowsOf(t, a, registry.Done, false)
	name := o.base()
	if len(rows) == 0 && idle[name] != "" {
		return
	}
	if len(rows) == 0 || len(rows) > 1 && several[name] == "" {
		t.Errorf("%s left %d rows, want one: %v", what, len(rows), types(rows))
		return
	}
	for i, e := range rows {
		via := "session"
		if token != "" {
			via = "token"
		}
		if e.Principal != "admin" || e.TokenID != token || i == 0 && e.Via != via || e.Address != "127.0.0.1" || e.Client == "" || e.At.IsZero() {
			t.Errorf("%s left %+v, want it of admin by %s %s from 127.0.0.1", what, e, via, token)
		}
		if strings.Contains(name, "{channel}") && several[name] == "" && !strings.Contains(name, "/service-accounts/") && e.ChannelID == 0 {
			t.Errorf("%s left %s without its channel", what, e.Type)
		}
	}
	if want := eventOf[name]; want != "" && rows[0].Type != want {
		t.Errorf("%s left %v, want %s", what, types(rows), want)
	}
}

func types(rows []registry.Event) []registry.EventType {
	var out []registry.EventType
	for _, e := range rows {
		out = append(out, e.Type)
	}
	return out
}

// TestEveryRefusalIsAudited asks for every operation that takes a scope as somebody without any role, and finds one row of
// each refusal.
func TestEveryRefusalIsAudited(t *testing.T) {
	w := newWorld(t)
	in, err := w.Anonymous().Login(t.Context(), "subject", servertest.UserPassword)
	if err != nil {
		t.Fatal(err)
	}
	type refusal struct {
		o operation
		a answer
	}
	var refusals []refusal
	for _, o := range allOperations() {
		if len(o.scopes) == 0 || o.finds != "" || o.self {
			continue
		}
		w.Clock.Advance(time.Second)
		a := o.call(t, w, o.at).xAuth(in.Token).do(t, w.Site)
		if a.status == http.StatusForbidden || a.status == http.StatusNotFound {
			refusals = append(refusals, refusal{o, a})
		}
	}
	if len(refusals) < 40 {
		t.Fatalf("only %d refusals", len(refusals))
	}
	for _, r := range refusals {
		rows := w.rowsOf(t, r.a, registry.Denial, true)
		if len(rows) != 1 || rows[0].Principal != "subject" || rows[0].Via != "session" || rows[0].Address != "127.0.0.1" || rows[0].Scope == "" || rows[0].Reason == "" {
			t.Errorf("%s: %d %s left %+v, want one denial of the subject", r.o.name, r.a.status, r.a.body, rows)
		}
	}
	t.Logf("%d refusals were checked", len(refusals))
}

// TestLongNamesAreClipped asks for channels by names that are far longer than any channel's. The refusal is recorded, and
// the name only as far as names go: whoever has no right at all could fill the audit otherwise.
func TestLongNamesAreClipped(t *testing.T) {
	w := newWorld(t)
	w.User("somebody")
	in, err := w.Anonymous().Login(t.Context(), "somebody", servertest.UserPassword)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("a", 10_000)
	resources := []api.TokenResource{{ResourceType: api.ResourceTypeChannel, ResourceID: long, Permission: api.LevelRead}}
	for what, c := range map[string]call{
		"an upload by nobody":         {method: http.MethodPost, path: "/api/channels/" + long + "/artifacts"},
		"an upload to a subchannel":   {method: http.MethodPost, path: "/api/channels/x/subchannels/" + long + "/artifacts"},
		"a package of anaconda.org's": get("/package/"+long+"/x").with("X-Binstar-Api-Version", "1"),
		"a token for a channel":       call{method: http.MethodPost, path: "/api/account/tokens", body: api.TokenCreate{Name: "x", Resources: resources}}.xAuth(in.Token),
	} {
		a := c.do(t, w.Site)
		rows := w.rowsOf(t, a, registry.Denial, true)
		if len(rows) != 1 || len(rows[0].Target) < 100 || len(rows[0].Target) > 300 {
			t.Errorf("%s: %d left %d rows: %.400v", what, a.status, len(rows), rows)
		}
	}
}
