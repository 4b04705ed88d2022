package repodata_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/conda/repodata"
)

func TestWriter(t *testing.T) {
	for _, test := range []struct {
		name  string
		write func(w *repodata.Writer) error
		want  string
	}{
		{
			"empty",
			func(*repodata.Writer) error { return nil },
			`{"info":{"subdir":"linux-64"},"packages":{},"packages.conda":{},"removed":[],"repodata_version":1}`,
		},
		{
			"both formats",
			func(w *repodata.Writer) error {
				return errors.Join(
					w.Packages("a-1-0.tar.bz2", []byte(`{"a":1}`)),
					w.Packages("b-1-0.tar.bz2", []byte(`{"b":1}`)),
					w.CondaPackages("a-1-0.conda", []byte(`{"c":1}`)),
					w.Removed("c-1-0.conda"),
				)
			},
			`{"info":{"subdir":"linux-64"},"packages":{"a-1-0.tar.bz2":{"a":1},"b-1-0.tar.bz2":{"b":1}},` +
				`"packages.conda":{"a-1-0.conda":{"c":1}},"removed":["c-1-0.conda"],"repodata_version":1}`,
		},
		{
			"v3 with its revision",
			func(w *repodata.Writer) error {
				return errors.Join(
					w.SetRevision("v3", repodata.Revision{Packages: 2, Oldest: 5, Newest: 6}),
					w.CondaPackages("a-1-0.conda", []byte(`{"c":1}`)),
					w.V3("d-1-0.conda", []byte(`{"d":1}`)),
					w.V3("d-1-0.tar.bz2", []byte(`{"e":1}`)),
				)
			},
			`{"info":{"repodata_revisions":{"v3":{"n_packages":2,"oldest":5,"newest":6}},"subdir":"linux-64"},` +
				`"packages":{},"packages.conda":{"a-1-0.conda":{"c":1}},"removed":[],"repodata_version":1,` +
				`"v3":{"conda":{"d-1-0":{"d":1}},"tar.bz2":{"d-1-0":{"e":1}}}}`,
		},
		{
			"v3 of one kind only",
			func(w *repodata.Writer) error { return w.V3("d-1-0.conda", []byte(`{}`)) },
			`{"info":{"subdir":"linux-64"},"packages":{},"packages.conda":{},"removed":[],"repodata_version":1,` +
				`"v3":{"conda":{"d-1-0":{}},"tar.bz2":{}}}`,
		},
		{
			"names are escaped",
			func(w *repodata.Writer) error { return w.Packages("é\"\\\x01.tar.bz2", []byte(`{}`)) },
			`{"info":{"subdir":"linux-64"},"packages":{"é\"\\\u0001.tar.bz2":{}},"packages.conda":{},"removed":[],"repodata_version":1}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			w := repodata.NewWriter(&out, "linux-64")
			if err := errors.Join(test.write(w), w.Close()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(out.String(), test.want); diff != "" {
				t.Errorf("repodata.json (-got +want):\n%s", diff)
			}
		})
	}
}

func TestWriterRefuses(t *testing.T) {
	record := []byte(`{}`)
	for _, test := range []struct {
		name string
		do   func(w *repodata.Writer) error // calls that succeed, then one that must not
		want error
	}{
		{"the same file twice", func(w *repodata.Writer) error {
			return then(w.Packages("a.tar.bz2", record), w.Packages("a.tar.bz2", record))
		}, repodata.ErrOrder},
		{"descending names", func(w *repodata.Writer) error {
			return then(w.CondaPackages("b.conda", record), w.CondaPackages("a.conda", record))
		}, repodata.ErrOrder},
		{"an earlier section", func(w *repodata.Writer) error {
			return then(w.CondaPackages("b.conda", record), w.Packages("c.tar.bz2", record))
		}, repodata.ErrOrder},
		{"a late revision", func(w *repodata.Writer) error {
			return then(w.Packages("c.tar.bz2", record), w.SetRevision("v3", repodata.Revision{}))
		}, repodata.ErrOrder},
		{"a record after the end", func(w *repodata.Writer) error {
			return then(w.Close(), w.Packages("c.tar.bz2", record))
		}, repodata.ErrOrder},
		{"a second end", func(w *repodata.Writer) error { return then(w.Close(), w.Close()) }, repodata.ErrOrder},
		{"a file in the wrong section", func(w *repodata.Writer) error {
			return w.Packages("c.conda", record)
		}, repodata.ErrInvalid},
		{"a file without a name", func(w *repodata.Writer) error { return w.V3(".conda", record) }, repodata.ErrInvalid},
		{"a file of another kind", func(w *repodata.Writer) error { return w.V3("a.whl", record) }, repodata.ErrInvalid},
		{"a record cut short", func(w *repodata.Writer) error {
			return w.Packages("c.tar.bz2", []byte(`{"a":1`))
		}, repodata.ErrInvalid},
		{"no record", func(w *repodata.Writer) error { return w.Packages("c.tar.bz2", nil) }, repodata.ErrInvalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := repodata.NewWriter(io.Discard, "noarch")
			if err := test.do(w); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

// then returns the last error, if the calls before succeeded.
func then(first, last error) error {
	if first != nil {
		return errors.New("an earlier call failed: " + first.Error())
	}
	return last
}

// failingWriter is a writer that cannot write.
type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestWriterReportsWriteErrors(t *testing.T) {
	broken := errors.New("disk full")
	w := repodata.NewWriter(failingWriter{broken}, "noarch")
	big := []byte(`{"x":"` + strings.Repeat("x", 1<<17) + `"}`)
	if err := w.Packages("a.tar.bz2", big); !errors.Is(err, broken) {
		t.Errorf("Packages: %v, want %v", err, broken)
	}
	if err := w.Close(); !errors.Is(err, broken) {
		t.Errorf("Close: %v, want %v", err, broken)
	}
}

func TestRunExportsWriter(t *testing.T) {
	var out bytes.Buffer
	w := repodata.NewRunExportsWriter(&out, "noarch")
	err := errors.Join(
		w.Packages("a-1-0.tar.bz2", []byte(`{"weak":["a"]}`)),
		w.CondaPackages("a-1-0.conda", nil),
		w.CondaPackages("b-1-0.conda", []byte(`{}`)),
		w.Close(),
	)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"info":{"subdir":"noarch","version":1},"packages":{"a-1-0.tar.bz2":{"run_exports":{"weak":["a"]}}},` +
		`"packages.conda":{"a-1-0.conda":{"run_exports":{}},"b-1-0.conda":{"run_exports":{}}}}`
	if diff := cmp.Diff(out.String(), want); diff != "" {
		t.Errorf("run_exports.json (-got +want):\n%s", diff)
	}
}

func TestEmptyRunExportsWriter(t *testing.T) {
	var out bytes.Buffer
	if err := repodata.NewRunExportsWriter(&out, "noarch").Close(); err != nil {
		t.Fatal(err)
	}
	want := `{"info":{"subdir":"noarch","version":1},"packages":{},"packages.conda":{}}`
	if out.String() != want {
		t.Errorf("run_exports.json %s, want %s", &out, want)
	}
}
