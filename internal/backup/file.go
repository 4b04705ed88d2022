package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"kingsnake/internal/blob"
)

// ToStream writes a copy as a tar archive.
func (s Source) ToStream(ctx context.Context, w io.Writer) (Report, error) {
	to := &tarSink{w: tar.NewWriter(w), at: s.Now()}
	r, err := s.make(ctx, to)
	if err == nil {
		err = to.w.Close()
	}
	return r, err
}

// ToFile writes a copy into a file that must not be there yet. It appears under its name when it is whole and durable.
func (s Source) ToFile(ctx context.Context, path string) (_ Report, rerr error) {
	if _, err := os.Lstat(path); err == nil {
		return Report{}, fmt.Errorf("%s is there already; a backup replaces nothing", path)
	}
	dir := filepath.Dir(path)
	if s.Temp == "" {
		s.Temp = dir
	}
	f, err := os.CreateTemp(dir, ".kingsnake-backup-*") // Its mode is 0600.
	if err != nil {
		return Report{}, err
	}
	defer func() {
		if rerr != nil {
			rerr = errors.Join(rerr, ignoreClosed(f.Close()), os.Remove(f.Name()))
		}
	}()
	r, err := s.ToStream(ctx, f)
	if err != nil {
		return r, err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return r, err
	}
	// Unlike a rename, a link never replaces a file that somebody else has put there meanwhile.
	if err := os.Link(f.Name(), path); err != nil {
		return r, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return r, err
	}
	return r, syncDir(dir)
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// tarSink writes a tar archive.
type tarSink struct {
	w  *tar.Writer
	at time.Time
}

func (t *tarSink) part(name string, size int64, r io.Reader) error {
	h := &tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: t.at.Truncate(time.Second), Format: tar.FormatPAX}
	if err := t.w.WriteHeader(h); err != nil {
		return err
	}
	n, err := io.Copy(t.w, r)
	if err == nil && n != size {
		err = fmt.Errorf("%s: %d of %d bytes: %w", name, n, size, io.ErrUnexpectedEOF)
	}
	return err
}

func (t *tarSink) has(context.Context, blob.Hash, int64) (int64, error) { return -1, nil }

// blob writes a blob. One that is damaged is in the archive too, and known by its hash.
func (t *tarSink) blob(_ context.Context, h blob.Hash, size int64, r io.Reader) (bool, error) {
	sum := sha256.New()
	err := t.part(blobPrefix+h.String(), size, io.TeeReader(r, sum))
	return blob.Hash(sum.Sum(nil)) == h, err
}

// tarParts gives the parts of a tar archive in their order.
func tarParts(r io.Reader) parts {
	return func(_ context.Context, fn partFunc) error {
		t := tar.NewReader(r)
		for {
			h, err := t.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("%w: %w", ErrForm, err)
			}
			if h.Typeflag != tar.TypeReg {
				return fmt.Errorf("%w: %q is not a file", ErrForm, h.Name)
			}
			if err := fn(h.Name, t); err != nil {
				return err
			}
		}
	}
}
