package blob

import "context"

// A PartOpener is a store for which it is less work to read a part of a blob than all of it.
type PartOpener interface {
	// OpenPart is Open for who knows the size of the blob and will read n bytes from an offset on, which lie in it; 0 says
	// that it is not known which. Who then reads others gets them, too. Only who reads all learns whether it is the blob.
	OpenPart(ctx context.Context, h Hash, size, off, n int64) (Reader, error)
}

// OpenPart opens a blob to read a part of it, or all.
func OpenPart(ctx context.Context, s Store, h Hash, size, off, n int64) (Reader, error) {
	if p, ok := s.(PartOpener); ok && n < size {
		return p.OpenPart(ctx, h, size, off, n)
	}
	return s.Open(ctx, h)
}
