package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"

	"kingsnake/internal/access"
)

// DeleteFile removes one file from its channel. Its bytes stay until the cleanup finds that no channel names them.
func (s *Packages) DeleteFile(ctx context.Context, caller *access.Caller, path, family, name, ckey string) error {
	c, err := s.lookup.onPackage(ctx, s.core, caller, access.ArtifactDelete, path, family+"/"+name)
	if err != nil {
		return err
	}
	if err := refuseFrozen(c); err != nil {
		return err
	}
	return s.removing(ctx, caller, c, func(w *work) error {
		f, err := s.file(ctx, w.tx, c, name, ckey)
		if err != nil {
			return err
		}
		return s.remove(ctx, w, c, f, nil)
	})
}

// Delete removes a package with all its files.
func (s *Packages) Delete(ctx context.Context, caller *access.Caller, path, family, name string) error {
	c, a, err := s.artifact(ctx, caller, access.ArtifactDelete, path, family, name)
	if err != nil {
		return err
	}
	if err := refuseFrozen(c); err != nil {
		return err
	}
	return s.removing(ctx, caller, c, func(w *work) error {
		for {
			files, _, err := s.packages.ListFiles(ctx, w.tx, FileFilter{ArtifactID: a.ID, Hidden: true}, Page{Limit: maxPage})
			if err != nil || len(files) == 0 {
				return err
			}
			for _, f := range files {
				if err := s.remove(ctx, w, c, f, nil); err != nil {
					return err
				}
			}
		}
	})
}

// removing runs a write that removes files, and words what was gone already.
func (s *Packages) removing(ctx context.Context, caller *access.Caller, c Channel, fn func(*work) error) error {
	err := s.write(ctx, caller, fn)
	if errors.Is(err, ErrNoRecord) {
		return notFound("what was to be deleted from channel %s is gone already", c.Path)
	}
	return err
}

// remove deletes one file's record and brings its package's summary up to date. The audit gets more facts where given.
func (s *Packages) remove(ctx context.Context, w *work, c Channel, f File, more map[string]any) error {
	if err := s.packages.DeleteFile(ctx, w.tx, f.ID); err != nil {
		return err
	}
	if err := s.quotas.AddChannelBytes(ctx, w.tx, c.ID, -f.Size); err != nil {
		return err
	}
	if err := s.mark(ctx, w, f, f.Labels); err != nil {
		return err
	}
	if err := s.summarise(ctx, w.tx, Artifact{ID: f.ArtifactID, ChannelID: c.ID, Family: FamilyConda, Name: f.Name}); err != nil {
		return err
	}
	data := map[string]any{"sha256": f.SHA256.String(), "name": f.Name}
	maps.Copy(data, more)
	return w.record(ctx, EventArtifactRemoved, c.ID, c.Path+"/"+f.CKey(), data)
}

// summarise writes what a package's files say together, or removes a package without files.
func (s *Packages) summarise(ctx context.Context, tx Tx, a Artifact) error {
	sum, err := s.packages.ArtifactSummary(ctx, tx, a.ID)
	if err != nil {
		return err
	}
	if sum.Total == 0 {
		return s.packages.DeleteArtifact(ctx, tx, a.ID)
	}
	a.FileCount, a.Subdirs = sum.FileCount, sum.Subdirs
	a.describeBy(sum.Latest)
	a.UpdatedAt = s.now()
	return s.packages.UpdateArtifact(ctx, tx, a)
}

// describeBy takes the package's description from its newest file.
func (a *Artifact) describeBy(f File) {
	if f.Filename == "" {
		// No file is offered, and nothing of the hidden ones must show.
		f.VersionKey, f.Facts = []byte{}, json.RawMessage("{}")
	}
	a.LatestVersion, a.LatestVersionKey, a.About, a.Summary = f.Version, f.VersionKey, f.Facts, ""
	var facts struct {
		Summary string `json:"summary"`
	}
	if json.Unmarshal(f.Facts, &facts) == nil {
		a.Summary = clip(facts.Summary, 1000)
	}
}

// newer tells whether f describes the package rather than what describes it now.
func (a *Artifact) newer(f File) bool { return bytes.Compare(f.VersionKey, a.LatestVersionKey) >= 0 }

func refuseFrozen(c Channel) error {
	if c.Frozen() {
		return &Error{Code: CodeFrozen, Message: "channel " + c.Path + " is frozen; unfreeze it (indexing_behavior: default) before changing its packages"}
	}
	return nil
}
