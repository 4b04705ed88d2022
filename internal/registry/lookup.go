package registry

import (
	"context"
	"errors"
	"strings"

	"kingsnake/internal/access"
	"kingsnake/internal/memo"
)

// ChannelFinder reads a channel by its path.
type ChannelFinder interface {
	ChannelByPath(ctx context.Context, tx Tx, path string) (Channel, error)
	ChannelSources(ctx context.Context, tx Tx, virtual int64) ([]Channel, error)
}

// maxCachedChannels bounds the channels kept in memory.
const maxCachedChannels = 100_000

// channelLookup finds channels by path without asking the database each time.
type channelLookup struct {
	store ChannelFinder
	cache *memo.Cache[string, *Channel]
}

func newChannelLookup(store ChannelFinder, feed *Feed) *channelLookup {
	l := &channelLookup{store: store, cache: memo.New[string, *Channel](maxCachedChannels)}
	feed.Subscribe(func(changes []Change) {
		for _, c := range changes {
			switch c.Kind {
			case ChangedChannel:
				l.cache.Drop(c.Name)
			case ChangedEverything:
				l.cache.DropAll()
			}
		}
	})
	return l
}

// find gives the channel at path, or one with ID 0 that stands for any unknown channel.
func (l *channelLookup) find(ctx context.Context, path string) (Channel, error) {
	c, err := l.get(ctx, path)
	if err != nil {
		return Channel{}, err
	}
	return *c, nil
}

// get is find without a copy: what it gives is shared by all requests, and not for changing.
func (l *channelLookup) get(ctx context.Context, path string) (*Channel, error) {
	if c, ok := l.cache.Peek(path); ok {
		return c, nil
	}
	c, err := l.cache.Get(ctx, path, func(ctx context.Context) (*Channel, error) {
		c, err := l.store.ChannelByPath(ctx, nil, path)
		if err == nil && c.Type == VirtualChannel {
			c.Sources, err = l.store.ChannelSources(ctx, nil, c.ID)
		}
		return &c, err
	})
	if errors.Is(err, ErrNoRecord) {
		c, err = new(unknownChannel(path)), nil
	}
	return c, err
}

// on finds a channel and asks for a scope on it; scope is the channel's form and is turned into the subchannel's.
func (l *channelLookup) on(ctx context.Context, s *core, caller *access.Caller, scope access.Scope, path string) (Channel, error) {
	return l.onPackage(ctx, s, caller, scope, path, "")
}

// onPackage is on for one package of the channel, "family/name", or for all of it when pkg is empty.
func (l *channelLookup) onPackage(ctx context.Context, s *core, caller *access.Caller, scope access.Scope, path, pkg string) (Channel, error) {
	c, err := l.get(ctx, path)
	if err != nil {
		return Channel{}, err
	}
	return l.ask(ctx, s, caller, scope, c, pkg)
}

// ask is onPackage for a channel that was found.
func (l *channelLookup) ask(ctx context.Context, s *core, caller *access.Caller, scope access.Scope, c *Channel, pkg string) (Channel, error) {
	on := target(c, pkg)
	if err := s.allow(ctx, caller, scope.For(on.Channel), on); err != nil {
		return Channel{}, err
	}
	if c.ID == 0 {
		return Channel{}, notFound("there is no channel %s", c.Path)
	}
	if c.Type == VirtualChannel {
		return l.drawn(ctx, s, caller, scope, *c, pkg)
	}
	return *c, nil
}

// onSome is on for what holds packages: a caller whose token is narrowed to some packages passes if it reaches any of
// them. narrowed then tells that each package has still to be asked for.
func (l *channelLookup) onSome(ctx context.Context, s *core, caller *access.Caller, scope access.Scope, path string) (Channel, bool, error) {
	c, err := l.get(ctx, path)
	if err != nil {
		return Channel{}, false, err
	}
	return l.askSome(ctx, s, caller, scope, c)
}

// askSome is onSome for a channel that was found.
func (l *channelLookup) askSome(ctx context.Context, s *core, caller *access.Caller, scope access.Scope, c *Channel) (_ Channel, narrowed bool, err error) {
	if !caller.Token.ByPackage() || c.Type == VirtualChannel {
		// There is no part of a virtual channel's index: a package would have to be asked for in every source.
		all, err := l.ask(ctx, s, caller, scope, c, "")
		return all, false, err
	}
	on := access.OnChannel(c.Access())
	scope = scope.For(on.Channel)
	if narrowed = access.Narrowed(caller, scope, on.Channel); narrowed {
		on = access.OnSomePackage(on.Channel)
	}
	if err := s.allow(ctx, caller, scope, on); err != nil {
		return Channel{}, false, err
	}
	if c.ID == 0 {
		return Channel{}, false, notFound("there is no channel %s", c.Path)
	}
	return *c, narrowed, nil
}

// target is a channel or, where pkg ("family/name") is not empty, one package of it.
func target(c *Channel, pkg string) access.Target {
	if family, name, ok := strings.Cut(pkg, "/"); ok {
		return access.OnPackage(c.Access(), family, name)
	}
	return access.OnChannel(c.Access())
}

// unknownChannel stands for a channel that does not exist. A subchannel that does not exist is one all the same, so
// that the questions asked of it are those asked of subchannels.
func unknownChannel(path string) Channel {
	c := Channel{Path: path, Privacy: access.Private}
	if strings.Contains(path, "/") {
		c.ParentID = noChannel
	}
	return c
}

// noChannel is a number that no channel has.
const noChannel = -1
