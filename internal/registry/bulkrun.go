package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"kingsnake/conda/repodata"
	"kingsnake/internal/access"
)

// jobBulk is the kind of jobs that copy, move or delete files.
const jobBulk JobKind = "artifacts_bulk"

// bulkArguments are what a bulk job was asked to do. Channels are named by number as well: one that was deleted and made
// again under its old name is another.
type bulkArguments struct {
	Action BulkAction `json:"action"`
	Source bulkPlace  `json:"source"`
	Target bulkPlace  `json:"target"`
	Items  []BulkItem `json:"items,omitempty"`
	Force  bool       `json:"force,omitempty"`
	// Through is the last file that was there when the job was asked for; later ones are none of its business.
	Through int64 `json:"through"`
}

// bulkPlace is a channel as a job names it.
type bulkPlace struct {
	ID   int64  `json:"id"`
	Path string `json:"path"`
}

func place(c Channel) bulkPlace { return bulkPlace{c.ID, c.Path} }

// bulkPosition is how far a bulk job is: the item at hand, and the last file of it that had its turn.
type bulkPosition struct {
	Item int   `json:"item"`
	File int64 `json:"file"`
}

// FileRange is files of a channel in the order in which they came: of one package where Name is not empty, with one label
// where Label is not empty, after and through the files of these numbers.
type FileRange struct {
	ChannelID      int64
	Name, Label    string
	After, Through int64
}

// bulk is one run of a bulk job.
type bulk struct {
	*Packages
	args   bulkArguments
	run    *JobRun
	caller *access.Caller
	// refused counts the items in a row for which the caller had no right; ended is set when there were too many.
	refused int
	ended   *jobEnd
}

// The bounds of one step, which holds up other writes, and of the refusals in a row after which a job ends: its caller
// has lost the right and will not get it back for the rest.
const (
	bulkBatch  = 100
	bulkTime   = 50 * time.Millisecond
	maxRefused = 100
)

// runBulk is the handler of bulk jobs.
func (s *Packages) runBulk(ctx context.Context, run *JobRun) error {
	b := &bulk{Packages: s, run: run}
	if err := json.Unmarshal(run.job.Arguments, &b.args); err != nil {
		return fmt.Errorf("arguments of job %s: %w", run.job.PublicID, err)
	}
	total, err := b.count(ctx)
	if err != nil {
		return err
	}
	run.job.Total = total
	for {
		if b.ended != nil {
			return b.ended
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		over, err := b.batch(ctx)
		if err != nil || over {
			return err
		}
	}
}

// count tells how many files there are to do, beside those done.
func (b *bulk) count(ctx context.Context) (int64, error) {
	if b.run.job.Total > 0 {
		return b.run.job.Total, nil
	}
	var files int64
	var names []string
	for _, i := range b.args.Items {
		if i.CKey != "" {
			files++
		} else {
			names = append(names, i.Name)
		}
	}
	if files > 0 && len(names) == 0 {
		return files, nil
	}
	n, err := b.packages.CountFiles(ctx, FileRange{ChannelID: b.args.Source.ID, Through: b.args.Through}, names)
	return files + n, err
}

// batch does as many files as fit into one step, and tells whether all had their turn.
func (b *bulk) batch(ctx context.Context) (over bool, err error) {
	// The cleanup must not find a blob unnamed between its old name's end and its new name's beginning.
	b.gate.RLock()
	defer b.gate.RUnlock()
	if b.caller, err = b.run.caller(ctx); err != nil {
		return false, err
	}
	start := time.Now()
	err = b.run.step(ctx, b.caller, func(w *work, j *Job) error {
		if err := b.channelsRemain(ctx); err != nil {
			return err
		}
		var pos bulkPosition
		if len(j.Position) > 0 {
			if err := json.Unmarshal(j.Position, &pos); err != nil {
				return fmt.Errorf("position of job %s: %w", j.PublicID, err)
			}
		}
		for n := 0; n < bulkBatch && time.Since(start) < bulkTime && !over && b.ended == nil; {
			files, next, err := b.next(ctx, w, j, pos, bulkBatch-n)
			if err != nil {
				return err
			}
			over = files == nil && next == pos
			for _, f := range files {
				if b.ended != nil || n > 0 && time.Since(start) >= bulkTime {
					break
				}
				if err := b.one(ctx, w, j, f); err != nil {
					return err
				}
				pos.File = f.ID
				n++
			}
			if len(files) == 0 {
				pos = next
				n++
			}
		}
		j.Position, err = json.Marshal(pos)
		return err
	})
	return over, err
}

// channelsRemain ends a job whose channels are gone.
func (b *bulk) channelsRemain(ctx context.Context) error {
	for _, p := range []bulkPlace{b.args.Source, b.args.Target} {
		if p.ID == 0 {
			continue
		}
		if _, err := b.channel(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// channel gives one of the job's channels as of now.
func (b *bulk) channel(ctx context.Context, p bulkPlace) (Channel, error) {
	c, err := b.lookup.find(ctx, p.Path)
	if err == nil && c.ID != p.ID {
		err = &jobEnd{"channel " + p.Path + " was deleted meanwhile"}
	}
	return c, err
}

// next gives the files whose turn it is, or none and the position to go on from. The same position means that all is done.
func (b *bulk) next(ctx context.Context, w *work, j *Job, pos bulkPosition, limit int) ([]File, bulkPosition, error) {
	r := FileRange{ChannelID: b.args.Source.ID, After: pos.File, Through: b.args.Through}
	if len(b.args.Items) == 0 {
		files, err := b.packages.FilesAfter(ctx, w.tx, r, limit)
		return files, pos, err
	}
	if pos.Item >= len(b.args.Items) {
		return nil, pos, nil
	}
	item, following := b.args.Items[pos.Item], bulkPosition{Item: pos.Item + 1}
	if item.CKey == "" {
		r.Name = item.Name
		files, err := b.packages.FilesAfter(ctx, w.tx, r, limit)
		if err == nil && len(files) == 0 && pos.File == 0 {
			j.fail(ItemError{item.Name, string(CodeNotFound), fmt.Sprintf("channel %s has no package %s", b.args.Source.Path, item.Name)})
		}
		return files, following, err
	}
	if pos.File != 0 {
		return nil, following, nil
	}
	f, err := b.file(ctx, w.tx, Channel{ID: b.args.Source.ID, Path: b.args.Source.Path}, item.Name, item.CKey)
	if e, ok := AsError(err); ok {
		j.fail(ItemError{item.CKey, string(e.Code), e.Message})
		return nil, following, nil
	}
	if err != nil {
		return nil, pos, err
	}
	return []File{f}, following, nil
}

// outcome is what became of one file.
type outcome int

const (
	outcomeDone outcome = iota
	outcomeSkipped
)

// one does one file, and counts it. An error is one of the database or the disk, after which the step is tried again.
func (b *bulk) one(ctx context.Context, w *work, j *Job, f File) error {
	var out outcome
	err := w.part(ctx, func() (err error) {
		out, err = b.item(ctx, w, f)
		return err
	})
	if err == nil {
		b.refused = 0
		if out == outcomeSkipped {
			j.Skipped++
		} else {
			j.Done++
		}
		return nil
	}
	failed, ok := itemError(f.CKey(), err)
	if !ok {
		return err
	}
	j.fail(failed)
	if e, _ := AsError(err); e == nil || e.Denied == nil {
		b.refused = 0
		return nil
	}
	if b.refused++; b.refused >= maxRefused {
		b.ended = &jobEnd{"who asked for this job has no longer the right to it: " + failed.Message}
	}
	return nil
}

// itemError words an error that is one item's own; ok is false for those that concern the whole job.
func itemError(item string, err error) (_ ItemError, ok bool) {
	e, known := AsError(err)
	switch {
	case errors.Is(err, ErrNoRecord), errors.Is(err, ErrTaken):
		return ItemError{item, string(CodeConflict), "the file was changed by somebody else at the same moment"}, true
	case !known || e.Code == CodeNoSpace || e.Code == CodeUnavailable:
		return ItemError{}, false
	case e.Denied != nil:
		denial := access.Classify(e.Denied.Caller, e.Denied.Scope, e.Denied.Target, e.Denied.Decision, access.ProtocolREST)
		return ItemError{item, denial.Code, denial.Message}, true
	case e.Reason != "":
		return ItemError{item, e.Reason, e.Message}, true
	}
	return ItemError{item, string(e.Code), e.Message}, true
}

// item does what the job is for with one file, after asking for all rights again.
func (b *bulk) item(ctx context.Context, w *work, f File) (outcome, error) {
	source, err := b.allowed(ctx, b.args.Source, b.args.Action.sourceScopes(), f)
	if err != nil {
		return 0, err
	}
	if b.args.Action.removes() {
		if err := refuseFrozen(source); err != nil {
			return 0, err
		}
	}
	if !b.args.Action.targeted() {
		return outcomeDone, b.remove(ctx, w, source, f, nil)
	}
	if f.Filtered != "" {
		// What the source does not give out stays where it is.
		return outcomeSkipped, nil
	}
	target, err := b.allowed(ctx, b.args.Target, b.args.Action.targetScopes(false), f)
	if err != nil {
		return 0, err
	}
	if err := refuseTarget(target); err != nil {
		return 0, err
	}
	out, err := b.copy(ctx, w, target, f)
	if err != nil || b.args.Action != BulkMove {
		return out, err
	}
	return outcomeDone, b.remove(ctx, w, source, f, map[string]any{"moved": true, "job": b.run.job.PublicID})
}

// allowed asks for scopes on one of the job's channels for a file.
func (b *bulk) allowed(ctx context.Context, p bulkPlace, scopes []access.Scope, f File) (Channel, error) {
	c, err := b.channel(ctx, p)
	if err != nil {
		return Channel{}, err
	}
	on := access.OnPackage(c.Access(), FamilyConda, f.Name)
	for _, scope := range scopes {
		if err := b.allow(ctx, b.caller, scope, on); err != nil {
			return Channel{}, err
		}
	}
	return c, nil
}

// copy puts a file into the target channel, under the same name and naming the same blob.
func (b *bulk) copy(ctx context.Context, w *work, target Channel, f File) (outcome, error) {
	had, err := b.packages.FileByKey(ctx, w.tx, target.ID, f.Subdir, f.Filename)
	switch {
	case errors.Is(err, ErrNoRecord):
	case err != nil:
		return 0, err
	case had.SHA256 == f.SHA256:
		return outcomeSkipped, b.addLabels(ctx, w, target, &had, f.Labels)
	case !b.args.Force:
		return 0, taken(target, had)
	default:
		if _, err := b.allowed(ctx, b.args.Target, []access.Scope{access.ArtifactEdit}, f); err != nil {
			return 0, err
		}
	}
	twin, err := f.twin(target, b.caller.Principal.Name, b.now())
	if err != nil {
		return 0, err
	}
	// Where a file came from is left to the job, which only its asker sees: the source may be hidden from those who read
	// the target's history.
	data := f.facts()
	data["job"] = b.run.job.PublicID
	if had.ID != 0 {
		data["replaced"] = had.SHA256.String()
	}
	made, err := b.put(ctx, w, target, twin, had, fileEvent{EventArtifactCopied, data})
	if err != nil || b.args.Action != BulkMove || f.DownloadCount == 0 {
		return outcomeDone, err
	}
	return outcomeDone, b.packages.AddDownloads(ctx, w.tx, made.ID, made.ArtifactID, f.DownloadCount)
}

// twin is the file as another channel is to have it. When a channel first listed a file is the channel's own fact.
func (f File) twin(c Channel, by string, now time.Time) (File, error) {
	f.ID, f.ChannelID, f.ArtifactID, f.DownloadCount = 0, c.ID, 0, 0
	f.Uploader, f.CreatedAt, f.UpdatedAt = by, now, now
	var err error
	if f.Record, err = repodata.WithIndexedTimestamp(f.Record, now.UnixMilli()); err != nil || f.Original == nil {
		return f, err
	}
	original := *f.Original
	original.Record, err = repodata.WithIndexedTimestamp(original.Record, now.UnixMilli())
	f.Original = &original
	return f, err
}
