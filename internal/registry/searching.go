package registry

import (
	"context"
	"sync/atomic"
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
	// came counts the files that came in or changed.
	came atomic.Int64
	// learned is when words were last heard to be learned, by whichever server, in unix ms.
	learned atomic.Int64
}

func newSearching(c *core, words SearchStore) *Searching {
	s := &Searching{core: c, words: words}
	c.feed.Subscribe(func(changes []Change) {
		for _, ch := range changes {
			switch ch.Kind {
			case ChangedFiles:
				s.came.Add(1)
			case ChangedWords:
				s.learned.Store(s.now().UnixMilli())
			}
		}
	})
	return s
}

const (
	// learnEvery is how often is looked for packages whose words changed.
	learnEvery = time.Second
	// learnBatch bounds how many packages are learned in one write, which others wait for.
	learnBatch = 100
	// learnRest is how much longer it rests after a write than that took.
	learnRest = 3
	// busy is how many files have to come in between two looks for words to wait until fewer do, as packages that come in
	// many files are then learned once. They wait for learnLatest at most.
	busy        = 20
	learnLatest = 30 * time.Second
)

// Run learns the words of packages that change until ctx ends, beginning with those that an earlier process left.
func (s *Searching) Run(ctx context.Context) {
	timer := time.NewTimer(learnEvery)
	defer timer.Stop()
	p := pour{since: s.now()}
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if s.pouring(&p) {
			timer.Reset(learnEvery)
			continue
		}
		wait := learnEvery
		if err := s.Learn(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("the words of packages could not be noted, so that searches are slow; trying again in a minute", "error", err)
			wait = time.Minute
		}
		timer.Reset(wait)
	}
}

// pour is how many files had come in at the last look, and when words were last learned.
type pour struct {
	came  int64
	since time.Time
}

// pouring tells whether to wait, since so much comes in.
func (s *Searching) pouring(p *pour) bool {
	came, now := s.came.Load(), s.now()
	more := came - p.came
	if learned := time.UnixMilli(s.learned.Load()); learned.After(p.since) {
		// What is left another server learns too, or this one later: each learning is a write that uploads wait for.
		p.since = learned
	}
	if p.came = came; more >= busy && now.Sub(p.since) < learnLatest {
		return true
	}
	p.since = now
	return false
}

// Learn learns all words that there are to learn. It rests for longer than it works, so that others can write.
func (s *Searching) Learn(ctx context.Context) error {
	for {
		more, err := s.words.WordsToLearn(ctx)
		if err != nil || !more {
			return err
		}
		begun := time.Now()
		err = s.store.Write(ctx, func(tx Tx) error {
			if err := s.words.LearnWords(ctx, tx, learnBatch); err != nil {
				return err
			}
			return s.store.InsertChange(ctx, tx, Change{Kind: ChangedWords}, s.now())
		})
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
