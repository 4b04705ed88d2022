package condaconf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// errCondarc is the answer to a file that has more YAML in it than this package reads.
var errCondarc = errors.New("the channels list is written in a way that is not safe to edit here; edit it by hand or use conda config")

// channelList is the list of channels as it stands in the file: the lines before and after it are kept as they are.
type channelList struct {
	lines []string
	// first and last enclose the lines of the list, the key's line included; first is -1 if there is none.
	first, last int
	// indent stands before the hyphen of an item.
	indent string
	items  []item
	// flow is true for a list in brackets on the key's line.
	flow bool
}

// item is one channel and the line it stands on; all items of a list in brackets share a line.
type item struct {
	channel string
	line    int
}

// addChannels puts urls at the top of the channels list of a .condarc file, in this order, and leaves all else alone.
// Those that the list has already stay where they are.
func addChannels(text string, urls []string) (string, error) {
	list, eol, err := parseCondarc(text)
	if err != nil {
		return "", err
	}
	urls = slices.DeleteFunc(slices.Clone(urls), func(u string) bool { return list.has(u) })
	if len(urls) == 0 {
		return text, nil
	}
	switch {
	case list.flow && len(list.items) > 0:
		before, inside, _ := strings.Cut(list.lines[list.first], "[")
		list.lines[list.first] = before + "[" + strings.Join(urls, ", ") + ", " + strings.TrimLeft(inside, " ")
	case len(list.items) > 0:
		list.insert(list.items[0].line, urls)
	case list.first >= 0:
		list.lines[list.first] = "channels:"
		list.insert(list.first+1, urls)
	default:
		if n := len(list.lines); n > 0 && list.lines[n-1] == "" {
			list.lines = list.lines[:n-1] // The empty string after the last line end.
		}
		list.lines = append(list.lines, "channels:")
		list.insert(len(list.lines), urls)
		list.lines = append(list.lines, "")
	}
	return strings.Join(list.lines, eol), nil
}

// removeChannels takes the channels that drop names from the list, and the list itself when it is empty then.
func removeChannels(text string, drop func(string) bool) (string, error) {
	list, eol, err := parseCondarc(text)
	if err != nil {
		return "", err
	}
	keep := slices.DeleteFunc(slices.Clone(list.items), func(i item) bool { return drop(i.channel) })
	switch {
	case len(keep) == len(list.items):
		return text, nil
	case len(keep) == 0:
		list.lines = slices.Delete(list.lines, list.first, list.last+1)
	case list.flow:
		var names []string
		for _, i := range keep {
			names = append(names, i.channel)
		}
		before, inside, _ := strings.Cut(list.lines[list.first], "[")
		_, after, _ := strings.Cut(inside, "]") // Neither bracket can be within a channel that was read.
		list.lines[list.first] = before + "[" + strings.Join(names, ", ") + "]" + after
	default:
		for _, i := range slices.Backward(list.items) {
			if drop(i.channel) {
				list.lines = slices.Delete(list.lines, i.line, i.line+1)
			}
		}
	}
	return strings.Join(list.lines, eol), nil
}

func (l *channelList) has(channel string) bool {
	return slices.ContainsFunc(l.items, func(i item) bool { return strings.TrimRight(i.channel, "/") == strings.TrimRight(channel, "/") })
}

func (l *channelList) insert(at int, urls []string) {
	lines := make([]string, len(urls))
	for i, u := range urls {
		lines[i] = l.indent + "- " + u
	}
	l.lines = slices.Insert(l.lines, at, lines...)
}

// parseCondarc finds the channels list. It reads the two plain forms that people and conda write, and refuses the rest.
func parseCondarc(text string) (*channelList, string, error) {
	eol := "\n"
	if strings.Contains(text, "\r\n") {
		eol = "\r\n"
	}
	l := &channelList{lines: strings.Split(text, eol), first: -1, indent: "  "}
	documents := 0
	for n, line := range l.lines {
		switch {
		case strings.ContainsAny(line, "\r\n\ufeff") || strings.HasPrefix(line, "{") || line == "...":
			return nil, "", errCondarc
		case strings.HasPrefix(line, "---"):
			if documents++; documents > 1 {
				return nil, "", errCondarc
			}
		case isChannelsKey(line):
			if l.first >= 0 {
				return nil, "", fmt.Errorf("there are two channels lists: %w", errCondarc)
			}
			l.first, l.last = n, n
		}
	}
	if l.first < 0 {
		return l, eol, nil
	}
	_, value, _ := strings.Cut(l.lines[l.first], ":")
	value = withoutComment(value)
	if err := l.parseValue(value); err != nil {
		return nil, "", err
	}
	return l, eol, nil
}

func isChannelsKey(line string) bool {
	for _, key := range []string{"channels", `"channels"`, "'channels'"} {
		if rest, ok := strings.CutPrefix(line, key); ok && strings.HasPrefix(strings.TrimLeft(rest, " "), ":") {
			return true
		}
	}
	return false
}

func (l *channelList) parseValue(value string) error {
	inner, open := strings.CutPrefix(value, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	switch {
	case open && closed:
		return l.parseFlow(inner)
	case value == "":
		return l.parseBlock()
	case value == "null" || value == "~":
		return nil
	}
	return errCondarc
}

// parseFlow reads what stands between brackets.
func (l *channelList) parseFlow(inner string) error {
	l.flow = true
	if strings.TrimSpace(inner) == "" {
		return nil
	}
	for part := range strings.SplitSeq(inner, ",") {
		channel, ok := scalar(part)
		if !ok || strings.ContainsAny(part, "[]{}") {
			return errCondarc
		}
		l.items = append(l.items, item{channel, l.first})
	}
	return nil
}

// parseBlock reads the lines with hyphens below the key. Only such lines, comments and empty lines may stand between
// the first item and the last one.
func (l *channelList) parseBlock() error {
	for n := l.first + 1; n < len(l.lines); n++ {
		line := l.lines[n]
		body := strings.TrimLeft(line, " ")
		indent := line[:len(line)-len(body)]
		if body == "" || strings.HasPrefix(body, "#") {
			continue
		}
		content, isItem := strings.CutPrefix(body, "- ")
		if !isItem {
			if indent != "" || strings.HasPrefix(body, "\t") || body == "-" {
				return errCondarc // A continued line or something nested.
			}
			return nil
		}
		channel, ok := scalar(content)
		if len(l.items) > 0 && indent != l.indent || !ok {
			return errCondarc
		}
		l.indent, l.last = indent, n
		l.items = append(l.items, item{channel, n})
	}
	return nil
}

// scalar reads a plain or simply quoted YAML string on one line.
func scalar(s string) (string, bool) {
	s = withoutComment(s)
	for _, quote := range []string{`"`, "'"} {
		if inner, ok := strings.CutPrefix(s, quote); ok {
			inner, ok = strings.CutSuffix(inner, quote)
			return inner, ok && inner != "" && !strings.ContainsAny(inner, `"'\`)
		}
	}
	if s == "" || strings.ContainsAny(s[:1], "&*!|>%@`{}[],?:#-") || strings.Contains(s, ": ") || strings.HasSuffix(s, ":") {
		return "", false
	}
	return s, true
}

// withoutComment cuts a comment, which begins with a hash after a space.
func withoutComment(s string) string {
	if at := strings.Index(" "+s, " #"); at >= 0 {
		s = s[:at]
	}
	return strings.TrimSpace(s)
}

// AsksForNoTokens reports whether a .condarc file keeps conda from using stored tokens.
func AsksForNoTokens(text []byte) bool {
	for line := range strings.SplitSeq(string(text), "\n") {
		key, value, ok := strings.Cut(line, ":")
		if ok && key == "add_anaconda_token" {
			switch strings.ToLower(withoutComment(strings.TrimRight(value, "\r"))) {
			case "false", "no", "off", "n":
				return true
			}
		}
	}
	return false
}
