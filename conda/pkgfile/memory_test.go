package pkgfile_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"kingsnake/conda/pkgfile"
	"kingsnake/conda/random"

	"github.com/klauspost/compress/zstd"
)

// gauge samples the heap whenever the package is read from.
type gauge struct {
	r    io.ReaderAt
	peak uint64
}

func (g *gauge) ReadAt(p []byte, off int64) (int, error) {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	g.peak = max(g.peak, stats.HeapInuse)
	return g.r.ReadAt(p, off)
}

// streamed compresses data as a stream, so that the frame names its window and
// not the length of the content.
func streamed(t *testing.T, data []byte, window int) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := zstd.NewWriter(&buf, zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// TestMemoryIsBounded reads packages made to be expensive: as many members as
// allowed, a long paths.json, and the largest window.
func TestMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a package of 130 MB")
	}
	const members, listed = 240_000, 60_000
	c := compose(random.Options{})
	var list strings.Builder
	var tarball bytes.Buffer
	empty := random.Tar([]random.File{{Path: "share/000000"}})[:512]
	for i := range members {
		if i < listed {
			fmt.Fprintf(&list, `{"_path": "share/%06d", "sha256": "%064d", "size_in_bytes": 0},`, i, i)
		}
		tarball.Write(renamed(empty, fmt.Sprintf("share/%06d", i)))
	}
	tarball.Write(make([]byte, 1024))
	c = withMeta(c, "info/paths.json", `{"paths": [`+strings.TrimSuffix(list.String(), ",")+`]}`)
	data := pack(t, c.Info.Stem(), streamed(t, random.Tar(c.Meta), 16<<20), streamed(t, tarball.Bytes(), 16<<20))
	list.Reset()
	tarball = bytes.Buffer{}
	c.Meta, c.Payload = nil, nil

	defer debug.SetGCPercent(debug.SetGCPercent(5))
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	g := &gauge{r: bytes.NewReader(data)}
	pkg, err := pkgfile.Read(g, int64(len(data)), c.Info.Filename, pkgfile.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := pkg.Paths.Count; got != listed {
		t.Errorf("got %d paths, want %d", got, listed)
	}
	const limit = 36 << 20 // the documented 32 MiB, and what the collector had not freed yet
	if used := g.peak - min(g.peak, before.HeapInuse); used > limit {
		t.Errorf("reading took %d MiB of memory, want at most %d", used>>20, limit>>20)
	} else {
		t.Logf("reading %d MiB took %d MiB of memory", len(data)>>20, used>>20)
	}
}

// renamed returns a tar header with another name of the same length.
func renamed(header []byte, name string) []byte {
	h := bytes.Clone(header)
	sum := 0
	copy(h, name)
	copy(h[148:], "        ")
	for _, b := range h {
		sum += int(b)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	return h
}

// pack makes a .conda of parts that are compressed already.
func pack(t *testing.T, stem string, info, pkg []byte) []byte {
	t.Helper()
	return zipOf(t, []string{"metadata.json", "info-" + stem + ".tar.zst", "pkg-" + stem + ".tar.zst"}, map[string][]byte{
		"metadata.json":             []byte(`{"conda_pkg_format_version": 2}`),
		"info-" + stem + ".tar.zst": info,
		"pkg-" + stem + ".tar.zst":  pkg,
	}, func(*zip.FileHeader) {})
}

func BenchmarkRead(b *testing.B) {
	for _, size := range []int{300, 50_000_000} {
		for _, bz2 := range []bool{false, true} {
			if bz2 && size > 1000 {
				continue // the compressor of package random is not made for that
			}
			c := compose(random.Options{Payload: size})
			data := c.Pack(bz2)
			name := c.Info.Stem() + ".conda"
			if bz2 {
				name = c.Info.Stem() + ".tar.bz2"
			}
			rd := pkgfile.NewReader(pkgfile.Limits{})
			b.Run(fmt.Sprintf("%d bytes bz2=%v", size, bz2), func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := read(rd, data, name); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
