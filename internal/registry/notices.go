package registry

import (
	"context"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"kingsnake/conda/repodata"
	"kingsnake/internal/access"
)

// Notice is what a channel tells its users (CEP 6).
type Notice struct {
	PublicID  string
	Message   string
	Level     repodata.Level
	CreatedAt time.Time
	ExpiresAt time.Time
}

// The bounds of notices, and how long one is shown that says nothing of its end.
const (
	maxNotices     = 20
	maxNotice      = 600
	noticeLifetime = 30 * 24 * time.Hour
)

// Notices gives what a channel tells its users, in the order in which its managers put it, also what is over.
func (s *Channels) Notices(ctx context.Context, caller *access.Caller, path string) ([]Notice, error) {
	c, err := s.on(ctx, caller, access.ChannelView, path)
	if err != nil {
		return nil, err
	}
	return s.channels.ListNotices(ctx, nil, c.ID)
}

// CurrentNotices gives what clients are to show now, and whether everybody may read it.
func (s *Channels) CurrentNotices(ctx context.Context, caller *access.Caller, path string) ([]Notice, Channel, error) {
	c, err := s.on(ctx, caller, access.ChannelView, path)
	if err != nil {
		return nil, Channel{}, err
	}
	all, err := s.channels.ListNotices(ctx, nil, c.ID)
	return slices.DeleteFunc(all, func(n Notice) bool { return !s.now().Before(n.ExpiresAt) }), c, err
}

// SetNotices replaces what a channel tells its users. A notice with the id of one that is there keeps its beginning;
// one without an id is new.
func (s *Channels) SetNotices(ctx context.Context, caller *access.Caller, path string, notices []Notice) ([]Notice, error) {
	c, err := s.on(ctx, caller, access.ChannelEdit, path)
	if err != nil {
		return nil, err
	}
	if len(notices) > maxNotices {
		return nil, invalid("notices", "a channel has at most %d notices", maxNotices)
	}
	return s.changeNotices(ctx, caller, c, func([]Notice) ([]Notice, error) { return notices, nil })
}

// AddNotice tells a channel's users one thing more, whatever else is told them at the same moment, and gives all notices.
// Where there is no room, those that are over make some.
func (s *Channels) AddNotice(ctx context.Context, caller *access.Caller, path string, n Notice) ([]Notice, error) {
	c, err := s.on(ctx, caller, access.ChannelEdit, path)
	if err != nil {
		return nil, err
	}
	if n.PublicID != "" {
		return nil, invalid("id", "a new notice has no id yet; leave it out")
	}
	return s.changeNotices(ctx, caller, c, func(had []Notice) ([]Notice, error) {
		if len(had) >= maxNotices {
			had = slices.DeleteFunc(had, func(n Notice) bool { return !s.now().Before(n.ExpiresAt) })
		}
		if len(had) >= maxNotices {
			return nil, invalid("notices", "a channel has at most %d notices; remove one", maxNotices)
		}
		return append(had, n), nil
	})
}

// RemoveNotice takes back one thing that a channel tells its users.
func (s *Channels) RemoveNotice(ctx context.Context, caller *access.Caller, path, id string) error {
	c, err := s.on(ctx, caller, access.ChannelEdit, path)
	if err != nil {
		return err
	}
	_, err = s.changeNotices(ctx, caller, c, func(had []Notice) ([]Notice, error) {
		left := slices.DeleteFunc(slices.Clone(had), func(n Notice) bool { return n.PublicID == id })
		if len(left) == len(had) {
			return nil, notFound("the channel %s has no notice %q", c.Path, clip(id, 64))
		}
		return left, nil
	})
	return err
}

// changeNotices reads and writes the notices of a channel in one transaction, so that of two changes at once none is lost.
func (s *Channels) changeNotices(ctx context.Context, caller *access.Caller, c Channel, change func([]Notice) ([]Notice, error)) ([]Notice, error) {
	var out []Notice
	err := s.write(ctx, caller, func(w *work) error {
		had, err := s.channels.ListNotices(ctx, w.tx, c.ID)
		if err != nil {
			return err
		}
		next, err := change(slices.Clone(had))
		if err != nil {
			return err
		}
		if out, err = s.settle(next, had); err != nil {
			return err
		}
		if err := s.channels.SetNotices(ctx, w.tx, c.ID, out); err != nil {
			return err
		}
		return w.record(ctx, EventNoticesChanged, c.ID, c.Path, map[string]any{"notices": len(out)})
	})
	if errors.Is(err, ErrTaken) {
		return nil, invalid("notices", "two notices have the same id")
	}
	return out, err
}

// settle checks notices and fills in what they leave open.
func (s *Channels) settle(notices, had []Notice) ([]Notice, error) {
	now := s.now().Truncate(time.Second)
	out := slices.Clone(notices)
	for i := range out {
		n := &out[i]
		if n.Level == "" {
			n.Level = repodata.LevelInfo
		}
		if n.ExpiresAt.IsZero() {
			n.ExpiresAt = now.Add(noticeLifetime)
		}
		n.CreatedAt = now
		at := slices.IndexFunc(had, func(h Notice) bool { return h.PublicID == n.PublicID })
		switch {
		case n.PublicID == "":
			n.PublicID = uuid.NewString()
		case at < 0:
			return nil, invalid("id", "the channel has no notice with the id %q; leave the id out of a new one", clip(n.PublicID, 64))
		default:
			n.CreatedAt = had[at].CreatedAt
		}
		if err := n.Validate(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Validate checks what people choose.
func (n Notice) Validate() error {
	switch {
	case n.Message == "" || utf8.RuneCountInString(n.Message) > maxNotice || !utf8.ValidString(n.Message):
		return invalid("message", "a notice has 1 to %d characters", maxNotice)
	case n.Level != repodata.LevelInfo && n.Level != repodata.LevelWarning && n.Level != repodata.LevelCritical:
		return invalid("level", "level %q is none of info, warning, critical", clip(string(n.Level), 32))
	case !n.ExpiresAt.After(n.CreatedAt):
		return invalid("expires_at", "the notice would be over before it begins")
	}
	return nil
}
