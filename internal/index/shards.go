package index

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"kingsnake/conda/repodata"
	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
)

// shardBatch bounds how many shards are made before their pointers are written.
const shardBatch = 256

// shardPuts is how many shards are stored at once. Each waits for the disk or for the object storage nearly all of its time.
const shardPuts = 16

// refreshShards makes every shard anew whose package changed, some at a time, and each once: of what changes meanwhile the
// next build tells, and while uploads keep coming this one would not end.
func (b *Builder) refreshShards(ctx context.Context, enc *repodata.ShardEncoder, p place) error {
	src, err := b.source(ctx, p)
	if err != nil {
		return err
	}
	for after := ""; ; {
		stale, err := b.Store.StaleShards(ctx, p.channel, string(p.name), after, shardBatch)
		if err != nil || len(stale) == 0 {
			return err
		}
		if err := b.refresh(ctx, enc, src, p, stale); err != nil {
			return err
		}
		if after = stale[len(stale)-1].Name; len(stale) < shardBatch {
			return nil
		}
	}
}

// refresh makes some shards anew.
func (b *Builder) refresh(ctx context.Context, enc *repodata.ShardEncoder, src Source, p place, stale []Shard) error {
	b.Gate.RLock()
	defer b.Gate.RUnlock()
	fresh, err := b.makeShards(ctx, enc, src, stale)
	if err != nil {
		return err
	}
	return b.keepShards(ctx, p, stale, fresh)
}

// makeShards encodes shards, one after the other, and stores those that are encoded while it goes on.
func (b *Builder) makeShards(ctx context.Context, enc *repodata.ShardEncoder, src Source, stale []Shard) ([]Shard, error) {
	fresh := make([]Shard, len(stale))
	puts, ctx := errgroup.WithContext(ctx)
	puts.SetLimit(shardPuts)
	for i, s := range stale {
		data, err := b.encodeShard(ctx, enc, src, s.Name)
		if err != nil {
			return nil, errors.Join(puts.Wait(), err)
		}
		s.Built, s.Hash = s.Generation, blob.Hash{}
		fresh[i] = s
		if data == nil {
			continue
		}
		puts.Go(func() (err error) {
			fresh[i].Hash, err = blob.Put(ctx, b.Blobs, data)
			return err
		})
	}
	return fresh, puts.Wait()
}

// encodeShard gives the shard of a package name, nil for one without files.
func (b *Builder) encodeShard(ctx context.Context, enc *repodata.ShardEncoder, src Source, name string) ([]byte, error) {
	files, err := b.Store.ShardFiles(ctx, src, name)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	entries := make([]repodata.Entry, len(files))
	for i, f := range files {
		entries[i] = repodata.Entry{Filename: f.Filename, RecordJSON: f.Record, RunExportsJSON: f.RunExports, V3: f.V3}
	}
	data, _, err := enc.Encode(entries)
	return data, err
}

// keepShards points at the new shards and lets go of the old ones, in the same few statements for however many: uploads
// wait meanwhile.
func (b *Builder) keepShards(ctx context.Context, p place, old, fresh []Shard) error {
	now := b.Now()
	var named, replaced []blob.Hash
	for i, s := range fresh {
		if !s.Hash.IsZero() {
			named = append(named, s.Hash)
		}
		if had := old[i].Hash; !had.IsZero() && had != s.Hash {
			replaced = append(replaced, had)
		}
	}
	return b.Store.Write(ctx, func(tx registry.Tx) error {
		if err := registry.NotDoomed(ctx, tx, b.Store, b.Blobs, now, named...); err != nil {
			return err
		}
		if err := b.Store.ReplaceBlobs(ctx, tx, p.channel, string(p.name), kindShard, now, replaced...); err != nil {
			return err
		}
		if err := b.Store.HoldBlobs(ctx, tx, p.channel, string(p.name), kindShard, now, named...); err != nil {
			return err
		}
		return b.Store.SetShards(ctx, tx, p.channel, string(p.name), fresh)
	})
}

// kindShard is how shards are noted among the blobs that an index holds.
const kindShard = "shard"

// Shard gives a shard that the place's index names, or lately named.
func (b *Builder) Shard(ctx context.Context, channel int64, name registry.Place, hash blob.Hash) (registry.Served, error) {
	key := shardKey{place{channel, name}, hash}
	size, err := b.shards.Get(ctx, key, func(ctx context.Context) (int64, error) {
		holds, err := b.Store.HoldsBlob(ctx, channel, string(name), kindShard, hash)
		if err != nil {
			return 0, err
		}
		if !holds {
			return 0, registry.ErrNoIndex
		}
		info, err := b.Blobs.Stat(ctx, hash)
		return info.Size, err
	})
	if err != nil {
		return registry.Served{}, err
	}
	return registry.Served{Hash: hash, Size: size}, nil
}
