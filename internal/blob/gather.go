package blob

import (
	"io"
	"slices"
)

// gathered is how much is written at a time.
const gathered = 128 << 10

// Gatherer writes to a file in large pieces. The kernel keeps what is written in pieces of the size in which it was written,
// up to some, and sends large ones with half the processor time of small ones for as long as the file stays in its memory.
type Gatherer struct {
	to   io.Writer
	held []byte
}

// NewGatherer makes one that writes to w. It takes no more memory than what is written.
func NewGatherer(w io.Writer) *Gatherer { return &Gatherer{to: w} }

// Write takes bytes. What cannot be written is reported by this or a later call.
func (g *Gatherer) Write(p []byte) (int, error) {
	taken := 0
	for len(g.held)+len(p) >= gathered {
		if len(g.held) == 0 {
			whole := len(p) / gathered * gathered
			n, err := g.to.Write(p[:whole])
			taken += n
			if err != nil {
				return taken, err
			}
			p = p[whole:]
			continue
		}
		n := gathered - len(g.held)
		g.hold(p[:n])
		p, taken = p[n:], taken+n
		if err := g.Flush(); err != nil {
			return taken, err
		}
	}
	g.hold(p)
	return taken + len(p), nil
}

func (g *Gatherer) hold(p []byte) {
	if len(g.held) > 0 && len(g.held)+len(p) > cap(g.held) {
		// There is more to come than one small file.
		g.held = slices.Grow(g.held, gathered-len(g.held))
	}
	g.held = append(g.held, p...)
}

// Held gives the bytes that are not written yet. After a Flush they stay as they are until the next Write.
func (g *Gatherer) Held() []byte { return g.held }

// Flush writes what is held.
func (g *Gatherer) Flush() error {
	if len(g.held) == 0 {
		return nil
	}
	_, err := g.to.Write(g.held)
	g.held = g.held[:0]
	return err
}
