package fsblob

import (
	"errors"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"kingsnake/internal/blob"
)

// The files that are kept open for the next reader: at most so many, and for so long. Of those that others than this process
// delete, the disk keeps the bytes as long.
const (
	maxIdle  = 64
	idleTime = 10 * time.Second
)

// idle keeps files open of which the reader was closed. Opening a blob walks through three folders, which for a file that the
// kernel has in memory takes a good part of the time of sending it. A file has one reader at a time, since readers move its
// offset; so a blob that several read at once is open several times.
type idle struct {
	mu sync.Mutex
	// files are in the order in which they came.
	files  []idleFile
	closed bool
	// late closes what nobody wanted.
	late *time.Timer
}

type idleFile struct {
	hash  blob.Hash
	file  *os.File
	since time.Time
}

// take gives an open file of a blob and its size, nil if there is none. One that was deleted meanwhile is none.
func (i *idle) take(h blob.Hash) (*os.File, int64) {
	for {
		f := i.pop(h)
		if f == nil {
			return nil, 0
		}
		info, err := f.Stat()
		if err == nil && linked(info) {
			if _, err = f.Seek(0, io.SeekStart); err == nil {
				return f, info.Size()
			}
		}
		_ = f.Close() // It was only read.
	}
}

// pop gives the file of a blob that came last.
func (i *idle) pop(h blob.Hash) *os.File {
	i.mu.Lock()
	defer i.mu.Unlock()
	for n := len(i.files) - 1; n >= 0; n-- {
		if i.files[n].hash == h {
			f := i.files[n].file
			i.files = slices.Delete(i.files, n, n+1)
			return f
		}
	}
	return nil
}

// put closes a file that was read, and keeps what the kernel has open behind it by another. So whoever still has the one that
// was closed can do nothing with it, least of all to the next reader's.
func (i *idle) put(h blob.Hash, f *os.File) error {
	kept, kerr := again(f)
	if err := f.Close(); err != nil || kerr != nil || kept == nil {
		// Where nothing can be kept, as with too many files open, the next reader opens the file anew.
		if kept != nil {
			err = errors.Join(err, kept.Close())
		}
		return err
	}
	return i.keep(h, kept)
}

// keep keeps a file, or closes it.
func (i *idle) keep(h blob.Hash, f *os.File) error {
	i.mu.Lock()
	if i.closed {
		i.mu.Unlock()
		return f.Close()
	}
	var oldest *os.File
	if len(i.files) == maxIdle {
		oldest = i.files[0].file
		i.files = slices.Delete(i.files, 0, 1)
	}
	if i.files = append(i.files, idleFile{h, f, time.Now()}); len(i.files) == 1 {
		i.wait(idleTime)
	}
	i.mu.Unlock()
	if oldest != nil {
		return oldest.Close()
	}
	return nil
}

// wait sees to it that files are closed. The caller holds the lock.
func (i *idle) wait(d time.Duration) {
	if i.late == nil {
		i.late = time.AfterFunc(d, i.expire)
		return
	}
	i.late.Reset(d)
}

// expire closes what has been kept for long.
func (i *idle) expire() {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := time.Now()
	i.closeIf(func(f idleFile) bool { return now.Sub(f.since) >= idleTime })
	if len(i.files) > 0 {
		i.wait(idleTime - now.Sub(i.files[0].since))
	}
}

// drop closes the files of a blob, so that the disk gets its bytes back.
func (i *idle) drop(h blob.Hash) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.closeIf(func(f idleFile) bool { return f.hash == h })
}

// close closes all files, and those that still come.
func (i *idle) close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.closed = true
	i.closeIf(func(idleFile) bool { return true })
	if i.late != nil {
		i.late.Stop()
	}
}

// closeIf closes some files. The caller holds the lock.
func (i *idle) closeIf(unwanted func(idleFile) bool) {
	i.files = slices.DeleteFunc(i.files, func(f idleFile) bool {
		if !unwanted(f) {
			return false
		}
		_ = f.file.Close() // It was only read.
		return true
	})
}
