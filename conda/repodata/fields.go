package repodata

import (
	"encoding/json"
	"fmt"
	"strings"
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
	if err := json.Unmarshal(value, into); err != nil {
		f.fail(fmt.Errorf("%s: %w", key, err))
	}
	return true
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
