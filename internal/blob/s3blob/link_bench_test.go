package s3blob_test

import (
	"testing"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/s3blob"
	"kingsnake/internal/s3test"
)

// BenchmarkLink signs the address of a blob, as each redirect does.
func BenchmarkLink(b *testing.B) {
	s := newStore(b, s3test.Location(b), s3blob.Options{})
	h := blob.Sum([]byte("content"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Link(b.Context(), h, blob.Link{Lifetime: time.Minute, MediaType: "application/octet-stream", CacheControl: "private"}); err != nil {
			b.Fatal(err)
		}
	}
}
