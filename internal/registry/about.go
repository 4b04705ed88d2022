package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"runtime"
	"slices"

	"golang.org/x/sync/semaphore"

	"kingsnake/conda/channel"
	"kingsnake/conda/pkgfile"
	"kingsnake/internal/access"
	"kingsnake/internal/blob"
	"kingsnake/internal/memo"
)

// FileAbout is what a package file tells people about itself.
type FileAbout struct {
	// About is the file's about.json, "{}" where it has none.
	About json.RawMessage
	// Readme is the README of the name ReadmeName or, where that is empty, a description that stands in for it.
	Readme, ReadmeName string
}

const (
	// maxAboutTar is the largest .tar.bz2 that is read for its README, in bytes: unlike a .conda it is read to its end.
	maxAboutTar = 16 << 20
	// maxAboutUnpacked bounds what is unpacked for it.
	maxAboutUnpacked = 256 << 20
	// maxAboutCache bounds what is kept of what was read, in bytes.
	maxAboutCache = 32 << 20
)

// aboutKeys are the facts that about.json has too.
var aboutKeys = []string{
	"description", "dev_url", "doc_source_url", "doc_url", "home", "identifiers", "keywords", "license", "source_git_url", "source_url", "summary", "tags",
}

// aboutReader reads what packages say about themselves. It has turns of its own, so that no upload waits for readers.
type aboutReader struct {
	reader *pkgfile.Reader
	turns  *semaphore.Weighted
	// kept is by content, which never changes.
	kept memo.Bounded[blob.Hash, FileAbout]
}

func newAboutReader(lim pkgfile.Limits) *aboutReader {
	// Everything was verified when it came in.
	lim.PkgCheck, lim.MaxUnpacked = pkgfile.PkgHeaders, maxAboutUnpacked
	return &aboutReader{
		reader: pkgfile.NewReader(lim), turns: semaphore.NewWeighted(int64(runtime.NumCPU())),
		kept: memo.NewBounded(maxAboutCache, func(_ blob.Hash, a FileAbout) uint32 {
			return uint32(len(a.About) + len(a.Readme) + 256)
		}),
	}
}

// About gives what a file of a package says about itself: the one of this ckey or, if that is empty, the latest of the
// newest version.
func (s *Packages) About(ctx context.Context, caller *access.Caller, path, family, name, ckey string) (File, FileAbout, error) {
	c, a, err := s.artifact(ctx, caller, access.ArtifactView, path, family, name)
	if err != nil {
		return File{}, FileAbout{}, err
	}
	var f File
	if ckey != "" {
		f, err = s.file(ctx, nil, c, name, ckey)
	} else {
		f, err = s.latest(ctx, c, a)
	}
	if err == nil && f.Filtered != "" {
		err = filtered(c.Path, f.CKey(), f.Filtered)
	}
	if err != nil {
		return File{}, FileAbout{}, err
	}
	about, err := s.readAbout(ctx, f)
	if errors.Is(err, blob.ErrNotExist) {
		err = notFound("channel %s has no file %s in package %s any more", c.Path, f.CKey(), name)
	}
	return f, about, err
}

// latest gives the file of the newest version that changed last.
func (s *Packages) latest(ctx context.Context, c Channel, a Artifact) (File, error) {
	f := FileFilter{ArtifactID: a.ID, Version: a.LatestVersion}
	if c.Type == VirtualChannel {
		f.VirtualID, f.Name = c.ID, a.Name
	}
	found, _, err := s.packages.ListFiles(ctx, nil, f, Page{Limit: 1, Sort: []Sort{{By: "updated_at", Descending: true}}})
	if err != nil {
		return File{}, err
	}
	if len(found) == 0 {
		return File{}, filtered(c.Path, a.Family+"/"+a.Name, "all files")
	}
	return found[0], nil
}

// readAbout reads a file's content, and takes the facts that were noted when it came in where reading would cost too much.
func (s *Packages) readAbout(ctx context.Context, f File) (FileAbout, error) {
	if kept, ok := s.abouts.kept.GetIfPresent(f.SHA256); ok {
		return kept, nil
	}
	if f.Format == string(channel.FormatTarBz2) && f.Size > maxAboutTar {
		return f.noted()
	}
	if err := s.abouts.turns.Acquire(ctx, 1); err != nil {
		return FileAbout{}, err
	}
	defer s.abouts.turns.Release(1)
	content, err := s.blobs.Open(ctx, f.SHA256)
	if err != nil {
		return FileAbout{}, err
	}
	pkg, err := s.abouts.reader.Read(whileAsked{ctx, content}, content.Size(), f.Filename)
	if err := errors.Join(err, content.Close()); err != nil {
		if _, refused := errors.AsType[*pkgfile.Error](err); refused {
			return f.noted()
		}
		return FileAbout{}, fmt.Errorf("read %s: %w", f.CKey(), err)
	}
	about := FileAbout{About: pkg.About.Raw, Readme: pkg.Readme}
	if len(about.About) == 0 {
		about.About = json.RawMessage("{}")
	}
	if about.Readme != "" {
		about.ReadmeName = path.Base(pkg.ReadmePath)
	} else {
		about.Readme = cmp.Or(pkg.About.Description, pkg.About.Summary)
	}
	s.abouts.kept.Set(f.SHA256, about)
	return about, nil
}

// noted is what the index knows of a file's about.json by itself, whatever edits say.
func (f File) noted() (FileAbout, error) {
	facts := f.Facts
	if f.Original != nil {
		facts = f.Original.Facts
	}
	var about map[string]json.RawMessage
	var prose struct{ Description, Summary string }
	if err := errors.Join(json.Unmarshal(facts, &about), json.Unmarshal(facts, &prose)); err != nil {
		return FileAbout{}, fmt.Errorf("facts of %s: %w", f.CKey(), err)
	}
	maps.DeleteFunc(about, func(key string, _ json.RawMessage) bool { return !slices.Contains(aboutKeys, key) })
	raw, err := json.Marshal(about)
	return FileAbout{About: raw, Readme: cmp.Or(prose.Description, prose.Summary)}, err
}

// whileAsked reads as long as somebody waits for it.
type whileAsked struct {
	ctx context.Context
	r   io.ReaderAt
}

func (w whileAsked) ReadAt(p []byte, off int64) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.r.ReadAt(p, off)
}
