package repodata_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"kingsnake/conda/repodata"
)

func TestDecoderReadsWriter(t *testing.T) {
	want := entries(t)
	for i := range want {
		want[i].RunExportsJSON = nil
	}
	var file bytes.Buffer
	w := repodata.NewWriter(&file, "noarch")
	err := errors.Join(
		w.SetRevision("v3", repodata.Revision{Packages: 2, Oldest: 5, Newest: 5}),
		w.Packages(want[0].Filename, want[0].RecordJSON),
		w.Packages(want[1].Filename, want[1].RecordJSON),
		w.CondaPackages(want[2].Filename, want[2].RecordJSON),
		w.Removed("b-1-0.conda"),
		w.V3(want[3].Filename, want[3].RecordJSON),
		w.V3(want[4].Filename, want[4].RecordJSON),
		w.Close(),
	)
	if err != nil {
		t.Fatal(err)
	}
	d := repodata.NewDecoder(iotest.OneByteReader(&file), repodata.Limits{Bytes: int64(file.Len())})
	got, err := drain(d)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("entries (-got +want):\n%s", diff)
	}
	info := repodata.Info{Subdir: "noarch", Revisions: map[string]repodata.Revision{"v3": {Packages: 2, Oldest: 5, Newest: 5}}}
	if diff := cmp.Diff(d.Info(), info); diff != "" {
		t.Errorf("info (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(d.Removed(), []string{"b-1-0.conda"}); diff != "" {
		t.Errorf("removed (-got +want):\n%s", diff)
	}
}

func drain(d *repodata.Decoder) (out []repodata.Entry, err error) {
	for e, err := range d.Entries() {
		if err != nil {
			return out, err
		}
		out = append(out, e)
	}
	return out, nil
}

func TestDecoderAccepts(t *testing.T) {
	one := []repodata.Entry{{Filename: "a.conda", RecordJSON: json.RawMessage(`{"x": 1}`)}}
	for _, test := range []struct {
		name, file string
		want       []repodata.Entry
	}{
		{"an empty file", "", nil},
		{"white space only", " \n", nil},
		{"an empty object", "{}", nil},
		{"null sections", `{"packages":null,"packages.conda":null,"removed":null,"v3":null}`, nil},
		{"unknown keys of any size", `{"signatures":{"a":[{"b":"` + strings.Repeat("c", 900) + `"},` +
			strings.Repeat("{},", 1000) + `1]},"packages.conda":{"a.conda":{"x": 1}}}`, one},
		{"unknown kinds in v3", `{"v3":{"whl":{"w":{}}},"packages.conda":{"a.conda":{"x": 1}}}`, one},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := drain(repodata.NewDecoder(strings.NewReader(test.file), repodata.Limits{RecordBytes: 1000}))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Errorf("entries (-got +want):\n%s", diff)
			}
		})
	}
}

func TestDecoderRefuses(t *testing.T) {
	broken := errors.New("connection reset")
	file := `{"packages":{"a.tar.bz2":{"x":1}},"info":{"subdir":"noarch"}}`
	for _, test := range []struct {
		name   string
		file   string
		limits repodata.Limits
		want   error
	}{
		{"a list", `[]`, repodata.Limits{}, repodata.ErrInvalid},
		{"null", `null`, repodata.Limits{}, repodata.ErrInvalid},
		{"data after the end", `{} {}`, repodata.Limits{}, repodata.ErrInvalid},
		{"a cut file", file[:20], repodata.Limits{}, repodata.ErrInvalid},
		{"a cut key", file[:5], repodata.Limits{}, repodata.ErrInvalid},
		{"a section that is a list", `{"packages":[]}`, repodata.Limits{}, repodata.ErrInvalid},
		{"info of the wrong type", `{"info":{"subdir":5}}`, repodata.Limits{}, repodata.ErrInvalid},
		{"a removed file without a name", `{"removed":[1]}`, repodata.Limits{}, repodata.ErrInvalid},
		{"a key nested too deep", `{"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, repodata.Limits{}, repodata.ErrInvalid},
		{"a file too long", file, repodata.Limits{Bytes: int64(len(file) - 1)}, repodata.ErrTooLarge},
		{
			"a record too long", `{"packages":{"a.tar.bz2":{"x":"` + strings.Repeat("x", 1000) + `"}}}`,
			repodata.Limits{RecordBytes: 1000},
			repodata.ErrTooLarge,
		},
		{
			"a key too long", `{"packages":{"` + strings.Repeat("x", 10000) + `":{}}}`,
			repodata.Limits{RecordBytes: 1000},
			repodata.ErrTooLarge,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := drain(repodata.NewDecoder(strings.NewReader(test.file), test.limits))
			if !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
	t.Run("a reader that fails", func(t *testing.T) {
		_, err := drain(repodata.NewDecoder(iotest.ErrReader(broken), repodata.Limits{}))
		if !errors.Is(err, broken) || errors.Is(err, repodata.ErrInvalid) {
			t.Errorf("error %v, want %v alone", err, broken)
		}
	})
}

func TestDecoderStops(t *testing.T) {
	d := repodata.NewDecoder(strings.NewReader(`{"packages":{"a.tar.bz2":{},"b.tar.bz2":{}`), repodata.Limits{})
	n := 0
	for _, err := range d.Entries() {
		if err != nil {
			t.Fatal(err)
		}
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d entries, want 1", n)
	}
}
