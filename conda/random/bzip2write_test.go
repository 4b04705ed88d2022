package random_test

import (
	"bytes"
	"compress/bzip2"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"kingsnake/conda/random"

	"pgregory.net/rapid"
)

// unbzip2 decodes with the standard library, which verifies both checksums.
func unbzip2(t rapid.TB, packed []byte) []byte {
	t.Helper()
	got, err := io.ReadAll(bzip2.NewReader(bytes.NewReader(packed)))
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	return got
}

func TestBzip2RoundTrip(t *testing.T) {
	fibonacci := []byte("ab")
	for a, b := []byte("a"), []byte("ab"); len(b) < 5000; a, b = b, append(append([]byte(nil), b...), a...) {
		fibonacci = b
	}
	skewed := []byte{}
	for i := range 14 {
		skewed = append(skewed, bytes.Repeat([]byte{byte(i), 255}, 1<<i)...)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	large := make([]byte, 1_000_000)
	for i := range large {
		large[i] = byte(rng.IntN(7))
	}
	for name, data := range map[string][]byte{
		"empty":       {},
		"one byte":    {0},
		"run of 3":    []byte("aaa"),
		"run of 4":    []byte("aaaa"),
		"run of 255":  bytes.Repeat([]byte{7}, 255),
		"run of 256":  bytes.Repeat([]byte{7}, 256),
		"long run":    make([]byte, 100_000),
		"periodic":    []byte(strings.Repeat("abcabc", 500)),
		"fibonacci":   fibonacci,
		"skewed":      skewed,
		"two blocks":  large,
		"all bytes":   allBytes(),
		"tar archive": random.Tar([]random.File{{Path: "a/b", Data: []byte("content")}, {Path: "c", Data: make([]byte, 600)}}),
	} {
		t.Run(name, func(t *testing.T) {
			if got := unbzip2(t, random.Bzip2(data)); !bytes.Equal(got, data) {
				t.Errorf("decoded %d bytes differ from the %d encoded", len(got), len(data))
			}
		})
	}
}

func allBytes() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func TestBzip2RoundTripProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		alphabet := rapid.SampledFrom([]int{1, 2, 5, 256}).Draw(t, "alphabet")
		var data []byte
		for range rapid.IntRange(0, 30).Draw(t, "runs") {
			b := byte(rapid.IntRange(0, alphabet-1).Draw(t, "byte"))
			data = append(data, bytes.Repeat([]byte{b}, rapid.IntRange(1, 300).Draw(t, "length"))...)
			data = append(data, rapid.SliceOfN(rapid.Map(rapid.IntRange(0, alphabet-1), func(i int) byte { return byte(i) }), 0, 20).Draw(t, "literal")...)
		}
		if got := unbzip2(t, random.Bzip2(data)); !bytes.Equal(got, data) {
			t.Fatalf("decoded %d bytes differ from the %d encoded", len(got), len(data))
		}
	})
}

func TestBzip2Compresses(t *testing.T) {
	data := []byte(strings.Repeat("the quick brown fox jumps over the lazy dog\n", 200))
	if got, limit := len(random.Bzip2(data)), len(data)/10; got > limit {
		t.Errorf("compressed to %d bytes, want at most %d", got, limit)
	}
}
