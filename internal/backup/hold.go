package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"kingsnake/internal/registry"
)

// holdTime is how long a hold lasts, and so how long the cleanup waits for a copy that was killed, and the most by which
// the clocks of the machines may differ; renewTime is how often it is renewed.
const (
	holdTime  = 10 * time.Minute
	renewTime = time.Minute
)

// ErrHoldLost says that blobs may have been deleted while they were copied, because the database could not be written to
// for too long.
var ErrHoldLost = errors.New("the hold on the site's files ended before they were copied, since it could not be renewed in time; try again")

// held runs fn while all blobs are held. It ends fn's context with ErrHoldLost when the hold is lost.
func (s Source) held(ctx context.Context, fn func(context.Context) error) (rerr error) {
	host, _ := os.Hostname() // It only helps people.
	var id int64
	err := s.Records.Write(ctx, func(tx registry.Tx) error {
		now := s.Now()
		var err error
		id, err = s.Records.HoldCleanup(ctx, tx, fmt.Sprintf("backup by process %d on %s", os.Getpid(), host), now.Add(holdTime), now)
		return err
	})
	if err != nil {
		return fmt.Errorf("hold the site's files: %w", err)
	}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		err := s.Records.Write(ctx, func(tx registry.Tx) error { return s.Records.ReleaseHold(ctx, tx, id) })
		if err != nil {
			rerr = errors.Join(rerr, fmt.Errorf("release the site's files: %w", err))
		}
	}()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var renewing sync.WaitGroup
	renewing.Go(func() {
		tick := time.NewTicker(renewTime)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := s.renew(ctx, id); errors.Is(err, ErrHoldLost) {
				cancel(err)
			}
		}
	})
	err = fn(ctx)
	if err == nil {
		// It held to the end only if it can still be renewed.
		err = s.renew(ctx, id)
	}
	cancel(nil)
	renewing.Wait()
	return err
}

func (s Source) renew(ctx context.Context, id int64) error {
	err := s.Records.Write(ctx, func(tx registry.Tx) error {
		now := s.Now()
		return s.Records.RenewHold(ctx, tx, id, now.Add(holdTime), now)
	})
	if errors.Is(err, registry.ErrNoRecord) {
		return ErrHoldLost
	}
	return err
}
