package pkgfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"kingsnake/conda/pkgfile"
	"kingsnake/conda/random"
)

// codeOf returns the code of a refusal, or the error's text.
func codeOf(err error) string {
	var refused *pkgfile.Error
	if errors.As(err, &refused) {
		return string(refused.Code)
	}
	return fmt.Sprint(err)
}

func TestLimits(t *testing.T) {
	c := compose(random.Options{Readme: strings.Repeat("é", 100), Timestamp: time.Unix(1600000000, 0), Scripts: true})
	zeros := c
	zeros.Payload = append(zeros.Payload, random.File{Path: "share/zeros", Data: make([]byte, 1<<20)})
	conda, bz2 := c.Pack(false), c.Pack(true)
	condaName := c.Info.Stem() + ".conda"
	bz2Name := c.Info.Stem() + ".tar.bz2"
	for _, test := range []struct {
		name, file string
		data       []byte
		lim        pkgfile.Limits
		want       string
	}{
		{"defaults", condaName, conda, pkgfile.Limits{}, "<nil>"},
		{"file", condaName, conda, pkgfile.Limits{MaxFile: int64(len(conda)) - 1}, "too_large"},
		{"file exactly", condaName, conda, pkgfile.Limits{MaxFile: int64(len(conda))}, "<nil>"},
		{"info unpacked", condaName, conda, pkgfile.Limits{MaxInfoUnpacked: 4096}, "bomb"},
		{"pkg unpacked", condaName, zeros.Pack(false), pkgfile.Limits{MaxUnpacked: 1 << 20}, "bomb"},
		{"pkg unpacked enough", condaName, zeros.Pack(false), pkgfile.Limits{MaxUnpacked: 2 << 20}, "<nil>"},
		{"tar.bz2 unpacked", bz2Name, zeros.Pack(true), pkgfile.Limits{MaxUnpacked: 1 << 20}, "bomb"},
		{"members of both parts", condaName, conda, pkgfile.Limits{MaxMembers: len(c.Meta) + len(c.Payload)}, "<nil>"},
		{"one member too many", condaName, conda, pkgfile.Limits{MaxMembers: len(c.Meta) + len(c.Payload) - 1}, "too_many_members"},
		{"members of a tar.bz2", bz2Name, bz2, pkgfile.Limits{MaxMembers: len(c.Meta) + len(c.Payload) - 1}, "too_many_members"},
		{"index.json", condaName, conda, pkgfile.Limits{MaxJSON: int64(len(c.Info.Index)) - 1}, "too_large"},
		{"paths.json", condaName, conda, pkgfile.Limits{MaxPaths: 100}, "too_large"},
		{"window", condaName, zeros.Pack(false), pkgfile.Limits{MaxWindow: 1 << 19}, "zstd_window"},
		{"listed paths", condaName, listing(c, 101).Pack(false), pkgfile.Limits{MaxMembers: 100}, "too_many_members"},
		{"listed paths exactly", condaName, listing(c, 100).Pack(false), pkgfile.Limits{MaxMembers: 100}, "<nil>"},
		{"names in info", condaName, named(c, 1100).Pack(false), pkgfile.Limits{}, "too_many_members"},
		{"names in info that are fewer", condaName, named(c, 900).Pack(false), pkgfile.Limits{}, "<nil>"},
		{"depth", condaName, withMeta(c, "info/about.json", `{"a": [[1]]}`).Pack(false), pkgfile.Limits{MaxDepth: 2}, "too_deep"},
		{"depth exactly", condaName, withMeta(c, "info/about.json", `{"a": [[1]]}`).Pack(false), pkgfile.Limits{MaxDepth: 3}, "<nil>"},
		{"built tomorrow", condaName, conda, pkgfile.Limits{Now: time.Unix(1600000000, 0).Add(-23 * time.Hour)}, "<nil>"},
		{"built the day after", condaName, conda, pkgfile.Limits{Now: time.Unix(1600000000, 0).Add(-25 * time.Hour)}, "future_timestamp"},
	} {
		if _, got := read(pkgfile.NewReader(test.lim), test.data, test.file); codeOf(got) != test.want {
			t.Errorf("%s: got %v, want %s", test.name, got, test.want)
		}
	}
}

// listing lists n directories in paths.json.
func listing(c random.Contents, n int) random.Contents {
	entries := strings.Repeat(`{"_path": "d", "path_type": "directory"},`, n)
	return withMeta(c, "info/paths.json", `{"paths": [`+strings.TrimSuffix(entries, ",")+`]}`)
}

// named adds n files with names of almost 4 kB to info/.
func named(c random.Contents, n int) random.Contents {
	c.Meta = slices.Clone(c.Meta)
	for i := range n {
		c.Meta = append(c.Meta, random.File{Path: fmt.Sprintf("info/test/%s%d", strings.Repeat("long/", 800), i)})
	}
	return c
}

func TestParseIndexLimit(t *testing.T) {
	if _, err := pkgfile.ParseIndex(make([]byte, 101), pkgfile.Limits{MaxJSON: 100}); codeOf(err) != "too_large" {
		t.Errorf("got %v, want too_large", err)
	}
}

func TestReadmeIsCutAtACharacter(t *testing.T) {
	c := compose(random.Options{Readme: strings.Repeat("é", 100)})
	pkg, err := read(pkgfile.NewReader(pkgfile.Limits{MaxReadme: 51}), c.Pack(false), c.Info.Filename)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := pkg.Readme, strings.Repeat("é", 25); got != want || pkg.ReadmePath != "info/README.md" {
		t.Errorf("readme: got %q at %s, want %q at info/README.md", got, pkg.ReadmePath, want)
	}
	c = withMeta(c, "info/README.md", "caf\xe9 au lait")
	if got := mustRead(t, c.Pack(false), c.Info.Filename).Readme; got != "" {
		t.Errorf("readme that is not UTF-8: got %q, want none", got)
	}
}

// TestPkgCheck tells what each depth notices about a payload.
func TestPkgCheck(t *testing.T) {
	good := compose(random.Options{Payload: 5000})
	unsafe := good
	unsafe.Payload = append(unsafe.Payload, random.File{Path: "../x"})
	flipped := good.Pack(false)
	flipped[len(flipped)/3] ^= 1 // the payload is the second of three members
	cut := random.Conda(good.Info.Stem(), random.Tar(good.Meta), random.Tar(good.Payload)[:1024])
	info, frame := random.Zstd(random.Tar(good.Meta)), random.Zstd(random.Tar(good.Payload))
	stray := pack(t, good.Info.Stem(), info, append(slices.Clone(frame), 0))
	short := pack(t, good.Info.Stem(), info, frame[:len(frame)-1])
	for _, c := range []struct {
		name                  string
		data                  []byte
		full, stored, headers string
	}{
		{"good", good.Pack(false), "<nil>", "<nil>", "<nil>"},
		{"bit rot", flipped, "crc_mismatch", "crc_mismatch", "<nil>"},
		{"unsafe path", unsafe.Pack(false), "unsafe_path", "<nil>", "<nil>"},
		{"stray byte", stray, "trailing_data", "trailing_data", "<nil>"},
		{"frame cut off", short, "truncated", "truncated", "<nil>"},
		{"tar cut off", cut, "bad_tar", "<nil>", "<nil>"},
	} {
		for check, want := range map[pkgfile.PkgCheck]string{
			pkgfile.PkgFull: c.full, pkgfile.PkgStored: c.stored, pkgfile.PkgHeaders: c.headers,
		} {
			_, err := read(pkgfile.NewReader(pkgfile.Limits{PkgCheck: check}), c.data, good.Info.Filename)
			if got := codeOf(err); got != want {
				t.Errorf("%s with check %d: got %s, want %s", c.name, check, got, want)
			}
		}
	}
}

// faulty fails at the read with the given number, counted from 0.
type faulty struct {
	r     io.ReaderAt
	until int
	err   error
}

func (f *faulty) ReadAt(p []byte, off int64) (int, error) {
	if f.until--; f.until < 0 {
		return 0, f.err
	}
	return f.r.ReadAt(p, off)
}

// TestReadErrorsAreNotRefusals breaks the disk at every read in turn: whatever
// was wanted, the package must not be blamed.
func TestReadErrorsAreNotRefusals(t *testing.T) {
	for _, bz2 := range []bool{false, true} {
		for _, check := range []pkgfile.PkgCheck{pkgfile.PkgFull, pkgfile.PkgStored} {
			c := compose(random.Options{TarBz2: bz2, Payload: 100_000})
			data := c.Pack(bz2)
			reads := 0
			for ; ; reads++ {
				src := &faulty{bytes.NewReader(data), reads, iotest.ErrTimeout}
				_, err := pkgfile.Read(src, int64(len(data)), c.Info.Filename, pkgfile.Limits{PkgCheck: check})
				if err == nil {
					break // the package was read without getting so far
				}
				if !errors.Is(err, iotest.ErrTimeout) || codeOf(err) != err.Error() {
					t.Fatalf("%s, disk fails at read %d: got %v, want an error that wraps %v", c.Info.Filename, reads, err, iotest.ErrTimeout)
				}
			}
			if reads < 4 {
				t.Errorf("%s: only %d reads were tried", c.Info.Filename, reads)
			}
		}
	}
}

// TestShortFileIsAReadError passes a size that the file does not have.
func TestShortFileIsAReadError(t *testing.T) {
	c := compose(random.Options{TarBz2: true})
	data := c.Pack(true)
	_, err := pkgfile.Read(bytes.NewReader(data), int64(len(data))+100, c.Info.Filename, pkgfile.Limits{})
	if !errors.Is(err, io.ErrUnexpectedEOF) || codeOf(err) != err.Error() {
		t.Errorf("got %v, want an error that wraps %v", err, io.ErrUnexpectedEOF)
	}
	if _, err := pkgfile.Read(bytes.NewReader(data), -1, c.Info.Filename, pkgfile.Limits{}); err == nil {
		t.Error("a negative size was accepted")
	}
}

// TestEveryCutIsNoticed cuts packages at every byte, or every seventh of the
// slower format: none of the beginnings may be taken for a package.
func TestEveryCutIsNoticed(t *testing.T) {
	rd := pkgfile.NewReader(pkgfile.Limits{})
	for _, bz2 := range []bool{false, true} {
		c := compose(random.Options{TarBz2: bz2})
		data := c.Pack(bz2)
		step := 1
		if bz2 {
			step = 7
		}
		for n := len(data) - 1; n >= 0; n -= step {
			if _, err := read(rd, data[:n], c.Info.Filename); codeOf(err) == fmt.Sprint(err) {
				t.Fatalf("%s cut at %d of %d: got %v, want a refusal", c.Info.Filename, n, len(data), err)
			}
		}
	}
}

// TestEveryFlippedBitIsNoticed damages one bit of each byte of a .conda. The
// few bits that carry no meaning are the times of the members and the versions
// of the tool that wrote them.
func TestEveryFlippedBitIsNoticed(t *testing.T) {
	rd := pkgfile.NewReader(pkgfile.Limits{})
	c := compose(random.Options{})
	data := c.Pack(false)
	unnoticed := 0
	for i := range data {
		damaged := bytes.Clone(data)
		damaged[i] ^= 1 << (i % 8)
		if _, err := read(rd, damaged, c.Info.Filename); err == nil {
			unnoticed++
		}
	}
	// Per member: version needed and time in both headers, version made by,
	// internal and external attributes.
	if limit := 3 * (2*(2+4) + 2 + 2 + 4); unnoticed > limit {
		t.Errorf("%d of %d damaged bytes went unnoticed, want at most %d", unnoticed, len(data), limit)
	}
}

func TestConcurrentReads(t *testing.T) {
	rd := pkgfile.NewReader(pkgfile.Limits{})
	c := compose(random.Options{})
	data := c.Pack(false)
	errs := make(chan error)
	for range 8 {
		go func() {
			var err error
			for range 20 {
				if _, e := read(rd, data, c.Info.Filename); e != nil {
					err = e
				}
			}
			errs <- err
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// TestWideWindows reads frames of a high compression level where the limits
// allow them, several at once.
func TestWideWindows(t *testing.T) {
	c := compose(random.Options{})
	c.Payload = append(c.Payload, random.File{Path: "share/large", Data: make([]byte, 20<<20)})
	wide := pack(t, c.Info.Stem(), random.Zstd(random.Tar(c.Meta)), streamed(t, random.Tar(c.Payload), 32<<20))
	if _, err := read(pkgfile.NewReader(pkgfile.Limits{}), wide, c.Info.Filename); codeOf(err) != "zstd_window" {
		t.Errorf("window of 32 MiB by default: got %v, want zstd_window", err)
	}
	rd := pkgfile.NewReader(pkgfile.Limits{MaxWindow: 128 << 20})
	errs := make(chan error)
	for range 3 {
		go func() {
			_, err := read(rd, wide, c.Info.Filename)
			errs <- err
		}()
	}
	for range 3 {
		if err := <-errs; err != nil {
			t.Errorf("window of 32 MiB where 128 are allowed: %v", err)
		}
	}
}
