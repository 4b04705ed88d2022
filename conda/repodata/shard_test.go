package repodata_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/tinylib/msgp/msgp"

	"kingsnake/conda/repodata"
)

// entries are one package in every form that a shard can list, in the order
// in which a decoder reads them.
func entries(t testing.TB) []repodata.Entry {
	t.Helper()
	var out []repodata.Entry
	for _, e := range []struct {
		filename, extra, runExports string
		v3                          bool
	}{
		{"a-1.0-0.tar.bz2", `}`, ``, false},
		{"a-1.0-1.tar.bz2", `,"depends":["b >=1","c"],"x":{"f":1.5,"g":-7,"h":[true,false,null]}}`, `{}`, false},
		{"a-1.0-0.conda", `,"timestamp":1700000000123,"big":18446744073709551615}`, `{"weak":["a"]}`, false},
		{"a-1.0-3.conda", `,"schema_version":3}`, `{}`, true},
		{"a-1.0-3.tar.bz2", `,"schema_version":3}`, ``, true},
	} {
		record, err := repodata.BuildRecord([]byte(minimalIndex+e.extra), repodata.Hashes{
			MD5: [16]byte{1}, SHA256: sha256.Sum256([]byte(e.filename)), Size: 10, IndexedTimestamp: 5,
		})
		if err != nil {
			t.Fatal(err)
		}
		entry := repodata.Entry{Filename: e.filename, RecordJSON: record, V3: e.v3}
		if e.runExports != "" {
			entry.RunExportsJSON = json.RawMessage(e.runExports)
		}
		out = append(out, entry)
	}
	return out
}

func TestShardRoundTrip(t *testing.T) {
	want := entries(t)
	shuffled := slices.Clone(want)
	slices.Reverse(shuffled)
	data, sum, err := repodata.EncodeShard(shuffled, "a-0.1-0.conda", "a-0.0-0.conda", "a-0.1-0.conda")
	if err != nil {
		t.Fatal(err)
	}
	if sum != sha256.Sum256(data) {
		t.Errorf("sum %x is not that of the data", sum)
	}
	got, err := repodata.DecodeShard(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got.Entries, want); diff != "" {
		t.Errorf("entries (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(got.Removed, []string{"a-0.0-0.conda", "a-0.1-0.conda"}); diff != "" {
		t.Errorf("removed (-got +want):\n%s", diff)
	}
}

// TestShardLayout reads a shard with a msgpack library's own decoder.
func TestShardLayout(t *testing.T) {
	all := entries(t)
	data, _, err := repodata.EncodeShard(all[2:4])
	if err != nil {
		t.Fatal(err)
	}
	got, rest, err := msgp.ReadMapStrIntfBytes(expand(t, data), nil)
	if err != nil || len(rest) > 0 {
		t.Fatalf("%v, %d bytes left", err, len(rest))
	}
	sum := sha256.Sum256([]byte("a-1.0-0.conda"))
	md5 := make([]byte, 16)
	md5[0] = 1
	record := got["packages.conda"].(map[string]any)["a-1.0-0.conda"]
	want := map[string]any{
		"build": "0", "build_number": int64(0), "name": "a", "subdir": "noarch", "version": "1.0",
		"md5": md5, "sha256": sum[:], "size": int64(10),
		"timestamp": uint64(1700000000123), "indexed_timestamp": int64(5), "big": uint64(18446744073709551615),
		"run_exports": map[string]any{"weak": []any{"a"}},
	}
	if diff := cmp.Diff(record, want); diff != "" {
		t.Errorf("record (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(got)), []string{"packages", "packages.conda", "v3"}); diff != "" {
		t.Errorf("keys (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(got["packages"], map[string]any{}); diff != "" {
		t.Errorf("packages (-got +want):\n%s", diff)
	}
}

// expand decompresses a shard and checks what clients need of its frame.
func expand(t testing.TB, data []byte) []byte {
	t.Helper()
	var head zstd.Header
	if err := head.Decode(data); err != nil {
		t.Fatal(err)
	}
	if !head.HasFCS || !head.HasCheckSum {
		t.Errorf("content size %t, checksum %t in the frame, want both", head.HasFCS, head.HasCheckSum)
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	packed, err := dec.DecodeAll(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

func TestShardRefuses(t *testing.T) {
	record := json.RawMessage(`{}`)
	for _, test := range []struct {
		name    string
		entries []repodata.Entry
	}{
		{"a file twice", []repodata.Entry{{Filename: "a.conda", RecordJSON: record}, {Filename: "a.conda", RecordJSON: record}}},
		{"another kind of file", []repodata.Entry{{Filename: "a.whl", RecordJSON: record}}},
		{"a file without a name", []repodata.Entry{{Filename: ".conda", RecordJSON: record}}},
		{"no record", []repodata.Entry{{Filename: "a.conda"}}},
		{"a record that is a list", []repodata.Entry{{Filename: "a.conda", RecordJSON: json.RawMessage(`[]`)}}},
		{"a short hash", []repodata.Entry{{Filename: "a.conda", RecordJSON: json.RawMessage(`{"md5":"00"}`)}}},
		{"a hash that is none", []repodata.Entry{{Filename: "a.conda", RecordJSON: json.RawMessage(`{"sha256":7}`)}}},
		{"malformed run exports", []repodata.Entry{{Filename: "a.conda", RecordJSON: record, RunExportsJSON: json.RawMessage(`{`)}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, _, err := repodata.EncodeShard(test.entries); !errors.Is(err, repodata.ErrInvalid) {
				t.Errorf("error %v, want ErrInvalid", err)
			}
		})
	}
}

func TestShardSizeLimit(t *testing.T) {
	big := json.RawMessage(`{"x":"` + strings.Repeat("x", repodata.MaxShardSize) + `"}`)
	_, _, err := repodata.EncodeShard([]repodata.Entry{{Filename: "a.conda", RecordJSON: big}})
	if !errors.Is(err, repodata.ErrTooLarge) {
		t.Errorf("encoding: %v, want ErrTooLarge", err)
	}
	bomb := compress(t, make([]byte, repodata.MaxShardSize+1))
	if _, err := repodata.DecodeShard(bomb); !errors.Is(err, repodata.ErrTooLarge) {
		t.Errorf("decoding %d bytes that expand to more than 16 MiB: %v, want ErrTooLarge", len(bomb), err)
	}
	bomb = compress(t, make([]byte, repodata.MaxShardIndexSize+1))
	if _, err := repodata.DecodeShardIndex(bomb); !errors.Is(err, repodata.ErrTooLarge) {
		t.Errorf("decoding %d bytes that expand to more than 128 MiB: %v, want ErrTooLarge", len(bomb), err)
	}
}

func compress(t testing.TB, data []byte) []byte {
	t.Helper()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	return enc.EncodeAll(data, nil)
}

func TestShardIndexRoundTrip(t *testing.T) {
	want := &repodata.ShardIndex{
		Info: repodata.NewShardIndexInfo("linux-64", time.Date(2026, 11, 5, 1, 2, 3, 0, time.UTC)),
		Shards: map[string][32]byte{
			"a": sha256.Sum256([]byte("a")), "b": sha256.Sum256([]byte("b")), "_c": sha256.Sum256([]byte("c")),
		},
	}
	want.Info.Revisions = map[string]repodata.Revision{"v3": {Packages: 1, Oldest: 2, Newest: 3, Message: "m"}}
	var out bytes.Buffer
	if err := repodata.EncodeShardIndex(&out, want.Info, sorted(want.Shards)); err != nil {
		t.Fatal(err)
	}
	got, err := repodata.DecodeShardIndex(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("index (-got +want):\n%s", diff)
	}
}

func TestShardIndexLayout(t *testing.T) {
	info := repodata.NewShardIndexInfo("noarch", time.Date(2026, 11, 5, 3, 2, 1, 999, time.FixedZone("CET", 3600)))
	sum := sha256.Sum256([]byte("a"))
	var out bytes.Buffer
	if err := repodata.EncodeShardIndex(&out, info, sorted(map[string][32]byte{"a": sum})); err != nil {
		t.Fatal(err)
	}
	got, _, err := msgp.ReadMapStrIntfBytes(expand(t, out.Bytes()), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"version": int64(1),
		"info": map[string]any{
			"subdir": "noarch", "base_url": "", "shards_base_url": "./shards/", "created_at": "2026-11-05T02:02:01Z",
		},
		"shards": map[string]any{"a": sum[:]},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("index (-got +want):\n%s", diff)
	}
}

func TestShardIndexOrder(t *testing.T) {
	twice := func(yield func(string, [32]byte) bool) {
		for range 2 {
			if !yield("a", [32]byte{}) {
				return
			}
		}
	}
	err := repodata.EncodeShardIndex(new(bytes.Buffer), repodata.ShardIndexInfo{}, twice)
	if !errors.Is(err, repodata.ErrOrder) {
		t.Errorf("error %v, want ErrOrder", err)
	}
}

func sorted(shards map[string][32]byte) iter.Seq2[string, [32]byte] {
	return func(yield func(string, [32]byte) bool) {
		for _, name := range slices.Sorted(maps.Keys(shards)) {
			if !yield(name, shards[name]) {
				return
			}
		}
	}
}

// TestShardEncoderReuse proves that an encoder leaves nothing of one shard in
// the next: the hash of a shard must not depend on what was encoded before it.
func TestShardEncoderReuse(t *testing.T) {
	var reused repodata.ShardEncoder
	for i := range 200 {
		var list []repodata.Entry
		for j := range i%17 + 1 {
			text := strings.Repeat(fmt.Sprintf("%d-%d ", i, j*i), 1+i*j%50)
			list = append(list, repodata.Entry{
				Filename:   fmt.Sprintf("a-%d-0.conda", j),
				RecordJSON: json.RawMessage(`{"x":"` + text + `"}`),
			})
		}
		fresh, _, err := repodata.EncodeShard(list)
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := reused.Encode(list)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(fresh, again) {
			t.Fatalf("shard %d differs between a fresh and a used encoder", i)
		}
	}
}
