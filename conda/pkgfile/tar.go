package pkgfile

import (
	"archive/tar"
	"errors"
	"hash/maphash"
	"io"
	"path"
	"strings"
)

// section says which members a tar stream may hold.
type section int

const (
	anySection  section = iota // a .tar.bz2
	infoSection                // the info part of a .conda
	pkgSection                 // its pkg part
)

// census is what is remembered about the members of all tar streams of one
// package. Names are kept as 64-bit hashes under a random seed: a collision
// would refuse a good package once in 10^8, and cannot be provoked.
type census struct {
	seed    maphash.Seed
	files   map[uint64]struct{}
	links   map[uint64]struct{}
	members int
	limit   int
}

func newCensus(limit int) *census {
	return &census{seed: maphash.MakeSeed(), files: map[uint64]struct{}{}, links: map[uint64]struct{}{}, limit: limit}
}

func (c *census) hash(name string) uint64 { return maphash.String(c.seed, name) }

// has tells whether a file or link of that name was seen.
func (c *census) has(h uint64) bool {
	_, ok := c.files[h]
	return ok
}

// add counts a member and refuses it if it repeats another, or lies behind a
// symbolic link of the same package, through which an extracting client could
// be made to write anywhere.
func (c *census) add(name string, typ byte) error {
	if c.members++; c.members > c.limit {
		return refuse(CodeTooManyMembers, "", "the package has more than %d members; ask the operator to raise the limit if it needs them", c.limit)
	}
	if len(c.links) > 0 {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, ok := c.links[c.hash(dir)]; ok {
				return refuse(CodeUnsafeLink, name, "the member lies behind the symbolic link %s of the same package", printable(dir))
			}
		}
	}
	if typ == tar.TypeDir {
		return nil
	}
	h := c.hash(name)
	if c.has(h) {
		return refuse(CodeDuplicateMember, name, "the archive has this member twice")
	}
	c.files[h] = struct{}{}
	if typ == tar.TypeSymlink {
		c.links[h] = struct{}{}
	}
	return nil
}

// walkTar reads a tar stream to its end and calls visit for each file of
// info/, in order. An error of the stream itself is returned as it is.
func walkTar(r io.Reader, member string, in section, seen *census, visit func(name string, size int64, body io.Reader) error) error {
	stream := &tail{r: r}
	tr := tar.NewReader(stream)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return stream.explain(member, err)
		}
		name, err := checkHeader(h, in, seen)
		if err != nil {
			return err
		}
		if name == "" || !inInfo(name) || h.Typeflag == tar.TypeDir {
			continue
		}
		if err := visit(name, h.Size, tr); err != nil {
			if stream.err != nil {
				return stream.err
			}
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return stream.explain(member, err)
			}
			return err
		}
	}
	return stream.finish(member)
}

// checkHeader judges one tar member and returns its clean path; "" is the
// root directory.
func checkHeader(h *tar.Header, in section, seen *census) (string, error) {
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeDir, tar.TypeSymlink, tar.TypeLink:
	case tar.TypeGNUSparse:
		return "", refuse(CodeMemberType, h.Name, "the member is a sparse file; write it as a plain one")
	default:
		return "", refuse(CodeMemberType, h.Name, "the member is a device, a pipe or of an unknown kind (tar type %q)", h.Typeflag)
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return "", refuse(CodeMemberType, h.Name, "the member is a sparse file; write it as a plain one")
		}
	}
	name, err := cleanPath(h.Name)
	if err != nil {
		return "", err
	}
	if name == "" {
		if h.Typeflag != tar.TypeDir {
			return "", refuse(CodeUnsafePath, h.Name, "the root of the package is not a directory")
		}
		return "", nil
	}
	if err := checkReserved(name); err != nil {
		return "", err
	}
	if err := checkSection(name, h.Typeflag, in); err != nil {
		return "", err
	}
	if err := seen.add(name, h.Typeflag); err != nil {
		return "", err
	}
	return name, checkLink(h, name, seen)
}

// checkSection refuses members in the wrong part, and anything in info/ that
// is not a plain file.
func checkSection(name string, typ byte, in section) error {
	info := inInfo(name)
	switch {
	case info && in == pkgSection:
		return refuse(CodeMisplacedMember, name, "info/ belongs into the info part of the .conda, not into its pkg part")
	case !info && in == infoSection:
		return refuse(CodeMisplacedMember, name, "only info/ belongs into the info part of the .conda")
	case info && typ != tar.TypeDir && (typ != tar.TypeReg || name == "info"):
		return refuse(CodeNotRegular, name, "the files of info/ must be regular files, not links")
	}
	return nil
}

// checkLink judges where a link points. A symbolic link may point anywhere,
// as many real ones point into the system; only a hard link must stay inside,
// because extracting it opens its target.
func checkLink(h *tar.Header, name string, seen *census) error {
	switch h.Typeflag {
	case tar.TypeSymlink:
		if h.Linkname == "" || strings.ContainsRune(h.Linkname, 0) {
			return refuse(CodeUnsafeLink, name, "the symbolic link points nowhere")
		}
	case tar.TypeLink:
		target, err := cleanPath(h.Linkname)
		if err != nil {
			return refuse(CodeUnsafeLink, name, "the hard link points to %s, outside of the package", printable(h.Linkname))
		}
		if target == name || !seen.has(seen.hash(target)) {
			return refuse(CodeUnsafeLink, name, "the hard link points to %s, which is no earlier member", printable(h.Linkname))
		}
	}
	return nil
}

// tail watches a tar stream: its own failure, and how many zero bytes it ends
// with so far.
type tail struct {
	r     io.Reader
	zeros int64
	err   error
}

// Read implements io.Reader.
func (t *tail) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		t.err = err
	}
	if used := lastNonZero(p[:n]); used > 0 {
		t.zeros = int64(n - used)
	} else {
		t.zeros += int64(n)
	}
	return n, err
}

// lastNonZero returns the length of p without the zero bytes at its end.
func lastNonZero(p []byte) int {
	n := len(p)
	for n > 0 && p[n-1] == 0 {
		n--
	}
	return n
}

// explain turns an error of the tar reader into the stream's own, or a refusal.
func (t *tail) explain(member string, err error) error {
	if t.err != nil {
		return t.err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(CodeBadTar, member, "the tar archive ends in the middle of a member; build the package again")
	}
	return refuse(CodeBadTar, member, "the content is not a tar archive, or a damaged one (%v)", err)
}

// finish reads what follows the end of the archive: only zeros may, and at
// least the two zero blocks that mark the end must have been there.
func (t *tail) finish(member string) error {
	const endMarker = 1024
	for buf := make([]byte, 2<<10); ; {
		n, err := t.Read(buf)
		if lastNonZero(buf[:n]) > 0 {
			return refuse(CodeTrailingData, member, "there is data after the end of the tar archive")
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if t.zeros < endMarker {
		return refuse(CodeBadTar, member, "the tar archive has no end marker, so it may have been cut off; build the package again")
	}
	return nil
}
