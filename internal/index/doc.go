// Package index turns stored packages into the index files that conda clients read.
//
// Every change raises the generation of its subdir; an index file remembers the generation that it was built from, and
// one that is behind is built again: the shard index before it is served, repodata.json in the background and, when
// that is quick, before it is served too. Files are content-addressed blobs with a pointer row, so no reader ever sees
// half of one. Out of scope: who may read (package registry) and the formats themselves (package conda/repodata).
package index

import (
	"context"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
)

// Store is what the index reads of stored packages, and where it keeps its pointers.
type Store interface {
	Write(ctx context.Context, fn func(registry.Tx) error) error

	// IsVirtual tells whether a channel shows the files of others.
	IsVirtual(ctx context.Context, channel int64) (bool, error)

	// Generation gives how often a place changed, and whether it ever did; Subdirs does so for all of the label main.
	// Here as below, what is called subdir is the text of a registry.Place.
	Generation(ctx context.Context, channel int64, subdir string) (int64, bool, error)
	Subdirs(ctx context.Context, channel int64) ([]Subdir, error)

	// EachFile gives the files of one section, by ascending name.
	EachFile(ctx context.Context, src Source, s Section, fn func(File) error) error
	// Names gives the names of the packages of a subdir, and perhaps of some that it had.
	Names(ctx context.Context, channel int64, subdir string) ([]string, error)
	// EachFact gives the facts of all files.
	EachFact(ctx context.Context, src Source, fn func(facts []byte) error) error

	// StaleShards gives the first shards after a name whose package changed since they were made, by ascending name.
	StaleShards(ctx context.Context, channel int64, subdir, after string, limit int) ([]Shard, error)
	ShardFiles(ctx context.Context, src Source, name string) ([]File, error)
	// SetShards points at shards, unless newer ones are pointed at, and forgets names without files.
	SetShards(ctx context.Context, tx registry.Tx, channel int64, subdir string, list []Shard) error
	EachShard(ctx context.Context, channel int64, subdir string, fn func(name string, hash blob.Hash) error) error

	Pointer(ctx context.Context, channel int64, subdir string, kind registry.IndexKind) (Pointer, error)
	SetPointer(ctx context.Context, tx registry.Tx, channel int64, subdir string, kind registry.IndexKind, p Pointer) error
	registry.DoomedStore
	// HoldBlobs notes that an index names blobs from now on, ReplaceBlobs that it does so no longer.
	HoldBlobs(ctx context.Context, tx registry.Tx, channel int64, subdir, kind string, at time.Time, hashes ...blob.Hash) error
	ReplaceBlobs(ctx context.Context, tx registry.Tx, channel int64, subdir, kind string, at time.Time, hashes ...blob.Hash) error
	// HoldsBlob tells whether a blob belongs to a subdir's index, or lately did.
	HoldsBlob(ctx context.Context, channel int64, subdir, kind string, h blob.Hash) (bool, error)
}

// Source says which files an index shows.
type Source struct {
	Channel int64
	// Virtual takes the files of the channel's sources, of files with one name that of the first source, not its own.
	Virtual bool
	// Place holds the label and the subdir of the files; an empty subdir takes those of all.
	Place registry.Place
}

// Subdir is a subdir of a channel with its generation.
type Subdir struct {
	Name       string
	Generation int64
}

// File is what an index shows of a package file.
type File struct {
	Filename   string
	Record     []byte
	RunExports []byte
	V3         bool
}

// Section selects the files for one part of repodata.json. All selects every file.
type Section struct {
	Format string
	V3     bool
	// AnyVersion takes files of both record versions.
	AnyVersion bool
	// Names selects the files of these packages, nil those of all.
	Names []string
}

// Shard is one package name's part of an index.
type Shard struct {
	Name string
	// Generation is the last change of the name; Built is the one that Hash was made from.
	Generation, Built int64
	// Hash names the blob, the zero hash when the name has no files any more.
	Hash blob.Hash
}

// Pointer is a current index file.
type Pointer struct {
	Generation int64
	Hash       blob.Hash
	Size       int64
	BuiltAt    time.Time
}
