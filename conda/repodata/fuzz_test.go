package repodata

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func testTime() time.Time { return time.Date(2026, 11, 5, 1, 2, 3, 0, time.UTC) }

// packedShard returns the msgpack of a shard, as a seed.
func packedShard(f *testing.F, entries []Entry, removed ...string) []byte {
	f.Helper()
	data, _, err := EncodeShard(entries, removed...)
	if err != nil {
		f.Fatal(err)
	}
	packed, err := decompress(data, MaxShardSize)
	if err != nil {
		f.Fatal(err)
	}
	return packed
}

// FuzzDecodeShard decodes msgpack as a shard and, if that succeeds, encodes
// and decodes it once more.
func FuzzDecodeShard(f *testing.F) {
	record := json.RawMessage(`{"md5":"000102030405060708090a0b0c0d0e0f","name":"a","x":[1,-2,1.5,null,true,{"y":"é"}]}`)
	f.Add(packedShard(f, nil))
	f.Add(packedShard(f, []Entry{
		{Filename: "a.conda", RecordJSON: record, RunExportsJSON: json.RawMessage(`{"weak":["a"]}`)},
		{Filename: "a.tar.bz2", RecordJSON: record},
		{Filename: "b.conda", RecordJSON: record, V3: true},
	}, "c.conda"))
	f.Add([]byte{0x81, 0xa8, 'p', 'a', 'c', 'k', 'a', 'g', 'e', 's', 0xdf, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, packed []byte) {
		var shard Shard
		if err := shard.decode(&unpacker{src: packed}); err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error %v, want ErrInvalid", err)
			}
			return
		}
		data, _, err := EncodeShard(shard.Entries, shard.Removed...)
		if err != nil {
			// Other servers may list files or hashes that this one would not.
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error %v, want ErrInvalid", err)
			}
			return
		}
		again, err := DecodeShard(data)
		if err != nil {
			t.Fatal(err)
		}
		byName := cmpopts.SortSlices(func(a, b Entry) bool { return a.Filename < b.Filename })
		if diff := cmp.Diff(again.Entries, shard.Entries, byName, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("entries after a round trip (-got +want):\n%s", diff)
		}
		if got, want := again.Removed, slices.Compact(slices.Sorted(slices.Values(shard.Removed))); !slices.Equal(got, want) {
			t.Fatalf("removed %q after a round trip, want %q", got, want)
		}
	})
}

// FuzzDecodeCompressed passes arbitrary bytes through all of both decoders.
func FuzzDecodeCompressed(f *testing.F) {
	data, _, err := EncodeShard(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte{})
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xa4, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := DecodeShard(data)
		_, err2 := DecodeShardIndex(data)
		for _, err := range []error{err, err2} {
			if err != nil && !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrTooLarge) {
				t.Fatalf("error %v, want ErrInvalid or ErrTooLarge", err)
			}
		}
	})
}

func FuzzDecodeShardIndex(f *testing.F) {
	var out bytes.Buffer
	info := NewShardIndexInfo("noarch", testTime())
	info.Revisions = map[string]Revision{"v3": {Packages: 1}}
	one := func(yield func(string, [32]byte) bool) { yield("a", [32]byte{1}) }
	if err := EncodeShardIndex(&out, info, one); err != nil {
		f.Fatal(err)
	}
	packed, err := decompress(out.Bytes(), MaxShardIndexSize)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Fuzz(func(t *testing.T, packed []byte) {
		index := &ShardIndex{Shards: make(map[string][32]byte)}
		if err := index.decode(&unpacker{src: packed}); err != nil && !errors.Is(err, ErrInvalid) {
			t.Fatalf("error %v, want ErrInvalid", err)
		}
	})
}

// FuzzDecoder reads arbitrary text as repodata.json; what it yields must be
// whole JSON values within the limits.
func FuzzDecoder(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `{"packages":{"a.tar.bz2":{"x":1}},"info":{"subdir":"noarch"},"removed":["b"]}`,
		`{"v3":{"conda":{"a":{}},"whl":{}},"signatures":{"a":[1,{"b":2}]}}`, `{"packages":null}`, `{"packages":{"a":`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		limits := Limits{Bytes: 4096, RecordBytes: 512}
		for e, err := range NewDecoder(bytes.NewReader(text), limits).Entries() {
			switch {
			case err != nil && !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrTooLarge):
				t.Fatalf("error %v, want ErrInvalid or ErrTooLarge", err)
			case err == nil && (!json.Valid(e.RecordJSON) || len(e.RecordJSON) > 512):
				t.Fatalf("record %q", e.RecordJSON)
			}
		}
	})
}

// FuzzBuildRecord proves that a record that is accepted can be served: it is
// in canonical form, it can be parsed, joined, and put into a shard.
func FuzzBuildRecord(f *testing.F) {
	const index = `{"name":"a","version":"1","build":"0","build_number":0,"subdir":"noarch"`
	f.Add([]byte(index + `}`))
	f.Add([]byte(index + `,"x":1e999}`))
	f.Add([]byte(index + `,"Name":7,"x":{"y":[1.50,"\ud800"]},"depends":["b"],"noarch":true}`))
	f.Fuzz(func(t *testing.T, indexJSON []byte) {
		record, err := BuildRecord(indexJSON, Hashes{Size: 1, IndexedTimestamp: 2})
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error %v, want ErrInvalid", err)
			}
			return
		}
		if canonical, err := Canonicalize(record); err != nil || !bytes.Equal(canonical, record) {
			t.Fatalf("record %s, in canonical form %s, %v", record, canonical, err)
		}
		r, err := ParseRecord(record)
		if err != nil || r.Size != 1 || r.IndexedTimestamp != 2 {
			t.Fatalf("record %s: %+v, %v", record, r, err)
		}
		w := NewWriter(io.Discard, "noarch")
		if err := errors.Join(w.CondaPackages("a.conda", record), w.Close()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := EncodeShard([]Entry{{Filename: "a.conda", RecordJSON: record}}); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzInstructions applies arbitrary instructions to one record.
func FuzzInstructions(f *testing.F) {
	f.Add([]byte(`{"packages":{"a.tar.bz2":{"depends":["x"],"extra":{"y":null},"run_exports":["z"]}},"revoke":["a.tar.bz2"]}`))
	f.Add([]byte(`{"packages.conda":{"a.conda":{"name":null,"extra":{"y":{"z":{}}}}},"remove":["a.conda"]}`))
	record, err := BuildRecord([]byte(`{"name":"a","version":"1","build":"0","build_number":0,"subdir":"noarch","extra":{"y":1}}`), Hashes{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		ins, err := ParseInstructions(data)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error %v, want ErrInvalid", err)
			}
			return
		}
		got, err := ins.Apply("a.conda", record)
		if err == nil {
			if _, err := ParseRecord(got); err != nil {
				t.Fatalf("patched record %s: %v", got, err)
			}
		}
		_, err2 := ins.ApplyRunExports("a.conda", nil)
		for _, err := range []error{err, err2} {
			if err != nil && !errors.Is(err, ErrInvalid) {
				t.Fatalf("error %v, want ErrInvalid", err)
			}
		}
	})
}

// FuzzFacts reads arbitrary text as about.json; the facts must survive storage.
func FuzzFacts(f *testing.F) {
	f.Add([]byte(`{"home":["a","b"],"summary":" x\ny ","license":7,"tags":"t"}`))
	f.Fuzz(func(t *testing.T, about []byte) {
		facts, err := NewFacts(Record{Name: "a", Version: "1", Subdir: "noarch"}, about, nil, Flags{})
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error %v, want ErrInvalid", err)
			}
			return
		}
		stored, err := json.Marshal(facts)
		if err != nil {
			t.Fatal(err)
		}
		var back Facts
		if err := json.Unmarshal(stored, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(back, facts); diff != "" {
			t.Fatalf("stored facts (-got +want):\n%s", diff)
		}
	})
}
