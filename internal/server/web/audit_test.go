package web_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"kingsnake/internal/server/web/webtest"
)

func TestAuditIsForAdministrators(t *testing.T) {
	s, _ := fixture(t)
	b := as(t, s, "ada")
	if p := b.Get("/-/audit"); p.Status != http.StatusNotFound || strings.Contains(p.Find("nav").Text(), "Audit") {
		t.Errorf("ada: status %d, navigation %q", p.Status, p.Find("nav").Text())
	}
	for _, path := range []string{"/-/audit/export", "/-/audit/verify", "/-/audit/sign"} {
		if p := b.Post(path, url.Values{}); p.Status != http.StatusNotFound {
			t.Errorf("ada: %s: status %d", path, p.Status)
		}
	}
}

func TestAuditFilters(t *testing.T) {
	s, ada := fixture(t)
	if err := ada.DeleteChannel(t.Context(), "team"); err != nil {
		t.Fatal(err)
	}
	b := as(t, s, "admin")
	for query, want := range map[string]struct {
		rows int
		says string
	}{
		"type=channel_created":                 {1, "ada"},
		"type=user_created&user=admin":         {3, "admin"},
		"type=user_created&user=bob":           {0, ""},
		"channel=team&type=channel_deleted":    {1, "team"},
		"q=no-such-words":                      {0, ""},
		"to=1999-12-31":                        {0, ""},
		"from=1999-12-31&type=channel_created": {1, "Channel created"},
		"outcome=denied&type=channel_created":  {0, ""},
	} {
		p := b.Get("/-/audit?" + query)
		if got := len(p.All("table.audit tbody tr")); p.Status != http.StatusOK || got != want.rows {
			t.Errorf("%s: status %d, %d rows, want %d: %s", query, p.Status, got, want.rows, p.Find("main").Text())
			continue
		}
		if want.rows == 0 && p.Find(".empty h2").Text() != "Nothing found" {
			t.Errorf("%s: nothing says that nothing was found", query)
		}
		if want.rows > 0 && !strings.Contains(p.Find("table.audit tbody").Text(), want.says) {
			t.Errorf("%s: %q, want %q in it", query, p.Find("table.audit tbody").Text(), want.says)
		}
	}
	p := b.Get("/-/audit?outcome=done&before=3")
	if got := len(p.All("table.audit tbody tr")); got != 2 || p.Find(".pager p").Text() != "No older event is like that." || p.Find(".pager a").Text() != "Newest" {
		t.Errorf("before the third event: %d rows, %s", got, p.Find(".pager").Text())
	}
	for query, field := range map[string]string{"from=yesterday": "from", "from=2026-02-01&to=2026-01-01": "to", "outcome=maybe": "outcome"} {
		if p := b.Get("/-/audit?" + query); p.Status != http.StatusOK || p.Find("#f-"+field+"-error").Text() == "" {
			t.Errorf("%s: status %d, no error of %s", query, p.Status, field)
		}
	}
}

func TestAuditExport(t *testing.T) {
	s, _ := fixture(t)
	b := as(t, s, "admin")
	p := b.Get("/-/audit?type=user_created&user=admin").Form("form[action=/-/audit/export]").Set("format", "csv").Submit()
	if got := p.Header.Get("Content-Type"); got != "text/csv; charset=utf-8" || !strings.HasPrefix(p.Header.Get("Content-Disposition"), "attachment;") {
		t.Errorf("the file is %q", got)
	}
	rows, err := csv.NewReader(strings.NewReader(p.Source)).ReadAll()
	if err != nil || len(rows) != 4 || rows[0][2] != "event" || rows[1][2] != "user_created" {
		t.Errorf("the export has %d rows, %v: %v", len(rows), err, rows)
	}
	p = b.Post("/-/audit/export", url.Values{"type": {"user_created"}, "user": {"admin"}, "format": {"jsonl"}})
	if got := strings.Count(p.Source, `"event":"user_created"`); got != 3 || p.Header.Get("Content-Type") != "application/jsonl" {
		t.Errorf("JSON lines: %d events, %s", got, p.Header.Get("Content-Type"))
	}
	if got := len(b.Get("/-/audit?type=audit_exported").All("table.audit tbody tr")); got != 2 {
		t.Errorf("the audit tells of %d exports, want 2", got)
	}
}

func TestAuditChain(t *testing.T) {
	s, _ := fixture(t)
	b := as(t, s, "admin")
	p := b.Get("/-/audit")
	if got := p.Find(".facts").Text(); !strings.Contains(got, "Nothing yet") {
		t.Errorf("before signing: %s", got)
	}
	newest, err := strconv.Atoi(p.All(".facts dd")[0].Text())
	if err != nil || newest < 3 {
		t.Errorf("the newest event is %d, %v", newest, err)
	}
	p = p.Form("form[action=/-/audit/sign]").Submit()
	if p.Path != "/-/audit" || !strings.Contains(p.Find(".facts").Text(), "Key") || !strings.Contains(p.Find(".notice.success").Text(), "signed") {
		t.Errorf("after signing: at %s: %s", p.Path, p.Find("main").Text())
	}
	p = verified(t, b, p.Form("form[action=/-/audit/verify]").Submit())
	if got := p.Find(".notice.success").Text(); p.Find("#job-state").Text() != "Done" || !strings.Contains(got, "sound") || !strings.Contains(got, "1 signed head") {
		t.Errorf("verified: %s", p.Find("main").Text())
	}
	sound(t, "a verification", p)
	if got := as(t, s, "bob").Get(p.Path).Status; got != http.StatusNotFound {
		t.Errorf("bob opens it: status %d", got)
	}
	if got := b.Get("/-/audit/verifications/nothing-like-it").Status; got != http.StatusNotFound {
		t.Errorf("one that does not exist: status %d", got)
	}
}

// verified looks at the page of a verification until it is over.
func verified(t *testing.T, b *webtest.Browser, p *webtest.Page) *webtest.Page {
	t.Helper()
	if !strings.HasPrefix(p.Path, "/-/audit/verifications/") {
		t.Fatalf("at %s (status %d), not at a verification: %s", p.Path, p.Status, p.Find("main").Text())
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); p = b.Get(p.Path) {
		if state := p.Find("#job-state").Text(); state != "Waiting" && state != "Working" {
			return p
		}
	}
	t.Fatalf("the verification does not end: %s", p.Find("main").Text())
	return nil
}
