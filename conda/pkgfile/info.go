package pkgfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// collector gathers the metadata files as the tar streams pass.
type collector struct {
	lim   Limits
	seen  *census
	files []string
	names int64
	raw   map[string][]byte // index, about and run_exports
	paths *pathsReader

	readme     []byte
	readmePath string
}

func newCollector(lim Limits) *collector {
	return &collector{lim: lim, seen: newCensus(lim.MaxMembers), raw: map[string][]byte{}}
}

// visit takes one file of info/.
func (c *collector) visit(name string, size int64, body io.Reader) error {
	if c.names += int64(len(name)) + 16; c.names > maxNameBytes {
		return refuse(CodeTooManyMembers, "info/", "info/ has more files than anybody could need")
	}
	c.files = append(c.files, name)
	var err error
	switch name {
	case indexPath, aboutPath, runExportsPath:
		if size > c.lim.MaxJSON {
			return refuse(CodeTooLarge, name, "the file is %d bytes long, and %d are allowed", size, c.lim.MaxJSON)
		}
		c.raw[name], err = readN(body, size)
	case pathsPath:
		if size > c.lim.MaxPaths {
			return refuse(CodeTooLarge, name, "the file is %d bytes long, and %d are allowed", size, c.lim.MaxPaths)
		}
		c.paths, err = readPaths(body, c.lim, c.seen)
	default:
		if isReadme(name) && (c.readmePath == "" || name < c.readmePath) {
			c.readmePath = name
			c.readme, err = readN(body, min(size, c.lim.MaxReadme))
		}
	}
	return err
}

// readN reads n bytes of a tar member without trusting n: nothing is allocated
// for content that does not come. The tar reader reports a member cut short.
func readN(r io.Reader, n int64) ([]byte, error) {
	var buf bytes.Buffer
	_, err := io.Copy(&buf, io.LimitReader(r, n))
	return buf.Bytes(), err
}

// isReadme tells whether a member is the README that builders put into info/.
func isReadme(name string) bool {
	rest := strings.TrimPrefix(name, "info/")
	if strings.Contains(rest, "/") {
		return false
	}
	rest = strings.ToLower(rest)
	for _, ext := range []string{"", ".md", ".rst", ".txt", ".markdown"} {
		if rest == "readme"+ext {
			return true
		}
	}
	return false
}

// identify parses index.json and compares it with the file name.
func (c *collector) identify(f fileName) (*Index, error) {
	data, ok := c.raw[indexPath]
	if !ok {
		return nil, refuse(CodeMissingMember, indexPath, "the package has no info/index.json; it is no conda package, or was packed with an extra top directory")
	}
	ix, err := ParseIndex(data, c.lim)
	if err != nil {
		return nil, err
	}
	return ix, ix.checkStem(f)
}

// describe parses the optional files into pkg.
func (c *collector) describe(pkg *Package) error {
	var err error
	if data, ok := c.raw[aboutPath]; ok {
		if pkg.About, err = parseAbout(data, c.lim); err != nil {
			return err
		}
	}
	pkg.RunExports = json.RawMessage("{}")
	if data, ok := c.raw[runExportsPath]; ok {
		if pkg.RunExports, err = parseRunExports(data, c.lim); err != nil {
			return err
		}
	}
	if c.paths != nil {
		pkg.Paths = c.paths.facts
	}
	pkg.Readme, pkg.ReadmePath = readmeText(c.readme), c.readmePath
	pkg.InfoFiles = c.files
	return nil
}

// readmeText makes a README that may have been cut inside a character text
// again; one that is not UTF-8 at all is dropped.
func readmeText(b []byte) string {
	for range utf8.UTFMax {
		if utf8.Valid(b) {
			return string(b)
		}
		b = b[:max(len(b)-1, 0)]
	}
	return ""
}

// isRefusal tells a package's fault from a failure to read it.
func isRefusal(err error) bool {
	var e *Error
	return errors.As(err, &e)
}
