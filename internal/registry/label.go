package registry

import (
	"slices"
	"strings"

	"kingsnake/conda/channel"
)

// maxLabels bounds how many labels one file can carry.
const maxLabels = 32

// Place is a part of a channel's index: a subdir under one label. Its text is the subdir for the label main and
// "label/<label>/<subdir>" for others; the index keeps what it knows of a place under that text. The empty place stands
// for the whole channel, under the label main.
type Place string

// labelPrefix begins every place of a label other than main. No subdir has a slash in it.
const labelPrefix = "label/"

// PlaceOf gives the place of a subdir under a label. An empty label means main.
func PlaceOf(label, subdir string) Place {
	if label == "" || label == channel.DefaultLabel {
		return Place(subdir)
	}
	return Place(labelPrefix + label + "/" + subdir)
}

// Label is the place's label.
func (p Place) Label() string {
	if rest, ok := strings.CutPrefix(string(p), labelPrefix); ok {
		return rest[:max(strings.LastIndexByte(rest, '/'), 0)]
	}
	return channel.DefaultLabel
}

// Subdir is the place's subdir.
func (p Place) Subdir() string { return string(p)[strings.LastIndexByte(string(p), '/')+1:] }

// IsMain tells whether the place belongs to the label main.
func (p Place) IsMain() bool { return !strings.HasPrefix(string(p), labelPrefix) }

// Labelled is the place of another subdir under the same label.
func (p Place) Labelled(subdir string) Place { return PlaceOf(p.Label(), subdir) }

// file names a file of the place, for the feed.
func (p Place) file(filename string) string { return string(p) + "/" + filename }

// SplitFile is the place and the name of a file that changed, as the feed names it. The name is empty where all files of
// the place may have changed.
func SplitFile(name string) (Place, string) {
	i := strings.LastIndexByte(name, '/')
	if i < 0 {
		return Place(name), ""
	}
	return Place(name[:i]), name[i+1:]
}

// ParseLabels checks the labels that a file is to carry and gives them sorted, each once. None at all means main.
func ParseLabels(labels []string) ([]string, error) {
	if len(labels) == 0 {
		return []string{channel.DefaultLabel}, nil
	}
	out := slices.Clone(labels)
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) > maxLabels {
		return nil, invalid("labels", "a file carries at most %d labels", maxLabels)
	}
	for _, l := range out {
		if err := channel.ValidateLabel(l); err != nil {
			return nil, invalid("labels", "%v", err)
		}
	}
	return out, nil
}

// joinLabels gives the labels of both lists, sorted.
func joinLabels(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// Main tells whether the file carries the label main. A file whose labels nobody set does.
func (f File) Main() bool {
	return len(f.Labels) == 0 || slices.Contains(f.Labels, channel.DefaultLabel)
}

// OtherLabels are the file's labels besides main.
func (f File) OtherLabels() []string {
	return slices.DeleteFunc(slices.Clone(f.Labels), func(l string) bool { return l == channel.DefaultLabel })
}

// URLLabel is the label under which the file can be fetched, empty for main.
func (f File) URLLabel() string {
	if f.Main() {
		return ""
	}
	return f.Labels[0]
}
