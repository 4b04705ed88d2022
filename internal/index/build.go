package index

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"

	"kingsnake/conda/channel"
	"kingsnake/conda/repodata"
	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
)

// build makes the index file that key names, from the given generation or a later one.
func (b *Builder) build(ctx context.Context, key pointerKey, generation int64) error {
	b.Gate.RLock()
	defer b.Gate.RUnlock()
	if had, err := b.Store.Pointer(ctx, key.channel, string(key.name), key.group()); err == nil && had.Generation >= generation && !had.Hash.IsZero() {
		return b.adopt(ctx, key)
	}
	start := b.Now()
	made := map[registry.IndexKind]Pointer{}
	var err error
	switch key.group() {
	case registry.IndexRepodata:
		err = b.pair(ctx, made, registry.IndexRepodata, registry.IndexRepodataZst, func(w io.Writer) error {
			return b.repodata(ctx, w, key.place, nil)
		})
	case registry.IndexRunExports:
		err = b.pair(ctx, made, registry.IndexRunExports, registry.IndexRunExportsZst, func(w io.Writer) error {
			return b.runExports(ctx, w, key.place, nil)
		})
	case registry.IndexChannelData:
		made[key.kind], err = b.single(ctx, func(w io.Writer) error { return b.channelData(ctx, w, key.place) })
	case registry.IndexShards:
		made[key.kind], err = b.single(ctx, func(w io.Writer) error { return b.shardIndex(ctx, w, key.place) })
	default:
		err = fmt.Errorf("there is no index file %q", key.kind)
	}
	if err != nil {
		return fmt.Errorf("index %s of %s in channel %d: %w", key.kind, key.name, key.channel, err)
	}
	if err := b.point(ctx, key.place, made, generation); err != nil {
		return err
	}
	b.Log.Debug("index built", "channel", key.channel, "place", key.name, "kind", key.group(), "generation", generation, "took", b.Now().Sub(start))
	return nil
}

// adopt takes over the index files that another server has built.
func (b *Builder) adopt(ctx context.Context, key pointerKey) error {
	for _, kind := range twins(key.group()) {
		had, err := b.Store.Pointer(ctx, key.channel, string(key.name), kind)
		if err != nil {
			return err
		}
		b.pointers.Put(pointerKey{key.place, kind}, had)
	}
	return nil
}

// twins are the files that are built together.
func twins(group registry.IndexKind) []registry.IndexKind {
	switch group {
	case registry.IndexRepodata:
		return []registry.IndexKind{group, registry.IndexRepodataZst}
	case registry.IndexRunExports:
		return []registry.IndexKind{group, registry.IndexRunExportsZst}
	}
	return []registry.IndexKind{group}
}

// point makes new index files the current ones, unless newer ones are already.
func (b *Builder) point(ctx context.Context, p place, made map[registry.IndexKind]Pointer, generation int64) error {
	now := b.Now()
	err := b.Store.Write(ctx, func(tx registry.Tx) error {
		for kind, ptr := range made {
			if err := registry.NotDoomed(ctx, tx, b.Store, b.Blobs, now, ptr.Hash); err != nil {
				return err
			}
			ptr.Generation, ptr.BuiltAt = generation, now
			made[kind] = ptr
			had, err := b.Store.Pointer(ctx, p.channel, string(p.name), kind)
			if err != nil && !errors.Is(err, registry.ErrNoRecord) {
				return err
			}
			if had.Generation > generation {
				made[kind] = had
				continue
			}
			if !had.Hash.IsZero() && had.Hash != ptr.Hash {
				if err := b.Store.ReplaceBlobs(ctx, tx, p.channel, string(p.name), string(kind), now, had.Hash); err != nil {
					return err
				}
			}
			if err := b.Store.HoldBlobs(ctx, tx, p.channel, string(p.name), string(kind), now, ptr.Hash); err != nil {
				return err
			}
			if err := b.Store.SetPointer(ctx, tx, p.channel, string(p.name), kind, ptr); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for kind, ptr := range made {
		b.pointers.Put(pointerKey{p, kind}, ptr)
	}
	return nil
}

// single stages one index file.
func (b *Builder) single(ctx context.Context, render func(io.Writer) error) (Pointer, error) {
	out, err := b.stage(ctx)
	if err != nil {
		return Pointer{}, err
	}
	if err := render(out); err != nil {
		return Pointer{}, errors.Join(err, out.discard())
	}
	return out.commit(ctx)
}

// pair stages an index file and its compressed twin in one pass over the records.
func (b *Builder) pair(ctx context.Context, made map[registry.IndexKind]Pointer, plain, packed registry.IndexKind, render func(io.Writer) error) (rerr error) {
	a, err := b.stage(ctx)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, a.discard()) }()
	z, err := b.stage(ctx)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, z.discard()) }()
	// The one goroutine more compresses while this one reads, which is half of the time that a large file takes.
	enc, err := zstd.NewWriter(z, zstd.WithEncoderConcurrency(2))
	if err != nil {
		return err
	}
	if err := errors.Join(render(io.MultiWriter(a, enc)), enc.Close()); err != nil {
		return err
	}
	if made[plain], err = a.commit(ctx); err != nil {
		return err
	}
	made[packed], err = z.commit(ctx)
	return err
}

// The formats as stored packages name them.
const (
	formatTarBz2 = string(channel.FormatTarBz2)
	formatConda  = string(channel.FormatConda)
)

// source says which files a place shows.
func (b *Builder) source(ctx context.Context, p place) (Source, error) {
	virtual, err := b.Store.IsVirtual(ctx, p.channel)
	return Source{Channel: p.channel, Virtual: virtual, Place: p.name}, err
}

// repodata renders repodata.json, of all packages or of those with the given names.
func (b *Builder) repodata(ctx context.Context, w io.Writer, p place, names []string) error {
	src, err := b.source(ctx, p)
	if err != nil {
		return err
	}
	out := repodata.NewWriter(w, p.name.Subdir())
	for _, s := range []struct {
		Section
		add func(string, []byte) error
	}{
		{Section{Format: formatTarBz2}, out.Packages},
		{Section{Format: formatConda}, out.CondaPackages},
		{Section{Format: formatConda, V3: true}, out.V3},
		{Section{Format: formatTarBz2, V3: true}, out.V3},
	} {
		s.Names = names
		err := b.Store.EachFile(ctx, src, s.Section, func(f File) error { return s.add(f.Filename, f.Record) })
		if err != nil {
			return err
		}
	}
	return out.Close()
}

// runExports renders run_exports.json, of all packages or of those with the given names.
func (b *Builder) runExports(ctx context.Context, w io.Writer, p place, names []string) error {
	src, err := b.source(ctx, p)
	if err != nil {
		return err
	}
	out := repodata.NewRunExportsWriter(w, p.name.Subdir())
	err = b.Store.EachFile(ctx, src, Section{Format: formatTarBz2, AnyVersion: true, Names: names}, func(f File) error {
		return out.Packages(f.Filename, f.RunExports)
	})
	if err != nil {
		return err
	}
	err = b.Store.EachFile(ctx, src, Section{Format: formatConda, AnyVersion: true, Names: names}, func(f File) error {
		return out.CondaPackages(f.Filename, f.RunExports)
	})
	if err != nil {
		return err
	}
	return out.Close()
}

// channelData renders channeldata.json.
func (b *Builder) channelData(ctx context.Context, w io.Writer, p place) error {
	src, err := b.source(ctx, p)
	if err != nil {
		return err
	}
	var data repodata.ChannelData
	data.AddSubdir("noarch")
	subdirs, err := b.Store.Subdirs(ctx, p.channel)
	if err != nil {
		return err
	}
	for _, s := range subdirs {
		data.AddSubdir(s.Name)
	}
	err = b.Store.EachFact(ctx, src, func(raw []byte) error {
		var f repodata.Facts
		if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&f); err != nil {
			return fmt.Errorf("stored facts: %w", err)
		}
		return data.Add(f)
	})
	if err != nil {
		return err
	}
	return data.Encode(w)
}

// shardIndex renders the shard index after bringing all shards up to date.
func (b *Builder) shardIndex(ctx context.Context, w io.Writer, p place) error {
	if err := b.refreshShards(ctx, p); err != nil {
		return err
	}
	var broken error
	shards := func(yield func(string, [32]byte) bool) {
		broken = b.Store.EachShard(ctx, p.channel, string(p.name), func(name string, h blob.Hash) error {
			if !yield(name, h) {
				return errStopped
			}
			return nil
		})
	}
	info := repodata.NewShardIndexInfo(p.name.Subdir(), b.Now().UTC().Truncate(time.Second))
	err := repodata.EncodeShardIndex(w, info, shards)
	return errors.Join(err, broken)
}

// errStopped ends a listing whose reader has had enough; the encoder then reports why.
var errStopped = errors.New("stopped")
