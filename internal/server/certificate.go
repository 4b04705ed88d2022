package server

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateEvery is how often a changed certificate is looked for.
const certificateEvery = 10 * time.Second

// certificate is the server's own, read again when its files change, as they do every few weeks where they come from an
// authority that renews them.
type certificate struct {
	files [2]string // the chain, and the key
	log   *slog.Logger
	now   func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	seen    [2]os.FileInfo
	asked   time.Time
}

// loadCertificate reads a certificate, which must be good.
func loadCertificate(chain, key string, log *slog.Logger, now func() time.Time) (*certificate, error) {
	c := &certificate{files: [2]string{chain, key}, log: log, now: now, asked: now()}
	if _, err := c.read(); err != nil {
		return nil, err
	}
	return c, nil
}

// Get is for tls.Config.
func (c *certificate) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if since := now.Sub(c.asked); since >= 0 && since < certificateEvery {
		return c.current, nil
	}
	c.asked = now
	switch changed, err := c.read(); {
	case err != nil:
		c.log.Error("the changed certificate cannot be used; the one before stays", "error", err)
	case changed:
		c.log.Info("the certificate was read again", "until", c.current.Leaf.NotAfter)
	}
	return c.current, nil
}

// read takes over the files if they are others than those that were read last. Whatever is wrong with them is said once.
func (c *certificate) read() (changed bool, err error) {
	var found [2]os.FileInfo
	same := true
	for i, path := range c.files {
		// A file that is not there is nil, which is a state like others.
		if info, statErr := os.Stat(path); statErr == nil {
			found[i] = info
		} else {
			err = statErr
		}
		same = same && sameState(c.seen[i], found[i])
	}
	if same && c.current != nil {
		return false, nil
	}
	c.seen = found
	if err != nil {
		return false, fmt.Errorf("certificate: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(c.files[0], c.files[1])
	if err != nil {
		return false, fmt.Errorf("certificate: %w", err)
	}
	c.current = &pair
	return true, nil
}

// sameState tells whether a file is as it was.
func sameState(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == b
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
