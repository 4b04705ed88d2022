package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"kingsnake/internal/access"
)

// eventFacts are what an event was done to, by its name where it has one, and its further facts, "Name: value", in the
// order of their names. Programs read the audit as JSON; here it is put into words, without the ids that only programs
// use and without what the target says already.
func eventFacts(target, data string) (shown string, out []string) {
	var facts map[string]any
	if err := json.Unmarshal([]byte(data), &facts); err != nil {
		return target, nil
	}
	if words, changed := changeWords("", facts); changed {
		out = append(out, "Changed: "+words)
		delete(facts, "from")
		delete(facts, "to")
	}
	if name, named := facts["name"].(string); named && name != "" && isID(target) {
		target = name
	}
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		if said(target, name, facts[name]) {
			continue
		}
		if words := factWords(name, facts[name]); words != "" {
			out = append(out, capital(factName(name))+": "+words)
		}
	}
	return target, out
}

// said tells whether a fact is an id, or says no more than the target does.
func said(target, name string, fact any) bool {
	text, is := fact.(string)
	if !is {
		return false
	}
	switch name {
	case "id", "group_id":
		return true
	case "group":
		return text == target || isID(text)
	case "name":
		return text == target || strings.Contains(target, "/"+text+"-")
	}
	return false
}

// isID tells whether a text is a public id, such as that of a token.
func isID(text string) bool {
	_, err := uuid.Parse(text)
	return err == nil && len(text) == 36
}

// shownHash is how many letters of a hash tell it from others.
const shownHash = 12

// factName words the name of a fact: "name_before" and "MaxUses" are several words.
func factName(name string) string {
	switch name {
	case "CIDRs":
		return "networks"
	case "sha256":
		return "SHA-256"
	case "quota_bytes":
		return "quota"
	case "expires_at":
		return "expires"
	}
	var b strings.Builder
	after := false
	for _, r := range name {
		switch {
		case r == '_':
			r = ' '
		case unicode.IsUpper(r) && after:
			b.WriteByte(' ')
		}
		after = unicode.IsLower(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// factWords words one fact; one that says nothing, such as an empty list, has no words.
func factWords(name string, value any) string {
	switch v := value.(type) {
	case string:
		if name == "sha256" && len(v) > shownHash {
			return v[:shownHash] + "…"
		}
		if name == "privacy" {
			return privacyOf(access.Privacy(v)).Label
		}
		return instantWords(v)
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case float64:
		if name == "quota_bytes" && v == 0 {
			return "no limit"
		}
		if name == "size" || name == "bytes" || strings.HasSuffix(name, "_bytes") {
			return humanSize(int64(v))
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		words := make([]string, len(v))
		for i, x := range v {
			words[i] = factWords(name, x)
		}
		return strings.Join(words, ", ")
	case map[string]any:
		if words, changed := changeWords(name, v); changed {
			return words
		}
		return mapWords(name, v)
	}
	return ""
}

// mapWords words a fact of several parts. What somebody may do where is said in that order.
func mapWords(name string, parts map[string]any) string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(parts)) {
		words := factWords(key, parts[key])
		switch {
		case words == "" || words == "0":
		case name == "resources":
			out = append(out, words+" "+key)
		case name == "levels":
			out = append(out, key+" "+words)
		case name == "claims":
			out = append(out, key+" = "+words)
		default:
			out = append(out, factName(key)+": "+words)
		}
	}
	return strings.Join(out, "; ")
}

// changeWords words what was and what came. Of facts with several parts only those are named that differ. Two names, as
// of who hands a token over to whom, are no change.
func changeWords(name string, v map[string]any) (string, bool) {
	from, hadFrom := v["from"]
	to, hadTo := v["to"]
	_, named := from.(string)
	if !hadFrom || !hadTo || name == "" && named || name != "" && len(v) != 2 {
		return "", false
	}
	before, parted := from.(map[string]any)
	after, both := to.(map[string]any)
	if !parted || !both {
		return orNothing(factWords(name, from)) + " → " + orNothing(factWords(name, to)), true
	}
	keys := maps.Clone(before)
	maps.Copy(keys, after)
	var out []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if was, is := factWords(key, before[key]), factWords(key, after[key]); was != is {
			out = append(out, fmt.Sprintf("%s: %s → %s", factName(key), orNothing(was), orNothing(is)))
		}
	}
	return orNothing(strings.Join(out, "; ")), true
}

func orNothing(words string) string {
	if words == "" {
		return "nothing"
	}
	return words
}

// instantWords words a time of the audit to the second, and the zero time not at all; what is no time stays as it is.
func instantWords(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	switch {
	case err != nil:
		return text
	case at.IsZero():
		return ""
	}
	return at.UTC().Format("2006-01-02 15:04:05 UTC")
}
