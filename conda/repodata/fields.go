package repodata

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// fields are the values of a JSON object by their exact keys. Decoding into a
// struct would also match keys of another case, so that a package could show a
// different name here than to the clients.
type fields struct {
	values map[string]json.RawMessage
	err    error // the first failure of get or require
}

func parseFields(data []byte) (*fields, error) {
	f := new(fields)
	if err := json.Unmarshal(data, &f.values); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if f.values == nil {
		return nil, fmt.Errorf("%w: want a JSON object, got null", ErrInvalid)
	}
	return f, nil
}

// get decodes the value of key and reports whether there is one. Null is none.
func (f *fields) get(key string, into any) bool {
	value, ok := f.values[key]
	if !ok || string(value) == "null" {
		return false
	}
	if text, ok := into.(*string); ok {
		if plain, ok := plainText(value); ok {
			*text = plain
			return true
		}
	}
	if err := json.Unmarshal(value, into); err != nil {
		f.fail(fmt.Errorf("%s: %w", key, err))
	}
	return true
}

// plainText gives the text of a JSON string that says it in its own letters, as nearly all do. The value is valid JSON.
func plainText(value json.RawMessage) (string, bool) {
	if len(value) < 2 || value[0] != '"' || bytes.IndexByte(value, '\\') >= 0 || !utf8.Valid(value) {
		return "", false
	}
	return string(value[1 : len(value)-1]), true
}

// require is get for a value that must be there.
func (f *fields) require(key string, into any) {
	if !f.get(key, into) {
		f.fail(fmt.Errorf("%s is missing", key))
	}
}

func (f *fields) fail(err error) {
	if f.err == nil {
		f.err = fmt.Errorf("%w: %w", ErrInvalid, err)
	}
}

// checkMD5 requires that a field is a digest in hexadecimal.
func (f *fields) checkMD5(key, text string) {
	if sum, err := hex.DecodeString(text); err != nil || len(sum) != 16 {
		f.fail(fmt.Errorf("%s is not 16 bytes in hexadecimal", key))
	}
}

// isPurl reports whether text is a package URL of a form that no parser
// refuses: pkg:type/name, with any namespaces, version, qualifiers and subpath,
// and no escapes but for ASCII characters.
func isPurl(text string) bool {
	if !purlSyntax.MatchString(text) {
		return false
	}
	_, qualifiers, _ := strings.Cut(text, "?")
	qualifiers, _, _ = strings.Cut(qualifiers, "#")
	seen := make(map[string]bool)
	for qualifier := range strings.SplitSeq(qualifiers, "&") {
		key, _, _ := strings.Cut(qualifier, "=")
		if seen[key] {
			return false
		}
		seen[key] = true
	}
	return true
}

var purlSyntax = func() *regexp.Regexp {
	const segment = `/(?:[A-Za-z0-9._~+:@-]|%[2-7][0-9A-Fa-f])+`
	const value = `(?:[A-Za-z0-9._~+:/-]|%[2-7][0-9A-Fa-f])+`
	const qualifier = `[a-z][a-z0-9._-]*=` + value
	return regexp.MustCompile(`^pkg:[a-z][a-z0-9.+-]*(?:` + segment + `)+(?:\?` + qualifier + `(?:&` + qualifier + `)*)?(?:#` + value + `)?$`)
}()

// noarch accepts every spelling of "noarch" that index.json files have used.
type noarch string

func (n *noarch) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "false":
		*n = ""
	case "true", `"generic"`:
		*n = "generic"
	case `"python"`:
		*n = "python"
	default:
		return fmt.Errorf(`want "generic" or "python", got %.40s`, data)
	}
	return nil
}

// features accepts a list, or one string with commas or spaces between, as
// conda does.
type features []string

func (f *features) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] != '"' {
		return json.Unmarshal(data, (*[]string)(f))
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	*f = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	return nil
}
