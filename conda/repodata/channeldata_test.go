package repodata_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/conda/repodata"
)

func TestChannelData(t *testing.T) {
	var c repodata.ChannelData
	c.AddSubdir("win-64")
	for _, f := range []repodata.Facts{
		{
			Name: "a", Version: "1.10", Subdir: "noarch", Timestamp: 1700000000999, Summary: "new", Home: "",
			RunExports: json.RawMessage(`{"weak":["a >=1.10"]}`), Flags: repodata.Flags{PostLink: true},
			SourceURL: []string{"s"},
		},
		{
			Name: "a", Version: "1.9", Subdir: "linux-64", Timestamp: 1800000000000, Summary: "old", Home: "h",
			RunExports: json.RawMessage(`{"weak":["a >=1.9"]}`), Flags: repodata.Flags{BinaryPrefix: true},
			SourceURL: []string{"s", "t"}, Tags: []string{"x"},
		},
		{
			Name: "a", Version: "1.9", Subdir: "noarch", Timestamp: 1800000000000,
			RunExports: json.RawMessage(`{"strong":["a"]}`),
		},
		{Name: "b", Version: "0", Subdir: "noarch", Timestamp: 1500000000},
	} {
		if err := c.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	want := `{"channeldata_version":1,"packages":{` +
		`"a":{"activate.d":false,"binary_prefix":true,"deactivate.d":false,"home":"h","post_link":true,"pre_link":false,` +
		`"pre_unlink":false,"run_exports":{"1.10":{"weak":["a >=1.10"]},"1.9":{"strong":["a"]}},"source_url":"s",` +
		`"subdirs":["linux-64","noarch"],"summary":"new","tags":["x"],"text_prefix":false,"timestamp":1800000000,"version":"1.10"},` +
		`"b":{"activate.d":false,"binary_prefix":false,"deactivate.d":false,"post_link":false,"pre_link":false,` +
		`"pre_unlink":false,"run_exports":{},"subdirs":["noarch"],"text_prefix":false,"timestamp":1500000000,"version":"0"}},` +
		`"subdirs":["linux-64","noarch","win-64"]}` + "\n"
	if diff := cmp.Diff(encodeChannelData(t, &c), want); diff != "" {
		t.Errorf("channeldata.json (-got +want):\n%s", diff)
	}
}

func TestEmptyChannelData(t *testing.T) {
	want := `{"channeldata_version":1,"packages":{},"subdirs":[]}` + "\n"
	if got := encodeChannelData(t, new(repodata.ChannelData)); got != want {
		t.Errorf("channeldata.json %s, want %s", got, want)
	}
}

func TestChannelDataRefuses(t *testing.T) {
	for _, f := range []repodata.Facts{
		{Name: "a", Version: "no version", Subdir: "noarch"},
		{Name: "", Version: "1", Subdir: "noarch"},
		{Name: "a", Version: "1"},
	} {
		var c repodata.ChannelData
		if err := c.Add(f); !errors.Is(err, repodata.ErrInvalid) {
			t.Errorf("Add(%+v): %v, want ErrInvalid", f, err)
		}
		if got, want := encodeChannelData(t, &c), encodeChannelData(t, new(repodata.ChannelData)); got != want {
			t.Errorf("after the refused facts %+v: %s, want %s", f, got, want)
		}
	}
}

func encodeChannelData(t *testing.T, c *repodata.ChannelData) string {
	t.Helper()
	var out bytes.Buffer
	if err := c.Encode(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestNewFacts(t *testing.T) {
	record := repodata.Record{Name: "a", Version: "1", Subdir: "noarch", Timestamp: 5, License: "MIT"}
	about := `{"license":"BSD","summary":" one\ntwo ","description":["a","b"],"home":["u","v"],"dev_url":7,
		"doc_url":"d","doc_source_url":null,"source_url":["s","","t"],"source_git_url":"g",
		"identifiers":["i"],"keywords":"k","tags":[]}`
	got, err := repodata.NewFacts(record, []byte(about), []byte(`{"weak":["a"]}`), repodata.Flags{ActivateD: true})
	if err != nil {
		t.Fatal(err)
	}
	want := repodata.Facts{
		Name: "a", Version: "1", Subdir: "noarch", Timestamp: 5, License: "MIT",
		Summary: "one two", Description: "ab", Home: "u", DocURL: "d", SourceURL: []string{"s", "t"}, SourceGitURL: "g",
		Identifiers: []string{"i"}, Keywords: []string{"k"},
		RunExports: json.RawMessage(`{"weak":["a"]}`), Flags: repodata.Flags{ActivateD: true},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("facts (-got +want):\n%s", diff)
	}

	stored, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var back repodata.Facts
	if err := json.Unmarshal(stored, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(back, want); diff != "" {
		t.Errorf("stored facts (-got +want):\n%s", diff)
	}
}

func TestNewFactsOfLittle(t *testing.T) {
	record := repodata.Record{Name: "a", Version: "1", Subdir: "noarch"}
	got, err := repodata.NewFacts(record, nil, []byte(`{}`), repodata.Flags{})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"name":"a","version":"1","subdir":"noarch"}`; string(stored) != want {
		t.Errorf("stored facts %s, want %s", stored, want)
	}
	if _, err := repodata.NewFacts(record, []byte(`[]`), nil, repodata.Flags{}); !errors.Is(err, repodata.ErrInvalid) {
		t.Errorf("about.json that is a list: %v, want ErrInvalid", err)
	}
}
