package registry

import (
	"time"

	"kingsnake/internal/access"
)

// What tests of the counts ask for.
const (
	MaxTokenUses = maxTokenUses
	RightsBatch  = rightsBatch
)

// NoteUse counts one use of a right of a token.
func NoteUse(u *Usage, token int64, use access.Use, at time.Time) { u.right(token, use, at) }
