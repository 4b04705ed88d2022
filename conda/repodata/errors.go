package repodata

import "errors"

var (
	// ErrInvalid is wrapped by every error that says that some input (a record,
	// an index file, patch instructions) is malformed or cannot be represented.
	ErrInvalid = errors.New("invalid repodata")

	// ErrTooLarge is wrapped by the error returned when an input or an output
	// is bigger than the limit for its kind.
	ErrTooLarge = errors.New("repodata too large")

	// ErrOrder is wrapped by the error returned when a streaming writer is fed
	// out of order: a file name that does not sort after the one before it, or
	// a section that has already been closed.
	ErrOrder = errors.New("repodata out of order")
)
