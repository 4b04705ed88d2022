package registry

import (
	"context"
	"errors"
	"slices"
	"time"

	"kingsnake/conda/channel"
	"kingsnake/internal/blob"
)

// UploadStore writes several uploads to one channel with as many statements as one takes.
type UploadStore interface {
	// InsertFiles adds files and gives their numbers, in order; ErrTaken when there is one of that name.
	InsertFiles(ctx context.Context, tx Tx, files []File) ([]int64, error)
	// EnsureArtifacts gives packages by name, each given once, made as they are given where there were none.
	EnsureArtifacts(ctx context.Context, tx Tx, channel int64, family string, list []Artifact) (map[string]Artifact, error)
	// GrowArtifacts is UpdateArtifact for packages of one channel where it is known what each was before.
	GrowArtifacts(ctx context.Context, tx Tx, channel int64, list []Growth) error
	// MarkNames is MarkSubdir for several names, each given once.
	MarkNames(ctx context.Context, tx Tx, channel int64, place Place, names []string, at time.Time) ([]int64, error)
}

// Growth is a package before and after files came in.
type Growth struct{ Was, Now Artifact }

// maxTogether bounds how many uploads are written at once.
const maxTogether = 64

// errPanicked is what those are told whose uploads were being written when a panic ended that.
var errPanicked = errors.New("the write of several uploads panicked")

// waiting is an upload whose file is stored and waits to be written into its channel.
type waiting struct {
	upload *Upload
	file   File
	// turn says what comes next: to write for all who wait, true, or that it is over.
	turn chan bool
	// err is what became of it, and apart that it has to be written by itself.
	err   error
	apart bool
}

// usual tells whether an upload is one of those that are written together: of a file that nothing is known to be there of,
// under the label main, into a channel that hides nothing, by a caller who has nothing to pay for it.
func (u *Upload) usual(f File, force bool) bool {
	return u.staging == 0 && !force && !metered(u.caller) && u.caller.Once == nil && len(f.OtherLabels()) == 0 && u.channel.Filters.Conda.none()
}

// none tells whether a filter hides nothing.
func (f FamilyFilter) none() bool {
	return len(f.IncludeLicenses)+len(f.ExcludeLicenses)+len(f.ExcludeSpecs)+len(f.IncludeSpecs) == 0
}

// together publishes a file with those that others upload to the same channel meanwhile. False says that it has to be
// written by itself, which finds out what is special about it.
func (s *Packages) together(ctx context.Context, u *Upload, f File, arrived func()) (UploadResult, bool, error) {
	if err := ctx.Err(); err != nil {
		return UploadResult{}, true, err
	}
	w := &waiting{upload: u, file: f, turn: make(chan bool, 1)}
	first := s.gathered.join(w)
	arrived()
	if first || <-w.turn {
		s.writeFor(ctx, w)
	}
	if w.apart || w.err != nil {
		return UploadResult{}, !w.apart, w.err
	}
	return UploadResult{Channel: u.channel, File: w.file, Created: true}, true, nil
}

// writeFor writes an upload and all that have come to wait behind it by the time at which its turn to write comes. The
// others have to be written even where this one is not waited for any more.
func (s *Packages) writeFor(ctx context.Context, first *waiting) {
	id := first.upload.channel.ID
	var all []*waiting
	err, failed := errPanicked, error(nil)
	defer func() {
		if all == nil {
			all = s.gathered.take(id)
		}
		for _, w := range all {
			// One that fails in the transaction may be the only one to do so.
			if w.err, w.apart = err, failed != nil; w.apart {
				w.err = nil
			}
			if w != first {
				w.turn <- false
			}
		}
	}()
	if !s.shared {
		s.gathered.settle(id)
	}
	err = s.write(context.WithoutCancel(ctx), first.upload.caller, func(w *work) error {
		all = s.gathered.take(id)
		failed = s.publishAll(ctx, w, first.upload.channel, all)
		return failed
	})
}

// publishAll is publish for files of which each is new to the channel.
func (s *Packages) publishAll(ctx context.Context, w *work, c Channel, all []*waiting) error {
	if s.shared {
		// Elsewhere the cleanup of this process waits at the gate.
		hashes := make([]blob.Hash, len(all))
		for i, one := range all {
			hashes[i] = one.file.SHA256
		}
		if err := NotDoomed(ctx, w.tx, s.doomed, s.blobs, s.now(), hashes...); err != nil {
			return err
		}
	}
	if err := s.makeRoom(ctx, w, c, all); err != nil {
		return err
	}
	if err := s.insertAll(ctx, w, c, all); err != nil {
		return err
	}
	if err := s.markAll(ctx, w, c, all); err != nil {
		return err
	}
	for _, one := range all {
		event := uploadEvent(one.file, File{})
		by := &work{core: s.core, caller: one.upload.caller, tx: w.tx}
		if err := by.record(ctx, event.kind, c.ID, one.upload.channel.Path+"/"+one.file.CKey(), event.data); err != nil {
			return err
		}
	}
	return nil
}

// errUnusual ends a write of several uploads of which one at least has to be looked at by itself.
var errUnusual = errors.New("an upload is special")

// makeRoom counts the bytes of all files, and looks whether the channel still takes any file just so.
func (s *Packages) makeRoom(ctx context.Context, w *work, c Channel, all []*waiting) error {
	var size int64
	for _, one := range all {
		size += one.file.Size
	}
	now, err := s.rules.HoldRules(ctx, w.tx, c.ID, size)
	if err != nil {
		return err
	}
	if now.Frozen() || !now.Filters.Conda.none() {
		return errUnusual
	}
	if now.QuotaBytes == 0 {
		return nil
	}
	staged, err := s.stagings.StagedBytes(ctx, w.tx, c.ID, s.now())
	if err == nil && now.UsedBytes+staged > now.QuotaBytes {
		err = errUnusual
	}
	return err
}

// insertAll writes the files, and what their packages are with them.
func (s *Packages) insertAll(ctx context.Context, w *work, c Channel, all []*waiting) error {
	packages := map[string]*Growth{}
	var order []*Growth
	var wanted []Artifact
	for _, one := range all {
		f := one.file
		if packages[f.Name] == nil {
			g := &Growth{}
			packages[f.Name], order = g, append(order, g)
			wanted = append(wanted, newPackage(c, f))
		}
	}
	had, err := s.uploads.EnsureArtifacts(ctx, w.tx, c.ID, FamilyConda, wanted)
	if err != nil {
		return err
	}
	files := make([]File, len(all))
	for i, one := range all {
		f, g := &one.file, packages[one.file.Name]
		if g.Was.ID == 0 {
			g.Was, g.Now = had[f.Name], had[f.Name]
		}
		f.ChannelID, f.ArtifactID, f.Labels = c.ID, g.Was.ID, []string{channel.DefaultLabel}
		g.Now.take(*f)
		files[i] = *f
	}
	ids, err := s.uploads.InsertFiles(ctx, w.tx, files)
	if err != nil {
		return err
	}
	for i, id := range ids {
		all[i].file.ID = id
	}
	grown := make([]Growth, len(order))
	for i, g := range order {
		grown[i] = *g
	}
	return s.uploads.GrowArtifacts(ctx, w.tx, c.ID, grown)
}

// markAll tells the index of all files.
func (s *Packages) markAll(ctx context.Context, w *work, c Channel, all []*waiting) error {
	names := map[string][]string{}
	for _, one := range all {
		if f := one.file; !slices.Contains(names[f.Subdir], f.Name) {
			names[f.Subdir] = append(names[f.Subdir], f.Name)
		}
	}
	for subdir, list := range names {
		place := PlaceOf(channel.DefaultLabel, subdir)
		ids, err := s.uploads.MarkNames(ctx, w.tx, c.ID, place, list, s.now())
		if err != nil {
			return err
		}
		for _, one := range all {
			for _, id := range ids {
				if one.file.Subdir == subdir {
					w.changed(ChangedFiles, id, place.file(one.file.Filename))
				}
			}
		}
	}
	return nil
}
