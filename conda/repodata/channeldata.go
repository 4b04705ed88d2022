package repodata

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"kingsnake/conda/version"
)

// ChannelData builds channeldata.json (CEP 38) from the facts of all files of
// a channel. Of each package it tells, field by field, what the file with the
// newest version says that says something; of equal versions that with the
// latest timestamp, then that in the greatest subdir, then the last one added.
// Flags are those that any of the files has. The zero value is an empty
// channel, ready to use.
type ChannelData struct {
	subdirs  map[string]bool
	packages map[string]*channelPackage
}

// channelPackage is what is known of all files of one name.
type channelPackage struct {
	texts      map[string]ranked // by key, values as they are encoded
	runExports map[string]ranked // by version
	flags      Flags
	subdirs    map[string]bool
	timestamp  int64 // seconds
}

// ranked is a value with the rank of the file that it comes from.
type ranked struct {
	value any
	rank  rank
}

// rank orders files by how much their word counts.
type rank struct {
	version   version.Version
	timestamp int64
	subdir    string
}

func (r rank) less(s rank) bool {
	if c := version.Compare(r.version, s.version); c != 0 {
		return c < 0
	}
	if r.timestamp != s.timestamp {
		return r.timestamp < s.timestamp
	}
	return r.subdir < s.subdir
}

// AddSubdir lists a subdir that may have no files.
func (c *ChannelData) AddSubdir(subdir string) {
	if c.subdirs == nil {
		c.subdirs = make(map[string]bool)
	}
	c.subdirs[subdir] = true
}

// Add takes in the facts of one file. It fails, wrapping [ErrInvalid], and
// leaves them out, if the name is empty or the version cannot be parsed.
func (c *ChannelData) Add(f Facts) error {
	v, err := version.Parse(f.Version)
	if err != nil {
		return fmt.Errorf("%w: facts of %q: %w", ErrInvalid, f.Name, err)
	}
	if f.Name == "" || f.Subdir == "" {
		return fmt.Errorf("%w: facts without a name or a subdir", ErrInvalid)
	}
	c.AddSubdir(f.Subdir)
	p := c.packages[f.Name]
	if p == nil {
		p = &channelPackage{
			texts:      make(map[string]ranked),
			runExports: make(map[string]ranked),
			subdirs:    make(map[string]bool),
		}
		if c.packages == nil {
			c.packages = make(map[string]*channelPackage)
		}
		c.packages[f.Name] = p
	}
	p.add(f, rank{version: v, timestamp: seconds(f.Timestamp), subdir: f.Subdir})
	return nil
}

func (p *channelPackage) add(f Facts, r rank) {
	for _, text := range []struct{ key, value string }{
		{"version", f.Version},
		{"summary", f.Summary},
		{"description", f.Description},
		{"license", f.License},
		{"home", f.Home},
		{"dev_url", f.DevURL},
		{"doc_url", f.DocURL},
		{"doc_source_url", f.DocSourceURL},
		{"source_git_url", f.SourceGitURL},
	} {
		if text.value != "" {
			keepNewest(p.texts, text.key, ranked{text.value, r})
		}
	}
	for _, list := range []struct {
		key    string
		values []string
	}{
		{"source_url", f.SourceURL},
		{"identifiers", f.Identifiers},
		{"keywords", f.Keywords},
		{"tags", f.Tags},
	} {
		switch {
		case len(list.values) == 1 && list.key == "source_url":
			keepNewest(p.texts, list.key, ranked{list.values[0], r})
		case len(list.values) > 0:
			keepNewest(p.texts, list.key, ranked{list.values, r})
		}
	}
	if len(f.RunExports) > 0 {
		keepNewest(p.runExports, f.Version, ranked{f.RunExports, r})
	}
	p.flags.BinaryPrefix = p.flags.BinaryPrefix || f.BinaryPrefix
	p.flags.TextPrefix = p.flags.TextPrefix || f.TextPrefix
	p.flags.ActivateD = p.flags.ActivateD || f.ActivateD
	p.flags.DeactivateD = p.flags.DeactivateD || f.DeactivateD
	p.flags.PreLink = p.flags.PreLink || f.PreLink
	p.flags.PostLink = p.flags.PostLink || f.PostLink
	p.flags.PreUnlink = p.flags.PreUnlink || f.PreUnlink
	p.subdirs[f.Subdir] = true
	p.timestamp = max(p.timestamp, r.timestamp)
}

func keepNewest(values map[string]ranked, key string, v ranked) {
	if old, ok := values[key]; !ok || !v.rank.less(old.rank) {
		values[key] = v
	}
}

// lastSecond is the last one of the year 9999, in seconds since 1970. Builders
// write timestamps in milliseconds and once wrote seconds; a greater number is
// in milliseconds, as conda's own tools judge.
const lastSecond = 253402300799

// seconds converts a timestamp of a record.
func seconds(timestamp int64) int64 {
	if timestamp > lastSecond {
		return timestamp / 1000
	}
	return timestamp
}

// Encode writes channeldata.json to w: compact, with sorted keys.
func (c *ChannelData) Encode(w io.Writer) error {
	packages := make(map[string]map[string]any, len(c.packages))
	for name, p := range c.packages {
		packages[name] = p.fields()
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	err := enc.Encode(map[string]any{
		"channeldata_version": 1,
		"packages":            packages,
		"subdirs":             sortedKeys(c.subdirs),
	})
	if err != nil {
		return fmt.Errorf("writing channeldata.json: %w", err)
	}
	return nil
}

func (p *channelPackage) fields() map[string]any {
	out := map[string]any{
		"binary_prefix": p.flags.BinaryPrefix,
		"text_prefix":   p.flags.TextPrefix,
		"activate.d":    p.flags.ActivateD,
		"deactivate.d":  p.flags.DeactivateD,
		"pre_link":      p.flags.PreLink,
		"post_link":     p.flags.PostLink,
		"pre_unlink":    p.flags.PreUnlink,
		"subdirs":       sortedKeys(p.subdirs),
		"timestamp":     p.timestamp,
	}
	for key, text := range p.texts {
		out[key] = text.value
	}
	runExports := make(map[string]any, len(p.runExports))
	for v, exports := range p.runExports {
		runExports[v] = exports.value
	}
	out["run_exports"] = runExports
	return out
}

// sortedKeys returns a list that is never nil, so that it is encoded as one.
func sortedKeys(set map[string]bool) []string {
	keys := slices.AppendSeq(make([]string, 0, len(set)), maps.Keys(set))
	slices.Sort(keys)
	return keys
}
