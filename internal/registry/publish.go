package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"kingsnake/conda/pkgfile"
	"kingsnake/conda/repodata"
	"kingsnake/conda/version"
	"kingsnake/internal/blob"
)

// inspect reads the package and makes the record that the index will show.
func (s *Packages) inspect(ctx context.Context, r io.ReaderAt, in UploadInput, sums sums) (File, error) {
	if err := s.reading.Acquire(ctx, 1); err != nil {
		return File{}, err
	}
	defer s.reading.Release(1)
	pkg, err := s.reader.Read(r, sums.size, in.Filename)
	if err != nil {
		return File{}, badPackage(err)
	}
	idx := pkg.Index
	if latest := s.now().Add(clockSkew).UnixMilli(); idx.Timestamp > latest {
		return File{}, &Error{Code: CodeBadPackage, Reason: "future_timestamp", Field: "timestamp", Message: "the package says that it was built in the future; check the clock of the machine that built it"}
	}
	if in.Subdir != "" && in.Subdir != idx.Subdir {
		return File{}, &Error{Code: CodeBadPackage, Reason: "subdir_mismatch", Field: "subdir", Message: fmt.Sprintf("the package says that it is for %s, but it was sent to %s", idx.Subdir, in.Subdir)}
	}
	if _, err := version.Parse(idx.Version); err != nil {
		return File{}, &Error{Code: CodeBadPackage, Reason: "bad_version", Field: "version", Message: err.Error(), Err: err}
	}
	now := s.now()
	f := File{
		Subdir: idx.Subdir, Filename: in.Filename, Format: string(pkg.Format), V3: pkg.V3,
		Name: idx.Name, Version: idx.Version, Build: idx.Build, BuildNumber: idx.BuildNumber, VersionKey: versionKey(idx.Version),
		Size: sums.size, SHA256: sums.sha256, MD5: sums.md5, CreatedAt: now, UpdatedAt: now,
	}
	if err := f.describe(pkg); err != nil {
		return File{}, badPackage(err)
	}
	return f, nil
}

// clockSkew is how far ahead the clock of a building machine may be.
const clockSkew = 24 * time.Hour

// badPackage words a package that cannot be taken.
func badPackage(err error) error {
	var e *pkgfile.Error
	if errors.As(err, &e) {
		// The code goes to programs, as the reason; people are told in words.
		message := e.Message
		if e.Member != "" {
			message = e.Member + ": " + message
		}
		return &Error{Code: CodeBadPackage, Reason: string(e.Code), Message: message, Err: err}
	}
	if errors.Is(err, repodata.ErrInvalid) {
		return &Error{Code: CodeBadPackage, Reason: "bad_metadata", Message: err.Error(), Err: err}
	}
	return err
}

// already answers an upload that changes nothing, or that would replace what it must not. Nil means: go on.
func (s *Packages) already(ctx context.Context, c Channel, f File, force bool) (*UploadResult, error) {
	had, err := s.packages.FileByKey(ctx, nil, c.ID, f.Subdir, f.Filename)
	if errors.Is(err, ErrNoRecord) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if had.SHA256 == f.SHA256 {
		if len(joinLabels(had.Labels, f.Labels)) > len(had.Labels) {
			return nil, nil
		}
		switch info, err := s.blobs.Stat(ctx, had.SHA256); {
		case errors.Is(err, blob.ErrNotExist):
			return nil, nil // Its content was lost, and comes back.
		case err != nil:
			return nil, blobError(err)
		case info.Size != had.Size:
			// What is left of it would make the bytes that came be refused.
			return nil, s.blobs.Delete(ctx, had.SHA256)
		}
		return &UploadResult{Channel: c, File: had}, nil
	}
	if !force {
		return nil, taken(c, had)
	}
	return nil, nil
}

func taken(c Channel, had File) error {
	return &Error{Code: CodeConflict, Reason: "file_exists", Message: fmt.Sprintf(
		"channel %s has another %s already (sha256 %s); raise the build number, or upload with force to replace it", c.Path, had.CKey(), had.SHA256)}
}

// publish makes a stored file visible: its record, its package, the index and the audit change in one transaction. Arrived is
// called when it has lined up, if it does.
func (s *Packages) publish(ctx context.Context, u *Upload, f File, force bool, arrived func()) (UploadResult, error) {
	if u.usual(f, force) {
		if out, done, err := s.together(ctx, u, f, arrived); done {
			return out, err
		}
	}
	var out UploadResult
	err := s.write(ctx, u.caller, func(w *work) error {
		out = UploadResult{Channel: u.channel}
		if err := s.unstage(ctx, w.tx, u.staging); err != nil {
			return err
		}
		had, err := s.packages.FileByKey(ctx, w.tx, u.channel.ID, f.Subdir, f.Filename)
		switch {
		case errors.Is(err, ErrNoRecord):
			out.Created = true
		case err != nil:
			return err
		case had.SHA256 == f.SHA256:
			out.File = had
			return s.addLabels(ctx, w, u.channel, &out.File, f.Labels)
		case !force:
			return taken(u.channel, had)
		default:
			out.Replaced = true
		}
		if err := s.notDoomed(ctx, w, f.SHA256); err != nil {
			return err
		}
		out.File, err = s.put(ctx, w, u.channel, f, had, uploadEvent(f, had))
		return err
	})
	return out, err
}

// notDoomed fails where a blob that was stored cannot be named.
func (s *Packages) notDoomed(ctx context.Context, w *work, h blob.Hash) error {
	if !s.shared {
		return nil // The cleanup of this process waits at the gate.
	}
	return NotDoomed(ctx, w.tx, s.doomed, s.blobs, s.now(), h)
}

// fileEvent is how the audit calls what became of a file.
type fileEvent struct {
	kind EventType
	data map[string]any
}

func uploadEvent(f, had File) fileEvent {
	e := fileEvent{EventArtifactAdded, f.facts()}
	if had.ID != 0 {
		e.kind = EventArtifactReplaced
	}
	return e
}

// put writes a file's records, its labels among them; had is the one it replaces, if any.
func (s *Packages) put(ctx context.Context, w *work, c Channel, f, had File, event fileEvent) (_ File, err error) {
	if f.Labels, err = ParseLabels(f.Labels); err != nil {
		return File{}, err
	}
	// This takes the channel's lock before any other, as an edit of the filters does.
	now, err := s.rules.HoldRules(ctx, w.tx, c.ID, f.Size-had.Size)
	if err != nil {
		return File{}, err
	}
	if err := refuseFrozen(now); err != nil {
		// Somebody froze the channel while the file came in.
		return File{}, err
	}
	// It is where a quota is kept: two uploads at once cannot both take the last bytes.
	if more := f.Size - had.Size; more > 0 && now.QuotaBytes > 0 {
		staged, err := s.stagings.StagedBytes(ctx, w.tx, c.ID, s.now())
		if err != nil {
			return File{}, err
		}
		if now.UsedBytes+staged > now.QuotaBytes {
			now.UsedBytes -= more
			return File{}, overQuota(now, staged, more)
		}
	}
	if err := s.judge(ctx, w, now, &f, had); err != nil {
		return File{}, err
	}
	a, err := s.packages.EnsureArtifact(ctx, w.tx, newPackage(c, f))
	if err != nil {
		return File{}, err
	}
	f.ChannelID, f.ArtifactID = c.ID, a.ID
	if had.ID != 0 {
		f.ID, f.CreatedAt = had.ID, had.CreatedAt
		err = s.packages.ReplaceFile(ctx, w.tx, f)
	} else {
		f.ID, err = s.packages.InsertFile(ctx, w.tx, f)
	}
	if err != nil {
		return File{}, err
	}
	if err := s.grow(ctx, w.tx, a, f, had); err != nil {
		return File{}, err
	}
	if len(f.OtherLabels()) > 0 || had.ID != 0 && !slices.Equal(had.Labels, f.Labels) {
		if err := s.packages.SetFileLabels(ctx, w.tx, f); err != nil {
			return File{}, err
		}
	}
	if err := s.mark(ctx, w, f, joinLabels(f.Labels, had.Labels)); err != nil {
		return File{}, err
	}
	return f, w.record(ctx, event.kind, c.ID, c.Path+"/"+f.CKey(), event.data)
}

// newPackage is the package of a file of which a channel has none yet, before the file is in it.
func newPackage(c Channel, f File) Artifact {
	return Artifact{ChannelID: c.ID, Family: FamilyConda, Name: f.Name, LatestVersionKey: []byte{}, CreatedAt: f.CreatedAt, UpdatedAt: f.UpdatedAt}
}

// facts tells the audit of a file.
func (f File) facts() map[string]any {
	m := map[string]any{"sha256": f.SHA256.String(), "size": f.Size, "name": f.Name}
	if len(f.OtherLabels()) > 0 {
		m["labels"] = f.Labels
	}
	return m
}

// grow brings a package's summary up to date after a file came in, without reading its other files.
func (s *Packages) grow(ctx context.Context, tx Tx, a Artifact, f, had File) error {
	if had.ID != 0 || f.Filtered != "" {
		return s.summarise(ctx, tx, a)
	}
	was := a
	a.take(f)
	return s.packages.GrowArtifact(ctx, tx, was, a)
}

// take brings a package's summary up to date after another file came in that is offered.
func (a *Artifact) take(f File) {
	a.FileCount++
	a.Subdirs = insertSorted(a.Subdirs, f.Subdir)
	if a.newer(f) {
		a.describeBy(f)
	}
	a.UpdatedAt = f.UpdatedAt
}
