package registry

import (
	"context"
	"sync"
	"time"
)

// ChangeKind says what sort of record changed.
type ChangeKind string

// What caches can be told to forget.
const (
	ChangedToken     ChangeKind = "token"
	ChangedSession   ChangeKind = "session"
	ChangedPrincipal ChangeKind = "principal"
	ChangedRole      ChangeKind = "role"
	ChangedChannel   ChangeKind = "channel"
	ChangedFiles     ChangeKind = "files"
	ChangedSetting   ChangeKind = "setting"
	ChangedJob       ChangeKind = "job"
	// ChangedWords tells that words of packages were learned, by which they are found.
	ChangedWords ChangeKind = "words"
	// ChangedEverything is never written down: it tells that changes may have been missed.
	ChangedEverything ChangeKind = "everything"
)

// Change tells that a record changed. Ref is its number; Name is the path for a channel, the subdir for files.
type Change struct {
	Seq  int64
	Kind ChangeKind
	Ref  int64
	Name string
}

// Feed hands committed changes to the caches of this process. A change is delivered before the call that made it
// returns, so the next request sees its effect.
type Feed struct {
	mu   sync.RWMutex
	subs []func([]Change)
	// follower brings the changes of other processes, nil where nobody follows them.
	follower *Follower
}

// Fresh returns nil when what the caches hold at a time is as it was a moment before, in the changes of all processes.
// Where it has not been heard lately that it is, the database is asked first. The error is of CodeUnavailable.
func (f *Feed) Fresh(ctx context.Context, now time.Time) error {
	if f.follower == nil {
		return nil
	}
	return f.follower.fresh(ctx, now)
}

// Public tells whether what was last known to be public may still be shown, although Fresh fails.
func (f *Feed) Public(now time.Time) bool {
	return f.follower == nil || f.follower.age(now) <= keepPublic
}

// Subscribe adds a listener. Listeners must be quick and must not write to the store.
func (f *Feed) Subscribe(fn func([]Change)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.subs = append(f.subs, fn)
}

// Publish tells all listeners.
func (f *Feed) Publish(changes []Change) {
	if len(changes) == 0 {
		return
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, fn := range f.subs {
		fn(changes)
	}
}
