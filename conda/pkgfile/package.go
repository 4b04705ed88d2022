package pkgfile

import (
	"bufio"
	"compress/bzip2"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"kingsnake/conda/channel"
)

// Package is what a package says about itself.
type Package struct {
	// Filename is name-version-build.extension, Stem the same without extension.
	Filename, Stem string
	// Format is the archive format.
	Format channel.Format
	// Size is the length of the file in bytes.
	Size int64
	// Index is info/index.json; its name, version and build are those of Filename.
	Index *Index
	// V3 tells that the record needs repodata v3 (CEP 48): clients that do not
	// know that format must not see it.
	V3 bool
	// About is info/about.json; zero when the package has none.
	About About
	// RunExports is info/run_exports.json as a compact object with sorted keys,
	// "{}" when the package has none.
	RunExports json.RawMessage
	// Paths is what info/paths.json tells.
	Paths Paths
	// Readme is the text of the README at ReadmePath, cut at Limits.MaxReadme;
	// both are empty when there is none. It is text from the uploader: render
	// it with care.
	Readme, ReadmePath string
	// InfoFiles are the paths of the files in info/, in archive order.
	InfoFiles []string
}

// Reader reads packages under fixed limits and reuses its decoders. It is
// safe for concurrent use; each read in progress costs memory as [Limits] says.
type Reader struct {
	lim      Limits
	decoders sync.Pool
	wide     sync.Mutex // held while a frame needs more than usualWindow
}

// NewReader returns a Reader; zero fields of lim take their defaults.
func NewReader(lim Limits) *Reader {
	return &Reader{lim: lim.withDefaults()}
}

// Read reads one package with a fresh [Reader].
func Read(r io.ReaderAt, size int64, filename string, lim Limits) (*Package, error) {
	return NewReader(lim).Read(r, size, filename)
}

// Read reads the package of size bytes that r holds and that is, or shall be,
// called filename. The error is an [*Error] if the package is at fault, and
// wraps that of r if r is: to bound the time of a read, let ReadAt fail.
func (rd *Reader) Read(r io.ReaderAt, size int64, filename string) (*Package, error) {
	name, err := parseFileName(filename)
	if err != nil {
		return nil, err
	}
	if size < 0 {
		return nil, fmt.Errorf("read package: size is negative: %d", size)
	}
	if size > rd.lim.MaxFile {
		return nil, refuse(CodeTooLarge, "", "the file is %d bytes long, and %d are allowed", size, rd.lim.MaxFile)
	}
	src := &source{r: r, size: size}
	c := newCollector(rd.lim)
	var ix *Index
	if name.format == channel.FormatConda {
		ix, err = rd.readConda(src, name, c)
	} else {
		ix, err = rd.readTarBz2(src, name, c)
	}
	if src.err != nil {
		return nil, src.err
	}
	if err != nil {
		return nil, err
	}
	pkg := &Package{
		Filename: filename, Stem: name.stem(), Format: name.format, Size: size, Index: ix, V3: ix.needs3(),
	}
	if err := c.describe(pkg); err != nil {
		return nil, err
	}
	return pkg, nil
}

// readConda reads a .conda: first what is cheap to refuse, the payload last.
func (rd *Reader) readConda(src *source, name fileName, c *collector) (*Index, error) {
	zip, err := openContainer(src, name.stem())
	if err != nil {
		return nil, err
	}
	if err := zip.checkMetadata(src, rd.lim); err != nil {
		return nil, err
	}
	dec, release, err := rd.decoder()
	if err != nil {
		return nil, err
	}
	defer release()
	err = rd.unpack(src, zip.info, dec, rd.lim.MaxInfoUnpacked, func(r io.Reader) error {
		return walkTar(r, zip.info.name, infoSection, c.seen, c.visit)
	})
	if err != nil {
		return nil, err
	}
	ix, err := c.identify(name)
	if err != nil {
		return nil, err
	}
	switch rd.lim.PkgCheck {
	case PkgHeaders:
		return ix, nil
	case PkgStored:
		return ix, checkStored(src, zip.pkg, rd.lim)
	}
	err = rd.unpack(src, zip.pkg, dec, rd.lim.MaxUnpacked, func(r io.Reader) error {
		return walkTar(r, zip.pkg.name, pkgSection, c.seen, c.visit)
	})
	if err == nil && c.paths != nil {
		err = c.paths.complete(c.seen)
	}
	return ix, err
}

// readTarBz2 reads a .tar.bz2 to its end, because info/ may be anywhere in it.
func (rd *Reader) readTarBz2(src *source, name fileName, c *collector) (*Index, error) {
	if err := sniffBzip2(src); err != nil {
		return nil, err
	}
	packed := bufio.NewReaderSize(io.NewSectionReader(src, 0, src.size), 32<<10)
	out := &bounded{r: bzip2.NewReader(packed), left: rd.lim.unpackedLimit(src.size, rd.lim.MaxUnpacked)}
	if err := walkTar(out, "", anySection, c.seen, c.visit); err != nil {
		return nil, explainBzip2(out, err)
	}
	ix, err := c.identify(name)
	if err != nil {
		return nil, err
	}
	if c.paths != nil {
		err = c.paths.complete(c.seen)
	}
	return ix, err
}

// sniffBzip2 refuses what does not even start like a bzip2 stream.
func sniffBzip2(src *source) error {
	if src.size == 0 {
		return refuse(CodeTruncated, "", "the file is empty; upload it again")
	}
	head, err := src.bytes(0, min(4, src.size))
	switch {
	case err != nil:
		return err
	case len(head) == 4 && le.Uint32(head) == sigLocal:
		return refuse(CodeWrongFormat, "", "the content is a ZIP archive; a .conda package keeps its name, it does not become a .tar.bz2 by renaming")
	case len(head) < 4 || string(head[:3]) != "BZh":
		return refuse(CodeNotBzip2, "", "the content is not a bzip2 stream, which a .tar.bz2 has to be")
	}
	return nil
}

// explainBzip2 turns an error of the decoder into a refusal.
func explainBzip2(out *bounded, err error) error {
	err = settle(out, err)
	var structural bzip2.StructuralError
	switch {
	case out.err != nil:
		return out.err
	case isRefusal(err):
		return err
	case errors.As(err, &structural):
		if structural == "bad magic value in continuation file" {
			return refuse(CodeTrailingData, "", "there is data after the end of the bzip2 stream")
		}
		return refuse(CodeCorrupt, "", "the bzip2 stream is damaged (%s); upload the file again", string(structural))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return refuse(CodeTruncated, "", "the bzip2 stream ends in the middle; the file was cut off, upload it again")
	}
	return err
}
