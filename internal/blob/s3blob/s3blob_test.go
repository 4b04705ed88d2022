package s3blob_test

import (
	"testing"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/blobtest"
	"kingsnake/internal/blob/s3blob"
	"kingsnake/internal/s3test"
)

func TestConformance(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store {
		return newStore(t, s3test.Location(t), s3blob.Options{PartSize: minPart})
	})
}

// minPart is the least that services allow but for the last part.
const minPart = 5 << 20

func newStore(t testing.TB, location string, o s3blob.Options) *s3blob.Store {
	t.Helper()
	l, err := s3blob.ParseLocation(location)
	if err != nil {
		t.Fatal(err)
	}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.Credentials == nil {
		o.Credentials = s3test.Credentials()
	}
	if o.Stall == 0 {
		o.Stall = time.Minute
	}
	s, err := s3blob.New(t.Context(), l, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
