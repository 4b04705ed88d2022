package registry

import (
	"context"
	"errors"
	"strings"

	"kingsnake/internal/access"
)

// SetDefaultChannel sets the caller's own default channel; an empty path clears it. A channel that the caller may not see
// is answered as if it had been named in the path.
func (s *Accounts) SetDefaultChannel(ctx context.Context, caller *access.Caller, path string) (User, error) {
	if err := s.allow(ctx, caller, access.ChannelDefaultChannelEdit, access.OnAccount(caller.Principal.ID)); err != nil {
		return User{}, err
	}
	var c Channel
	if path != "" {
		var err error
		if c, err = s.tokens.lookup.find(ctx, path); err != nil {
			return User{}, err
		}
		target := access.OnChannel(c.Access())
		scope := access.ChannelView.For(target.Channel)
		if !s.may(caller, scope, target) && !s.mayRead(caller, target) {
			return User{}, s.deny(caller, scope, target, access.Decide(caller, scope, target))
		}
	}
	if err := s.storeDefaultChannel(ctx, caller, caller.Principal.ID, c); err != nil {
		return User{}, err
	}
	return s.Me(ctx, caller)
}

func (s *Accounts) storeDefaultChannel(ctx context.Context, caller *access.Caller, account int64, c Channel) error {
	err := s.write(ctx, caller, func(w *work) error {
		u, err := s.accounts.UserByID(ctx, w.tx, account)
		if err != nil {
			return err
		}
		if u.DefaultChannelID == c.ID {
			return nil
		}
		u.DefaultChannelID, u.UpdatedAt = c.ID, s.now()
		if err := s.accounts.UpdateUser(ctx, w.tx, u); err != nil {
			return err
		}
		return w.record(ctx, EventDefaultChannel, c.ID, u.Name, map[string]any{"channel": c.Path})
	})
	if errors.Is(err, ErrNoRecord) {
		return notFound("this account was deleted")
	}
	return err
}

// welcome makes a channel for a user who signs in for the first time, where the site's settings say so. The sign-in stands
// whatever becomes of it.
func (s *Accounts) welcome(ctx context.Context, origin *access.Caller, user int64) {
	if err := s.makeUserChannel(ctx, origin, user); err != nil {
		s.log.WarnContext(ctx, "no channel was made for a new user", "user", user, "error", err)
	}
}

// makeUserChannel makes a private channel named after the user, who becomes its owner and has it as the default channel.
// Without the right to make channels there is none, nor where the name is taken or cannot be a channel's.
func (s *Accounts) makeUserChannel(ctx context.Context, origin *access.Caller, user int64) error {
	settings, err := s.settings.Current(ctx)
	if err != nil || !settings.UserChannelAutocreate {
		return err
	}
	u, err := s.accounts.UserByID(ctx, nil, user)
	if err != nil {
		return err
	}
	caller := *origin
	if caller.Principal, err = s.directory.Principal(ctx, user); err != nil {
		return err
	}
	caller.Via = access.ViaSession
	c, err := s.channels.Create(ctx, &caller, Channel{Name: userChannelName(u.Name), Privacy: access.Private})
	if err != nil || u.DefaultChannelID != 0 {
		return err
	}
	return s.storeDefaultChannel(ctx, &caller, user, c)
}

// userChannelName makes the name of a channel from that of a user: what stands before @, with _ for every character that
// the name of a channel cannot hold. What comes out may still be no channel's name, such as one that begins with a digit.
func userChannelName(user string) string {
	name, _, _ := strings.Cut(user, "@")
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, strings.ToLower(name))
}
