package fsblob

import (
	"errors"
	"fmt"
	"io/fs"

	"kingsnake/internal/blob"
)

// translate says what failed, and adds the contract's own error where the
// system's has a meaning that callers act upon.
func translate(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case isNoSpace(err):
		return fmt.Errorf("%s: %w: %w", doing, blob.ErrNoSpace, err)
	case isReadOnly(err):
		return fmt.Errorf("%s: %w: %w", doing, blob.ErrReadOnly, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// translateBlob is translate for an operation on one stored blob, whose
// absence is ErrNotExist.
func translateBlob(doing string, h blob.Hash, err error) error {
	doing += " blob " + h.String()
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", doing, blob.ErrNotExist)
	}
	return translate(doing, err)
}
