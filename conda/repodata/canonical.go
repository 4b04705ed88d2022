package repodata

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxDepth bounds the nesting of JSON and msgpack values. Real records nest
// four deep; the bound keeps recursion shallow whatever a package contains.
const maxDepth = 64

// Canonicalize returns the JSON object data in the form that this package
// stores and joins: compact, keys sorted by their bytes at every level, of
// duplicate keys only the last, numbers spelled as they were, UTF-8 with
// nothing escaped that need not be. It fails, wrapping [ErrInvalid], if data
// is not one JSON object or could not be put into a shard.
func Canonicalize(data []byte) (json.RawMessage, error) {
	fields, err := decodeObject(data)
	if err != nil {
		return nil, err
	}
	return encodeObject(fields)
}

// decodeObject parses exactly one JSON object, keeping numbers as literals.
func decodeObject(data []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var fields map[string]any
	if err := dec.Decode(&fields); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if fields == nil {
		return nil, fmt.Errorf("%w: want a JSON object, got null", ErrInvalid)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: data after the JSON object", ErrInvalid)
	}
	return fields, nil
}

// encodeObject is the inverse of decodeObject. It also proves that the object
// can be put into a shard, so that a record accepted once can always be served.
func encodeObject(fields map[string]any) (json.RawMessage, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(fields); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	out := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	var p packer
	if err := p.record(out, nil); err != nil {
		return nil, err
	}
	return out, nil
}

// appendJSONString appends s as a JSON string literal. Names of conda packages
// need no escaping, so that the common case is a copy.
func appendJSONString[T string | []byte](b []byte, s T) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			plain = false
			break
		}
	}
	if plain {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	// Encoding a string to memory cannot fail: invalid UTF-8 is replaced.
	_ = enc.Encode(string(s))
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}
