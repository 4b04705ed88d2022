package server_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// history reads a history.
func (s *stage) history(t *testing.T, path, token string) api.List[api.HistoryItem] {
	t.Helper()
	var out api.List[api.HistoryItem]
	if err := json.Unmarshal(get(path).xAuth(token).do(t, s.Site).ok(t, path).body, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// said lists the events of a history, newest first, as "type target".
func said(l api.List[api.HistoryItem]) []string {
	out := []string{}
	for _, i := range l.Items {
		target, _ := i.Data["target"].(string)
		out = append(out, i.EventType+" "+target)
	}
	return out
}

func wantSaid(t *testing.T, what string, got api.List[api.HistoryItem], want ...string) {
	t.Helper()
	if s := said(got); !slices.Equal(s, want) {
		t.Errorf("%s = %q, want %q", what, s, want)
	}
}

// TestChannelHistory: managers see what happened to their channel, by whom and when, in the words of other products, and
// nobody's address; refusals are no part of it.
func TestChannelHistory(t *testing.T) {
	s := newStage(t)
	ada := s.session(t, "ada")
	file := "team/noarch/" + s.file
	if _, err := s.ada.UpdateChannel(t.Context(), "team", api.ChannelUpdate{Description: new("ours")}); err != nil {
		t.Fatal(err)
	}
	get("/api/channels/team/history").xAuth(s.session(t, "bob")).do(t, s.Site).refused(t, "bob", http.StatusNotFound, api.CodeNotFound)
	h := s.history(t, "/api/channels/team/history", ada)
	wantSaid(t, "history", h, "channel_updated team", "artifact_registered "+file, "channel_created team")
	if h.TotalCount != 3 {
		t.Errorf("total_count = %d, want 3", h.TotalCount)
	}
	for _, i := range h.Items {
		if i.Meta.Username != "ada" || i.Meta.Address != "" || i.Meta.Client != "" || i.Meta.RequestID != "" || i.Created < 1.7e9 || i.Created > 4e9 {
			t.Errorf("item = %+v, want it of ada, without an address, in seconds", i)
		}
	}
	wantSaid(t, "by type", s.history(t, "/api/channels/team/history?event_types=channel_created,artifact_removed", ada), "channel_created team")
	wantSaid(t, "a page", s.history(t, "/api/channels/team/history?offset=1&limit=1", ada), "artifact_registered "+file)
	// A replaced file is one that was registered, in the word that scripts know; our own is beside it.
	_, info := servertest.Package(1, random.Options{NoArch: "generic"})
	data, other := servertest.Package(7, random.Options{NoArch: "generic", Name: info.Name, Version: info.Version, Build: info.Build})
	up := client.Upload{Filename: s.file, Content: bytes.NewReader(data), Size: int64(len(data)), Force: true}
	if _, err := s.ada.Upload(t.Context(), "team", up); err != nil || other.Filename != s.file {
		t.Fatalf("replace %s by %s: %v", s.file, other.Filename, err)
	}
	again := s.history(t, "/api/channels/team/history?event_types=artifact_registered", ada)
	wantSaid(t, "with a replaced file", again, "artifact_registered "+file, "artifact_registered "+file)
	if got := again.Items[0].Meta.Event; got != "artifact_replaced" {
		t.Errorf("our word = %q, want artifact_replaced", got)
	}
	// A namesake does not inherit the history, and the history of what is gone is nobody's but the auditors'.
	if err := s.ada.DeleteChannel(t.Context(), "team"); err != nil {
		t.Fatal(err)
	}
	get("/api/channels/team/history").xAuth(ada).do(t, s.Site).refused(t, "a deleted channel", http.StatusNotFound, api.CodeNotFound)
	s.Channel(s.bob, "team", api.PrivacyPrivate)
	wantSaid(t, "the namesake", s.history(t, "/api/channels/team/history", s.session(t, "bob")), "channel_created team")
}

// TestAccountHistory: an account sees what it did and what was done to it, and a token only what it reaches.
func TestAccountHistory(t *testing.T) {
	s := newStage(t)
	_, info := servertest.Package(1, random.Options{NoArch: "generic"})
	manage := s.ResourceToken(s.ada, "team", api.LevelManage)
	if err := s.Token(manage.Secret).DeleteFile(t.Context(), "team", info.Name, "noarch/"+s.file); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Admin.TokensOf("ada").Update(t.Context(), manage.ID, api.TokenUpdate{Name: new("renamed")}); err != nil {
		t.Fatal(err)
	}
	ada := s.session(t, "ada")
	all := s.history(t, "/api/account/history?limit=1000", ada)
	for _, want := range []string{
		"login ada", "user_token_updated " + manage.ID, "artifact_removed team/noarch/" + s.file, "user_token_created " + manage.ID, "channel_created team",
		"channel_created open", "user_created ada",
	} {
		if !slices.Contains(said(all), want) {
			t.Errorf("ada's history %q lacks %q", said(all), want)
		}
	}
	for _, i := range all.Items {
		if own := i.Meta.Username == "ada"; own == (i.Meta.Address == "") {
			t.Errorf("%s by %s with the address %q: an account sees its own addresses and no other", i.EventType, i.Meta.Username, i.Meta.Address)
		}
		if strings.Contains(i.EventType, "bobs") || i.Meta.Username == "bob" {
			t.Errorf("ada's history tells of bob: %+v", i)
		}
	}
	token := s.history(t, "/api/account/history?limit=1000", manage.Secret)
	wantSaid(t, "of the token", token, "artifact_removed team/noarch/"+s.file, "artifact_registered team/noarch/"+s.file, "channel_created team")
	for _, i := range token.Items {
		if i.Meta.Address != "" {
			t.Errorf("the token sees the address of %+v", i)
		}
	}
	read := s.ResourceToken(s.ada, "team", api.LevelRead).Secret
	wantSaid(t, "of a token that did nothing and may read no history", s.history(t, "/api/account/history", read))
	// What ada may no longer see is gone from her history, and what is no more is not.
	if err := s.ada.DeleteChannel(t.Context(), "staff"); err != nil {
		t.Fatal(err)
	}
	if got := said(s.history(t, "/api/account/history?event_types=channel_deleted", ada)); !slices.Equal(got, []string{"channel_deleted staff"}) {
		t.Errorf("deletions = %q, want that of staff", got)
	}
}

// TestAuditQueries reads the audit by each filter, in pages that stay as they are while rows come in, and takes it along.
func TestAuditQueries(t *testing.T) {
	s := newStage(t)
	token := s.ScopeToken(s.Admin, "audit-logs:view")
	page := func(q url.Values) api.AuditPage {
		t.Helper()
		var out api.AuditPage
		if err := json.Unmarshal(get("/api/audit?"+q.Encode()).xAuth(token.Secret).do(t, s.Site).ok(t, "audit").body, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	for what, q := range map[string]url.Values{
		"by user": {"user": {"bob"}, "event_types": {"channel_created"}}, "by channel": {"channel": {"bobs"}}, "by text": {"q": {"BOBS"}, "outcome": {"done"}},
	} {
		if got := page(q).Items; len(got) != 1 || got[0].Event != "channel_created" || got[0].Target != "bobs" || got[0].Principal != "bob" {
			t.Errorf("%s = %+v, want bob's channel", what, got)
		}
	}
	for what, q := range map[string]url.Values{
		"nobody": {"user": {"eve"}}, "no token": {"token": {"x"}}, "elsewhere": {"address": {"192.0.2.1"}}, "too early": {"to": {"2001-01-01T00:00:00Z"}},
		"no type": {"event_types": {"x"}}, "a like": {"q": {"b_bs"}}, "refusals of bob": {"user": {"bob"}, "outcome": {"denied"}},
	} {
		if got := page(q).Items; len(got) != 0 {
			t.Errorf("%s = %+v, want nothing", what, got)
		}
	}
	// Pages newest first: rows that come in meanwhile move nothing.
	first := page(url.Values{"limit": {"3"}})
	s.Channel(s.bob, "meanwhile", api.PrivacyPrivate)
	second := page(url.Values{"limit": {"3"}, "cursor": {first.Next}})
	for i, e := range slices.Concat(first.Items, second.Items) {
		if want := first.Items[0].ID - int64(i); e.ID != want {
			t.Errorf("row %d of two pages is %d, want %d", i, e.ID, want)
		}
	}
	oldest := page(url.Values{"limit": {"1"}, "order": {"asc"}})
	if len(oldest.Items) != 1 || oldest.Items[0].ID != 1 || oldest.Next != "1" {
		t.Errorf("oldest = %+v", oldest)
	}
	get("/api/audit?cursor=x").xAuth(token.Secret).do(t, s.Site).refused(t, "a cursor", http.StatusUnprocessableEntity, api.CodeInvalid)
	// The export ends with the event of itself, and holds all.
	lines := strings.Split(strings.TrimSpace(string(get("/api/audit/export").xAuth(token.Secret).do(t, s.Site).ok(t, "export").body)), "\n")
	var last api.AuditEvent
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatal(err)
	}
	if last.Event != "audit_exported" || last.ID != int64(len(lines)) || last.TokenID != token.ID || last.Principal != "admin" {
		t.Errorf("%d lines end with %+v", len(lines), last)
	}
}

// TestExportedFormulas: what a spreadsheet would compute is a text in it.
func TestExportedFormulas(t *testing.T) {
	s := newStage(t)
	in := s.session(t, "ada")
	for _, client := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\"quoted\", and more"} {
		call{method: http.MethodPut, path: "/api/channels/team", body: api.ChannelUpdate{Description: &client}}.xAuth(in).
			with("User-Agent", client).do(t, s.Site).ok(t, client)
	}
	export := get("/api/audit/export?format=csv&event_types=channel_updated").xAuth(s.session(t, "admin")).do(t, s.Site).ok(t, "export")
	rows, err := csv.NewReader(strings.NewReader(string(export.body))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := slices.Index(rows[0], "client")
	var got []string
	for _, r := range rows[1:] {
		got = append(got, r[column])
	}
	if want := []string{"'=1+1", "'+1", "'-1", "'@SUM(A1)", "\"quoted\", and more"}; !slices.Equal(got, want) {
		t.Errorf("clients = %q, want %q", got, want)
	}
	if media := export.header.Get("Content-Type"); media != "text/csv; charset=utf-8" {
		t.Errorf("Content-Type = %q", media)
	}
}

// TestHistorySearchTellsNothingHidden looks in a channel's history for what it does not show: the client of somebody else.
func TestHistorySearchTellsNothingHidden(t *testing.T) {
	s := newStage(t)
	ada, admin := s.session(t, "ada"), s.session(t, "admin")
	change := call{method: http.MethodPut, path: "/api/channels/team", body: api.ChannelUpdate{Description: new("a fresh description")}}
	change.xAuth(admin).with("User-Agent", "hush-hush/1").do(t, s.Site).ok(t, "change the channel")
	for _, tc := range []struct {
		path, token string
		want        int64
	}{
		{"/api/channels/team/history?q=hush-hush", ada, 0},
		{"/api/channels/team/history?q=fresh+descr", ada, 1},
		{"/api/channels/team/history?q=" + s.file, ada, 1},
		{"/api/account/history?q=hush-hush", ada, 0},
		{"/api/account/history?q=hush-hush", admin, 1},
		{"/api/system/history?q=hush-hush", admin, 1},
	} {
		if got := s.history(t, tc.path, tc.token).TotalCount; got != tc.want {
			t.Errorf("%s finds %d events, want %d", tc.path, got, tc.want)
		}
	}
}
