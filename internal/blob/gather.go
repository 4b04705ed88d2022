package blob

import (
	"io"
	"math/bits"
	"slices"
)

// The least and the most that is written at a time. More than the most would help no more: it is the largest piece of memory
// that processors have a name for.
const (
	leastPiece = 128 << 10
	mostPiece  = 2 << 20
)

// Gatherer writes to a file in large pieces. The kernel keeps what is written in pieces of the size in which it was written,
// as far as it has such, and sends large ones with half the processor time of small ones for as long as the file stays in its
// memory.
type Gatherer struct {
	to      io.Writer
	held    []byte
	written int64
}

// NewGatherer makes one that writes to w. It takes no more memory than what was written to it.
func NewGatherer(w io.Writer) *Gatherer { return &Gatherer{to: w} }

// Write takes bytes. What cannot be written is reported by this or a later call.
func (g *Gatherer) Write(p []byte) (int, error) {
	taken := 0
	for room := g.room(); len(p) >= room; room = g.room() {
		now := p[:room]
		if len(g.held) > 0 {
			g.hold(now)
			now = g.held
		}
		p, taken = p[room:], taken+room
		if err := g.write(now); err != nil {
			return taken, err
		}
	}
	g.hold(p)
	return taken + len(p), nil
}

// room is how much there is to come until something is written. A piece is at most half as long as what was written before,
// so that nobody has much memory held who has not sent more, and begins at a multiple of its length, as the kernel's do.
func (g *Gatherer) room() int {
	piece := int64(leastPiece)
	if g.written > 2*leastPiece {
		piece = min(int64(1)<<(bits.Len64(uint64(g.written))-2), mostPiece) //nolint:gosec // It is not negative.
	}
	return int(piece-g.written%piece) - len(g.held)
}

func (g *Gatherer) hold(p []byte) {
	if len(g.held) > 0 && len(g.held)+len(p) > cap(g.held) {
		// There is more to come than one small file.
		g.held = slices.Grow(g.held, g.room())
	}
	g.held = append(g.held, p...)
}

// Held gives the bytes that are not written yet. After a Flush they stay as they are until the next Write.
func (g *Gatherer) Held() []byte { return g.held }

func (g *Gatherer) write(p []byte) error {
	n, err := g.to.Write(p)
	g.written += int64(n)
	g.held = g.held[:0]
	return err
}

// Flush writes what is held.
func (g *Gatherer) Flush() error {
	if len(g.held) == 0 {
		return nil
	}
	return g.write(g.held)
}
