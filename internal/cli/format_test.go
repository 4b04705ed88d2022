package cli

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
)

func TestRelative(t *testing.T) {
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		0: "just now", 30 * time.Second: "within a minute", -59 * time.Second: "just now",
		time.Minute: "in 1 minute", -2 * time.Minute: "2 minutes ago", 90 * time.Minute: "in 1 hour", -23 * time.Hour: "23 hours ago",
		12*time.Hour - time.Second: "in 12 hours", 90*day - time.Minute: "in 90 days",
		day: "in 1 day", 45 * day: "in 45 days", -60 * day: "60 days ago", -130 * day: "4 months ago", 400 * day: "in 13 months", -800 * day: "2 years ago",
	} {
		if got := relative(d); got != want {
			t.Errorf("relative(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestBytesText(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1536: "1.5 KiB", 10 << 30: "10.0 GiB", 1<<63 - 1: "8.0 EiB"} {
		if got := bytesText(n); got != want {
			t.Errorf("bytesText(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestParseSpec(t *testing.T) {
	for text, want := range map[string]spec{
		"numpy":                               {name: "numpy"},
		"numpy=2.0":                           {name: "numpy", version: "2.0"},
		"numpy==2.0":                          {name: "numpy", version: "2.0"},
		"numpy=2.0=py313_0":                   {name: "numpy", version: "2.0", build: "py313_0"},
		"x264=1!164.3":                        {name: "x264", version: "1!164.3"},
		"linux-64/my-pkg-2.0-0.conda":         {ckey: "linux-64/my-pkg-2.0-0.conda", name: "my-pkg"},
		"noarch/a_b-1!2-h1_0.tar.bz2":         {ckey: "noarch/a_b-1!2-h1_0.tar.bz2", name: "a_b"},
		"linux-64/x-y-z-1.0.post1-py_0.conda": {ckey: "linux-64/x-y-z-1.0.post1-py_0.conda", name: "x-y-z"},
	} {
		if got, err := parseSpec(text); err != nil || got != want {
			t.Errorf("parseSpec(%q) = %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "=1", "a=", "a==", "a>=1", "a <2", "a[build=x]", "noarch/a-1.conda", "noarch/a-1-0.zip", "/a-1-0.conda", "noarch/", "a/b/c-1-0.conda"} {
		if got, err := parseSpec(text); err == nil {
			t.Errorf("parseSpec(%q) = %+v, want an error", text, got)
		}
	}
}

func TestParseTarget(t *testing.T) {
	for text, want := range map[string][2]string{
		"team/numpy":                      {"team", "numpy"},
		"team/numpy=1.26=0":               {"team", "numpy=1.26=0"},
		"team/dev/numpy":                  {"team/dev", "numpy"},
		"team/noarch/a-1-0.conda":         {"team", "noarch/a-1-0.conda"},
		"team/dev/linux-64/a-1-0.tar.bz2": {"team/dev", "linux-64/a-1-0.tar.bz2"},
	} {
		channel, s, err := parseTarget(text)
		if err != nil || channel != want[0] || s.String() != want[1] {
			t.Errorf("parseTarget(%q) = %q, %q, %v, want %q", text, channel, s, err, want)
		}
	}
	for _, text := range []string{"", "team", "team/", "/a", "a-1-0.conda", "noarch/a-1-0.conda", "a/b/c/d", "a//b"} {
		if channel, s, err := parseTarget(text); err == nil {
			t.Errorf("parseTarget(%q) = %q, %q, want an error", text, channel, s)
		}
	}
}

func TestParseResources(t *testing.T) {
	got, err := parseResources([]string{"team:read", "team/dev:write", "team/conda/numpy:manage", "team/dev/conda/numpy:read"})
	if err != nil {
		t.Fatal(err)
	}
	want := []api.TokenResource{
		{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelRead},
		{ResourceType: api.ResourceTypeSubchannel, ResourceID: "team/dev", Permission: api.LevelWrite},
		{ResourceType: api.ResourceTypeArtifact, ResourceID: "team/conda/numpy", Permission: api.LevelManage},
		{ResourceType: api.ResourceTypeArtifact, ResourceID: "team/dev/conda/numpy", Permission: api.LevelRead},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
	for _, text := range []string{"team", ":read", "team:none", "team:", "team:read:write"} {
		if got, err := parseResources([]string{text}); err == nil {
			t.Errorf("parseResources(%q) = %+v, want an error", text, got)
		}
	}
}

func TestParseExpires(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "never": "never", "30d": "2026-12-21T12:00:00Z", "12h": "2026-11-22T00:00:00Z",
		"2027-01-31": "2027-01-31", "2027-01-31T10:00:00+02:00": "2027-01-31T10:00:00+02:00",
	} {
		if got, err := parseExpires(text, now); err != nil || got != want {
			t.Errorf("parseExpires(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"0", "0d", "-1d", "soon", "2027-13-01", "31.1.2027", "30"} {
		if got, err := parseExpires(text, now); err == nil {
			t.Errorf("parseExpires(%q) = %q, want an error", text, got)
		}
	}
}
