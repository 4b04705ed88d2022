package repodata

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Level is how urgent a [Notice] is. Clients color it.
type Level string

// The levels of CEP 6.
const (
	LevelInfo     Level = "info"
	LevelWarning  Level = "warning"
	LevelCritical Level = "critical"
)

// Notice is a message to the users of a channel (CEP 6). conda shows it when it
// creates or changes an environment, at most once a day, and asks for it
// without credentials.
type Notice struct {
	// ID tells notices apart, so that a client shows each once.
	ID string
	// Message is plain text of about a sentence.
	Message string
	Level   Level
	// CreatedAt and ExpiresAt are exact to the second.
	CreatedAt time.Time
	ExpiresAt time.Time
}

// EncodeNotices writes notices.json (CEP 6) to w with the notices in the given
// order. It fails, wrapping [ErrInvalid], if one lacks an ID or a message or
// has an unknown level.
func EncodeNotices(w io.Writer, notices []Notice) error {
	type notice struct {
		CreatedAt string `json:"created_at"`
		ExpiresAt string `json:"expires_at"`
		ID        string `json:"id"`
		Level     Level  `json:"level"`
		Message   string `json:"message"`
	}
	list := make([]notice, 0, len(notices))
	for _, n := range notices {
		if err := n.check(); err != nil {
			return fmt.Errorf("%w: notice %q: %w", ErrInvalid, n.ID, err)
		}
		list = append(list, notice{
			CreatedAt: isoTime(n.CreatedAt), ExpiresAt: isoTime(n.ExpiresAt),
			ID: n.ID, Level: n.Level, Message: n.Message,
		})
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(map[string][]notice{"notices": list}); err != nil {
		return fmt.Errorf("writing notices.json: %w", err)
	}
	return nil
}

func (n Notice) check() error {
	if n.ID == "" || n.Message == "" {
		return fmt.Errorf("the id or the message is empty")
	}
	switch n.Level {
	case LevelInfo, LevelWarning, LevelCritical:
		return nil
	}
	return fmt.Errorf("level %q is not known", n.Level)
}

// isoTime writes the offset as numbers, as CEP 6 does: Python before 3.11
// cannot read "Z".
func isoTime(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05+00:00")
}
