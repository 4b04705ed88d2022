package registry

import (
	"context"
	"errors"
	"slices"

	"kingsnake/conda/channel"
	"kingsnake/internal/access"
)

// Selection names files of one channel: one file, those of a version, those of a package or, without a name, all that
// carry a label.
type Selection struct {
	Name, Version, CKey string
	// Label keeps only files that carry it, empty for all.
	Label string
}

// maxSelected bounds the files that one request may change at once; a job does more.
const maxSelected = 1000

// pkg is the package that a selection is limited to, "family/name", empty for none.
func (x Selection) pkg() string {
	if x.Name == "" {
		return ""
	}
	return access.PackageName(FamilyConda, x.Name)
}

// Select gives the files of a selection that a caller may see.
func (s *Packages) Select(ctx context.Context, caller *access.Caller, path string, x Selection) ([]File, error) {
	c, err := s.lookup.onPackage(ctx, s.core, caller, access.ArtifactView, path, x.pkg())
	if err != nil {
		return nil, err
	}
	if c.Type == VirtualChannel {
		return nil, virtualSelection(c)
	}
	files, err := s.selected(ctx, nil, c, x)
	return slices.DeleteFunc(files, func(f File) bool { return f.Filtered != "" }), err
}

func virtualSelection(c Channel) error {
	return invalid("channel", "channel %s is virtual; name the channel that has the packages", c.Path)
}

// selected finds the files of a selection, of which there must be some.
func (s *Packages) selected(ctx context.Context, tx Tx, c Channel, x Selection) ([]File, error) {
	if x.CKey != "" {
		f, err := s.file(ctx, tx, c, x.Name, x.CKey)
		if err == nil && !x.has(f) {
			err = notFound("channel %s has no file %s with the label %s", c.Path, clip(x.CKey, 300), clip(x.Label, 100))
		}
		return []File{f}, err
	}
	last, err := s.packages.LastFile(ctx, tx)
	if err != nil {
		return nil, err
	}
	var out []File
	for r := (FileRange{ChannelID: c.ID, Name: x.Name, Label: x.Label, Through: last}); ; {
		files, err := s.packages.FilesAfter(ctx, tx, r, bulkBatch)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			if x.has(f) {
				out = append(out, f)
			}
			r.After = f.ID
		}
		if len(out) > maxSelected {
			return nil, invalid("files", "more than %d files of channel %s are meant; name a package or a version", maxSelected, c.Path)
		}
		if len(files) == 0 {
			break
		}
	}
	if len(out) == 0 {
		return nil, notFound("channel %s has no such files", c.Path)
	}
	return out, nil
}

// has tells whether a file of the package belongs to the selection.
func (x Selection) has(f File) bool {
	if x.Version != "" && f.Version != x.Version {
		return false
	}
	return x.Label == "" || x.Label == channel.DefaultLabel && f.Main() || slices.Contains(f.Labels, x.Label)
}

// DeleteVersion removes all files of one version of a package, all or none.
func (s *Packages) DeleteVersion(ctx context.Context, caller *access.Caller, path, family, name, version string) error {
	c, err := s.lookup.onPackage(ctx, s.core, caller, access.ArtifactDelete, path, family+"/"+name)
	if err != nil {
		return err
	}
	if err := refuseFrozen(c); err != nil {
		return err
	}
	return s.removing(ctx, caller, c, func(w *work) error {
		files, err := s.selected(ctx, w.tx, c, Selection{Name: name, Version: version})
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := s.remove(ctx, w, c, f, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// Relabel gives files a further label, or takes one away, or both, of all files of a selection or of none. It gives the
// number of files.
func (s *Packages) Relabel(ctx context.Context, caller *access.Caller, path string, x Selection, add, drop string) (n int, err error) {
	c, err := s.lookup.onPackage(ctx, s.core, caller, access.ArtifactEdit, path, x.pkg())
	if err != nil {
		return 0, err
	}
	if err := refuseTarget(c); err != nil {
		return 0, err
	}
	for _, l := range []string{add, drop} {
		if err := channel.ValidateLabel(l); l != "" && err != nil {
			return 0, invalid("labels", "%v", err)
		}
	}
	err = s.write(ctx, caller, func(w *work) error {
		files, err := s.selected(ctx, w.tx, c, x)
		if err != nil {
			return err
		}
		n = len(files)
		for _, f := range files {
			labels, err := f.relabelled(add, drop)
			if err != nil {
				return err
			}
			if err := s.relabel(ctx, w, c, &f, labels); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// relabelled are the file's labels with one more and one less. A file must keep a label: without any it would appear
// under main, where perhaps nobody wants it.
func (f File) relabelled(add, drop string) ([]string, error) {
	labels := f.Labels
	if len(labels) == 0 {
		labels = []string{channel.DefaultLabel}
	}
	if add != "" {
		labels = joinLabels(labels, []string{add})
	}
	if drop != "" {
		labels = slices.DeleteFunc(slices.Clone(labels), func(l string) bool { return l == drop })
	}
	if len(labels) == 0 {
		return nil, conflict("%s carries no label but %s, and a file must carry one; give it another label first, or remove the file", f.CKey(), drop)
	}
	return ParseLabels(labels)
}

// CopyInput says which files to copy where, under which label.
type CopyInput struct {
	Selection
	// Target is the path of the channel that gets them; it may be the same, which then gives the files the label.
	Target, Label string
	// Replace overwrites other files of the same names; Skip leaves those out that are there already.
	Replace, Skip bool
}

// Copy puts files into another channel at once, all of them or none; no bytes are copied. It gives those that came in.
func (s *Packages) Copy(ctx context.Context, caller *access.Caller, path string, in CopyInput) ([]File, error) {
	source, err := s.lookup.onPackage(ctx, s.core, caller, access.ArtifactDownload, path, in.pkg())
	if err != nil {
		return nil, err
	}
	scopes := BulkCopy.targetScopes(in.Replace)
	if in.Target == path {
		scopes = []access.Scope{access.ArtifactEdit}
	}
	var target Channel
	for _, scope := range scopes {
		if target, err = s.lookup.onPackage(ctx, s.core, caller, scope, in.Target, in.pkg()); err != nil {
			return nil, err
		}
	}
	if err := refuseTarget(target); err != nil {
		return nil, err
	}
	if source.Type == VirtualChannel {
		return nil, virtualSelection(source)
	}
	if in.Target == path {
		files, err := s.Select(ctx, caller, path, in.Selection)
		if err == nil {
			_, err = s.Relabel(ctx, caller, path, in.Selection, in.Label, "")
		}
		return files, err
	}
	// The cleanup must not take a blob whose old name ends while its new one begins.
	s.gate.RLock()
	defer s.gate.RUnlock()
	var out []File
	err = s.write(ctx, caller, func(w *work) error {
		files, err := s.selected(ctx, w.tx, source, in.Selection)
		if err != nil {
			return err
		}
		for _, f := range files {
			made, err := s.copyOne(ctx, w, target, f, in)
			if err != nil {
				return err
			}
			out = append(out, made...)
		}
		return nil
	})
	return out, err
}

// copyOne copies one file, and gives it unless there was nothing to do.
func (s *Packages) copyOne(ctx context.Context, w *work, target Channel, f File, in CopyInput) ([]File, error) {
	if f.Filtered != "" {
		// What the source does not give out stays where it is.
		return nil, nil
	}
	had, err := s.packages.FileByKey(ctx, w.tx, target.ID, f.Subdir, f.Filename)
	switch {
	case errors.Is(err, ErrNoRecord):
	case err != nil:
		return nil, err
	case in.Skip:
		return nil, nil
	case had.SHA256 == f.SHA256:
		return []File{had}, s.addLabels(ctx, w, target, &had, []string{in.Label})
	case !in.Replace:
		return nil, taken(target, had)
	}
	twin, err := f.twin(target, w.caller.Principal.Name, s.now())
	if err != nil {
		return nil, err
	}
	twin.Labels = []string{in.Label}
	data := twin.facts()
	if had.ID != 0 {
		data["replaced"] = had.SHA256.String()
	}
	made, err := s.put(ctx, w, target, twin, had, fileEvent{EventArtifactCopied, data})
	return []File{made}, err
}
