package index

import (
	"context"
	"crypto/sha256"
	"hash"

	"kingsnake/internal/blob"
)

// output is an index file on its way to the blob store.
type output struct {
	staged blob.Staged
	pieces *blob.Gatherer
	hash   hash.Hash
}

func (b *Builder) stage(ctx context.Context) (*output, error) {
	s, err := b.Blobs.Stage(ctx)
	if err != nil {
		return nil, err
	}
	return &output{staged: s, pieces: blob.NewGatherer(s), hash: sha256.New()}, nil
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.pieces.Write(p)
	o.hash.Write(p[:n])
	return n, err
}

func (o *output) discard() error { return o.staged.Discard() }

// commit names the file by its content.
func (o *output) commit(ctx context.Context) (Pointer, error) {
	var p Pointer
	if err := o.pieces.Flush(); err != nil {
		return p, err
	}
	o.hash.Sum(p.Hash[:0])
	p.Size = o.staged.Size()
	return p, o.staged.Commit(ctx, p.Hash)
}
