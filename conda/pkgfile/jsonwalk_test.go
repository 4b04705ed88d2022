package pkgfile

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// TestCheckJSON judges documents that parsers understand differently, and some like them that all understand.
func TestCheckJSON(t *testing.T) {
	lim := Limits{MaxDepth: 4}
	for data, want := range map[string]Code{
		`{}`:                             "",
		` [1, -2.5e+3, "a", null, true]`: "",
		`"alone"`:                        "",
		`12`:                             "",
		`{"a": 1, "b": {"a": 1}, "c": [{"a": 1}, {"a": 2}]}`: "",
		`{"a": "a", "b": "b", "c": "a"}`:                     "",
		`{"a": "\"a\": 1, \\", "b": ["a", "a"]}`:             "",
		`{"a": [], "a": 1}`:                                  CodeDuplicateKey,
		`{"a": {"x": [1], "y": 2, "x": 3}}`:                  CodeDuplicateKey,
		`[1, {"a": "}", "b": 2, "\u0061": 3}]`:               CodeDuplicateKey,
		`{"\"": 1, "\u0022": 3}`:                             CodeDuplicateKey,
		`{"a\\": 1, "a\\\\": 3}`:                             "",
		`[[[[]]]]`:                                           "",
		`[[[[[]]]]]`:                                         CodeTooDeep,
		`[[[[[`:                                              CodeTooDeep,
		strings.Repeat("[", 20_000):                          CodeTooDeep,
		`[[[[`:                                               CodeBadJSON,
		`{"a": 1e999}`:                                       CodeBadNumber,
		`["1e999", 1e99]`:                                    "",
		strings.Repeat("1", 41):                              CodeBadNumber,
		`"` + strings.Repeat("1", 41) + `"`:                  "",
		`{} {}`:                                              CodeBadJSON,
		`1 2`:                                                CodeBadJSON,
		`{"a" 1}`:                                            CodeBadJSON,
		`{"a": 1,}`:                                          CodeBadJSON,
		`{"a": 01}`:                                          CodeBadJSON,
		`]`:                                                  CodeBadJSON,
		``:                                                   CodeBadJSON,
		`"\ud800"`:                                           CodeInvalidUTF8,
		`"\ud83d\ude00"`:                                     "",
	} {
		err := checkJSON("info/index.json", []byte(data), lim)
		var e *Error
		if errors.As(err, &e); err != nil && e == nil {
			t.Errorf("%.60s: %v is no refusal", data, err)
			continue
		}
		var got Code
		if e != nil {
			got = e.Code
		}
		if got != want {
			t.Errorf("%.60s: refused as %q (%v), want %q", data, got, err, want)
		}
	}
}

// FuzzCheckJSON: what is accepted is JSON, and a parser that keeps the last of the keys that are the same loses nothing of it.
func FuzzCheckJSON(f *testing.F) {
	f.Add([]byte(`{"a": {"\u0061": [1, "x"]}, "b": "\\"}`))
	f.Add([]byte(`{"a": 1, "a": 2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		err := checkJSON("info/index.json", data, Limits{MaxDepth: 16})
		var v any
		bad := json.Unmarshal(data, &v)
		if err != nil || bad != nil {
			if err == nil {
				t.Fatalf("accepted, and a parser says: %v", bad)
			}
			return
		}
		var tokens int
		dec := json.NewDecoder(strings.NewReader(string(data)))
		for _, err := dec.Token(); err == nil; _, err = dec.Token() {
			tokens++
		}
		if got := countTokens(v); got != tokens {
			t.Errorf("parsed it has %d tokens, written %d: a key was there twice", got, tokens)
		}
	})
}

// countTokens counts values, keys, and the signs around objects and lists.
func countTokens(v any) int {
	n := 1
	switch v := v.(type) {
	case map[string]any:
		n = 2 + len(v)
		for _, item := range v {
			n += countTokens(item)
		}
	case []any:
		n = 2
		for _, item := range v {
			n += countTokens(item)
		}
	}
	return n
}
