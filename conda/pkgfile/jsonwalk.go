package pkgfile

import "encoding/json"

// jsonWalk goes through valid JSON and looks for what parsers differ in, without making values of it.
type jsonWalk struct {
	member   string
	maxDepth int
	stack    []jsonLevel
}

type jsonLevel struct {
	// keys are those of an object so far, nil in a list.
	keys    map[string]struct{}
	wantKey bool
}

// walk looks at all of a document.
func (w *jsonWalk) walk(data []byte) error {
	for i := 0; i < len(data); {
		switch c := data[i]; {
		case c == '"':
			end := i + stringLength(data[i:])
			if err := w.text(data[i:end]); err != nil {
				return err
			}
			i = end
		case c == '-' || c >= '0' && c <= '9':
			end := i + numberLength(data[i:])
			if err := checkNumber(w.member, string(data[i:end])); err != nil {
				return err
			}
			i = end
		default:
			if err := w.sign(c); err != nil {
				return err
			}
			i++
		}
	}
	return nil
}

// sign takes a character outside of strings and numbers. Those of literals and space say nothing.
func (w *jsonWalk) sign(c byte) error {
	switch c {
	case '{', '[':
		if len(w.stack) >= w.maxDepth {
			return refuse(CodeTooDeep, w.member, "the JSON is nested more than %d levels deep", w.maxDepth)
		}
		level := jsonLevel{}
		if c == '{' {
			level = jsonLevel{keys: map[string]struct{}{}, wantKey: true}
		}
		w.stack = append(w.stack, level)
	case '}', ']':
		w.stack = w.stack[:len(w.stack)-1]
	case ',':
		top := &w.stack[len(w.stack)-1]
		top.wantKey = top.keys != nil
	}
	return nil
}

// text takes a string with its quotes, which may be a key.
func (w *jsonWalk) text(quoted []byte) error {
	if len(w.stack) == 0 {
		return nil
	}
	top := &w.stack[len(w.stack)-1]
	if !top.wantKey {
		return nil
	}
	top.wantKey = false
	key := string(quoted[1 : len(quoted)-1])
	for i := range key {
		if key[i] != '\\' {
			continue
		}
		if err := json.Unmarshal(quoted, &key); err != nil {
			return refuse(CodeBadJSON, w.member, "not valid JSON: %s", jsonMessage(err))
		}
		break
	}
	if _, dup := top.keys[key]; dup {
		return refuse(CodeDuplicateKey, w.member, "the key %q occurs twice in one object", key)
	}
	top.keys[key] = struct{}{}
	return nil
}

// stringLength is how long a string of valid JSON is, with its quotes.
func stringLength(data []byte) int {
	i := 1
	for data[i] != '"' {
		if data[i] == '\\' {
			i++
		}
		i++
	}
	return i + 1
}

// numberLength is how long a number of valid JSON is.
func numberLength(data []byte) int {
	for i, c := range data {
		switch {
		case c >= '0' && c <= '9', c == '-', c == '+', c == '.', c == 'e', c == 'E':
		default:
			return i
		}
	}
	return len(data)
}
