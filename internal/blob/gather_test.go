package blob_test

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"kingsnake/internal/blob"
)

// sizes notes the sizes of what is written to it.
type sizes struct {
	bytes.Buffer
	each []int
}

func (s *sizes) Write(p []byte) (int, error) {
	s.each = append(s.each, len(p))
	return s.Buffer.Write(p)
}

// TestGathererKeepsBytesAndWritesLargePieces writes in pieces of any size: all arrives, in order, and each piece but the
// last fills whole ones of 128 kB.
func TestGathererKeepsBytesAndWritesLargePieces(t *testing.T) {
	const piece = 128 << 10
	rapid.Check(t, func(t *rapid.T) {
		var want []byte
		out := &sizes{}
		g := blob.NewGatherer(out)
		for i, n := range rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 64), rapid.IntRange(0, 3*piece)), 0, 12).Draw(t, "sizes") {
			p := bytes.Repeat([]byte{byte(i)}, n)
			want = append(want, p...)
			if got, err := g.Write(p); got != n || err != nil {
				t.Fatalf("Write = %d, %v, want %d", got, err, n)
			}
		}
		if err := g.Flush(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), want) {
			t.Fatalf("%d bytes arrived, which are not the %d that were written", out.Len(), len(want))
		}
		for i, n := range out.each {
			if last := i == len(out.each)-1; n == 0 || !last && n%piece != 0 {
				t.Fatalf("pieces of %v bytes were written", out.each)
			}
		}
	})
}

// full takes nothing.
type full struct{ err error }

func (f full) Write([]byte) (int, error) { return 0, f.err }

func TestGathererReportsWhatCannotBeWritten(t *testing.T) {
	want := errors.New("the disk is full")
	g := blob.NewGatherer(full{want})
	if _, err := g.Write([]byte("a little")); err != nil {
		t.Errorf("a little could not be held: %v", err)
	}
	if err := g.Flush(); !errors.Is(err, want) {
		t.Errorf("Flush = %v, want %v", err, want)
	}
	if _, err := g.Write(make([]byte, 1<<20)); !errors.Is(err, want) {
		t.Errorf("Write of much = %v, want %v", err, want)
	}
}
