package registry

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"kingsnake/conda/channel"
	"kingsnake/conda/pkgfile"
	"kingsnake/conda/version"
	"kingsnake/internal/access"
	"kingsnake/internal/blob"
	"kingsnake/internal/memo"
)

// PackageStore keeps packages and their files.
type PackageStore interface {
	FileByKey(ctx context.Context, tx Tx, channel int64, subdir, filename string) (File, error)
	InsertFile(ctx context.Context, tx Tx, f File) (int64, error)
	ReplaceFile(ctx context.Context, tx Tx, f File) error
	DeleteFile(ctx context.Context, tx Tx, id int64) error
	ListFiles(ctx context.Context, tx Tx, f FileFilter, p Page) ([]File, int64, error)
	EnsureArtifact(ctx context.Context, tx Tx, a Artifact) (Artifact, error)
	UpdateArtifact(ctx context.Context, tx Tx, a Artifact) error
	// GrowArtifact is UpdateArtifact where it is known what the package was before.
	GrowArtifact(ctx context.Context, tx Tx, was, a Artifact) error
	DeleteArtifact(ctx context.Context, tx Tx, id int64) error
	ArtifactByName(ctx context.Context, tx Tx, channel int64, family, name string) (Artifact, error)
	ListArtifacts(ctx context.Context, f ArtifactFilter, p Page) ([]Artifact, int64, error)
	ArtifactSummary(ctx context.Context, tx Tx, artifact int64) (ArtifactSummary, error)
	UnknownDepends(ctx context.Context, channel int64, limit int) ([]Artifact, error)
	SetDepends(ctx context.Context, tx Tx, a Artifact, names []string) error
	PatchFile(ctx context.Context, tx Tx, f File) error
	FilesAfter(ctx context.Context, tx Tx, r FileRange, limit int) ([]File, error)
	CountFiles(ctx context.Context, r FileRange, names []string) (int64, error)
	LastFile(ctx context.Context, tx Tx) (int64, error)
	AddDownloads(ctx context.Context, tx Tx, file, artifact, n int64) error
	// MarkSubdir notes that a package of a place changed, and gives the channels whose index shows it: the channel itself
	// and the virtual channels over it. EnsureSubdir makes a place exist in all of them.
	MarkSubdir(ctx context.Context, tx Tx, channel int64, place Place, name string, at time.Time) ([]int64, error)
	EnsureSubdir(ctx context.Context, tx Tx, channel int64, place Place, at time.Time) error
	SetFileLabels(ctx context.Context, tx Tx, f File) error
	ListLabels(ctx context.Context, channel int64, p Page) ([]Label, int64, error)
}

// ArtifactSummary is what a package's files say together.
type ArtifactSummary struct {
	// Total counts all files, FileCount those that are offered; the rest is about these.
	Total     int64
	FileCount int64
	Subdirs   []string
	// Latest is the file with the greatest version and, among those, the greatest build number.
	Latest File
}

// FileFilter narrows a list of files to those of one package.
type FileFilter struct {
	ArtifactID int64
	Version    string
	CKey       string
	Subdirs    []string
	// Label keeps only files that carry it, empty for all.
	Label string
	// VirtualID takes, instead of ArtifactID, the files of a virtual channel's package of this Name.
	VirtualID int64
	Name      string
	// Hidden takes in what the channel's filters hide, for those who may change these.
	Hidden bool
}

// ArtifactFilter narrows a list of packages.
type ArtifactFilter struct {
	Visible []ChannelSet
	// ChannelID keeps only one channel's packages, 0 all visible ones.
	ChannelID int64
	// VirtualID keeps what a virtual channel shows, of packages with one name the one with the greatest version.
	VirtualID int64
	// Query finds a part of the name or the summary; OnlyNames keeps exact names.
	Query     string
	OnlyNames []string
	Families  []string
	// DependsOn keeps the packages of the one channel whose newest version depends on this name.
	DependsOn string
	// Subdir keeps packages with a file for it.
	Subdir       string
	UpdatedSince time.Time
	CreatedSince time.Time
}

// Packages is the service for packages and their files.
type Packages struct {
	*core
	packages PackageStore
	uploads  UploadStore
	gathered *gathering
	// buffers are arrays that bodies are read into.
	buffers  sync.Pool
	jobs     *Jobs
	rules    RuleStore
	quotas   QuotaStore
	channels ChannelFinder
	stagings StagingStore
	underWay underWay
	doomed   DoomedStore
	// shared says that other processes store and delete blobs too.
	shared bool
	lookup *channelLookup
	blobs  blob.Store
	gate   *sync.RWMutex
	limits UploadLimits
	reader *pkgfile.Reader
	// reading bounds how many packages are read at once: each takes memory and a processor.
	reading *semaphore.Weighted
	refs    *memo.Cache[fileKey, FileRef]
	abouts  *aboutReader
}

// fileKey names a file for the cache that serving uses.
type fileKey struct {
	channel          int64
	subdir, filename string
}

// maxCachedFiles bounds the files whose place is kept in memory.
const maxCachedFiles = 200_000

func (s *Packages) subscribe(feed *Feed) {
	feed.Subscribe(func(changes []Change) {
		for _, c := range changes {
			if c.Kind == ChangedEverything {
				s.refs.DropAll()
			}
			if c.Kind != ChangedFiles {
				continue
			}
			place, filename := SplitFile(c.Name)
			s.refs.Drop(fileKey{c.Ref, place.Subdir(), filename})
		}
	})
}

var (
	artifactSortColumns = []string{"common_name", "download_count", "updated_at"}
	fileSortColumns     = []string{"ckey", "updated_at", "blob_size", "metadata_version", "metadata_platforms"}
)

// Open finds a package file to send. A file is found only under the labels that it carries.
func (s *Packages) Open(ctx context.Context, caller *access.Caller, path string, place Place, filename string) (Served, error) {
	var pkg string
	if caller.Token.ByPackage() {
		pkg = packageOf(filename)
	}
	// The name is taken from the file's name here; both were compared when the file came in.
	c, err := s.lookup.onPackage(ctx, s.core, caller, access.ArtifactDownload, path, pkg)
	if err != nil {
		return Served{}, err
	}
	if c.Type == VirtualChannel {
		return s.openThrough(ctx, caller, c, pkg, place, filename)
	}
	key := fileKey{c.ID, place.Subdir(), filename}
	ref, ok := s.refs.Peek(key)
	if !ok {
		ref, err = s.refs.Get(ctx, key, func(ctx context.Context) (FileRef, error) { return s.ref(ctx, key) })
	}
	if errors.Is(err, ErrNoRecord) || err == nil && !ref.carries(place) {
		return Served{}, noFile(path, place, filename)
	}
	if err != nil {
		return Served{}, err
	}
	if ref.Filtered != "" {
		return Served{}, filtered(path, key.subdir+"/"+filename, ref.Filtered)
	}
	return Served{
		Hash: ref.SHA256, Size: ref.Size, ModTime: ref.UpdatedAt, Public: c.Privacy == access.Public,
		ChannelID: c.ID, FileID: ref.ID, ArtifactID: ref.ArtifactID, Spend: s.spender(caller, access.ArtifactDownload, target(&c, pkg)),
	}, nil
}

func (s *Packages) ref(ctx context.Context, key fileKey) (FileRef, error) {
	f, err := s.packages.FileByKey(ctx, nil, key.channel, key.subdir, key.filename)
	if err != nil {
		return FileRef{}, err
	}
	return FileRef{
		ID: f.ID, ArtifactID: f.ArtifactID, Name: f.Name, Size: f.Size, SHA256: f.SHA256, Filtered: f.Filtered, UpdatedAt: f.UpdatedAt,
		Main: f.Main(), Labels: f.OtherLabels(),
	}, nil
}

// List gives packages: of one channel when path is set, else of all that the caller may see.
func (s *Packages) List(ctx context.Context, caller *access.Caller, path string, f ArtifactFilter, p Page) ([]Artifact, int64, error) {
	if err := p.Validate(artifactSortColumns...); err != nil {
		return nil, 0, err
	}
	if path != "" {
		c, _, err := s.lookup.onSome(ctx, s.core, caller, access.ArtifactView, path)
		if err != nil {
			return nil, 0, err
		}
		if c.Type == VirtualChannel {
			return s.listThrough(ctx, c, f, p)
		}
		f.ChannelID, f.Visible = c.ID, visible(caller, access.ArtifactView)
	} else {
		f.Visible = s.listed(caller, access.ArtifactView)
	}
	return s.packages.ListArtifacts(ctx, f, p)
}

// Get gives one package.
func (s *Packages) Get(ctx context.Context, caller *access.Caller, path, family, name string) (Artifact, error) {
	return s.offered(ctx, caller, path, family, name)
}

// offered finds a package of which a file at least is offered.
func (s *Packages) offered(ctx context.Context, caller *access.Caller, path, family, name string) (Artifact, error) {
	c, a, err := s.artifact(ctx, caller, access.ArtifactView, path, family, name)
	if err == nil && a.FileCount == 0 {
		return Artifact{}, filtered(c.Path, family+"/"+name, "all files")
	}
	return a, err
}

// artifact asks for a scope on a package and finds it.
func (s *Packages) artifact(ctx context.Context, caller *access.Caller, scope access.Scope, path, family, name string) (Channel, Artifact, error) {
	c, err := s.lookup.onPackage(ctx, s.core, caller, scope, path, family+"/"+name)
	if err != nil {
		return Channel{}, Artifact{}, err
	}
	var a Artifact
	if c.Type == VirtualChannel {
		a, err = s.artifactThrough(ctx, c, family, name)
	} else {
		a, err = s.packages.ArtifactByName(ctx, nil, c.ID, family, name)
	}
	if errors.Is(err, ErrNoRecord) {
		return Channel{}, Artifact{}, notFound("channel %s has no %s package %s", path, family, name)
	}
	a.ChannelPath, a.Privacy = c.Path, string(c.Privacy)
	return c, a, err
}

// Files lists the files of a package.
func (s *Packages) Files(ctx context.Context, caller *access.Caller, path, family, name string, f FileFilter, p Page) ([]File, int64, error) {
	if err := p.Validate(fileSortColumns...); err != nil {
		return nil, 0, err
	}
	c, a, err := s.artifact(ctx, caller, access.ArtifactView, path, family, name)
	switch {
	case err != nil:
	case f.Hidden:
		_, err = s.lookup.on(ctx, s.core, caller, access.ChannelEdit, path)
	case c.Type != VirtualChannel && a.FileCount == 0:
		err = filtered(c.Path, family+"/"+name, "all files")
	}
	if err != nil {
		return nil, 0, err
	}
	f.ArtifactID = a.ID
	if c.Type == VirtualChannel {
		f.VirtualID, f.Name = c.ID, name
	}
	return s.packages.ListFiles(ctx, nil, f, p)
}

// File gives one file of a package.
func (s *Packages) File(ctx context.Context, caller *access.Caller, path, family, name, ckey string) (File, error) {
	c, err := s.lookup.onPackage(ctx, s.core, caller, access.ArtifactView, path, family+"/"+name)
	if err != nil {
		return File{}, err
	}
	f, err := s.file(ctx, nil, c, name, ckey)
	if err == nil && f.Filtered != "" {
		return File{}, filtered(c.Path, f.CKey(), f.Filtered)
	}
	return f, err
}

// file finds a file of the named package, in a transaction where one is given.
func (s *Packages) file(ctx context.Context, tx Tx, c Channel, name, ckey string) (File, error) {
	subdir, filename, ok := SplitCKey(ckey)
	if !ok {
		return File{}, invalid("ckey", "%q is not of the form subdir/filename", ckey)
	}
	var f File
	var err error
	if c.Type == VirtualChannel {
		f, err = s.fileThrough(ctx, tx, c, name, ckey)
	} else {
		f, err = s.packages.FileByKey(ctx, tx, c.ID, subdir, filename)
	}
	if errors.Is(err, ErrNoRecord) || err == nil && f.Name != name {
		return File{}, notFound("channel %s has no file %s in package %s", c.Path, ckey, name)
	}
	return f, err
}

// versionKey is the sortable form of a version; a version that cannot be parsed sorts first.
func versionKey(text string) []byte {
	v, err := version.Parse(text)
	if err != nil {
		return []byte{}
	}
	return v.SortKey()
}

// packageOf gives the package that a file belongs to by its name, "family/name". A name that is none of a package file
// gives what no package is called.
func packageOf(filename string) string {
	name, _, _, _, err := channel.SplitFilename(filename)
	if err != nil {
		return FamilyConda + "/"
	}
	return FamilyConda + "/" + name
}
