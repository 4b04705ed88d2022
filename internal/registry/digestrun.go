package registry

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"kingsnake/internal/access"
)

// id is the digest's own on a day: who is told again after a failure, of the same tokens, gets it under the same id, however
// many attempts it takes and whichever server makes them. Other tokens are another digest, which nobody is to take for one
// that was there before.
func (p PlannedDigest) id(day int64) string {
	text := fmt.Appendf(nil, "digest %s %s %d", p.To.PublicID, p.Way, day)
	for _, e := range p.Endings {
		text = fmt.Appendf(text, " %s %d %d", e.PublicID, e.Ends.UnixMilli(), e.Lead)
	}
	return uuid.NewHash(sha256.New(), uuid.Nil, text, 8).String()
}

// sendTime bounds how long one digest may take by one way, and runTime how long one job sends digests before others have
// their turn.
const (
	sendTime = time.Minute
	runTime  = 10 * time.Minute
)

// The pauses between attempts at the digests of a day: each is twice the one before, up to the longest.
const (
	firstPause   = 5 * time.Minute
	longestPause = 4 * time.Hour
)

// run is the handler of jobs that send digests. One recipient's failure keeps nobody else's digest from being sent; what
// failed, or was not tried, is tried again by a later job of the same day.
func (s *Notifications) run(ctx context.Context, run *JobRun) error {
	caller, err := run.caller(ctx)
	if err != nil {
		return err
	}
	if err := s.allow(ctx, caller, access.SystemSettingsEdit, access.OnSystem()); err != nil {
		return &jobEnd{"who asked for this job may not send digests any more"}
	}
	planned, err := s.collect(ctx, s.now())
	if err != nil {
		return err
	}
	run.job.Total = run.job.Done + run.job.Failed + run.job.Skipped + int64(len(planned))
	failed, rest, err := s.deliverAll(ctx, run, caller, planned)
	if err != nil || !failed && !rest {
		return err
	}
	return s.goOn(ctx, failed)
}

// deliverAll sends digests, and tells whether any failed and whether some were left for another job. A way that leads nowhere
// is tried once: however many digests are to go by it, it does not hold the job up any longer.
func (s *Notifications) deliverAll(ctx context.Context, run *JobRun, caller *access.Caller, planned []PlannedDigest) (failed, rest bool, err error) {
	down, untried := map[string]error{}, map[string]int64{}
	until := s.now().Add(runTime)
	for _, p := range planned {
		if s.now().After(until) {
			rest = true
			break
		}
		if down[p.Way] != nil {
			untried[p.Way]++
			continue
		}
		sendErr, err := s.deliver(ctx, run, caller, p)
		if err != nil {
			return failed, rest, err
		}
		failed = failed || sendErr != nil
		if errors.Is(sendErr, ErrWayDown) {
			down[p.Way] = sendErr
		}
	}
	for _, way := range slices.Sorted(maps.Keys(untried)) {
		n := untried[way]
		s.log.Error("digests of tokens that end were not tried", "way", way, "count", n, "error", down[way])
		err := run.step(ctx, caller, func(_ *work, j *Job) error {
			j.fail(ItemError{Item: fmt.Sprintf("%d more by %s", n, way), Code: string(DigestFailed), Message: "not tried: " + down[way].Error()})
			j.Failed += n - 1
			return nil
		})
		if err != nil {
			return failed, rest, err
		}
	}
	return failed, rest, nil
}

// deliver sends one digest, unless its recipient has had one today. It gives the error of the sending apart from those that
// end the job.
func (s *Notifications) deliver(ctx context.Context, run *JobRun, caller *access.Caller, p PlannedDigest) (sendErr, err error) {
	now := s.now()
	err = s.write(ctx, caller, func(w *work) error {
		return s.digests.BeginDigest(ctx, w.tx, p.To.ID, p.Way, dayOf(now), now)
	})
	if errors.Is(err, ErrNoRecord) {
		return nil, run.step(ctx, caller, func(_ *work, j *Job) error {
			j.Skipped++
			return nil
		})
	}
	if err != nil {
		return nil, err
	}
	d := Digest{ID: p.id(dayOf(now)), At: now, To: p.To, Endings: p.Endings[:min(len(p.Endings), maxDigest)], Total: len(p.Endings)}
	sendErr = s.sendBy(ctx, p.Way, d)
	if ctx.Err() != nil {
		// The server stops. Whether the digest went out is not known, so it stays begun.
		return nil, ctx.Err()
	}
	return sendErr, run.step(ctx, caller, func(w *work, j *Job) error {
		return s.settle(ctx, w, j, p, sendErr)
	})
}

// sendBy sends by the way of a name, in bounded time.
func (s *Notifications) sendBy(ctx context.Context, name string, d Digest) error {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	for _, way := range s.ways {
		if way.Name() == name {
			return way.Send(ctx, d)
		}
	}
	return fmt.Errorf("there is no way %q", name)
}

// settle writes down how the sending of a digest ended.
func (s *Notifications) settle(ctx context.Context, w *work, j *Job, p PlannedDigest, sendErr error) error {
	if sendErr != nil {
		s.log.Error("a digest of tokens that end was not sent", "way", p.Way, "to", p.To.Name, "error", sendErr)
		j.Progress.fail(ItemError{Item: p.To.Name + " by " + p.Way, Code: string(DigestFailed), Message: sendErr.Error()})
		if !errors.Is(sendErr, ErrUncertain) {
			return s.digests.EndDigest(ctx, w.tx, p.To.ID, p.Way, DigestFailed, s.now())
		}
	} else {
		j.Done++
	}
	if err := s.digests.EndDigest(ctx, w.tx, p.To.ID, p.Way, DigestSent, s.now()); err != nil {
		return err
	}
	for _, e := range p.Endings {
		if err := s.digests.SetTold(ctx, w.tx, p.To.ID, p.Way, Told{TokenID: e.TokenID, Ends: e.Ends, Lead: e.Lead}); err != nil {
			return err
		}
	}
	return w.recordAbout(ctx, p.To.ID, EventDigestSent, 0, p.To.Name, map[string]any{"way": p.Way, "tokens": len(p.Endings)})
}

// goOn makes Plan queue another job today: after a pause where some failed, else at once.
func (s *Notifications) goOn(ctx context.Context, failed bool) error {
	now := s.now()
	return s.store.Write(ctx, func(tx Tx) error {
		d, err := s.digests.DigestDayOf(ctx, tx, dayOf(now))
		if errors.Is(err, ErrNoRecord) {
			d, err = DigestDay{Day: dayOf(now), Attempts: 1}, nil
		}
		if err != nil {
			return err
		}
		d.DueAt = now
		if failed {
			d.DueAt = now.Add(pauseAfter(d.Attempts))
		}
		return s.digests.SetDigestDay(ctx, tx, d)
	})
}

// pauseAfter is how long to wait after so many attempts.
func pauseAfter(attempts int64) time.Duration {
	if attempts >= 7 {
		return longestPause
	}
	return min(firstPause<<max(attempts-1, 0), longestPause)
}
