package repodata

import (
	"encoding/json"
	"strings"
)

// Flags say what installing a package does besides putting files in place. An
// index tool computes them from info/paths.json (CEP 34).
type Flags struct {
	// BinaryPrefix and TextPrefix: a file has the install prefix written into
	// it, in binary or in text mode.
	BinaryPrefix bool `json:"binary_prefix,omitempty"`
	TextPrefix   bool `json:"text_prefix,omitempty"`
	// ActivateD and DeactivateD: there are scripts for activation.
	ActivateD   bool `json:"activate.d,omitempty"`
	DeactivateD bool `json:"deactivate.d,omitempty"`
	// PreLink, PostLink and PreUnlink: there are link scripts.
	PreLink   bool `json:"pre_link,omitempty"`
	PostLink  bool `json:"post_link,omitempty"`
	PreUnlink bool `json:"pre_unlink,omitempty"`
}

// Facts are what channeldata.json (CEP 38) needs to know of one package file.
// Their JSON form is compact and meant to be stored with the file.
type Facts struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Subdir  string `json:"subdir"`
	// Timestamp is that of the record, usually in milliseconds since 1970.
	Timestamp int64 `json:"timestamp,omitempty"`

	Summary      string   `json:"summary,omitempty"`
	Description  string   `json:"description,omitempty"`
	License      string   `json:"license,omitempty"`
	Home         string   `json:"home,omitempty"`
	DevURL       string   `json:"dev_url,omitempty"`
	DocURL       string   `json:"doc_url,omitempty"`
	DocSourceURL string   `json:"doc_source_url,omitempty"`
	SourceURL    []string `json:"source_url,omitempty"`
	SourceGitURL string   `json:"source_git_url,omitempty"`
	Identifiers  []string `json:"identifiers,omitempty"`
	Keywords     []string `json:"keywords,omitempty"`
	Tags         []string `json:"tags,omitempty"`

	// RunExports are those of [BuildRunExports]; nil if there are none.
	RunExports json.RawMessage `json:"run_exports,omitempty"`
	Flags
}

// NewFacts collects the facts of a file from its record, its info/about.json
// (which may be nil), its run exports in the form of [BuildRunExports] (which may be nil) and its
// flags. It fails, wrapping [ErrInvalid], only if about is not a JSON object:
// what about.json says only informs, so that a value of an unusual type is left
// out rather than refused.
func NewFacts(r Record, about, runExports json.RawMessage, flags Flags) (Facts, error) {
	f := Facts{
		Name: r.Name, Version: r.Version, Subdir: r.Subdir, Timestamp: r.Timestamp,
		License: r.License, Flags: flags,
	}
	if len(runExports) > 0 && string(runExports) != "{}" {
		f.RunExports = runExports
	}
	if len(about) == 0 {
		return f, nil
	}
	from, err := parseFields(about)
	if err != nil {
		return Facts{}, err
	}
	if f.License == "" {
		f.License = from.line("license")
	}
	f.Summary = from.line("summary")
	f.Description = from.line("description")
	f.Home = from.first("home")
	f.DevURL = from.first("dev_url")
	f.DocURL = from.first("doc_url")
	f.DocSourceURL = from.first("doc_source_url")
	f.SourceURL = from.list("source_url")
	f.SourceGitURL = from.first("source_git_url")
	f.Identifiers = from.list("identifiers")
	f.Keywords = from.list("keywords")
	f.Tags = from.list("tags")
	return f, nil
}

// list returns the strings of a value that is a string or a list of strings,
// leaving out empty ones.
func (f *fields) list(key string) []string {
	var one string
	var many []string
	value := f.values[key]
	if len(value) == 0 {
		return nil
	}
	if plain, ok := plainText(value); ok {
		many = []string{plain}
	} else if json.Unmarshal(value, &one) == nil {
		many = []string{one}
	} else if json.Unmarshal(value, &many) != nil {
		return nil
	}
	var out []string
	for _, s := range many {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// first returns the first of the strings of a value: some builders write lists
// of URLs where channeldata.json has room for one.
func (f *fields) first(key string) string {
	if list := f.list(key); len(list) > 0 {
		return list[0]
	}
	return ""
}

// line returns the text of a value on one line.
func (f *fields) line(key string) string {
	text := strings.TrimSpace(strings.Join(f.list(key), ""))
	return strings.ReplaceAll(text, "\n", " ")
}
