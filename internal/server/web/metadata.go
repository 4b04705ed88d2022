package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"kingsnake/internal/registry"
)

// metaKind is how a field of the metadata is written in a form.
type metaKind string

// The kinds of fields: a line, several lines of text, a list with an entry on each line, and JSON.
const (
	metaText  metaKind = "text"
	metaProse metaKind = "prose"
	metaLines metaKind = "lines"
	metaJSON  metaKind = "json"
)

// metaField is one key of the metadata that can be edited. Its name in the form is the key itself.
type metaField struct {
	Key, Label, Hint string
	kind             metaKind
	// Rare tells that the field is seldom edited.
	Rare bool
}

// metaFields are the fields in their order, which are those that the domain lets be edited.
func metaFields() []metaField {
	return []metaField{
		{"depends", "Depends on", "A match spec on each line, such as python >=3.10.", metaLines, false},
		{"constrains", "Constrains", "A match spec on each line: what must not be there in another version.", metaLines, false},
		{"license", "Licence", "As SPDX names it, such as BSD-3-Clause.", metaText, false},
		{"license_family", "Family of the licence", "", metaText, false},
		{"summary", "Summary", "", metaText, false},
		{"description", "Description", "", metaProse, false},
		{"home", "Home page", "", metaText, false},
		{"doc_url", "Documentation", "", metaText, false},
		{"dev_url", "Source code", "", metaText, false},
		{"run_exports", "Run exports", "JSON, such as {\"weak\": [\"libblas >=3\"]}.", metaJSON, true},
		{"extra_depends", "Optional dependencies", "JSON: lists of match specs by the name of the extra.", metaJSON, true},
		{"track_features", "Tracked features", "Names with blanks between them. They make conda prefer other builds.", metaText, true},
		{"features", "Features", "", metaText, true},
		{"purls", "Package URLs", "One on each line.", metaLines, true},
	}
}

// Type is the field's type in a form, Mono tells that it is written in letters of equal width.
func (f metaField) Type() string {
	if f.kind == metaText {
		return "text"
	}
	return "textarea"
}

// Mono tells that the field is written in letters of equal width.
func (f metaField) Mono() bool { return f.kind == metaLines || f.kind == metaJSON }

// text is a value as the form has it. What is not of the field's kind is shown as JSON.
func (f metaField) text(value json.RawMessage) string {
	if len(value) == 0 || string(value) == "null" {
		return ""
	}
	var text string
	if f.kind != metaJSON && json.Unmarshal(value, &text) == nil {
		return text
	}
	var list []string
	if f.kind != metaJSON && json.Unmarshal(value, &list) == nil {
		if f.kind == metaLines {
			return strings.Join(list, "\n")
		}
		return strings.Join(list, " ")
	}
	var out bytes.Buffer
	if json.Indent(&out, value, "", "  ") != nil || out.String() == "{}" || out.String() == "[]" {
		return ""
	}
	return out.String()
}

// parse reads what was typed into the field. Nothing is a value too: an empty one.
func (f metaField) parse(typed string) (json.RawMessage, error) {
	switch f.kind {
	case metaLines:
		lines := []string{}
		for line := range strings.Lines(typed) {
			if line = strings.TrimSpace(line); line != "" {
				lines = append(lines, line)
			}
		}
		return json.Marshal(lines)
	case metaJSON:
		if typed == "" {
			return json.RawMessage("{}"), nil
		}
		if !json.Valid([]byte(typed)) {
			return nil, errors.New("this is not JSON; mind the quotation marks and commas")
		}
		return json.RawMessage(typed), nil
	}
	return json.Marshal(plainText(typed))
}

// metadataTexts are what the index says of a file now, and what the file says itself, as the form has it.
func metadataTexts(f registry.File) (now, original map[string]string, err error) {
	if now, err = fieldTexts(registry.Original{Record: f.Record, RunExports: f.RunExports, Facts: f.Facts}); err != nil {
		return nil, nil, fmt.Errorf("metadata of %s: %w", f.CKey(), err)
	}
	if f.Original == nil {
		return now, now, nil
	}
	if original, err = fieldTexts(*f.Original); err != nil {
		return nil, nil, fmt.Errorf("metadata of %s: %w", f.CKey(), err)
	}
	return now, original, nil
}

// fieldTexts are the fields of what is said of a file: from its record or, where that does not know them, from its facts.
func fieldTexts(of registry.Original) (map[string]string, error) {
	var record, facts map[string]json.RawMessage
	for raw, to := range map[*json.RawMessage]*map[string]json.RawMessage{&of.Record: &record, &of.Facts: &facts} {
		if len(*raw) == 0 {
			continue
		}
		if err := json.Unmarshal(*raw, to); err != nil {
			return nil, err
		}
	}
	out := map[string]string{}
	for _, f := range metaFields() {
		value, known := record[f.Key]
		switch {
		case f.Key == "run_exports":
			value = of.RunExports
		case !known:
			value = facts[f.Key]
		}
		out[f.Key] = f.text(value)
	}
	return out, nil
}
