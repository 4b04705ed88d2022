package repodata

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/tinylib/msgp/msgp"
)

// MaxShardSize and MaxShardIndexSize are the greatest sizes in bytes of a
// shard and of a shard index before compression. conda refuses bigger ones.
const (
	MaxShardSize      = 16 << 20
	MaxShardIndexSize = 128 << 20
)

// Entry is one package of an index.
type Entry struct {
	// Filename is the name of the package file.
	Filename string
	// RecordJSON is the finished record, see [BuildRecord].
	RecordJSON json.RawMessage
	// RunExportsJSON are the run exports (CEP 21), see [BuildRunExports]: "{}"
	// if the package is known to have none, nil if nothing is known.
	RunExportsJSON json.RawMessage
	// V3 says that the package is listed in the "v3" section only, see
	// [Record.V3].
	V3 bool
}

// ShardEncoder makes shards and shard indexes. The zero value is ready to use;
// using one for many shards saves the memory that compression needs. It must
// not be used by two goroutines at once.
type ShardEncoder struct {
	pack        packer
	tiny, large *zstd.Encoder // see compress
}

// EncodeShard is [ShardEncoder.Encode] with a new encoder.
func EncodeShard(entries []Entry, removed ...string) (data []byte, sum [sha256.Size]byte, err error) {
	return new(ShardEncoder).Encode(entries, removed...)
}

// Encode returns the shard of one package name (CEP 16): zstd-compressed
// msgpack, and the SHA-256 of it, under which it is served. The order of
// entries does not matter, and equal entries make equal shards. Names in
// removed are listed as removed.
//
// It fails, wrapping [ErrInvalid], if a record is malformed or a file is given
// twice, and, wrapping [ErrTooLarge], if the shard would exceed [MaxShardSize];
// such a subdir can only be served as repodata.json.
func (e *ShardEncoder) Encode(entries []Entry, removed ...string) (data []byte, sum [sha256.Size]byte, err error) {
	e.pack.out = e.pack.out[:0]
	if err := e.shard(entries, removed); err != nil {
		return nil, sum, err
	}
	data, err = e.compress(e.pack.out, MaxShardSize)
	if err != nil {
		return nil, sum, fmt.Errorf("shard: %w", err)
	}
	return data, sha256.Sum256(data), nil
}

// keyed is an entry under the key that its section of the shard gives it.
type keyed struct {
	key string
	Entry
}

// shardSections are the entries of a shard, by section.
type shardSections struct {
	packages, conda, v3TarBz2, v3Conda []keyed
}

func (e *ShardEncoder) shard(entries []Entry, removed []string) error {
	var s shardSections
	for _, entry := range entries {
		if err := s.add(entry); err != nil {
			return err
		}
	}
	p := &e.pack
	hasV3 := len(s.v3Conda)+len(s.v3TarBz2) > 0
	n := uint32(2)
	if len(removed) > 0 {
		n++
	}
	if hasV3 {
		n++
	}
	p.out = msgp.AppendMapHeader(p.out, n)
	// conda looks up both of these without asking whether they are there.
	if err := p.section("packages", s.packages); err != nil {
		return err
	}
	if err := p.section("packages.conda", s.conda); err != nil {
		return err
	}
	if len(removed) > 0 {
		removed = slices.Compact(slices.Sorted(slices.Values(removed)))
		p.out = msgp.AppendString(p.out, "removed")
		p.out = msgp.AppendArrayHeader(p.out, uint32(len(removed)))
		for _, filename := range removed {
			p.out = msgp.AppendString(p.out, filename)
		}
	}
	if !hasV3 {
		return nil
	}
	p.out = msgp.AppendString(p.out, "v3")
	p.out = msgp.AppendMapHeader(p.out, 2)
	if err := p.section("conda", s.v3Conda); err != nil {
		return err
	}
	return p.section("tar.bz2", s.v3TarBz2)
}

func (s *shardSections) add(e Entry) error {
	if stem, ok := strings.CutSuffix(e.Filename, extConda); ok && stem != "" {
		if e.V3 {
			s.v3Conda = append(s.v3Conda, keyed{stem, e})
		} else {
			s.conda = append(s.conda, keyed{e.Filename, e})
		}
		return nil
	}
	if stem, ok := strings.CutSuffix(e.Filename, extTarBz2); ok && stem != "" {
		if e.V3 {
			s.v3TarBz2 = append(s.v3TarBz2, keyed{stem, e})
		} else {
			s.packages = append(s.packages, keyed{e.Filename, e})
		}
		return nil
	}
	return fmt.Errorf("%w: %q is not the name of a conda package file", ErrInvalid, e.Filename)
}

// section appends one map of records by file name.
func (p *packer) section(name string, entries []keyed) error {
	slices.SortFunc(entries, func(a, b keyed) int { return strings.Compare(a.key, b.key) })
	p.out = msgp.AppendString(p.out, name)
	p.out = msgp.AppendMapHeader(p.out, uint32(len(entries)))
	for i, entry := range entries {
		if i > 0 && entry.key == entries[i-1].key {
			return fmt.Errorf("%w: %s is listed twice", ErrInvalid, entry.Filename)
		}
		p.out = msgp.AppendString(p.out, entry.key)
		if err := p.record(entry.RecordJSON, entry.RunExportsJSON); err != nil {
			return fmt.Errorf("record of %s: %w", entry.Filename, err)
		}
	}
	return nil
}

// compress makes one zstd frame with its content size and checksum. The
// settings are part of the format, in a way: to change them renames every
// shard.
func (e *ShardEncoder) compress(data []byte, limit int) ([]byte, error) {
	if len(data) > limit {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrTooLarge, len(data), limit)
	}
	// A frame tells its content size if it is a single segment or not tiny.
	// Some decoders refuse a frame that does not, and others a single segment
	// beyond the window that they provide for.
	enc := &e.large
	if len(data) <= zstd.MinWindowSize {
		enc = &e.tiny
	}
	if *enc == nil {
		opts := []zstd.EOption{
			zstd.WithEncoderLevel(zstd.SpeedDefault),
			zstd.WithEncoderConcurrency(1),
			zstd.WithEncoderCRC(true),
		}
		if enc == &e.tiny {
			opts = append(opts, zstd.WithSingleSegment(true))
		}
		var err error
		if *enc, err = zstd.NewWriter(nil, opts...); err != nil {
			return nil, fmt.Errorf("starting zstd: %w", err)
		}
	}
	return (*enc).EncodeAll(data, nil), nil
}
