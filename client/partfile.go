package client

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"path/filepath"
)

// partFile is a file on its way: its length, and the hash of what it holds.
type partFile struct {
	file *os.File
	size int64
	hash hash.Hash
	// keep is true when a later call can continue the file, because its name says which content it belongs to.
	keep, published bool
}

// openPart opens the temporary file for target, and reads what an earlier call left in it.
func openPart(target, expected string) (*partFile, error) {
	p := &partFile{hash: sha256.New(), keep: expected != ""}
	mark, flags := rand.Text(), os.O_RDWR|os.O_CREATE|os.O_EXCL
	if p.keep {
		mark, flags = expected[:16], os.O_RDWR|os.O_CREATE
	}
	dir, base := filepath.Split(target)
	var err error
	if p.file, err = os.OpenFile(dir+"."+base+"."+mark+".part", flags, 0o644); err != nil {
		return nil, err
	}
	if p.size, err = io.Copy(p.hash, p.file); err != nil {
		_ = p.file.Close()
		return nil, err
	}
	return p, nil
}

// Write implements io.Writer.
func (p *partFile) Write(b []byte) (int, error) {
	n, err := p.file.Write(b)
	p.hash.Write(b[:n])
	p.size += int64(n)
	return n, err
}

func (p *partFile) sum() string { return hex.EncodeToString(p.hash.Sum(nil)) }

// reset empties the file.
func (p *partFile) reset() error {
	p.size = 0
	p.hash.Reset()
	if err := p.file.Truncate(0); err != nil {
		return err
	}
	_, err := p.file.Seek(0, io.SeekStart)
	return err
}

// publish makes the file durable and puts it in the place of target.
func (p *partFile) publish(target string) error {
	if err := errors.Join(p.file.Sync(), p.file.Close()); err != nil {
		return err
	}
	p.published = true
	return os.Rename(p.file.Name(), target)
}

// close tidies up after a download that did not end well.
func (p *partFile) close(err *error) {
	if p.published {
		return
	}
	closeErr := p.file.Close()
	if p.size == 0 || !p.keep {
		_ = os.Remove(p.file.Name())
	}
	if *err == nil {
		*err = closeErr
	}
}
