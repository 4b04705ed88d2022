package registry

import (
	"context"
	"errors"
	"time"

	"kingsnake/internal/access"
)

// RuleStore keeps what a channel's filters did.
type RuleStore interface {
	SetChannelRules(ctx context.Context, tx Tx, channel int64, f Filters, s ChannelSettings) error
	// HoldRules waits for whoever changes a channel's filters, and keeps them as they are to the end of the transaction.
	// Without it a file that is judged at the same moment could be left with what the former filters say of it. It adds to
	// the bytes that the channel holds, whatever its quota, and gives the channel as it then is.
	HoldRules(ctx context.Context, tx Tx, channel, bytes int64) (Channel, error)
	// MoveFiltering notes from which file on the filters are to be applied, 0 for none; ErrNoRecord if that was not from,
	// unless from is fromAnywhere.
	MoveFiltering(ctx context.Context, tx Tx, channel, from, to int64) error
	FilteringChannels(ctx context.Context) ([]string, error)
	FilesFrom(ctx context.Context, tx Tx, channel, from int64, limit int) ([]File, error)
	SetFiltered(ctx context.Context, tx Tx, file int64, cause Cause) error
	InsertFileChange(ctx context.Context, tx Tx, c FileChange) error
	ListFileChanges(ctx context.Context, channel int64, p Page) ([]FileChange, int64, error)
	PruneFileChanges(ctx context.Context, tx Tx, channel int64, before time.Time) error
	SubdirNames(ctx context.Context, tx Tx, channel int64) ([]string, error)
}

// FileChange tells that filters hid a file, or offered it again.
type FileChange struct {
	ID        int64
	ChannelID int64
	CKey      string
	// Cause is why it is, or was, hidden.
	Cause  Cause
	Change RouteChange
	At     time.Time
}

// RouteChange says which way it went.
type RouteChange string

// The ways.
const (
	RouteAdded   RouteChange = "added"
	RouteRemoved RouteChange = "removed"
)

// Filtering is the service that applies filters and tells what they did.
type Filtering struct {
	*core
	rules    RuleStore
	channels ChannelFinder
	packages *Packages
	lookup   *channelLookup
	wake     chan struct{}
}

const (
	// filterBatch bounds how many files are judged in one transaction. A channel with no more of them shows new filters
	// all at once.
	filterBatch = 1000
	// keepFileChanges is how long it is remembered what filters did.
	keepFileChanges = 365 * 24 * time.Hour
	// fromAnywhere begins again wherever an earlier application was.
	fromAnywhere = -1
)

// Files lists what a channel's filters did to its files, the latest first.
func (s *Filtering) Files(ctx context.Context, caller *access.Caller, path string, p Page) (Channel, []FileChange, int64, error) {
	c, err := s.lookup.on(ctx, s.core, caller, access.ChannelHistory, path)
	if err != nil {
		return Channel{}, nil, 0, err
	}
	if err := p.Validate(); err != nil {
		return Channel{}, nil, 0, err
	}
	list, total, err := s.rules.ListFileChanges(ctx, c.ID, p)
	return c, list, total, err
}

// begin stores rules in the transaction of an edit and applies filters to the first files; Run does the rest.
func (s *Filtering) begin(ctx context.Context, w *work, before, after Channel) error {
	if err := s.rules.SetChannelRules(ctx, w.tx, after.ID, after.Filters, after.Settings); err != nil {
		return err
	}
	if before.Filters.Equal(after.Filters) {
		return nil
	}
	if after.Type == VirtualChannel {
		return invalid("filters", "a virtual channel shows what its sources offer; filter those")
	}
	if before.ID != 0 && after.Frozen() {
		return refuseFrozen(after)
	}
	if err := s.rules.MoveFiltering(ctx, w.tx, after.ID, fromAnywhere, 1); err != nil {
		return err
	}
	if err := s.rules.PruneFileChanges(ctx, w.tx, after.ID, s.now().Add(-keepFileChanges)); err != nil {
		return err
	}
	after.Filtering = 1
	_, err := s.batch(ctx, w, after)
	return err
}

// nudge wakes Run.
func (s *Filtering) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
		// It is awake already.
	}
}

// Run applies new filters to large channels until ctx ends, beginning with those that an earlier process left.
func (s *Filtering) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		if err := s.catchUp(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("filters could not be applied to all files; trying again in a minute", "error", err)
		}
		timer.Reset(time.Minute)
	}
}

// catchUp applies filters wherever that is not done.
func (s *Filtering) catchUp(ctx context.Context) error {
	paths, err := s.rules.FilteringChannels(ctx)
	for _, path := range paths {
		for more := true; more && err == nil && ctx.Err() == nil; {
			more, err = s.step(ctx, path)
		}
	}
	return err
}

// step applies filters to one batch of a channel's files.
func (s *Filtering) step(ctx context.Context, path string) (more bool, err error) {
	err = s.write(ctx, nil, func(w *work) error {
		c, err := s.channels.ChannelByPath(ctx, w.tx, path)
		if err != nil {
			return err
		}
		if c, err = s.rules.HoldRules(ctx, w.tx, c.ID, 0); err != nil {
			return err
		}
		if c.Filtering == 0 {
			more = false
			return nil
		}
		more, err = s.batch(ctx, w, c)
		return err
	})
	if errors.Is(err, ErrNoRecord) {
		// The channel was deleted, or another process did this batch.
		return false, nil
	}
	return more, err
}

// batch judges the files from c.Filtering on. It claims them first, so that no two processes do the same.
func (s *Filtering) batch(ctx context.Context, w *work, c Channel) (more bool, err error) {
	sieve, err := c.Filters.Conda.sieve("filters.conda")
	if err != nil {
		return false, err
	}
	files, err := s.rules.FilesFrom(ctx, w.tx, c.ID, c.Filtering, filterBatch)
	if err != nil {
		return false, err
	}
	next := int64(0)
	if len(files) == filterBatch {
		next = files[len(files)-1].ID + 1
	}
	if err := s.rules.MoveFiltering(ctx, w.tx, c.ID, c.Filtering, next); err != nil {
		return false, err
	}
	touched := map[int64]File{}
	for _, f := range files {
		cause, err := sieve.judge(c, f)
		if err != nil {
			return false, err
		}
		if cause == f.Filtered {
			continue
		}
		if err := s.turn(ctx, w, c, f, cause); err != nil {
			return false, err
		}
		touched[f.ArtifactID] = f
	}
	for id, f := range touched {
		if err := s.packages.summarise(ctx, w.tx, Artifact{ID: id, ChannelID: c.ID, Family: FamilyConda, Name: f.Name}); err != nil {
			return false, err
		}
	}
	return next > 0, nil
}

// turn hides a file, offers it again, or changes why it is hidden.
func (s *Filtering) turn(ctx context.Context, w *work, c Channel, f File, cause Cause) error {
	if err := s.rules.SetFiltered(ctx, w.tx, f.ID, cause); err != nil {
		return err
	}
	if cause != "" && f.Filtered != "" {
		return nil
	}
	now := s.now()
	change := FileChange{ChannelID: c.ID, CKey: f.CKey(), Cause: cause, Change: RouteRemoved, At: now}
	if cause == "" {
		change.Cause, change.Change = f.Filtered, RouteAdded
	}
	if err := s.rules.InsertFileChange(ctx, w.tx, change); err != nil {
		return err
	}
	return s.packages.mark(ctx, w, f, f.Labels)
}

// judge tells why the filters of a file's channel hide it, by the rules as they are in the transaction, and notes what
// that changes; now is the channel there, and had the file that it replaces, if any.
func (s *Packages) judge(ctx context.Context, w *work, now Channel, f *File, had File) error {
	sieve, err := now.Filters.Conda.sieve("filters.conda")
	if err != nil {
		return err
	}
	if f.Filtered, err = sieve.judge(now, *f); err != nil || (f.Filtered == "") == (had.Filtered == "") {
		return err
	}
	change := FileChange{ChannelID: now.ID, CKey: f.CKey(), Cause: f.Filtered, Change: RouteRemoved, At: s.now()}
	if f.Filtered == "" {
		change.Cause, change.Change = had.Filtered, RouteAdded
	}
	return s.rules.InsertFileChange(ctx, w.tx, change)
}

// filtered words that something is there and hidden, for those who may read the channel.
func filtered(path, what string, cause Cause) error {
	return &Error{Code: CodeFiltered, Message: "channel " + path + " has " + what +
		", but its filters hide that (" + string(cause) + "); who manages the channel can change them"}
}
