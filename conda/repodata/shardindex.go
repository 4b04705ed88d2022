package repodata

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/tinylib/msgp/msgp"
)

// ShardIndexInfo is the head of a shard index (CEP 16).
type ShardIndexInfo struct {
	// Subdir is the subdir that the index is of.
	Subdir string
	// BaseURL is where the package files are and ShardsBaseURL where the
	// shards are, relative to the index. Both must be relative: mamba cannot
	// follow an absolute one, and conda sends it no credentials.
	BaseURL       string
	ShardsBaseURL string
	// CreatedAt is when the index was made, to the second.
	CreatedAt time.Time
	// Revisions describe the "v3" sections of the shards (CEP 48).
	Revisions map[string]Revision
}

// NewShardIndexInfo returns the info of an index whose packages lie beside it
// and whose shards lie in the folder "shards" beside it.
func NewShardIndexInfo(subdir string, createdAt time.Time) ShardIndexInfo {
	return ShardIndexInfo{Subdir: subdir, ShardsBaseURL: "./shards/", CreatedAt: createdAt}
}

// EncodeShardIndex is [ShardEncoder.EncodeIndex] with a new encoder.
func EncodeShardIndex(w io.Writer, info ShardIndexInfo, shards iter.Seq2[string, [sha256.Size]byte]) error {
	return new(ShardEncoder).EncodeIndex(w, info, shards)
}

// EncodeIndex writes a shard index (CEP 16), zstd-compressed msgpack, to w. The
// iterator yields the name of each package with the hash of its shard, by
// ascending name (compared as bytes); another order is an error that wraps
// [ErrOrder], more than [MaxShardIndexSize] one that wraps [ErrTooLarge].
func (e *ShardEncoder) EncodeIndex(w io.Writer, info ShardIndexInfo, shards iter.Seq2[string, [sha256.Size]byte]) error {
	p := &e.pack
	p.out = msgp.AppendMapHeader(p.out[:0], 3)
	p.out = msgp.AppendString(p.out, "info")
	if err := p.indexInfo(info); err != nil {
		return err
	}
	p.out = msgp.AppendString(p.out, "shards")
	start, n, last := len(p.out), 0, ""
	for name, sum := range shards {
		if n > 0 && name <= last {
			return fmt.Errorf("%w: shard %q after %q", ErrOrder, name, last)
		}
		n, last = n+1, name
		p.out = msgp.AppendString(p.out, name)
		p.out = msgp.AppendBytes(p.out, sum[:])
	}
	p.insert(start, msgp.AppendMapHeader(make([]byte, 0, 5), uint32(n)))
	p.out = msgp.AppendString(p.out, "version")
	p.out = msgp.AppendInt(p.out, 1)
	data, err := e.compress(p.out, MaxShardIndexSize)
	if err != nil {
		return fmt.Errorf("shard index: %w", err)
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("writing the shard index: %w", err)
	}
	return nil
}

func (p *packer) indexInfo(info ShardIndexInfo) error {
	text, err := json.Marshal(struct {
		BaseURL       string              `json:"base_url"`
		CreatedAt     string              `json:"created_at"`
		Revisions     map[string]Revision `json:"repodata_revisions,omitempty"`
		ShardsBaseURL string              `json:"shards_base_url"`
		Subdir        string              `json:"subdir"`
	}{
		info.BaseURL, info.CreatedAt.UTC().Format("2006-01-02T15:04:05Z"),
		info.Revisions, info.ShardsBaseURL, info.Subdir,
	})
	if err != nil {
		return fmt.Errorf("encoding info: %w", err)
	}
	if err := p.start(text); err != nil {
		return err
	}
	return p.value(1)
}
