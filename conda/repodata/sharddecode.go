package repodata

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/tinylib/msgp/msgp"
)

// Shard is a decoded shard: all packages of one name in one subdir.
type Shard struct {
	Entries []Entry
	// Removed are the names of files that the index once had.
	Removed []string
}

// ShardIndex is a decoded shard index.
type ShardIndex struct {
	Info ShardIndexInfo
	// Shards are the hashes of the shards by package name. A shard is at its
	// hexadecimal hash with the extension ".msgpack.zst" below ShardsBaseURL.
	Shards map[string][sha256.Size]byte
}

// DecodeShard reads a shard as it is served. It fails, wrapping [ErrTooLarge],
// if the shard expands to more than [MaxShardSize], and, wrapping [ErrInvalid],
// if it is malformed; it does not compare the hash. Unknown keys are ignored,
// also kinds of packages in "v3" other than "conda" and "tar.bz2".
func DecodeShard(data []byte) (*Shard, error) {
	packed, err := decompress(data, MaxShardSize)
	if err != nil {
		return nil, fmt.Errorf("shard: %w", err)
	}
	u := &unpacker{src: packed}
	shard := new(Shard)
	if err := shard.decode(u); err != nil {
		return nil, fmt.Errorf("shard: %w", err)
	}
	return shard, nil
}

func (s *Shard) decode(u *unpacker) error {
	err := u.eachKey(func(key string) error {
		switch key {
		case "packages", "packages.conda":
			return s.decodeSection(u, "", false)
		case "removed":
			return u.into(&s.Removed)
		case "v3":
			return u.eachKey(func(ext string) error {
				if ext != extConda[1:] && ext != extTarBz2[1:] {
					return u.skip()
				}
				return s.decodeSection(u, "."+ext, true)
			})
		}
		return u.skip()
	})
	if err == nil && len(u.src) > 0 {
		err = fmt.Errorf("%w: data after the end", ErrInvalid)
	}
	return err
}

func (s *Shard) decodeSection(u *unpacker, suffix string, v3 bool) error {
	return u.eachKey(func(key string) error {
		e := Entry{Filename: key + suffix, V3: v3}
		if err := u.record(&e); err != nil {
			return fmt.Errorf("record of %.200q: %w", e.Filename, err)
		}
		s.Entries = append(s.Entries, e)
		return nil
	})
}

// record converts a record, which is apart from its run exports in an Entry.
func (u *unpacker) record(e *Entry) error {
	begin := u.src
	u.out = nil
	if err := u.object(0, "run_exports"); err != nil {
		return err
	}
	e.RecordJSON = u.out
	rest := u.src
	defer func() { u.src = rest }()
	u.src = begin
	return u.eachKey(func(key string) error {
		if key != "run_exports" {
			return u.skip()
		}
		u.out = nil
		err := u.value(1)
		e.RunExportsJSON = u.out
		return err
	})
}

// DecodeShardIndex reads a shard index as it is served. It fails, wrapping
// [ErrTooLarge], if the index expands to more than [MaxShardIndexSize], and,
// wrapping [ErrInvalid], if it is malformed or of another version than 1.
// Unknown keys are ignored. The URLs of the info may be absolute.
func DecodeShardIndex(data []byte) (*ShardIndex, error) {
	packed, err := decompress(data, MaxShardIndexSize)
	if err != nil {
		return nil, fmt.Errorf("shard index: %w", err)
	}
	u := &unpacker{src: packed}
	index := &ShardIndex{Shards: make(map[string][sha256.Size]byte)}
	if err := index.decode(u); err != nil {
		return nil, fmt.Errorf("shard index: %w", err)
	}
	return index, nil
}

func (x *ShardIndex) decode(u *unpacker) error {
	err := u.eachKey(func(key string) error {
		switch key {
		case "version":
			// The key is optional: other servers leave it out.
			var version int
			if err := u.into(&version); err != nil {
				return err
			}
			if version != 1 {
				return fmt.Errorf("%w: version %d is not supported", ErrInvalid, version)
			}
			return nil
		case "info":
			return x.decodeInfo(u)
		case "shards":
			return u.eachKey(func(name string) error {
				sum, rest, err := msgp.ReadBytesZC(u.src)
				if err != nil || len(sum) != sha256.Size {
					return fmt.Errorf("%w: the shard of %.100q has no hash of %d bytes", ErrInvalid, name, sha256.Size)
				}
				u.src = rest
				x.Shards[name] = [sha256.Size]byte(sum)
				return nil
			})
		}
		return u.skip()
	})
	if err == nil && len(u.src) > 0 {
		err = fmt.Errorf("%w: data after the end", ErrInvalid)
	}
	return err
}

func (x *ShardIndex) decodeInfo(u *unpacker) error {
	var text json.RawMessage
	if err := u.into(&text); err != nil {
		return err
	}
	f, err := parseFields(text)
	if err != nil {
		return err
	}
	f.get("subdir", &x.Info.Subdir)
	f.get("base_url", &x.Info.BaseURL)
	f.get("shards_base_url", &x.Info.ShardsBaseURL)
	f.get("repodata_revisions", &x.Info.Revisions)
	var created string
	f.get("created_at", &created)
	// The time only informs, so that one in another form is no reason to refuse.
	if t, err := time.Parse(time.RFC3339, created); err == nil {
		x.Info.CreatedAt = t.UTC()
	}
	return f.err
}

// eachKey reads a map, calling do for each key, which must read the value.
func (u *unpacker) eachKey(do func(key string) error) error {
	n, err := u.mapHeader()
	if err != nil {
		return err
	}
	for range n {
		key, err := u.text()
		if err != nil {
			return err
		}
		if err := do(string(key)); err != nil {
			return err
		}
	}
	return nil
}

// into reads a small value by way of its JSON form.
func (u *unpacker) into(v any) error {
	u.out = nil
	if err := u.value(1); err != nil {
		return err
	}
	if err := json.Unmarshal(u.out, v); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

// skip steps over a value. It is read all the same, so that what is skipped is
// under the same bounds.
func (u *unpacker) skip() error {
	u.out = nil
	return u.value(1)
}

// decompress expands one or more zstd frames of at most limit bytes in all.
func decompress(data []byte, limit uint64) ([]byte, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(limit))
	if err != nil {
		return nil, fmt.Errorf("starting zstd: %w", err)
	}
	defer dec.Close()
	out, err := dec.DecodeAll(data, nil)
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return out, nil
}
