package upkeep

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"kingsnake/internal/registry"
)

// The bounds of one round of comparing what is kept with what it is made of.
const (
	recountInterval = 6 * time.Hour
	// recountTime is how long a round reads; it rests as long, so that others come first.
	recountTime = 30 * time.Second
	// wordsPage is how many packages are looked at together.
	wordsPage = 500
	// mendTries is how often a count is tried to be mended that others change at the same moment.
	mendTries = 5
)

// Recounted is what a comparison found, and mended.
type Recounted struct {
	// Channels and Packages count what was looked at.
	Channels, Packages int64
	// Counts counts numbers of channels that were kept wrongly, Words packages whose words were.
	Counts, Words int64
}

func (r Recounted) corrections() int64 { return r.Counts + r.Words }

// recounter remembers where the next round goes on. It begins anywhere, so that rounds of servers that are started often get
// everywhere in time.
type recounter struct {
	mu                 sync.Mutex
	begun              bool
	channels, packages int64
	// corrections counts what was mended since the process began.
	corrections atomic.Int64
}

// Corrections counts the counts and the words of packages that were kept wrongly and mended since the process began.
func (k *Keeper) Corrections() int64 { return k.recount.corrections.Load() }

// Recount compares a part of what is kept with what it is made of, and mends what differs: the next part each time, in about
// a minute, half of which it rests.
func (k *Keeper) Recount(ctx context.Context) (r Recounted, err error) {
	c := &k.recount
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.begun {
		if c.packages, err = k.anywhere(ctx); err != nil {
			return r, err
		}
		c.begun = true
	}
	pace := &pace{left: recountTime}
	if err := k.recountChannels(ctx, &c.channels, true, pace, &r); err != nil {
		return r, err
	}
	pace.left = max(pace.left, recountTime/2)
	return r, k.recountWords(ctx, &c.packages, true, pace, &r)
}

// anywhere gives the number of a package to begin behind.
func (k *Keeper) anywhere(ctx context.Context) (int64, error) {
	last, err := k.Store.LastArtifact(ctx)
	if err != nil || last == 0 {
		return 0, err
	}
	return rand.Int64N(last), nil //nolint:gosec // Where it begins is no secret.
}

// pace bounds how long is worked, and rests as long. Nil neither ends nor rests.
type pace struct{ left time.Duration }

// rest waits as long as the last step took, and tells whether there is time for another one.
func (p *pace) rest(ctx context.Context, begun time.Time) (bool, error) {
	if p == nil {
		return true, ctx.Err()
	}
	took := time.Since(begun)
	p.left -= took
	timer := time.NewTimer(took)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-timer.C:
		return p.left > 0, nil
	}
}

// recountChannels goes on behind the channel of a number until the last one, and then begins anew another time.
func (k *Keeper) recountChannels(ctx context.Context, after *int64, mend bool, p *pace, r *Recounted) error {
	for {
		begun := time.Now()
		counts, err := k.Store.NextCounts(ctx, *after)
		if errors.Is(err, registry.ErrNoRecord) {
			*after = 0
			return nil
		}
		if err != nil {
			return err
		}
		r.Channels++
		for _, c := range counts.Counts {
			if c.Kept == c.Real {
				continue
			}
			r.Counts++
			if !mend {
				continue
			}
			if err := k.mendCount(ctx, *after, counts, c.What); err != nil {
				return err
			}
		}
		*after = counts.ID
		if more, err := p.rest(ctx, begun); err != nil || !more {
			return err
		}
	}
}

// mendCount mends one number of a channel, the first behind a number, unless that is gone.
func (k *Keeper) mendCount(ctx context.Context, after int64, counts registry.ChannelCounts, what registry.Kept) error {
	channel, err := counts.ID, error(nil)
	for range mendTries {
		for _, c := range counts.Counts {
			if c.What != what {
				continue
			}
			if c.Kept == c.Real {
				return nil
			}
			err = k.Store.Write(ctx, func(tx registry.Tx) error { return k.Store.MendCount(ctx, tx, channel, c) })
			if err == nil {
				k.recount.corrections.Add(1)
				k.Log.Warn("a count was kept wrongly and is mended; did a server of an older version use this database?",
					"channel", counts.Path, "count", what, "was", c.Kept, "is", c.Real)
			}
		}
		if !errors.Is(err, registry.ErrNoRecord) {
			return err
		}
		// Somebody else changed it meanwhile.
		if counts, err = k.Store.NextCounts(ctx, after); err != nil || counts.ID != channel {
			return ignoreGone(err)
		}
	}
	return nil // It changes all the time, and has its turn in another round.
}

func ignoreGone(err error) error {
	if errors.Is(err, registry.ErrNoRecord) {
		return nil
	}
	return err
}

// recountWords goes on behind the package of a number until the last one, and then begins anew another time.
func (k *Keeper) recountWords(ctx context.Context, after *int64, mend bool, p *pace, r *Recounted) error {
	for {
		begun := time.Now()
		check, err := k.Store.CheckWords(ctx, *after, wordsPage)
		if err != nil {
			return err
		}
		n := int64(len(check.Stale) + len(check.Gone))
		r.Packages += int64(check.Checked)
		r.Words += n
		if n > 0 && mend {
			err := k.Store.Write(ctx, func(tx registry.Tx) error { return k.Store.Relearn(ctx, tx, check.Stale, check.Gone) })
			if err != nil {
				return err
			}
			k.recount.corrections.Add(n)
			k.Log.Warn("packages that searches would miss are learned; did a server of an older version use this database?", "packages", n)
		}
		if *after = check.Last; check.Last == math.MaxInt64 {
			*after = 0
			return nil
		}
		if more, err := p.rest(ctx, begun); err != nil || !more {
			return err
		}
	}
}
