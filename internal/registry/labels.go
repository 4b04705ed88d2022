package registry

import (
	"context"
	"errors"
	"slices"

	"kingsnake/conda/channel"
	"kingsnake/internal/access"
)

// Label is a label of a channel and how many of its files carry it.
type Label struct {
	Name  string
	Files int64
}

// Labels gives the labels that the files of a channel carry, by name.
func (s *Packages) Labels(ctx context.Context, caller *access.Caller, path string, p Page) ([]Label, int64, error) {
	c, err := s.lookup.on(ctx, s.core, caller, access.ChannelView, path)
	if err != nil {
		return nil, 0, err
	}
	if c, err = s.lookup.onSources(ctx, s.core, caller, access.ChannelView, c, ""); err != nil {
		return nil, 0, err
	}
	if err := p.Validate("name"); err != nil {
		return nil, 0, err
	}
	return s.packages.ListLabels(ctx, c.ID, p)
}

// SetLabels gives a file exactly these labels, none meaning main.
func (s *Packages) SetLabels(ctx context.Context, caller *access.Caller, path, family, name, ckey string, labels []string) (File, error) {
	c, err := s.lookup.onPackage(ctx, s.core, caller, access.ArtifactEdit, path, family+"/"+name)
	if err != nil {
		return File{}, err
	}
	if err := refuseFrozen(c); err != nil {
		return File{}, err
	}
	if labels, err = ParseLabels(labels); err != nil {
		return File{}, err
	}
	var f File
	err = s.write(ctx, caller, func(w *work) error {
		if f, err = s.file(ctx, w.tx, c, name, ckey); err != nil {
			return err
		}
		return s.relabel(ctx, w, c, &f, labels)
	})
	if errors.Is(err, ErrNoRecord) {
		return File{}, notFound("%s was deleted from channel %s meanwhile", clip(ckey, 300), c.Path)
	}
	return f, err
}

// relabel gives a stored file other labels.
func (s *Packages) relabel(ctx context.Context, w *work, c Channel, f *File, labels []string) error {
	before := f.Labels
	if slices.Equal(before, labels) {
		return nil
	}
	f.Labels = labels
	if err := s.packages.SetFileLabels(ctx, w.tx, *f); err != nil {
		return err
	}
	if err := s.mark(ctx, w, *f, joinLabels(before, labels)); err != nil {
		return err
	}
	return w.record(ctx, EventLabelsChanged, c.ID, c.Path+"/"+f.CKey(), map[string]any{"name": f.Name, "from": before, "to": labels})
}

// addLabels gives a stored file further labels.
func (s *Packages) addLabels(ctx context.Context, w *work, c Channel, f *File, labels []string) error {
	all, err := ParseLabels(joinLabels(f.Labels, labels))
	if err != nil {
		return err
	}
	return s.relabel(ctx, w, c, f, all)
}

// mark tells the index that a file changed, under each of the labels that it has or had.
func (s *Packages) mark(ctx context.Context, w *work, f File, labels []string) error {
	for _, l := range labels {
		place := PlaceOf(l, f.Subdir)
		ids, err := s.packages.MarkSubdir(ctx, w.tx, f.ChannelID, place, f.Name, s.now())
		if err != nil {
			return err
		}
		if l != channel.DefaultLabel && f.Subdir != channel.Noarch {
			// Clients ask every channel for noarch, so a label that is in use has one.
			if err := s.packages.EnsureSubdir(ctx, w.tx, f.ChannelID, place.Labelled(channel.Noarch), s.now()); err != nil {
				return err
			}
		}
		for _, id := range ids {
			w.changed(ChangedFiles, id, place.file(f.Filename))
		}
	}
	return nil
}
