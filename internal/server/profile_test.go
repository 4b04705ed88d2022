package server_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"runtime/pprof"
	"testing"

	"kingsnake/api"
	"kingsnake/internal/registry"
)

const profilePath = "/api/system/pprof/"

// TestProfiles takes each profile and looks into it. Who may, the table of operations says.
func TestProfiles(t *testing.T) {
	s := newStage(t)
	token := s.ScopeToken(s.Admin, "system.settings:edit").Secret
	for name, holds := range map[string]string{
		// A CPU profile of a second that happens to be idle has no function in it, but its units.
		"profile?seconds=1": "nanoseconds", "heap": "inuse_space", "allocs": "alloc_objects", "goroutine": "net/http", "threadcreate": "threadcreate",
	} {
		a := get(profilePath+name).xAuth(token).do(t, s.Site).ok(t, name)
		packed, err := gzip.NewReader(bytes.NewReader(a.body))
		if err != nil {
			t.Fatalf("%s is no profile: %v", name, err)
		}
		if text, err := io.ReadAll(packed); err != nil || !bytes.Contains(text, []byte(holds)) {
			t.Errorf("%s does not have %q: %v", name, holds, err)
		}
		if got := a.header.Get("Content-Type"); got != "application/octet-stream" {
			t.Errorf("%s is %q", name, got)
		}
	}
	if a := get(profilePath+"trace?seconds=1").xAuth(token).do(t, s.Site).ok(t, "trace"); !bytes.HasPrefix(a.body, []byte("go 1.")) {
		t.Errorf("the trace begins with %q", a.body[:min(len(a.body), 16)])
	}
	rows, err := s.Server.Site().Store.FindAudit(t.Context(), registry.AuditFilter{Types: []registry.EventType{registry.EventProfiled}}, 0, 100)
	if err != nil || len(rows) != 6 || rows[0].Target != "trace" {
		t.Errorf("the audit has %d rows of profiles, %v: %+v", len(rows), err, rows)
	}
}

// TestProfilesAreBounded: what takes too long or is none of ours is refused, and what would disturb another one.
func TestProfilesAreBounded(t *testing.T) {
	s := newStage(t)
	token := s.ScopeToken(s.Admin, "system.settings:edit").Secret
	for _, path := range []string{"profile?seconds=61", "trace?seconds=-1", "heap?seconds=5", "cmdline", "symbol", "mutex"} {
		get(profilePath+path).xAuth(token).do(t, s.Site).refused(t, path, http.StatusUnprocessableEntity, api.CodeInvalid)
	}
	get(profilePath+"heap").xAuth(s.ScopeToken(s.Admin, "system.settings:view").Secret).do(t, s.Site).refused(t, "who may only look", http.StatusForbidden, api.CodeTokenScope)
	get(profilePath+"heap").do(t, s.Site).refused(t, "nobody", http.StatusUnauthorized, api.CodeAuthRequired)
	if a := get("/debug/pprof/heap").xAuth(token).do(t, s.Site); a.status == http.StatusOK {
		t.Errorf("where Go has it: %d %s", a.status, a.body)
	}

	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Fatalf("the tests themselves are being profiled: %v", err)
	}
	defer pprof.StopCPUProfile()
	get(profilePath+"profile?seconds=1").xAuth(token).do(t, s.Site).refused(t, "while another is taken", http.StatusConflict, api.CodeConflict)
}
