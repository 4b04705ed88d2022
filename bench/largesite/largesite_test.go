package largesite

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/conda/repodata"
)

// TestRecordsAreAsUploadsMakeThem compares the records, which are put together by hand for speed, with those of uploads.
func TestRecordsAreAsUploadsMakeThem(t *testing.T) {
	m := newMaker(nil, 1, nil)
	f, err := m.file(build{name: "numerics", version: "1.2.3", number: 2, subdir: "linux-64", depends: m.depends(100)})
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(f.Record, &fields); err != nil {
		t.Fatal(err)
	}
	for _, added := range []string{"md5", "sha256", "size", "indexed_timestamp"} {
		delete(fields, added)
	}
	index, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	want, err := repodata.BuildRecord(index, repodata.Hashes{MD5: f.MD5, SHA256: f.SHA256, Size: f.Size, IndexedTimestamp: f.CreatedAt.UnixMilli()})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(f.Record)); diff != "" {
		t.Errorf("the record differs from that of an upload (-want +got):\n%s", diff)
	}
	var facts repodata.Facts
	if err := json.Unmarshal(f.Facts, &facts); err != nil || facts.Name != f.Name || facts.Summary == "" {
		t.Errorf("facts %s: %v", f.Facts, err)
	}
}

func TestSharesAddUp(t *testing.T) {
	got := 0
	counts := shares(100, 10_000)
	for _, n := range counts {
		got += n
	}
	if got != 10_000 || counts[0] < counts[1] || counts[99] < 1 {
		t.Errorf("%d packages in %v", got, counts)
	}
}
