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

// TestGathererKeepsBytesAndWritesLargePieces writes in pieces of any size, and some of what is held before its time: all
// arrives, in order, and each piece that was not flushed ends at a multiple of 128 kB at least, and of more the more there is.
func TestGathererKeepsBytesAndWritesLargePieces(t *testing.T) {
	const least, most = 128 << 10, 2 << 20
	rapid.Check(t, func(t *rapid.T) {
		var want []byte
		out := &sizes{}
		g := blob.NewGatherer(out)
		flushed := map[int]bool{}
		flush := func() {
			if err := g.Flush(); err != nil {
				t.Fatal(err)
			}
			flushed[len(want)] = true
		}
		for i, n := range rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 64), rapid.IntRange(0, 3*least), rapid.IntRange(0, 3*most)), 0, 12).Draw(t, "sizes") {
			p := bytes.Repeat([]byte{byte(i)}, n)
			want = append(want, p...)
			if got, err := g.Write(p); got != n || err != nil {
				t.Fatalf("Write = %d, %v, want %d", got, err, n)
			}
			if held := len(want) - out.Len(); held > max(least, min(out.Len()/2, most)) {
				t.Fatalf("%d bytes are held after %d were written", held, out.Len())
			}
			if n%5 == 0 {
				flush()
			}
		}
		flush()
		if !bytes.Equal(out.Bytes(), want) {
			t.Fatalf("%d bytes arrived, which are not the %d that were written", out.Len(), len(want))
		}
		at := 0
		for _, n := range out.each {
			piece := least
			for piece < most && at >= 4*piece {
				piece *= 2
			}
			if at += n; n == 0 || !flushed[at] && at%piece != 0 {
				t.Fatalf("pieces of %v bytes were written, one of which ends at %d and not at a multiple of %d", out.each, at, piece)
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
	if _, err := g.Write(make([]byte, 4<<20)); !errors.Is(err, want) {
		t.Errorf("Write of much = %v, want %v", err, want)
	}
}
