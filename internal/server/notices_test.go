package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
)

// TestNotices: what a channel tells its users is served as conda reads it until it is over, and to those who may read.
func TestNotices(t *testing.T) {
	s := newStage(t)
	soon := s.Clock.Now().Add(time.Hour)
	made, err := s.ada.SetNotices(t.Context(), "open", []api.NoticeUpdate{
		{Message: "We move on Friday.", Level: api.NoticeWarning, ExpiresAt: &soon}, {Message: "Welcome."},
	})
	if err != nil || len(made) != 2 || made[0].Level != api.NoticeWarning || made[1].Level != api.NoticeInfo {
		t.Fatalf("notices = %+v, %v", made, err)
	}
	a := get("/open/notices.json").do(t, s.Site).ok(t, "notices of a public channel")
	if !strings.Contains(string(a.body), "We move on Friday.") || !strings.Contains(string(a.body), "Welcome.") {
		t.Errorf("notices.json = %s, want both notices", a.body)
	}
	get("/team/notices.json").do(t, s.Site).refused(t, "notices of a private channel", http.StatusUnauthorized, api.CodeAuthRequired)
	if a := get("/staff/notices.json").xAuth(s.session(t, "bob")).do(t, s.Site); string(a.body) != "{\"notices\":[]}\n" {
		t.Errorf("notices of a channel without any = %s, want an empty list", a.body)
	}
	s.Clock.Advance(2 * time.Hour)
	if a := get("/open/notices.json").do(t, s.Site); strings.Contains(string(a.body), "Friday") || !strings.Contains(string(a.body), "Welcome.") {
		t.Errorf("notices.json later = %s, want only the one that is not over", a.body)
	}
	kept, err := s.ada.SetNotices(t.Context(), "open", []api.NoticeUpdate{{ID: made[1].ID, Message: "Welcome back."}})
	if err != nil || len(kept) != 1 || !kept[0].CreatedAt.Equal(made[1].CreatedAt) || kept[0].ID != made[1].ID {
		t.Errorf("the changed notice = %+v, %v, want it to keep its id and beginning", kept, err)
	}
	for name, bad := range map[string][]api.NoticeUpdate{
		"an unknown id":      {{ID: "nope", Message: "x"}},
		"over already":       {{Message: "x", ExpiresAt: new(s.Clock.Now().Add(-time.Hour))}},
		"twice the same id":  {{ID: made[1].ID, Message: "x"}, {ID: made[1].ID, Message: "y"}},
		"too long a message": {{Message: strings.Repeat("x", 601)}},
	} {
		a := call{method: http.MethodPut, path: "/api/channels/open/notices", body: api.NoticesUpdate{Notices: bad}}.xAuth(s.session(t, "ada")).do(t, s.Site)
		if a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: status = %d %s, want 422", name, a.status, a.body)
		}
		s.Clock.Advance(time.Minute)
	}
	if now, err := s.ada.Notices(t.Context(), "open"); err != nil || len(now) != 1 {
		t.Errorf("after refusals there are %+v, %v, want the one notice", now, err)
	}
}

// TestReindex: an index that is built anew says the same as before, with the file that was there all along.
func TestReindex(t *testing.T) {
	s := newStage(t)
	before := index("open", "").do(t, s.Site).ok(t, "before")
	done, err := s.ada.Reindex(t.Context(), "open")
	if err != nil || done.Subdirs != 1 {
		t.Fatalf("reindex = %+v, %v, want one subdir", done, err)
	}
	if after := index("open", "").do(t, s.Site).ok(t, "after"); string(after.body) != string(before.body) {
		t.Errorf("repodata after the rebuild:\n%s\nwant:\n%s", after.body, before.body)
	}
	// The shard index says when it was made, so that its bytes may differ.
	get("/open/noarch/repodata_shards.msgpack.zst").do(t, s.Site).ok(t, "shards after")
	call{method: http.MethodPut, path: "/api/channels/open/artifacts/cran"}.xAuth(s.session(t, "ada")).do(t, s.Site).
		refused(t, "an unknown family", http.StatusUnprocessableEntity, api.CodeInvalid)
}
