package registry

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// longestSettling bounds how long the first of a line waits for those that are about to join it. Storing a small file takes one
// or two ms; a disk that needs longer is not waited for.
const longestSettling = 10 * time.Millisecond

// gathering is the uploads that wait to be written, by channel. The first of each channel's writes for the others.
type gathering struct {
	mu   sync.Mutex
	line map[int64][]*waiting
	// coming are those whose files are being stored, and so will be in the line soon. Each is closed when it is.
	coming map[int64]map[chan struct{}]struct{}
}

func newGathering() *gathering {
	return &gathering{line: map[int64][]*waiting{}, coming: map[int64]map[chan struct{}]struct{}{}}
}

// announce tells that an upload will join its channel's line in a moment. Arrived has to be called when it has, or will not;
// what is called more than once does nothing.
func (g *gathering) announce(id int64) (arrived func()) {
	c := make(chan struct{})
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.coming[id] == nil {
		g.coming[id] = map[chan struct{}]struct{}{}
	}
	g.coming[id][c] = struct{}{}
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if _, there := g.coming[id][c]; !there {
			return
		}
		close(c)
		if delete(g.coming[id], c); len(g.coming[id]) == 0 {
			delete(g.coming, id)
		}
	}
}

// settle waits for those that are coming now, not for any that are announced meanwhile: one write for all of them takes far
// less than a write for each few.
func (g *gathering) settle(id int64) {
	g.mu.Lock()
	coming := slices.Collect(maps.Keys(g.coming[id]))
	g.mu.Unlock()
	if len(coming) == 0 {
		return
	}
	timer := time.NewTimer(longestSettling)
	defer timer.Stop()
	for _, c := range coming {
		select {
		case <-c:
		case <-timer.C:
			return
		}
	}
}

// join puts an upload at the end of its channel's line and tells whether it is the first.
func (g *gathering) join(w *waiting) (first bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	id := w.upload.channel.ID
	g.line[id] = append(g.line[id], w)
	return len(g.line[id]) == 1
}

// take gives who waits for a channel, beginning with the one that writes for them. The next in line writes for those behind.
func (g *gathering) take(id int64) []*waiting {
	g.mu.Lock()
	defer g.mu.Unlock()
	line := g.line[id]
	n := min(len(line), maxTogether)
	if rest := line[n:]; len(rest) > 0 {
		g.line[id] = slices.Clone(rest)
		rest[0].turn <- true
	} else {
		delete(g.line, id)
	}
	return line[:n]
}
