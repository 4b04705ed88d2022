package registry

import "sync"

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
