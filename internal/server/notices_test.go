package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

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

// TestNoticesAtOnce: of changes at the same moment none is lost.
func TestNoticesAtOnce(t *testing.T) {
	s := newStage(t)
	first, err := s.ada.SetNotices(t.Context(), "open", []api.NoticeUpdate{{Message: "first"}, {Message: "second"}})
	if err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	var want []string
	for i := range 10 {
		message := fmt.Sprintf("notice %02d", i)
		want = append(want, message)
		group.Go(func() error {
			_, err := s.ada.AddNotice(t.Context(), "open", api.NoticeUpdate{Message: message})
			return err
		})
	}
	for _, n := range first {
		group.Go(func() error { return s.ada.RemoveNotice(t.Context(), "open", n.ID) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	messages := func() (got []string) {
		t.Helper()
		list, err := s.ada.Notices(t.Context(), "open")
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range list {
			got = append(got, n.Message)
		}
		slices.Sort(got)
		return got
	}
	if diff := cmp.Diff(want, messages()); diff != "" {
		t.Errorf("notices after changes at once (-want +got):\n%s", diff)
	}
	for i := len(want); i < 20; i++ {
		soon := s.Clock.Now().Add(time.Hour)
		if _, err := s.ada.AddNotice(t.Context(), "open", api.NoticeUpdate{Message: "short", ExpiresAt: &soon}); err != nil {
			t.Fatal(err)
		}
	}
	post := call{method: http.MethodPost, path: "/api/channels/open/notices", body: api.NoticeUpdate{Message: "the last"}}
	session := s.session(t, "ada")
	post.xAuth(session).do(t, s.Site).refused(t, "one too many", http.StatusUnprocessableEntity, api.CodeInvalid)
	call{method: http.MethodDelete, path: "/api/channels/open/notices/nope"}.xAuth(session).do(t, s.Site).refused(t, "an unknown one", http.StatusNotFound, api.CodeNotFound)
	s.Clock.Advance(2 * time.Hour)
	if _, err := s.ada.AddNotice(t.Context(), "open", api.NoticeUpdate{Message: "the last"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(append(want, "the last"), messages()); diff != "" {
		t.Errorf("notices after those that are over made room (-want +got):\n%s", diff)
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
