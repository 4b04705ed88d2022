// Package diskroom tells how much room a disk has, and how much of it should stay free.
package diskroom

// The least room that a disk should have, in bytes and as a part of it.
const (
	leastBytes = 1 << 30
	leastPart  = 20
)

// Room is that of a disk, in bytes.
type Room struct {
	// Free is what may still be written, All what the disk holds.
	Free, All uint64
}

// Least is how much should stay free: 1 GiB and 5 % of the disk, whichever is more. What is below is told by doctor, and
// what is not needed gives way.
func (r Room) Least() uint64 { return max(leastBytes, r.All/leastPart) }

// Scarce tells that there is so little that writes will soon fail.
func (r Room) Scarce() bool { return r.Free < leastBytes/16 }
