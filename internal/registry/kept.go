package registry

import "context"

// Kept is a number that is kept beside what it counts, so that nobody has to count it.
type Kept string

// The numbers that are kept of a channel.
const (
	KeptPackages  Kept = "package_count"
	KeptDownloads Kept = "download_count"
	KeptBytes     Kept = "used_bytes"
)

// KeptCount is such a number, and what it should be.
type KeptCount struct {
	What       Kept
	Kept, Real int64
}

// ChannelCounts are those of a channel, as of one moment.
type ChannelCounts struct {
	ID     int64
	Path   string
	Counts []KeptCount
}

// WordsCheck is what was found of a page of packages.
type WordsCheck struct {
	// Checked is how many were looked at, Last the number of the last one, behind which the next page begins.
	Checked int
	Last    int64
	// Stale are those whose words are noted otherwise than they are, though nothing says that they are to be learned; Gone
	// those that are gone, and their words are not.
	Stale, Gone []int64
}

// KeptStore compares what is kept with what it is made of. Changes of a server of an older version, which did not know of it,
// make it differ.
type KeptStore interface {
	// NextCounts gives the counts of the first channel behind a number; ErrNoRecord when there is none.
	NextCounts(ctx context.Context, after int64) (ChannelCounts, error)
	// MendCount adds what is missing to a count, if it is still what it was.
	MendCount(ctx context.Context, tx Tx, channel int64, c KeptCount) error
	// CheckWords looks at the packages behind a number.
	CheckWords(ctx context.Context, after int64, limit int) (WordsCheck, error)
	// LastArtifact gives the number of the newest package, 0 for none.
	LastArtifact(ctx context.Context) (int64, error)
	// Relearn queues packages to be learned and to be forgotten.
	Relearn(ctx context.Context, tx Tx, stale, gone []int64) error
}
