package doctor

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxLog bounds how much of a log is read.
const maxLog = 64 << 20

// logs are log files, and how long they were.
type logs struct {
	paths []string
	sizes map[string]int64
	err   error
}

// startLogs notes how long the logs are now.
func startLogs(paths []string) *logs {
	l := &logs{paths: paths, sizes: map[string]int64{}}
	l.err = l.each(func(path string, info fs.FileInfo) error {
		l.sizes[path] = info.Size()
		return nil
	})
	return l
}

// each gives all files among the paths and in the folders among them.
func (l *logs) each(fn func(path string, info fs.FileInfo) error) error {
	for _, p := range l.paths {
		err := filepath.WalkDir(p, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := os.Stat(path)
			if errors.Is(err, fs.ErrNotExist) && path != p {
				return nil // It was rotated away.
			}
			if err != nil || !info.Mode().IsRegular() {
				return err
			}
			return fn(path, info)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// find gives the log files that hold one of some texts since the start, with the text's name, how many bytes were read, and
// whether one of some marks is among them.
func (l *logs) find(texts map[string]string, marks []string) (found []leak, read int64, marked bool, err error) {
	if l.err != nil {
		return nil, 0, false, l.err
	}
	err = l.each(func(path string, info fs.FileInfo) error {
		from := l.sizes[path]
		if info.Size() < from {
			from = 0 // It was begun anew.
		}
		data, err := tail(path, from)
		read += int64(len(data))
		marked = marked || slices.ContainsFunc(marks, func(mark string) bool { return strings.Contains(data, mark) })
		for name, text := range texts {
			if strings.Contains(data, text) {
				found = append(found, leak{path, name})
			}
		}
		return err
	})
	slices.SortFunc(found, func(a, b leak) int { return cmp.Compare(a.String(), b.String()) })
	return found, read, marked, err
}

// tail reads a file from a place on.
func tail(path string, from int64) (_ string, rerr error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { rerr = errors.Join(rerr, f.Close()) }()
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return "", err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxLog))
	return string(data), err
}
