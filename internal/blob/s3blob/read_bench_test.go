package s3blob_test

import (
	"io"
	"testing"

	"kingsnake/internal/blob/s3blob"
	"kingsnake/internal/s3test"
)

// BenchmarkRead reads a large blob from the first byte to the last, as a download does that is not in the cache.
func BenchmarkRead(b *testing.B) {
	s := newStore(b, s3test.Location(b), s3blob.Options{})
	data := content(1, 64<<20)
	h := put(b, s, data)
	b.SetBytes(int64(len(data)))
	buf := make([]byte, 32<<10)
	for b.Loop() {
		r, err := s.Open(b.Context(), h)
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, buf); n != int64(len(data)) || err != nil {
			b.Fatalf("%d bytes, %v", n, err)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
