package random

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/klauspost/compress/zstd"
)

// File is one member of a package.
type File struct {
	// Path is relative to the root of the package, with slashes.
	Path string
	// Data is the content.
	Data []byte
	// Mode is the permission bits, 0o644 when zero.
	Mode int64

	prefix string // file_mode of a file that holds the placeholder
}

// Tar packs files into a tar archive with an end marker and no surprises.
func Tar(files []File) []byte {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range files {
		mode := f.Mode
		if mode == 0 {
			mode = 0o644
		}
		h := &tar.Header{
			Typeflag: tar.TypeReg, Name: f.Path, Size: int64(len(f.Data)), Mode: mode, ModTime: time.Unix(1577836800, 0),
		}
		must(w.WriteHeader(h))
		_, err := w.Write(f.Data)
		must(err)
	}
	must(w.Close())
	return buf.Bytes()
}

// Conda packs the two tar archives of a package into a .conda.
func Conda(stem string, info, pkg []byte) []byte {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, m := range []struct {
		name string
		data []byte
	}{
		{"metadata.json", []byte(`{"conda_pkg_format_version": 2}`)},
		{"pkg-" + stem + ".tar.zst", Zstd(pkg)},
		{"info-" + stem + ".tar.zst", Zstd(info)},
	} {
		f, err := w.CreateRaw(&zip.FileHeader{
			Name: m.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(m.data),
			CompressedSize64: uint64(len(m.data)), UncompressedSize64: uint64(len(m.data)),
		})
		must(err)
		_, err = f.Write(m.data)
		must(err)
	}
	must(w.Close())
	return buf.Bytes()
}

// Zstd compresses data as one zstd frame.
func Zstd(data []byte) []byte { return zstd.EncodeTo(nil, data) }

// must stops on what cannot fail: archives written to memory.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("random: write archive: %v", err))
	}
}
