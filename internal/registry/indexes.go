package registry

import (
	"context"
	"errors"

	"kingsnake/conda/channel"
	"kingsnake/internal/access"
	"kingsnake/internal/blob"
)

// IndexKind names an index file of a place, or of a whole channel when the place is empty.
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

// ErrNoIndex says that there is no such index file: the place never had a package.
var ErrNoIndex = errors.New("no such index file")

// IndexFiles gives current index files, building what is out of date.
type IndexFiles interface {
	// Open gives an index file; ErrNoIndex where the place never had a package. The subdir noarch always exists under the
	// label main, and under others as soon as any package carried them.
	Open(ctx context.Context, channel int64, place Place, kind IndexKind) (Served, error)
	// Shard gives a shard that an index of the channel names or lately named; ErrNoIndex otherwise.
	Shard(ctx context.Context, channel int64, place Place, hash blob.Hash) (Served, error)
	// Part gives an index file with the packages of the names to keep alone; ErrNoIndex for a kind that has no such part.
	// The caller closes its content.
	Part(ctx context.Context, channel int64, place Place, kind IndexKind, keep func(name string) bool) (Served, error)
	// Exists tells whether there is an index of the place.
	Exists(ctx context.Context, channel int64, place Place) (bool, error)
}

// Indexes is the service for reading a channel's index.
type Indexes struct {
	*core
	lookup *channelLookup
	files  IndexFiles
}

// Open gives an index file of a place.
func (s *Indexes) Open(ctx context.Context, caller *access.Caller, path string, place Place, kind IndexKind) (Served, error) {
	scope := access.ChannelViewArtifacts
	if kind == IndexChannelData {
		scope = access.ChannelView
	}
	c, narrowed, err := s.lookup.onSome(ctx, s.core, caller, scope, path)
	if err != nil {
		return Served{}, err
	}
	if kind == IndexChannelData && c.Type == VirtualChannel {
		if c, err = s.lookup.onSources(ctx, s.core, caller, scope, c, ""); err != nil {
			return Served{}, err
		}
	}
	if narrowed {
		return s.part(ctx, caller, scope, c, place, kind)
	}
	return s.served(c, string(place)+"/"+string(kind))(s.files.Open(ctx, c.ID, place, kind))
}

// Shard gives a shard of a place. A shard's name is a hash, but knowing it opens nothing.
func (s *Indexes) Shard(ctx context.Context, caller *access.Caller, path string, place Place, hash blob.Hash) (Served, error) {
	c, narrowed, err := s.lookup.onSome(ctx, s.core, caller, access.ChannelViewArtifacts, path)
	if err != nil {
		return Served{}, err
	}
	if narrowed {
		return Served{}, notFound("channel %s has no shards for a token that is narrowed to packages", path)
	}
	return s.served(c, "shard")(s.files.Shard(ctx, c.ID, place, hash))
}

// View asks only whether the caller may see the channel, for files that hold nothing but that.
func (s *Indexes) View(ctx context.Context, caller *access.Caller, path string) (Channel, error) {
	return s.lookup.on(ctx, s.core, caller, access.ChannelView, path)
}

// Label asks whether the caller may see the channel, and whether it has the label.
func (s *Indexes) Label(ctx context.Context, caller *access.Caller, path, label string) (Channel, error) {
	c, err := s.View(ctx, caller, path)
	if err != nil {
		return c, err
	}
	exists, err := s.files.Exists(ctx, c.ID, PlaceOf(label, channel.Noarch))
	if err == nil && !exists {
		err = notFound("channel %s has no label %s", c.Path, label)
	}
	return c, err
}

func (s *Indexes) served(c Channel, what string) func(Served, error) (Served, error) {
	return func(f Served, err error) (Served, error) {
		if errors.Is(err, ErrNoIndex) {
			return f, notFound("channel %s has no %s", c.Path, what)
		}
		f.ChannelID, f.Public = c.ID, c.readByAll()
		return f, err
	}
}
