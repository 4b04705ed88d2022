package repodata

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"
)

// unpacker converts msgpack to canonical JSON. Byte strings become hexadecimal
// text, which is how repodata.json spells every hash. Values that JSON or a
// record cannot hold (extensions, times, infinities, maps with other keys than
// strings) are errors.
type unpacker struct {
	src     []byte
	out     []byte
	members []member // of all the maps that are open, outermost first
}

func (u *unpacker) value(depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: nested more than %d deep", ErrInvalid, maxDepth)
	}
	switch kind := msgp.NextType(u.src); kind {
	case msgp.MapType:
		return u.object(depth, "")
	case msgp.ArrayType:
		return u.array(depth)
	case msgp.StrType:
		s, err := u.text()
		u.out = appendJSONString(u.out, s)
		return err
	case msgp.BinType:
		b, rest, err := msgp.ReadBytesZC(u.src)
		u.out, u.src = append(hex.AppendEncode(append(u.out, '"'), b), '"'), rest
		return malformed(err)
	case msgp.Float32Type, msgp.Float64Type:
		return u.float(kind)
	default:
		return u.scalar(kind)
	}
}

// object converts a map. The value of the key except, if there is one, is left
// out; its msgpack can be read from the input by the caller.
func (u *unpacker) object(depth int, except string) error {
	n, err := u.mapHeader()
	if err != nil {
		return err
	}
	u.out = append(u.out, '{')
	base := len(u.members)
	for range n {
		m := member{start: len(u.out)}
		if m.key, err = u.text(); err != nil {
			return err
		}
		u.out = append(appendJSONString(u.out, m.key), ':')
		if err := u.value(depth + 1); err != nil {
			return fmt.Errorf("%.40q: %w", m.key, err)
		}
		u.out = append(u.out, ',')
		if except != "" && string(m.key) == except {
			u.out = u.out[:m.start]
			continue
		}
		m.end = len(u.out)
		u.members = append(u.members, m)
	}
	if len(u.members) > base {
		u.out, _ = sortMembers(u.out, u.members[base:])
	}
	u.members = u.members[:base]
	u.out = append(bytes.TrimSuffix(u.out, []byte(",")), '}')
	return nil
}

func (u *unpacker) array(depth int) error {
	n, rest, err := msgp.ReadArrayHeaderBytes(u.src)
	if err != nil {
		return malformed(err)
	}
	u.src = rest
	u.out = append(u.out, '[')
	for i := range n {
		if i > 0 {
			u.out = append(u.out, ',')
		}
		if err := u.value(depth + 1); err != nil {
			return err
		}
	}
	u.out = append(u.out, ']')
	return nil
}

func (u *unpacker) scalar(kind msgp.Type) (err error) {
	switch kind {
	case msgp.NilType:
		u.src, err = msgp.ReadNilBytes(u.src)
		u.out = append(u.out, "null"...)
	case msgp.BoolType:
		var b bool
		b, u.src, err = msgp.ReadBoolBytes(u.src)
		u.out = strconv.AppendBool(u.out, b)
	case msgp.UintType:
		var n uint64
		n, u.src, err = msgp.ReadUint64Bytes(u.src)
		u.out = strconv.AppendUint(u.out, n, 10)
	case msgp.IntType:
		var n int64
		n, u.src, err = msgp.ReadInt64Bytes(u.src)
		u.out = strconv.AppendInt(u.out, n, 10)
	default:
		return fmt.Errorf("%w: msgpack value of type %s", ErrInvalid, kind)
	}
	return malformed(err)
}

func (u *unpacker) float(kind msgp.Type) error {
	var f float64
	var err error
	if kind == msgp.Float32Type {
		var narrow float32
		narrow, u.src, err = msgp.ReadFloat32Bytes(u.src)
		f = float64(narrow)
	} else {
		f, u.src, err = msgp.ReadFloat64Bytes(u.src)
	}
	if err != nil {
		return malformed(err)
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Errorf("%w: the number %v has no JSON form", ErrInvalid, f)
	}
	start := len(u.out)
	u.out = strconv.AppendFloat(u.out, f, 'g', -1, 64)
	if !bytes.ContainsAny(u.out[start:], ".e") {
		// Without a fraction the reader would take it for an integer.
		u.out = append(u.out, ".0"...)
	}
	return nil
}

// mapHeader reads the number of entries of a map.
func (u *unpacker) mapHeader() (uint32, error) {
	n, rest, err := msgp.ReadMapHeaderBytes(u.src)
	if err != nil {
		return 0, malformed(err)
	}
	u.src = rest
	return n, nil
}

// text reads a string, which aliases the input.
func (u *unpacker) text() ([]byte, error) {
	s, rest, err := msgp.ReadStringZC(u.src)
	if err != nil {
		return nil, malformed(err)
	}
	if !utf8.Valid(s) {
		return nil, fmt.Errorf("%w: string %.20q is not UTF-8", ErrInvalid, s)
	}
	u.src = rest
	return s, nil
}

func malformed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: msgpack: %w", ErrInvalid, err)
}
