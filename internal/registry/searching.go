package registry

import (
	"context"
	"time"
)

// SearchStore keeps the words by which packages are found. What is not learned yet is found as well, only more slowly.
type SearchStore interface {
	WordsToLearn(ctx context.Context) (bool, error)
	LearnWords(ctx context.Context, tx Tx, limit int) error
}

// Searching keeps searches for packages quick.
type Searching struct {
	*core
	words SearchStore
}

const (
	// learnEvery is how often is looked for packages whose words changed.
	learnEvery = time.Second
	// learnBatch bounds how many packages are learned in one write, which others wait for.
	learnBatch = 100
	// learnRest is how much longer it rests after a write than that took.
	learnRest = 3
)

// Run learns the words of packages that change until ctx ends, beginning with those that an earlier process left.
func (s *Searching) Run(ctx context.Context) {
	timer := time.NewTimer(learnEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		wait := learnEvery
		if err := s.Learn(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("the words of packages could not be noted, so that searches are slow; trying again in a minute", "error", err)
			wait = time.Minute
		}
		timer.Reset(wait)
	}
}

// Learn learns all words that there are to learn. It rests for longer than it works, so that others can write.
func (s *Searching) Learn(ctx context.Context) error {
	for {
		more, err := s.words.WordsToLearn(ctx)
		if err != nil || !more {
			return err
		}
		begun := time.Now()
		err = s.store.Write(ctx, func(tx Tx) error { return s.words.LearnWords(ctx, tx, learnBatch) })
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(learnRest * time.Since(begun)):
		}
	}
}
