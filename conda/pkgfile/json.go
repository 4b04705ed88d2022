package pkgfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// checkJSON verifies that data is one strict JSON value: valid UTF-8, no
// unpaired surrogates, no key twice in an object, bounded nesting and numbers
// that fit into a double. Parsers differ in all of these, and the metadata of
// a package is read by many.
func checkJSON(member string, data []byte, lim Limits) error {
	if !utf8.Valid(data) {
		return refuse(CodeInvalidUTF8, member, "the file is not valid UTF-8")
	}
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		return refuse(CodeBadJSON, member, "the file starts with a byte order mark; write it without one")
	}
	if !json.Valid(data) {
		return badJSON(member, data, lim)
	}
	w := jsonWalk{member: member, maxDepth: lim.MaxDepth}
	if err := w.walk(data); err != nil {
		return err
	}
	if !pairedSurrogates(data) {
		return refuse(CodeInvalidUTF8, member, "a string has half of a \\u surrogate pair")
	}
	return nil
}

// badJSON says what is wrong with data that is not valid JSON. What else is wrong before that comes first.
func badJSON(member string, data []byte, lim Limits) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	for depth, values := 0, 0; ; {
		tok, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF) && values > 0 && depth == 0:
			return refuse(CodeBadJSON, member, "not valid JSON")
		case err != nil:
			return refuse(CodeBadJSON, member, "not valid JSON: %s", jsonMessage(err))
		case values > 0 && depth == 0:
			return refuse(CodeBadJSON, member, "there is more than one JSON value in the file")
		}
		switch tok {
		case json.Delim('{'), json.Delim('['):
			if depth++; depth > lim.MaxDepth {
				return refuse(CodeTooDeep, member, "the JSON is nested more than %d levels deep", lim.MaxDepth)
			}
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			values++
		}
	}
}

func jsonMessage(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	return err.Error()
}

func checkNumber(member, text string) error {
	const longest = 40
	if len(text) > longest {
		return refuse(CodeBadNumber, member, "a number has more than %d digits", longest)
	}
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		return refuse(CodeBadNumber, member, "the number %s is out of range", text)
	}
	return nil
}

// pairedSurrogates scans valid JSON for \u escapes of half a surrogate pair.
func pairedSurrogates(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		i++
		if data[i] != 'u' {
			continue
		}
		unit := hex4(data[i+1:])
		i += 4
		switch {
		case unit >= 0xdc00 && unit < 0xe000:
			return false
		case unit >= 0xd800 && unit < 0xdc00:
			rest := data[i+1:]
			if len(rest) < 6 || rest[0] != '\\' || rest[1] != 'u' || hex4(rest[2:])>>10 != 0xdc00>>10 {
				return false
			}
			i += 6
		}
	}
	return true
}

func hex4(b []byte) uint64 {
	v, err := strconv.ParseUint(string(b[:4]), 16, 32)
	if err != nil {
		return 0
	}
	return v
}

// object is a JSON object by its exact keys. Decoding into a struct would
// match keys without regard to case, so that "Name" could override "name".
type object struct {
	member string
	fields map[string]json.RawMessage
}

// parseObject checks data strictly and returns its top-level object.
func parseObject(member string, data []byte, lim Limits) (object, error) {
	if err := checkJSON(member, data, lim); err != nil {
		return object{}, err
	}
	o := object{member: member}
	if err := json.Unmarshal(data, &o.fields); err != nil || o.fields == nil {
		return object{}, refuse(CodeBadJSON, member, "the file must hold a JSON object")
	}
	return o, nil
}

// raw returns a field that is present and not null.
func (o object) raw(key string) (json.RawMessage, bool) {
	v, ok := o.fields[key]
	return v, ok && string(v) != "null"
}

// text returns a string field.
func (o object) text(key string) (string, bool, error) {
	v, ok := o.raw(key)
	if !ok {
		return "", false, nil
	}
	var s string
	if err := json.Unmarshal(v, &s); err != nil {
		return "", false, o.wrong(key, "a string")
	}
	return s, true, nil
}

// integer returns a field that is a whole number.
func (o object) integer(key string) (int64, bool, error) {
	v, ok := o.raw(key)
	if !ok {
		return 0, false, nil
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		return 0, false, o.wrong(key, "a whole number")
	}
	return n, true, nil
}

// texts returns a field that is a list of strings.
func (o object) texts(key string) ([]string, bool, error) {
	v, ok := o.raw(key)
	if !ok {
		return nil, false, nil
	}
	list, ok := stringList(v)
	if !ok {
		return nil, false, o.wrong(key, "a list of strings")
	}
	return list, true, nil
}

// stringList decodes a list of strings; a null in it is not a string.
func stringList(v json.RawMessage) ([]string, bool) {
	var items []*string
	if err := json.Unmarshal(v, &items); err != nil || items == nil {
		return nil, false
	}
	list := make([]string, len(items))
	for i, s := range items {
		if s == nil {
			return nil, false
		}
		list[i] = *s
	}
	return list, true
}

func (o object) wrong(key, want string) error {
	return refuse(CodeBadField, o.member, "%q must be %s", key, want)
}

// messageOf returns the message of a refusal without its member and code.
func messageOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return strings.TrimSpace(err.Error())
}
