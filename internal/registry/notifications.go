package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"kingsnake/internal/access"
)

// Notifications is the service that tells people of tokens that end: each owner, and those who manage the channels that
// the tokens reach.
type Notifications struct {
	*core
	digests   DigestStore
	jobs      *Jobs
	settings  *Settings
	directory *Directory
	lookup    *channelLookup
	reach     ReachStore
	ways      []Way
	hour      int
}

// NotificationPolicy is by which ways people are told, and when.
type NotificationPolicy struct {
	Ways []Way
	// Hour is the hour of the day, in UTC, from which on the day's digests are sent.
	Hour int
}

// jobDigest is the kind of jobs that send the digests of a day.
const jobDigest JobKind = "token_digest"

// notifier is what the server calls itself where it sends digests by itself.
const notifier = "notices"

// digestInterval is how often Run looks whether digests are due.
const digestInterval = time.Minute

// Run queues the digests of each day until ctx ends.
func (s *Notifications) Run(ctx context.Context) {
	if len(s.ways) == 0 {
		return
	}
	tick := time.NewTicker(digestInterval)
	defer tick.Stop()
	for {
		if err := s.Plan(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("digests of tokens that end could not be queued; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// dayOf counts the days since 1970, in UTC.
func dayOf(t time.Time) int64 { return t.Unix() / int64(day/time.Second) }

// Plan queues the job that sends the digests of today, if their hour has come and nobody queued it before, or if it is
// time for another attempt at those that failed.
func (s *Notifications) Plan(ctx context.Context) error {
	now := s.now()
	if len(s.ways) == 0 || now.UTC().Hour() < s.hour {
		return nil
	}
	d, err := s.digests.DigestDayOf(ctx, nil, dayOf(now))
	if err == nil && !d.due(now) || err != nil && !errors.Is(err, ErrNoRecord) {
		return err
	}
	system := &access.Caller{Principal: access.System(notifier), Via: access.ViaSystem, Now: now}
	return s.write(ctx, system, func(w *work) error {
		d, err := s.digests.DigestDayOf(ctx, w.tx, dayOf(now))
		if errors.Is(err, ErrNoRecord) {
			d, err = DigestDay{Day: dayOf(now), DueAt: now}, nil
		}
		if err != nil || !d.due(now) {
			return err
		}
		d.Attempts, d.DueAt = d.Attempts+1, time.Time{}
		if err := s.digests.SetDigestDay(ctx, w.tx, d); err != nil {
			return err
		}
		_, err = s.enqueue(ctx, w)
		return err
	})
}

// due tells whether an attempt is to be made.
func (d DigestDay) due(now time.Time) bool { return !d.DueAt.IsZero() && !now.Before(d.DueAt) }

func (s *Notifications) enqueue(ctx context.Context, w *work) (Job, error) {
	return s.jobs.enqueue(ctx, w, jobDigest, "tell people of tokens that end", struct{}{})
}

// Send queues a job that sends now what is due. Who has had a digest today gets no other. On a site without any way to
// tell people it does nothing.
func (s *Notifications) Send(ctx context.Context, caller *access.Caller) (Job, error) {
	if err := s.allow(ctx, caller, access.SystemSettingsEdit, access.OnSystem()); err != nil {
		return Job{}, err
	}
	var j Job
	err := s.write(ctx, caller, func(w *work) (err error) {
		j, err = s.enqueue(ctx, w)
		return err
	})
	return j, err
}

// Preview gives the digests that would be sent now, to whoever may see everybody's tokens.
func (s *Notifications) Preview(ctx context.Context, caller *access.Caller) ([]PlannedDigest, error) {
	for _, scope := range []access.Scope{access.UserView, access.UserTokenView} {
		if err := s.allow(ctx, caller, scope, access.OnAccount(0)); err != nil {
			return nil, err
		}
	}
	return s.collect(ctx, s.now())
}

// Tested is how the sending of a test ended.
type Tested struct {
	Way string
	Err error
}

// Test sends the caller a digest that lists nothing, by each way there is.
func (s *Notifications) Test(ctx context.Context, caller *access.Caller) ([]Tested, error) {
	if err := s.allow(ctx, caller, access.SystemSettingsEdit, access.OnSystem()); err != nil {
		return nil, err
	}
	u, err := s.digests.UserByID(ctx, nil, caller.Principal.ID)
	if err != nil && !errors.Is(err, ErrNoRecord) {
		return nil, err
	}
	d := Digest{ID: uuid.NewString(), At: s.now(), To: recipient(u), Test: true}
	var out []Tested
	for _, way := range s.ways {
		t := Tested{Way: way.Name()}
		if way.Reaches(d.To) {
			t.Err = way.Send(ctx, d)
		} else {
			t.Err = fmt.Errorf("it does not reach %s: the account has no e-mail address", caller.Principal.Name)
		}
		out = append(out, t)
	}
	return out, s.write(ctx, caller, func(w *work) error {
		return w.record(ctx, EventNoticesTested, 0, "", map[string]any{"ways": s.wayNames()})
	})
}

func (s *Notifications) wayNames() []string {
	names := []string{}
	for _, w := range s.ways {
		names = append(names, w.Name())
	}
	return names
}

// The audit's words for what the server tells people.
const (
	EventNoticesTested EventType = "notices_tested"
	EventDigestSent    EventType = "token_digest_sent"
)

func recipient(u User) Recipient {
	return Recipient{ID: u.ID, PublicID: u.PublicID, Name: u.Name, Email: u.Email}
}

// PlannedDigest is what would be sent to somebody by one way.
type PlannedDigest struct {
	To      Recipient
	Way     string
	Endings []Ending
}

// collect finds who is to be told of what, and has not been told yet, by each way.
func (s *Notifications) collect(ctx context.Context, now time.Time) ([]PlannedDigest, error) {
	if len(s.ways) == 0 {
		return nil, nil
	}
	a, err := s.audience(ctx, now)
	if err != nil {
		return nil, err
	}
	var out []PlannedDigest
	for _, id := range slices.Sorted(maps.Keys(a.told)) {
		u := a.people[id]
		if u.ID == 0 || u.Disabled || u.Kind != access.KindUser {
			continue
		}
		for _, way := range s.ways {
			if !way.Reaches(recipient(u)) {
				continue
			}
			fresh, err := s.untold(ctx, u.ID, way.Name(), a.told[id])
			if err != nil {
				return nil, err
			}
			if len(fresh) > 0 {
				out = append(out, PlannedDigest{To: recipient(u), Way: way.Name(), Endings: fresh})
			}
		}
	}
	return out, nil
}

// untold leaves out the notices that somebody has had. A token that got another end is news again.
func (s *Notifications) untold(ctx context.Context, principal int64, way string, endings []Ending) ([]Ending, error) {
	had, err := s.digests.ToldNotices(ctx, principal, way)
	if err != nil {
		return nil, err
	}
	last := make(map[int64]Told, len(had))
	for _, t := range had {
		last[t.TokenID] = t
	}
	var fresh []Ending
	for _, e := range endings {
		t, was := last[e.TokenID]
		if !was || !t.Ends.Equal(e.Ends) || e.Lead < t.Lead {
			fresh = append(fresh, e)
		}
	}
	return fresh, nil
}
