package index

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"kingsnake/conda/channel"
	"kingsnake/internal/blob"
	"kingsnake/internal/memo"
	"kingsnake/internal/registry"
)

// The bounds of the parts of index files that are kept in memory, in bytes: of all of them, and of one. A larger part is
// rendered into a temporary file for each request.
const (
	partsTotal = 32 << 20
	maxPart    = 1 << 20
)

// partKey names a part: a file, as of a generation, with a set of packages.
type partKey struct {
	pointerKey
	generation int64
	names      [32]byte
}

// newParts makes the memory for parts.
func newParts() memo.Bounded[partKey, []byte] {
	return memo.NewBounded(partsTotal, func(_ partKey, data []byte) uint32 { return uint32(len(data)) + 256 })
}

// Part gives an index file with some packages alone. It is never stored: few ask for the same one.
func (b *Builder) Part(ctx context.Context, id int64, name registry.Place, kind registry.IndexKind, keep func(string) bool) (registry.Served, error) {
	key := partKey{pointerKey: pointerKey{place{id, name}, kind}}
	render := b.renderer(key.pointerKey)
	if render == nil {
		return registry.Served{}, registry.ErrNoIndex
	}
	g, err := b.generation(ctx, key.place)
	if err != nil {
		return registry.Served{}, err
	}
	if !g.exists && name != channel.Noarch {
		return registry.Served{}, registry.ErrNoIndex
	}
	names, err := b.Store.Names(ctx, id, string(name))
	if err != nil {
		return registry.Served{}, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !keep(name) })
	if names == nil {
		names = []string{} // Nil would stand for all.
	}
	key.generation, key.names = g.n, sha256.Sum256([]byte(strings.Join(names, "/")))
	if data, ok := b.parts.GetIfPresent(key); ok {
		return inMemory(data), nil
	}
	return b.part(ctx, key, func(w io.Writer) error { return render(ctx, w, names) })
}

// renderer gives what renders a part of a file, nil where there is no such thing.
func (b *Builder) renderer(key pointerKey) func(context.Context, io.Writer, []string) error {
	var plain func(context.Context, io.Writer, place, []string) error
	switch key.group() {
	case registry.IndexRepodata:
		plain = b.repodata
	case registry.IndexRunExports:
		plain = b.runExports
	default:
		return nil
	}
	if key.kind == key.group() {
		return func(ctx context.Context, w io.Writer, names []string) error { return plain(ctx, w, key.place, names) }
	}
	return func(ctx context.Context, w io.Writer, names []string) error {
		enc, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return err
		}
		return errors.Join(plain(ctx, enc, key.place, names), enc.Close())
	}
}

// part renders a part into a temporary file, and keeps it in memory if it is small.
func (b *Builder) part(ctx context.Context, key partKey, render func(io.Writer) error) (registry.Served, error) {
	out, err := b.stage(ctx)
	if err != nil {
		return registry.Served{}, err
	}
	if err := errors.Join(render(out), out.pieces.Flush()); err != nil {
		return registry.Served{}, errors.Join(err, out.discard())
	}
	size := out.staged.Size()
	if size <= maxPart {
		data := make([]byte, size)
		_, err := out.staged.ReadAt(data, 0)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		if err := errors.Join(err, out.discard()); err != nil {
			return registry.Served{}, err
		}
		b.parts.Set(key, data)
		return inMemory(data), nil
	}
	f := registry.Served{Size: size, Content: stagedContent{io.NewSectionReader(out.staged, 0, size), out.staged}}
	out.hash.Sum(f.Hash[:0])
	return f, nil
}

// inMemory serves bytes.
func inMemory(data []byte) registry.Served {
	return registry.Served{Hash: sha256.Sum256(data), Size: int64(len(data)), Content: memoryContent{bytes.NewReader(data)}}
}

// memoryContent is a part in memory, stagedContent one in a temporary file, which goes when it is closed.
type (
	memoryContent struct{ *bytes.Reader }
	stagedContent struct {
		*io.SectionReader
		staged blob.Staged
	}
)

// Close does nothing.
func (memoryContent) Close() error { return nil }

// Close removes the file.
func (c stagedContent) Close() error { return c.staged.Discard() }
