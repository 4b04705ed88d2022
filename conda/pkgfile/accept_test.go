package pkgfile_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
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
