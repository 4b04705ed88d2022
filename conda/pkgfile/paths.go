package pkgfile

import (
	"encoding/json"
	"errors"
	"io"
	"path"
	"strings"
)

const pathsPath = "info/paths.json"

// Paths is what info/paths.json tells about the payload. The flags are those
// of channeldata.json (CEP 38), computed as conda-index does; they are all
// false for an old package without a paths.json.
type Paths struct {
	// Present tells whether the package has a paths.json.
	Present bool
	// Count is the number of entries.
	Count int
	// Bytes is the sum of the entries' size_in_bytes, the size once installed.
	Bytes int64
	// BinaryPrefix and TextPrefix tell that files hold a prefix to replace.
	BinaryPrefix, TextPrefix bool
	// ActivateD and DeactivateD tell that the package runs code on (de)activation.
	ActivateD, DeactivateD bool
	// PreLink, PostLink and PreUnlink tell that it runs code when (un)installed.
	PreLink, PostLink, PreUnlink bool
}

// pathsReader parses paths.json as a stream: the file of a large package is
// tens of megabytes, of which a few flags and hashes are kept.
type pathsReader struct {
	facts Paths
	files []uint64 // hashes of the listed files and links
	hash  func(string) uint64
	limit int
	depth int
	meter *meter
	dec   *json.Decoder
}

// meter bounds what the JSON decoder reads for one token.
type meter struct {
	r    io.Reader
	left int64
}

var errLongToken = errors.New("a value is too long")

// Read implements io.Reader.
func (m *meter) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, errLongToken
	}
	n, err := m.r.Read(p[:min(int64(len(p)), m.left)])
	m.left -= int64(n)
	return n, err
}

func readPaths(r io.Reader, lim Limits, seen *census) (*pathsReader, error) {
	m := &meter{r: r}
	p := &pathsReader{hash: seen.hash, limit: lim.MaxMembers, depth: lim.MaxDepth, meter: m, dec: json.NewDecoder(m)}
	p.dec.UseNumber()
	p.facts.Present = true
	if err := p.document(); err != nil {
		return nil, err
	}
	if _, err := p.token(); !errors.Is(err, io.EOF) {
		return nil, refuse(CodeBadJSON, pathsPath, "there is more than one JSON value in the file")
	}
	return p, nil
}

// token returns the next token; io.EOF is the regular end of the document.
func (p *pathsReader) token() (json.Token, error) {
	p.meter.left = maxTokenBytes
	tok, err := p.dec.Token()
	var syntax *json.SyntaxError
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return tok, err
	case errors.As(err, &syntax), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, refuse(CodeBadJSON, pathsPath, "not valid JSON: %s", jsonMessage(err))
	case errors.Is(err, errLongToken):
		return nil, refuse(CodeTooLarge, pathsPath, "one value is longer than %d bytes", maxTokenBytes)
	}
	return nil, err
}

// must is token where the document cannot end.
func (p *pathsReader) must() (json.Token, error) {
	tok, err := p.token()
	if errors.Is(err, io.EOF) {
		return nil, refuse(CodeBadJSON, pathsPath, "not valid JSON: it ends too early")
	}
	return tok, err
}

// object calls field for each key of an object whose brace has been read.
func (p *pathsReader) object(field func(key string) error) error {
	seen := map[string]bool{}
	for {
		tok, err := p.must()
		if err != nil {
			return err
		}
		key, ok := tok.(string)
		if !ok {
			return nil // the closing brace
		}
		if seen[key] {
			return refuse(CodeDuplicateKey, pathsPath, "the key %q occurs twice in one object", key)
		}
		if len(seen) >= 64 {
			return refuse(CodeBadJSON, pathsPath, "an object has more than 64 keys")
		}
		seen[key] = true
		if err := field(key); err != nil {
			return err
		}
	}
}

func (p *pathsReader) document() error {
	tok, err := p.must()
	if err != nil {
		return err
	}
	if tok != json.Delim('{') {
		return refuse(CodeBadJSON, pathsPath, "the file must hold a JSON object")
	}
	listed := false
	if err := p.object(func(key string) error {
		if key != "paths" {
			return p.skip(1)
		}
		listed = true
		return p.list()
	}); err != nil {
		return err
	}
	if !listed {
		return refuse(CodeMissingField, pathsPath, `the field "paths" is missing`)
	}
	return nil
}

func (p *pathsReader) list() error {
	tok, err := p.must()
	if err != nil {
		return err
	}
	if tok != json.Delim('[') {
		return refuse(CodeBadField, pathsPath, `"paths" must be a list`)
	}
	for {
		tok, err := p.must()
		if err != nil {
			return err
		}
		switch tok {
		case json.Delim(']'):
			return nil
		case json.Delim('{'):
			if err := p.entry(); err != nil {
				return err
			}
		default:
			return refuse(CodeBadField, pathsPath, `the entries of "paths" must be objects`)
		}
	}
}

// skip passes over a value, which is nested depth levels deep already.
func (p *pathsReader) skip(depth int) error {
	for level := 0; ; {
		tok, err := p.must()
		if err != nil {
			return err
		}
		switch tok {
		case json.Delim('{'), json.Delim('['):
			if level++; level+depth > p.depth {
				return refuse(CodeTooDeep, pathsPath, "the JSON is nested more than %d levels deep", p.depth)
			}
		case json.Delim('}'), json.Delim(']'):
			level--
		}
		if level == 0 {
			return nil
		}
	}
}

// entry reads one entry of the list.
func (p *pathsReader) entry() error {
	texts := map[string]string{}
	size := int64(0)
	err := p.object(func(key string) error {
		switch key {
		case "_path", "path_type", "file_mode", "prefix_placeholder":
			tok, err := p.must()
			if err != nil {
				return err
			}
			s, ok := tok.(string)
			if !ok && tok != nil {
				return refuse(CodeBadField, pathsPath, "%q must be a string", key)
			}
			texts[key] = s
			return nil
		case "size_in_bytes":
			tok, err := p.must()
			if err != nil {
				return err
			}
			if tok == nil {
				return nil
			}
			n, ok := tok.(json.Number)
			if size, err = n.Int64(); !ok || err != nil || size < 0 {
				return refuse(CodeBadField, pathsPath, "%q must be a whole number", key)
			}
			return nil
		}
		return p.skip(3)
	})
	if err != nil {
		return err
	}
	return p.note(texts, size)
}

// note checks one entry and takes its facts.
func (p *pathsReader) note(e map[string]string, size int64) error {
	if p.facts.Count++; p.facts.Count > p.limit {
		return refuse(CodeTooManyMembers, pathsPath, "the file lists more than %d paths", p.limit)
	}
	name, err := cleanPath(e["_path"])
	if err != nil {
		return refuse(CodeUnsafePath, pathsPath, "the entry %s is not a safe path: %s", printable(e["_path"]), messageOf(err))
	}
	switch e["path_type"] {
	case "directory":
	case "", "hardlink", "softlink":
		p.files = append(p.files, p.hash(name))
	default:
		return refuse(CodeBadField, pathsPath, "the path_type %q is unknown", e["path_type"])
	}
	if p.facts.Bytes += size; p.facts.Bytes < 0 {
		return refuse(CodeBadNumber, pathsPath, "the sizes do not add up")
	}
	p.facts.note(name, e["prefix_placeholder"], e["file_mode"])
	return nil
}

// note takes the flags of one path.
func (f *Paths) note(name, placeholder, mode string) {
	if placeholder != "" {
		f.BinaryPrefix = f.BinaryPrefix || mode == "binary"
		f.TextPrefix = f.TextPrefix || mode != "binary"
	}
	f.ActivateD = f.ActivateD || strings.HasPrefix(name, "etc/conda/activate.d")
	f.DeactivateD = f.DeactivateD || strings.HasPrefix(name, "etc/conda/deactivate.d")
	base := path.Base(name)
	if base == name || !strings.HasPrefix(base, ".") {
		return
	}
	f.PreLink = f.PreLink || strings.Contains(base, "-pre-link.")
	f.PostLink = f.PostLink || strings.Contains(base, "-post-link.")
	f.PreUnlink = f.PreUnlink || strings.Contains(base, "-pre-unlink.")
}

// complete verifies that the payload holds every file that is listed: a
// client that installs the package would fail on the first one missing.
func (p *pathsReader) complete(seen *census) error {
	missing := 0
	for _, h := range p.files {
		if !seen.has(h) {
			missing++
		}
	}
	if missing > 0 {
		return refuse(CodeMissingPayload, pathsPath, "%d of the %d files listed are not in the package, so no client could install it", missing, len(p.files))
	}
	return nil
}
