package cacheblob

import (
	"time"

	"kingsnake/internal/blob"
)

const (
	// eager is up to which size a blob is copied when it is first read, while there is room.
	eager = 64 << 20
	// maxShare bounds one copy, as a part of the cache.
	maxShare = 2
	// maxFills and maxLarge bound how many copies are made at once, and how many of them of blobs that are not small.
	maxFills, maxLarge = 16, 4
	// restTime is how long no copy is made after the local disk has failed.
	restTime = time.Minute
)

// worth tells whether a blob should be copied that was asked for. While there is room a small one is at once. What is
// large, or would push others out, has to be asked for twice: so who reads a whole channel once leaves the cache as it was.
// The caller holds the lock.
func (s *Store) worth(h blob.Hash, size int64) bool {
	if size < s.opts.MinFile || size > s.opts.Size/maxShare {
		return false
	}
	again := s.asked.see(h, s.opts.Now())
	return again || size <= eager && s.held+s.growing+size <= s.opts.Size
}

// able tells whether one more copy can be made just now; the caller holds the lock.
func (s *Store) able(size int64) bool {
	return !s.closed && len(s.fills) < maxFills && (size <= eager || s.large < maxLarge) && !s.opts.Now().Before(s.rest)
}

// room makes room for a copy, and gives the files to remove, or false where it cannot be had; the caller holds the lock.
func (s *Store) room(size, spare int64) (old []blob.Hash, ok bool) {
	// Of what is being made, an unknown part is on the disk already.
	lacks := size + s.growing - spare
	if s.growing+size > s.opts.Size || lacks > s.held {
		return nil, false
	}
	old = s.yield(lacks)
	return append(old, s.shrink(size)...), true
}

const (
	// sightFor is how long it is remembered that a blob was asked for, at least, and twice that at most.
	sightFor = time.Hour
	// maxSights bounds how many are remembered, times two.
	maxSights = 8192
)

// sightings are the blobs that were asked for lately and of which there is no copy.
type sightings struct {
	now, before map[blob.Hash]struct{}
	since       time.Time
}

// see notes a blob and tells whether it was noted before.
func (s *sightings) see(h blob.Hash, at time.Time) bool {
	switch age := at.Sub(s.since); {
	case s.now == nil || age >= 2*sightFor:
		s.now, s.before, s.since = map[blob.Hash]struct{}{}, nil, at
	case age >= sightFor || len(s.now) >= maxSights:
		s.now, s.before, s.since = map[blob.Hash]struct{}{}, s.now, at
	}
	_, late := s.now[h]
	_, early := s.before[h]
	s.now[h] = struct{}{}
	return late || early
}
