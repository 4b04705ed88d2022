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
func (b *Builder) build(ctx context.Context, key pointerKey, generation int64) (rerr error) {
	if had, err := b.Store.Pointer(ctx, key.channel, string(key.name), key.group()); err == nil && had.Generation >= generation && !had.Hash.IsZero() {
		return b.adopt(ctx, key)
	}
	start := b.Now()
	staged := map[registry.IndexKind]*output{}
	defer func() {
		for _, out := range staged {
			rerr = errors.Join(rerr, out.discard())
		}
	}()
	err := b.render(ctx, key, staged)
	if err == nil {
		err = b.publish(ctx, key.place, staged, generation)
	}
	if err != nil {
		return fmt.Errorf("index %s of %s in channel %d: %w", key.kind, key.name, key.channel, err)
	}
	b.Log.Debug("index built", "channel", key.channel, "place", key.name, "kind", key.group(), "generation", generation, "took", b.Now().Sub(start))
	return nil
}

// render stages an index file and those that are built with it.
func (b *Builder) render(ctx context.Context, key pointerKey, staged map[registry.IndexKind]*output) error {
	switch key.group() {
	case registry.IndexRepodata:
		return b.pair(ctx, staged, registry.IndexRepodata, registry.IndexRepodataZst, func(w io.Writer) error {
			return b.repodata(ctx, w, key.place, nil)
		})
	case registry.IndexRunExports:
		return b.pair(ctx, staged, registry.IndexRunExports, registry.IndexRunExportsZst, func(w io.Writer) error {
			return b.runExports(ctx, w, key.place, nil)
		})
	case registry.IndexChannelData:
		return b.single(ctx, staged, key.kind, func(w io.Writer) error { return b.channelData(ctx, w, key.place) })
	case registry.IndexShards:
		defer b.urgent.begin()()
		return b.single(ctx, staged, key.kind, func(w io.Writer) error { return b.shardIndex(ctx, w, key.place) })
	}
	return fmt.Errorf("there is no index file %q", key.kind)
}

// publish stores staged files and points at them. The gate is held for that alone: who waits to close it lets no upload in
// before, and rendering may take long.
func (b *Builder) publish(ctx context.Context, p place, staged map[registry.IndexKind]*output, generation int64) error {
	b.Gate.RLock()
	defer b.Gate.RUnlock()
	made := map[registry.IndexKind]Pointer{}
	for kind, out := range staged {
		ptr, err := out.commit(ctx)
		if err != nil {
			return err
		}
		made[kind] = ptr
	}
	return b.point(ctx, p, made, generation)
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
	authored := map[registry.IndexKind]bool{}
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
			authored[kind] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	for kind, ptr := range made {
		b.keep(pointerKey{p, kind}, ptr, authored[kind])
	}
	return nil
}

// keep notes which index file is current. Two builds may come to this in another order than to the database, and a reader
// who waited for the later one must not get the file of the earlier.
func (b *Builder) keep(key pointerKey, ptr Pointer, authored bool) {
	b.keeping.Lock()
	defer b.keeping.Unlock()
	if had, ok := b.pointers.Peek(key); ok && had.Generation > ptr.Generation {
		return
	}
	if b.pointers.Put(key, ptr); authored {
		b.authored.Put(key, ptr)
	}
}

// single stages one index file.
func (b *Builder) single(ctx context.Context, staged map[registry.IndexKind]*output, kind registry.IndexKind, render func(io.Writer) error) error {
	out, err := b.stage(ctx)
	if err != nil {
		return err
	}
	staged[kind] = out
	return render(out)
}

// pair stages an index file and its compressed twin in one pass over the records.
func (b *Builder) pair(ctx context.Context, staged map[registry.IndexKind]*output, plain, packed registry.IndexKind, render func(io.Writer) error) error {
	for _, kind := range []registry.IndexKind{plain, packed} {
		out, err := b.stage(ctx)
		if err != nil {
			return err
		}
		staged[kind] = out
	}
	// The one goroutine more compresses while this one reads, which is half of the time that a large file takes.
	enc, err := zstd.NewWriter(staged[packed], zstd.WithEncoderConcurrency(2))
	if err != nil {
		return err
	}
	return errors.Join(render(b.urgent.behind(io.MultiWriter(staged[plain], enc))), enc.Close())
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
	enc, ok := b.encoders.Get().(*repodata.ShardEncoder)
	if !ok {
		enc = new(repodata.ShardEncoder)
	}
	defer b.encoders.Put(enc)
	if err := b.refreshShards(ctx, enc, p); err != nil {
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
	err := enc.EncodeIndex(w, info, shards)
	return errors.Join(err, broken)
}

// errStopped ends a listing whose reader has had enough; the encoder then reports why.
var errStopped = errors.New("stopped")
