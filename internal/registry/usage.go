package registry

import (
	"context"
	"errors"
	"log/slog"
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
}

// maxPending bounds the counts held in memory before they are written early.
const maxPending = 50_000

// Usage counts uses of tokens and downloads of files without a write on the request's path. A crash may lose the last
// seconds of counts, and nothing else.
type Usage struct {
	store UsageStore
	log   *slog.Logger
	full  chan struct{}

	mu      sync.Mutex
	secrets map[int64]*SecretUse
	files   map[fileCount]int64
}

type fileCount struct{ file, artifact int64 }

// NewUsage makes an empty count.
func NewUsage(store UsageStore, log *slog.Logger) *Usage {
	return &Usage{store: store, log: log, full: make(chan struct{}, 1), secrets: map[int64]*SecretUse{}, files: map[fileCount]int64{}}
}

// Token counts one request made with a token, and whether it was refused.
func (u *Usage) Token(caller *access.Caller, refused bool, at time.Time) {
	if caller == nil || caller.SecretID == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	s := u.secrets[caller.SecretID]
	if s == nil {
		s = &SecretUse{}
		u.secrets[caller.SecretID] = s
		u.wake()
	}
	s.Uses++
	if refused {
		s.Refusals++
	}
	s.At, s.Client = at, clip(caller.Client, 200)
	if caller.Address.IsValid() {
		s.Address = caller.Address.String()
	}
}

// Download counts one download of a package file.
func (u *Usage) Download(s Served) {
	if s.FileID == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.files[fileCount{s.FileID, s.ArtifactID}]++
	u.wake()
}

// wake asks for an early flush when much is pending. The caller holds the lock.
func (u *Usage) wake() {
	if len(u.secrets)+len(u.files) < maxPending {
		return
	}
	select {
	case u.full <- struct{}{}:
	default:
	}
}

// Flush writes what was counted. What cannot be written is counted again later.
func (u *Usage) Flush(ctx context.Context) error {
	u.mu.Lock()
	secrets, files := u.secrets, u.files
	u.secrets, u.files = map[int64]*SecretUse{}, map[fileCount]int64{}
	u.mu.Unlock()
	if len(secrets)+len(files) == 0 {
		return nil
	}
	err := u.store.Write(ctx, func(tx Tx) error {
		for id, s := range secrets {
			if err := u.store.AddSecretUse(ctx, tx, id, *s); err != nil {
				return err
			}
		}
		for f, n := range files {
			if err := u.store.AddDownloads(ctx, tx, f.file, f.artifact, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		u.restore(secrets, files)
	}
	return err
}

// restore takes back counts that could not be written.
func (u *Usage) restore(secrets map[int64]*SecretUse, files map[fileCount]int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, old := range secrets {
		s := u.secrets[id]
		if s == nil {
			u.secrets[id] = old
			continue
		}
		s.Uses += old.Uses
		s.Refusals += old.Refusals
	}
	for f, n := range files {
		u.files[f] += n
	}
}

// Run flushes at intervals until ctx ends, and once more then.
func (u *Usage) Run(ctx context.Context, every time.Duration) {
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
