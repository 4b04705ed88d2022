package backup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/fsblob"
)

// The folders in a folder of copies.
const (
	snapshotFolder = "snapshots"
	blobFolder     = "blobs"
	// unfinished begins the name of a copy in the making.
	unfinished = ".unfinished-"
)

// snapshotForm names a copy by its time.
const snapshotForm = "20060102T150405Z"

// ToFolder adds a copy to a folder, which is made if need be. Of the copies in it only the latest keep stay, 0 meaning all,
// and of the blobs those that they name. Nobody else may work on the folder meanwhile.
func (s Source) ToFolder(ctx context.Context, dir string, keep int) (_ Report, rerr error) {
	snapshots := filepath.Join(dir, snapshotFolder)
	if err := os.MkdirAll(snapshots, 0o700); err != nil {
		return Report{}, err
	}
	if err := removeUnfinished(snapshots); err != nil {
		return Report{}, err
	}
	store, err := fsblob.Open(filepath.Join(dir, blobFolder), fsblob.Options{})
	if err != nil {
		return Report{}, err
	}
	defer func() { rerr = errors.Join(rerr, store.Close()) }()
	temp, err := os.MkdirTemp(snapshots, unfinished+"*")
	if err != nil {
		return Report{}, err
	}
	if s.Temp == "" {
		s.Temp = temp
	}
	r, err := s.make(ctx, &folderSink{dir: temp, store: store})
	if err == nil {
		r.Snapshot = r.CreatedAt.Format(snapshotForm)
		// It fails where a folder of that name is: copies are seconds apart.
		err = errors.Join(syncDir(temp), os.Rename(temp, filepath.Join(snapshots, r.Snapshot)), syncDir(snapshots), syncDir(dir))
	}
	if err != nil {
		return r, errors.Join(err, os.RemoveAll(temp))
	}
	if keep > 0 {
		err = prune(ctx, dir, store, keep)
	}
	return r, err
}

// removeUnfinished removes what killed copies left.
func removeUnfinished(snapshots string) error {
	entries, err := os.ReadDir(snapshots)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), unfinished) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(snapshots, e.Name())))
		}
	}
	return err
}

// Snapshots names the copies in a folder, the oldest first.
func Snapshots(dir string) (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(dir, snapshotFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s has no folder %s", ErrForm, dir, snapshotFolder)
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, err
}

// prune removes all but the latest copies, and the blobs that none of those names.
func prune(ctx context.Context, dir string, store *fsblob.Store, keep int) error {
	names, err := Snapshots(dir)
	if err != nil || len(names) <= keep {
		return err
	}
	old, kept := names[:len(names)-keep], names[len(names)-keep:]
	needed := map[blob.Hash]bool{}
	for _, name := range kept {
		list, err := listOf(filepath.Join(dir, snapshotFolder, name))
		if err != nil {
			return err
		}
		for _, h := range list {
			needed[h] = true
		}
	}
	for _, name := range old {
		if err := os.RemoveAll(filepath.Join(dir, snapshotFolder, name)); err != nil {
			return err
		}
	}
	for info, err := range store.List(ctx) {
		if err != nil {
			return err
		}
		if !needed[info.Hash] {
			if err := store.Delete(ctx, info.Hash); err != nil {
				return err
			}
		}
	}
	return nil
}

func listOf(snapshot string) (_ []blob.Hash, rerr error) {
	f, err := os.Open(filepath.Join(snapshot, listName))
	if err != nil {
		return nil, err
	}
	defer func() { rerr = errors.Join(rerr, f.Close()) }()
	return readList(f)
}

// folderSink writes the parts into a folder and the blobs into a store.
type folderSink struct {
	dir   string
	store blob.Store
}

func (f *folderSink) part(name string, size int64, r io.Reader) error {
	return writeFile(filepath.Join(f.dir, name), size, r)
}

// writeFile makes a file that only its owner may read, durably.
func writeFile(path string, size int64, r io.Reader) (rerr error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, f.Close()) }()
	n, err := io.Copy(f, r)
	if err == nil && size >= 0 && n != size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	return f.Sync()
}

// has takes a blob of the right size for the right one. One of another size is damaged, and makes room for a good one.
func (f *folderSink) has(ctx context.Context, h blob.Hash, want int64) (int64, error) {
	info, err := f.store.Stat(ctx, h)
	switch {
	case errors.Is(err, blob.ErrNotExist):
		return -1, nil
	case err != nil:
		return -1, err
	case want >= 0 && info.Size != want:
		return -1, f.store.Delete(ctx, h)
	}
	return info.Size, nil
}

func (f *folderSink) blob(ctx context.Context, h blob.Hash, size int64, r io.Reader) (bool, error) {
	return put(ctx, f.store, h, size, r)
}

// put stores a blob whose bytes are those of the hash, and tells whether they were.
func put(ctx context.Context, store blob.Store, h blob.Hash, size int64, r io.Reader) (good bool, rerr error) {
	staged, err := store.Stage(ctx)
	if err != nil {
		return false, err
	}
	defer func() { rerr = errors.Join(rerr, staged.Discard()) }()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(staged, sum), r)
	if err != nil {
		return false, err
	}
	if blob.Hash(sum.Sum(nil)) != h || size >= 0 && n != size {
		return false, nil
	}
	return true, staged.Commit(ctx, h)
}

// folderParts gives the parts of a copy in a folder in their order; an empty snapshot means the latest.
func folderParts(dir, snapshot string) parts {
	return func(ctx context.Context, fn partFunc) error {
		names, err := Snapshots(dir)
		if err != nil {
			return err
		}
		if snapshot == "" && len(names) > 0 {
			snapshot = names[len(names)-1]
		}
		if !slices.Contains(names, snapshot) {
			return fmt.Errorf("%w: there is no snapshot %q in %s", ErrForm, snapshot, dir)
		}
		at := filepath.Join(dir, snapshotFolder, snapshot)
		for _, name := range []string{headName, keyName, recordsName, listName} {
			if err := readPart(filepath.Join(at, name), name, fn); err != nil {
				return err
			}
		}
		list, err := listOf(at)
		if err != nil {
			return err
		}
		for _, h := range list {
			if err := ctx.Err(); err != nil {
				return err
			}
			hex := h.String()
			err := readPart(filepath.Join(dir, blobFolder, "sha256", hex[:2], hex[2:]), blobPrefix+hex, fn)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return readPart(filepath.Join(at, manifestName), manifestName, fn)
	}
}

func readPart(path, name string, fn partFunc) (rerr error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, f.Close()) }()
	return fn(name, f)
}

// syncDir makes the entries of a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
