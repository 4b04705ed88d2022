package tokenscan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"kingsnake/internal/identity"
)

// Find is a string of a token in a file.
type Find struct {
	Path string
	Match
}

// Masked is as much of the string as may be shown: enough to tell it from others at sight.
func (f Find) Masked() string { return f.Token[:len("ks-r-")+4] + "…" }

// Letter is the kind of the token, as its string shows it.
func (f Find) Letter() byte { return f.Token[len("ks-")] }

// Fingerprint names the string to whoever holds it.
func (f Find) Fingerprint() string { return identity.Fingerprint(f.Token) }

// Result is what was found.
type Result struct {
	// Finds are in the order of the paths, and in each in order of place.
	Finds []Find
	// Files counts what was read, Failed says what could not be.
	Files  int
	Failed []error
}

// Stdin is the path that stands for the standard input.
const Stdin = "-"

// maxFinds bounds what is kept of a search.
const maxFinds = 100_000

// errTooMany ends a search that would fill the memory.
var errTooMany = fmt.Errorf("more than %d strings of tokens were found; search less at a time", maxFinds)

// Scanner searches files and folders.
type Scanner struct {
	// Stdin is read for the path "-".
	Stdin io.Reader
	// Workers is how many files are read at once.
	Workers int
}

// Scan searches paths, folders with all that is in them. Symbolic links in folders are not followed, so that nothing
// outside is read, and neither are the objects of Git repositories, which are compressed. What cannot be read is noted,
// and the search goes on; the error is for a search that came to no end.
func (s *Scanner) Scan(ctx context.Context, paths []string) (Result, error) {
	work, within := errgroup.WithContext(ctx)
	work.SetLimit(max(1, s.Workers))
	r := &run{ctx: within, work: work, stdin: s.Stdin}
	for _, path := range paths {
		r.root(path)
	}
	if err := errors.Join(work.Wait(), ctx.Err()); err != nil {
		return Result{}, err
	}
	slices.SortFunc(r.finds, func(a, b numbered) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	out := Result{Files: r.files, Failed: r.failed}
	for _, f := range r.finds {
		out.Finds = append(out.Finds, f.Find)
	}
	return out, nil
}

// run is one search.
type run struct {
	ctx   context.Context //nolint:containedctx // A run is one call.
	work  *errgroup.Group
	stdin io.Reader

	mu     sync.Mutex
	files  int
	finds  []numbered
	failed []error
}

// numbered is a find with the number of its file, by which finds are put in order.
type numbered struct {
	file int
	Find
}

// root searches what somebody named: a folder, or anything that can be read.
func (r *run) root(path string) {
	if path == Stdin {
		r.read(path, func() (io.ReadCloser, error) { return io.NopCloser(r.stdin), nil })
		return
	}
	info, err := os.Stat(path)
	if err != nil {
		r.fail(err)
		return
	}
	if !info.IsDir() {
		r.file(path)
		return
	}
	// With the separator, a link that somebody named is the folder that it leads to.
	if err := filepath.WalkDir(path+string(filepath.Separator), r.visit); err != nil && r.ctx.Err() == nil {
		r.fail(err)
	}
}

// visit searches one entry of a folder.
func (r *run) visit(path string, d fs.DirEntry, err error) error {
	switch {
	case r.ctx.Err() != nil:
		return r.ctx.Err()
	case err != nil:
		r.fail(err)
		return nil
	case d.IsDir() && isGitObjects(path):
		return fs.SkipDir
	case d.Type().IsRegular():
		r.file(path)
	}
	return nil
}

// isGitObjects tells the folder in which a Git repository keeps its objects.
func isGitObjects(path string) bool {
	if filepath.Base(path) != "objects" {
		return false
	}
	head, err := os.Lstat(filepath.Join(filepath.Dir(path), "HEAD"))
	return err == nil && head.Mode().IsRegular()
}

func (r *run) file(path string) {
	r.read(path, func() (io.ReadCloser, error) { return os.Open(path) })
}

// read searches a stream when it is its turn.
func (r *run) read(path string, open func() (io.ReadCloser, error)) {
	r.mu.Lock()
	r.files++
	number := r.files
	r.mu.Unlock()
	r.work.Go(func() error {
		if r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		in, err := open()
		if err != nil {
			r.fail(err)
			return nil
		}
		err = Stream(in, func(m Match) error { return r.found(numbered{number, Find{path, m}}) })
		if errors.Is(err, errTooMany) {
			return errors.Join(err, in.Close())
		}
		if err := errors.Join(err, in.Close()); err != nil {
			r.fail(fmt.Errorf("%s: %w", path, err))
		}
		return nil
	})
}

func (r *run) found(f numbered) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.finds) == maxFinds {
		return errTooMany
	}
	r.finds = append(r.finds, f)
	return nil
}

func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = append(r.failed, err)
}
