package registry

import (
	"context"
	"errors"

	"kingsnake/internal/access"
	"kingsnake/internal/blob"
)

// IndexKind names an index file of a subdir, or of a whole channel when the subdir is empty.
type IndexKind string

// The index files.
const (
	IndexRepodata      IndexKind = "repodata.json"
	IndexRepodataZst   IndexKind = "repodata.json.zst"
	IndexRunExports    IndexKind = "run_exports.json"
	IndexRunExportsZst IndexKind = "run_exports.json.zst"
	IndexShards        IndexKind = "repodata_shards.msgpack.zst"
	IndexChannelData   IndexKind = "channeldata.json"
)

// ErrNoIndex says that there is no such index file: the subdir never had a package.
var ErrNoIndex = errors.New("no such index file")

// IndexFiles gives current index files, building what is out of date.
type IndexFiles interface {
	// Open gives an index file; ErrNoIndex where the subdir never had a package. The subdir noarch always exists.
	Open(ctx context.Context, channel int64, subdir string, kind IndexKind) (Served, error)
	// Shard gives a shard that an index of the channel names or lately named; ErrNoIndex otherwise.
	Shard(ctx context.Context, channel int64, subdir string, hash blob.Hash) (Served, error)
	// Part gives an index file with the packages of the names to keep alone; ErrNoIndex for a kind that has no such part.
	// The caller closes its content.
	Part(ctx context.Context, channel int64, subdir string, kind IndexKind, keep func(name string) bool) (Served, error)
}

// Indexes is the service for reading a channel's index.
type Indexes struct {
	*core
	lookup *channelLookup
	files  IndexFiles
}

// Open gives an index file of a subdir.
func (s *Indexes) Open(ctx context.Context, caller *access.Caller, path, subdir string, kind IndexKind) (Served, error) {
	scope := access.ChannelViewArtifacts
	if kind == IndexChannelData {
		scope = access.ChannelView
	}
	c, narrowed, err := s.lookup.onSome(ctx, s.core, caller, scope, path)
	if err != nil {
		return Served{}, err
	}
	if narrowed {
		return s.part(ctx, caller, scope, c, subdir, kind)
	}
	return s.served(c, subdir+"/"+string(kind))(s.files.Open(ctx, c.ID, subdir, kind))
}

// Shard gives a shard of a subdir. A shard's name is a hash, but knowing it opens nothing.
func (s *Indexes) Shard(ctx context.Context, caller *access.Caller, path, subdir string, hash blob.Hash) (Served, error) {
	c, narrowed, err := s.lookup.onSome(ctx, s.core, caller, access.ChannelViewArtifacts, path)
	if err != nil {
		return Served{}, err
	}
	if narrowed {
		return Served{}, notFound("channel %s has no shards for a token that is narrowed to packages", path)
	}
	return s.served(c, "shard")(s.files.Shard(ctx, c.ID, subdir, hash))
}

// View asks only whether the caller may see the channel, for files that hold nothing but that.
func (s *Indexes) View(ctx context.Context, caller *access.Caller, path string) (Channel, error) {
	return s.lookup.on(ctx, s.core, caller, access.ChannelView, path)
}

func (s *Indexes) served(c Channel, what string) func(Served, error) (Served, error) {
	return func(f Served, err error) (Served, error) {
		if errors.Is(err, ErrNoIndex) {
			return f, notFound("channel %s has no %s", c.Path, what)
		}
		f.ChannelID, f.Public = c.ID, c.Privacy == access.Public
		return f, err
	}
}
