package repodata_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"kingsnake/conda/repodata"
)

// manyEntries returns n packages of the size that records of large channels have.
func manyEntries(b *testing.B, n int) (entries []repodata.Entry, size int64) {
	b.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		depends := make([]string, 12)
		for j := range depends {
			depends[j] = fmt.Sprintf("library-%d >=%d.%d,<%d.0a0", rng.IntN(500), rng.IntN(9), rng.IntN(30), 10+rng.IntN(5))
		}
		index, err := json.Marshal(map[string]any{
			"name": "numpy", "version": "1.26.4", "build": fmt.Sprintf("py312h%07x_0", i), "build_number": i, "subdir": "linux-64",
			"depends": depends, "constrains": depends[:2], "license": "BSD-3-Clause", "timestamp": 1700000000000 + i,
		})
		if err != nil {
			b.Fatal(err)
		}
		var h repodata.Hashes
		for j := range h.SHA256 {
			h.SHA256[j] = byte(rng.Uint32())
		}
		h.Size, h.IndexedTimestamp = rng.Int64N(1<<24), 1700000000000
		record, err := repodata.BuildRecord(index, h)
		if err != nil {
			b.Fatal(err)
		}
		entries = append(entries, repodata.Entry{
			Filename:   fmt.Sprintf("numpy-1.26.4-py312h%07x_0.conda", i),
			RecordJSON: record, RunExportsJSON: json.RawMessage(`{"weak":["numpy >=1.19,<3"]}`),
		})
		size += int64(len(record))
	}
	return entries, size
}

func BenchmarkWriter(b *testing.B) {
	entries, size := manyEntries(b, 10_000)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		w := repodata.NewWriter(io.Discard, "linux-64")
		for _, e := range entries {
			if err := w.CondaPackages(e.Filename, e.RecordJSON); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecoder(b *testing.B) {
	entries, _ := manyEntries(b, 10_000)
	var file bytes.Buffer
	w := repodata.NewWriter(&file, "linux-64")
	for _, e := range entries {
		if err := w.CondaPackages(e.Filename, e.RecordJSON); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range repodata.NewDecoder(bytes.NewReader(file.Bytes()), repodata.Limits{}).Entries() {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != len(entries) {
			b.Fatalf("%d entries, want %d", n, len(entries))
		}
	}
}

func BenchmarkEncodeShard(b *testing.B) {
	for _, n := range []int{1, 100, 2000} {
		entries, size := manyEntries(b, n)
		b.Run(fmt.Sprintf("fresh/%d", n), func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := repodata.EncodeShard(entries); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("reused/%d", n), func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			var enc repodata.ShardEncoder
			for b.Loop() {
				if _, _, err := enc.Encode(entries); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecodeShard(b *testing.B) {
	entries, size := manyEntries(b, 100)
	data, _, err := repodata.EncodeShard(entries)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := repodata.DecodeShard(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuildRecord(b *testing.B) {
	entries, size := manyEntries(b, 1)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := repodata.BuildRecord(entries[0].RecordJSON, repodata.Hashes{}); err != nil {
			b.Fatal(err)
		}
	}
}
