package pkgfile_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"kingsnake/conda/pkgfile"
	"kingsnake/conda/random"
)

func compose(opts random.Options) random.Contents {
	return random.Compose(rand.New(rand.NewPCG(1, 1)), opts)
}

// withMeta returns the contents with a file of info/ replaced or added.
func withMeta(c random.Contents, path, content string) random.Contents {
	c.Meta = slices.DeleteFunc(slices.Clone(c.Meta), func(f random.File) bool { return f.Path == path })
	c.Meta = append(c.Meta, random.File{Path: path, Data: []byte(content)})
	return c
}

func mustRead(t *testing.T, data []byte, filename string) *pkgfile.Package {
	t.Helper()
	pkg, err := read(pkgfile.NewReader(pkgfile.Limits{Now: time.Now()}), data, filename)
	if err != nil {
		t.Fatalf("Read(%s): %v", filename, err)
	}
	return pkg
}

// TestArchiveVariants reads what other tools than ours write.
func TestArchiveVariants(t *testing.T) {
	c := compose(random.Options{Name: "variant"})
	stem := c.Info.Stem()
	info, pkg := random.Tar(c.Meta), random.Tar(c.Payload)
	members := map[string][]byte{
		"metadata.json":             []byte("{\"conda_pkg_format_version\": 2}\n"),
		"info-" + stem + ".tar.zst": random.Zstd(info),
		"pkg-" + stem + ".tar.zst":  random.Zstd(pkg),
	}
	order := []string{"pkg-" + stem + ".tar.zst", "info-" + stem + ".tar.zst", "metadata.json"}
	for name, data := range map[string][]byte{
		"members in another order": zipOf(t, order, members, func(h *zip.FileHeader) {}),
		"unix mode and time":       zipOf(t, order, members, func(h *zip.FileHeader) { h.SetMode(0o600); h.Modified = time.Unix(1700000000, 0) }),
		"data descriptors":         zipStream(t, order, members),
		"bare data descriptors":    described(t, order, members, 0, 4),
		"long data descriptors":    described(t, order, members, 4, 8),
		"bare long descriptors":    described(t, order, members, 0, 8),
		"zip64 records":            with64(zipOf(t, order, members, func(h *zip.FileHeader) {}), false),
		"zip64 records in use":     with64(zipOf(t, order, members, func(h *zip.FileHeader) {}), true),
		"directories in the tars":  random.Conda(stem, tarWith(t, "info/", c.Meta), tarWith(t, "share/", c.Payload)),
		"paths behind ./":          random.Conda(stem, random.Tar(dotted(c.Meta)), random.Tar(dotted(c.Payload))),
		"tar padded to 10 kB":      random.Conda(stem, append(info, make([]byte, 9000)...), pkg),
		"no payload":               withMeta(random.Contents{Info: c.Info, Meta: c.Meta}, "info/paths.json", `{"paths": []}`).Pack(false),
	} {
		t.Run(name, func(t *testing.T) {
			if got := mustRead(t, data, stem+".conda").Index.Name; got != "variant" {
				t.Errorf("name: got %q, want variant", got)
			}
		})
	}
	all := append(slices.Clone(c.Payload), c.Meta...)
	tarball := random.Tar(all)
	for name, data := range map[string][]byte{
		"info at the end": random.Bzip2(tarball),
		"several streams": append(random.Bzip2(tarball[:1000]), random.Bzip2(tarball[1000:])...),
		"paths behind ./": random.Bzip2(random.Tar(dotted(all))),
		"root directory":  random.Bzip2(tarWith(t, "./", all)),
	} {
		t.Run("tar.bz2/"+name, func(t *testing.T) {
			if got := mustRead(t, data, stem+".tar.bz2").Index.Name; got != "variant" {
				t.Errorf("name: got %q, want variant", got)
			}
		})
	}
}

func dotted(files []random.File) []random.File {
	out := slices.Clone(files)
	for i := range out {
		out[i].Path = "./" + out[i].Path
	}
	return out
}

// tarWith packs a directory, a hard link and symbolic links beside the files.
func tarWith(t *testing.T, dir string, files []random.File) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	headers := []*tar.Header{{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755}}
	if !strings.HasPrefix(files[0].Path, "info/") {
		headers = append(headers,
			&tar.Header{Typeflag: tar.TypeSymlink, Name: "share/so", Linkname: "../lib/libx.so.1"},
			&tar.Header{Typeflag: tar.TypeSymlink, Name: "share/abs", Linkname: "/usr/lib/libc.so"})
	}
	for _, h := range headers {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.Path, Size: int64(len(f.Data)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.Data); err != nil {
			t.Fatal(err)
		}
	}
	if len(headers) > 1 {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeLink, Name: "share/hard", Linkname: files[0].Path}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// zipOf writes a ZIP with all sizes in the local headers.
func zipOf(t *testing.T, order []string, members map[string][]byte, change func(*zip.FileHeader)) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, name := range order {
		data := members[name]
		h := &zip.FileHeader{
			Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(data),
			CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(len(data)),
		}
		change(h)
		f, err := w.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// zipStream writes a ZIP as to a pipe, so that sizes follow the members.
func zipStream(t *testing.T, order []string, members map[string][]byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, name := range order {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(f, bytes.NewReader(members[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// described writes a data descriptor of the given form behind each member.
func described(t *testing.T, order []string, members map[string][]byte, signature, width int) []byte {
	t.Helper()
	le := binary.LittleEndian
	var out, dir []byte
	for _, name := range order {
		data := members[name]
		at, crc, n := len(out), crc32.ChecksumIEEE(data), uint32(len(data))
		common := le.AppendUint16([]byte{8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, uint16(len(name)))
		common = append(common, 0, 0)
		out = append(append(append(out, "PK\x03\x04\x14\x00"...), common...), name...)
		out = append(append(out, data...), "PK\x07\x08"[:signature]...)
		out = le.AppendUint32(out, crc)
		for range 2 {
			out = le.AppendUint32(out, n)
			out = append(out, make([]byte, width-4)...)
		}
		le.PutUint32(common[8:], crc)
		le.PutUint32(common[12:], n)
		le.PutUint32(common[16:], n)
		dir = append(append(append(dir, "PK\x01\x02\x14\x00\x14\x00"...), common...), make([]byte, 10)...)
		dir = append(le.AppendUint32(dir, uint32(at)), name...)
	}
	end := []byte{'P', 'K', 5, 6, 0, 0, 0, 0, byte(len(order)), 0, byte(len(order)), 0}
	end = le.AppendUint32(le.AppendUint32(end, uint32(len(dir))), uint32(len(out)))
	return append(append(append(out, dir...), end...), 0, 0)
}

// with64 adds the zip64 records to a ZIP; in use, the classic record refers to them.
func with64(data []byte, inUse bool) []byte {
	le := binary.LittleEndian
	at := len(data) - 22
	end := bytes.Clone(data[at:])
	entries, size, start := uint64(le.Uint16(end[8:])), uint64(le.Uint32(end[12:])), uint64(le.Uint32(end[16:]))
	rec := le.AppendUint64([]byte("PK\x06\x06"), 44)
	rec = append(rec, 45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	for _, v := range []uint64{entries, entries, size, start} {
		rec = le.AppendUint64(rec, v)
	}
	rec = le.AppendUint64(append(rec, 'P', 'K', 6, 7, 0, 0, 0, 0), uint64(at))
	rec = append(rec, 1, 0, 0, 0)
	if inUse {
		copy(end[8:], "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
	}
	return append(append(bytes.Clone(data[:at]), rec...), end...)
}
