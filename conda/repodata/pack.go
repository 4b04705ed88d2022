package repodata

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"
)

// packer converts JSON to msgpack in one pass over the text, without an
// intermediate tree: a shard is rewritten whenever one of its packages changes,
// and a tree of a few thousand records is what that would mostly cost.
//
// The conversion is deterministic: map keys are sorted, of duplicate keys the
// last is kept, integers take the shortest form and floats are 64 bits wide.
// Integers beyond 64 bits become floats, as they do in every msgpack library
// that accepts them.
type packer struct {
	src     []byte
	pos     int
	out     []byte
	members []member // of all the objects that are open, outermost first
}

// record appends the JSON object src, whose "sha256" and "md5" become bytes
// (CEP 16). If runExports is not nil it is added as "run_exports" (CEP 21).
func (p *packer) record(src, runExports []byte) error {
	if err := p.start(src); err != nil {
		return err
	}
	if p.src[p.pos] != '{' {
		return fmt.Errorf("%w: want a JSON object, got %.20q", ErrInvalid, src)
	}
	return p.object(0, runExports)
}

// start makes src the text that is read. The syntax is checked here once, so
// that the methods below may rely on it.
func (p *packer) start(src []byte) error {
	if !json.Valid(src) {
		return fmt.Errorf("%w: not a JSON value: %.20q", ErrInvalid, src)
	}
	p.src, p.pos = src, 0
	p.space()
	return nil
}

func (p *packer) value(depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: nested more than %d deep", ErrInvalid, maxDepth)
	}
	switch p.src[p.pos] {
	case '{':
		return p.object(depth, nil)
	case '[':
		return p.array(depth)
	case '"':
		p.out = msgp.AppendStringFromBytes(p.out, p.text())
	case 't':
		p.out, p.pos = msgp.AppendBool(p.out, true), p.pos+len("true")
	case 'f':
		p.out, p.pos = msgp.AppendBool(p.out, false), p.pos+len("false")
	case 'n':
		p.out, p.pos = msgp.AppendNil(p.out), p.pos+len("null")
	default:
		return p.number()
	}
	return nil
}

func (p *packer) object(depth int, runExports []byte) error {
	start, base := len(p.out), len(p.members)
	for p.next('}') {
		m := member{start: len(p.out)}
		m.key = p.text()
		p.out = msgp.AppendStringFromBytes(p.out, m.key)
		p.space()
		p.pos++ // the colon
		p.space()
		if err := p.field(m.key, depth); err != nil {
			return fmt.Errorf("%.40q: %w", m.key, err)
		}
		m.end = len(p.out)
		p.members = append(p.members, m)
	}
	if runExports != nil {
		m := member{key: []byte("run_exports"), start: len(p.out)}
		p.out = msgp.AppendStringFromBytes(p.out, m.key)
		if err := p.start(runExports); err != nil {
			return fmt.Errorf("run_exports: %w", err)
		}
		if err := p.value(depth + 1); err != nil {
			return fmt.Errorf("run_exports: %w", err)
		}
		m.end = len(p.out)
		p.members = append(p.members, m)
	}
	n := 0
	if len(p.members) > base {
		p.out, n = sortMembers(p.out, p.members[base:])
	}
	p.members = p.members[:base]
	p.insert(start, msgp.AppendMapHeader(make([]byte, 0, 5), uint32(n)))
	return nil
}

// field converts the value of one key of an object.
func (p *packer) field(key []byte, depth int) error {
	if depth > 0 {
		return p.value(depth + 1)
	}
	switch string(key) {
	case "sha256":
		return p.hash(32)
	case "md5":
		return p.hash(16)
	}
	return p.value(depth + 1)
}

func (p *packer) array(depth int) error {
	start, n := len(p.out), 0
	for p.next(']') {
		if err := p.value(depth + 1); err != nil {
			return err
		}
		n++
	}
	p.insert(start, msgp.AppendArrayHeader(make([]byte, 0, 5), uint32(n)))
	return nil
}

// insert puts a header before the elements written since start, whose number
// is known only after they have been read.
func (p *packer) insert(start int, header []byte) {
	p.out = slices.Insert(p.out, start, header...)
}

// next steps over the opening bracket or comma before an element, or over the
// closing bracket, and reports whether there is an element.
func (p *packer) next(closing byte) bool {
	p.space()
	if p.src[p.pos] == closing {
		p.pos++
		return false
	}
	p.pos++
	p.space()
	if p.src[p.pos] == closing {
		p.pos++
		return false
	}
	return true
}

func (p *packer) space() {
	for p.pos < len(p.src) {
		switch p.src[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// text reads a string literal and returns its value, which may alias src.
func (p *packer) text() []byte {
	begin := p.pos
	p.pos++
	n := bytes.IndexByte(p.src[p.pos:], '"')
	if raw := p.src[p.pos : p.pos+n]; bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw) {
		p.pos += n + 1
		return raw
	}
	for p.src[p.pos] != '"' {
		if p.src[p.pos] == '\\' {
			p.pos++
		}
		p.pos++
	}
	p.pos++
	var s string
	// The literal is valid JSON, so that this cannot fail; it also replaces
	// lone surrogates and invalid UTF-8, which msgpack strings must not hold.
	_ = json.Unmarshal(p.src[begin:p.pos], &s)
	return []byte(s)
}

func (p *packer) hash(size int) error {
	if p.src[p.pos] == 'n' {
		return p.value(1)
	}
	if p.src[p.pos] != '"' {
		return fmt.Errorf("%w: want %d bytes in hexadecimal", ErrInvalid, size)
	}
	text := p.text()
	var sum [32]byte
	if len(text) != hex.EncodedLen(size) {
		return fmt.Errorf("%w: want %d bytes in hexadecimal, got %.70q", ErrInvalid, size, text)
	}
	if _, err := hex.Decode(sum[:size], text); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	p.out = msgp.AppendBytes(p.out, sum[:size])
	return nil
}

func (p *packer) number() error {
	begin := p.pos
	for p.pos < len(p.src) && bytes.IndexByte([]byte("+-0123456789.eE"), p.src[p.pos]) >= 0 {
		p.pos++
	}
	text := string(p.src[begin:p.pos])
	if u, err := strconv.ParseUint(text, 10, 64); err == nil {
		p.out = msgp.AppendUint64(p.out, u)
		return nil
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		p.out = msgp.AppendInt64(p.out, i)
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("%w: number %.40s is out of range", ErrInvalid, p.src[begin:p.pos])
	}
	p.out = msgp.AppendFloat64(p.out, f)
	return nil
}
