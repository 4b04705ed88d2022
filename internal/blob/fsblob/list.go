package fsblob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"

	"kingsnake/internal/blob"
)

// batch is how many directory entries are held in memory at once.
const batch = 256

// List implements blob.Store.
func (s *Store) List(ctx context.Context) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		for first := range 256 {
			prefix := fmt.Sprintf("%02x", first)
			for info, err := range s.walk(ctx, path.Join(blobDir, prefix)) {
				if err != nil {
					yield(blob.Info{}, translate("list blobs", err))
					return
				}
				// Whatever else lies there, say a desktop's cache of
				// thumbnails, is none of ours.
				h, err := blob.ParseHash(prefix + info.Name())
				if err != nil || !info.Mode().IsRegular() {
					continue
				}
				if !yield(blob.Info{Hash: h, Size: info.Size(), ModTime: info.ModTime()}, nil) {
					return
				}
			}
		}
	}
}

// walk yields the entries of one directory, reading a batch at a time.
// Entries that vanish meanwhile are left out.
func (s *Store) walk(ctx context.Context, dir string) iter.Seq2[fs.FileInfo, error] {
	return func(yield func(fs.FileInfo, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return
		}
		d, err := s.root.Open(dir)
		if err != nil {
			yield(nil, err)
			return
		}
		// Closing what was only read cannot lose anything.
		defer func() { _ = d.Close() }()
		for {
			names, err := d.Readdirnames(batch)
			for _, name := range names {
				info, err := s.stat(ctx, path.Join(dir, name))
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if !yield(info, err) || err != nil {
					return
				}
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

func (s *Store) stat(ctx context.Context, name string) (fs.FileInfo, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.root.Lstat(name)
}
