package repodata_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"kingsnake/conda/repodata"
)

func TestEncodeNotices(t *testing.T) {
	created := time.Date(2026, 11, 5, 2, 0, 0, 5, time.FixedZone("CET", 3600))
	var out bytes.Buffer
	err := repodata.EncodeNotices(&out, []repodata.Notice{{
		ID: "1", Message: "moving <soon>", Level: repodata.LevelWarning,
		CreatedAt: created, ExpiresAt: created.Add(24 * time.Hour),
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"notices":[{"created_at":"2026-11-05T01:00:00+00:00","expires_at":"2026-11-06T01:00:00+00:00",` +
		`"id":"1","level":"warning","message":"moving <soon>"}]}` + "\n"
	if got := out.String(); got != want {
		t.Errorf("notices.json %s, want %s", got, want)
	}
}

func TestEncodeNoNotices(t *testing.T) {
	var out bytes.Buffer
	if err := repodata.EncodeNotices(&out, nil); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), `{"notices":[]}`+"\n"; got != want {
		t.Errorf("notices.json %s, want %s", got, want)
	}
}

func TestEncodeNoticesRefuses(t *testing.T) {
	for _, n := range []repodata.Notice{
		{Message: "m", Level: repodata.LevelInfo},
		{ID: "1", Level: repodata.LevelInfo},
		{ID: "1", Message: "m", Level: "urgent"},
	} {
		var out bytes.Buffer
		if err := repodata.EncodeNotices(&out, []repodata.Notice{n}); !errors.Is(err, repodata.ErrInvalid) {
			t.Errorf("EncodeNotices(%+v): %v, want ErrInvalid", n, err)
		}
	}
}
