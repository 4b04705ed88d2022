package registry

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"kingsnake/internal/access"
)

// SecretUse is what was counted of one string since the last flush.
type SecretUse struct {
	Uses, Refusals  int64
	At              time.Time
	Address, Client string
}

// UsageStore adds counts up.
type UsageStore interface {
	Write(ctx context.Context, fn func(Tx) error) error
	AddSecretUse(ctx context.Context, tx Tx, secret int64, u SecretUse) error
	AddDownloads(ctx context.Context, tx Tx, file, artifact, n int64) error
	// AddTokenUse adds uses of one right of a token unless that makes more than limit rows of the token.
	AddTokenUse(ctx context.Context, tx Tx, token int64, u TokenUse, limit int) (bool, error)
	// TokenUsesSince tells since when uses of rights have been noted; the first call says that it is now.
	TokenUsesSince(ctx context.Context, tx Tx, now time.Time) (time.Time, error)
}

// maxPending bounds the counts held in memory before they are written early.
const maxPending = 50_000

// Usage counts uses of tokens and downloads of files without a write on the request's path. A crash may lose the last
// seconds of counts, and nothing else.
type Usage struct {
	store UsageStore
	log   *slog.Logger
	now   func() time.Time
	full  chan struct{}

	// flushing is held by who writes, so that after a flush all that was counted before it is stored.
	flushing sync.Mutex

	mu      sync.Mutex
	pending counts
	// since is when uses of rights began to be noted, zero until it was read.
	since time.Time
}

// counts are what was counted since the last flush.
type counts struct {
	secrets map[int64]*secretCount
	files   map[fileCount]int64
	rights  map[rightKey]*rightCount
	// perToken is how many rights of each token there are in rights.
	perToken map[int64]int
}

func newCounts() counts {
	return counts{
		secrets: map[int64]*secretCount{}, files: map[fileCount]int64{}, rights: map[rightKey]*rightCount{}, perToken: map[int64]int{},
	}
}

func (c *counts) len() int { return len(c.secrets) + len(c.files) + len(c.rights) }

// secretCount is a SecretUse before its texts are made.
type secretCount struct {
	uses, refusals int64
	at             time.Time
	address        netip.Addr
	client         string
}

type fileCount struct{ file, artifact int64 }

// NewUsage makes an empty count. now is the clock.
func NewUsage(store UsageStore, log *slog.Logger, now func() time.Time) *Usage {
	return &Usage{store: store, log: log, now: now, full: make(chan struct{}, 1), pending: newCounts()}
}

// Token counts one request that was made with a good token.
func (u *Usage) Token(caller *access.Caller, at time.Time) {
	if caller == nil || caller.SecretID == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	s := u.secret(caller.SecretID)
	s.uses++
	s.at, s.client, s.address = at, caller.Client, caller.Address
}

// refused counts a refusal of what a token asked for. 0 is no token.
func (u *Usage) refused(secret int64) {
	if secret == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.secret(secret).refusals++
}

// secret gives the count of a string. The caller holds the lock.
func (u *Usage) secret(id int64) *secretCount {
	s := u.pending.secrets[id]
	if s == nil {
		s = &secretCount{}
		u.pending.secrets[id] = s
		u.wake()
	}
	return s
}

// Download counts one download of a package file.
func (u *Usage) Download(s Served) {
	if s.FileID == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.pending.files[fileCount{s.FileID, s.ArtifactID}]++
	u.wake()
}

// wake asks for an early flush when much is pending. The caller holds the lock.
func (u *Usage) wake() {
	if u.pending.len() < maxPending {
		return
	}
	select {
	case u.full <- struct{}{}:
	default:
	}
}

// Flush writes what was counted until now. What cannot be written is counted again later.
func (u *Usage) Flush(ctx context.Context) error {
	u.flushing.Lock()
	defer u.flushing.Unlock()
	u.mu.Lock()
	if u.pending.len() == 0 {
		u.mu.Unlock()
		return nil
	}
	taken := u.pending
	u.pending = newCounts()
	u.mu.Unlock()
	err := u.writeCounts(ctx, &taken)
	if err == nil {
		err = u.writeRights(ctx, &taken)
	}
	if err != nil {
		u.restore(taken)
	}
	return err
}

// writeCounts writes the counts of strings and files, and empties them. They are written in one order by all processes,
// so that none waits for another that waits for it.
func (u *Usage) writeCounts(ctx context.Context, c *counts) error {
	if len(c.secrets)+len(c.files) == 0 {
		return nil
	}
	err := u.store.Write(ctx, func(tx Tx) error {
		for _, id := range slices.Sorted(maps.Keys(c.secrets)) {
			if err := u.store.AddSecretUse(ctx, tx, id, c.secrets[id].use()); err != nil {
				return err
			}
		}
		for _, f := range slices.SortedFunc(maps.Keys(c.files), func(a, b fileCount) int { return cmp.Compare(a.file, b.file) }) {
			if err := u.store.AddDownloads(ctx, tx, f.file, f.artifact, c.files[f]); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		c.secrets, c.files = nil, nil
	}
	return err
}

func (s *secretCount) use() SecretUse {
	out := SecretUse{Uses: s.uses, Refusals: s.refusals, At: s.at, Client: clip(s.client, 200)}
	if s.address.IsValid() {
		out.Address = s.address.String()
	}
	return out
}

// restore takes back counts that could not be written.
func (u *Usage) restore(old counts) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, was := range old.secrets {
		s := u.pending.secrets[id]
		if s == nil {
			u.pending.secrets[id] = was
			continue
		}
		s.uses += was.uses
		s.refusals += was.refusals
		if s.at.IsZero() {
			s.at, s.address, s.client = was.at, was.address, was.client
		}
	}
	for f, n := range old.files {
		u.pending.files[f] += n
	}
	for key, was := range old.rights {
		u.addRight(key, was.n, was.last)
	}
}

// Run flushes at intervals until ctx ends, and once more then.
func (u *Usage) Run(ctx context.Context, every time.Duration) {
	if _, err := u.Since(ctx); err != nil && ctx.Err() == nil {
		u.log.Error("since when uses of tokens are noted could not be read", "error", err)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			if err := u.Flush(context.WithoutCancel(ctx)); err != nil {
				u.log.Error("usage counts were lost", "error", err)
			}
			return
		case <-tick.C:
		case <-u.full:
		}
		if err := u.Flush(ctx); err != nil && !errors.Is(err, context.Canceled) {
			u.log.Error("usage counts could not be written; trying again", "error", err)
		}
	}
}
