package registry

import (
	"context"
	"errors"
	"time"

	"kingsnake/internal/access"
)

// maxSources bounds how many sources a virtual channel has.
const maxSources = 32

// SourceStore keeps what virtual channels draw on.
type SourceStore interface {
	// ChannelSources gives the sources of a virtual channel, the first one first.
	ChannelSources(ctx context.Context, tx Tx, virtual int64) ([]Channel, error)
	SetChannelSources(ctx context.Context, tx Tx, virtual int64, sources []Channel) error
	// VirtualChannels gives the virtual channels over a source.
	VirtualChannels(ctx context.Context, tx Tx, source int64) ([]Channel, error)
	// MarkChannel notes that everything in a channel, and in the virtual channels over it, changed.
	MarkChannel(ctx context.Context, tx Tx, channel int64, at time.Time) ([]Marked, error)
}

// Marked is a place of which every index file is to be built anew.
type Marked struct {
	ChannelID int64
	Place     Place
}

// readByAll tells whether everybody may read what the channel shows.
func (c Channel) readByAll() bool {
	for _, src := range c.Sources {
		if src.Privacy != access.Public {
			return false
		}
	}
	return c.Privacy == access.Public
}

// virtually is what becomes of a scope on a virtual channel.
type virtually uint8

const (
	asElsewhere    virtually = iota // it is about the channel itself
	onEverySource                   // it shows packages, and is asked of every source too
	neverOnVirtual                  // it changes packages, of which there are none
)

// onVirtual says what becomes of a scope on a virtual channel.
func onVirtual(scope access.Scope) virtually {
	switch scope {
	case access.ArtifactCreate, access.ArtifactEdit, access.ArtifactDelete:
		return neverOnVirtual
	case access.ChannelViewArtifacts, access.ArtifactView, access.ArtifactDownload:
		return onEverySource
	}
	return asElsewhere
}

// drawn asks, after a scope was allowed on a virtual channel, for the same scope on every source. It gives the channel with
// its sources as they are now. Writes are refused: a virtual channel holds nothing itself.
func (l *channelLookup) drawn(ctx context.Context, s *core, caller *access.Caller, scope access.Scope, c Channel, pkg string) (Channel, error) {
	switch onVirtual(scope) {
	case neverOnVirtual:
		return Channel{}, errorf(CodeVirtual, "channel %s is virtual and holds no packages of its own; change them in its sources", c.Path)
	case onEverySource:
		return l.onSources(ctx, s, caller, scope, c, pkg)
	}
	return c, nil
}

// onSources asks for a scope on every source of a channel.
func (l *channelLookup) onSources(ctx context.Context, s *core, caller *access.Caller, scope access.Scope, c Channel, pkg string) (Channel, error) {
	now := make([]Channel, len(c.Sources))
	for i, src := range c.Sources {
		found, err := l.find(ctx, src.Path)
		if err != nil {
			return Channel{}, err
		}
		if found.ID != src.ID {
			// A namesake of a source that was deleted a moment ago is none.
			found = unknownChannel(src.Path)
		}
		on := target(&found, pkg)
		err = s.allow(ctx, caller, scope.For(on.Channel), on)
		if e, ok := AsError(err); ok && e.Denied != nil {
			e.Denied.Virtual = c.Access()
		}
		if err != nil {
			return Channel{}, err
		}
		now[i] = found
	}
	c.Sources = now
	return c, nil
}

// chooseSources finds the sources of a virtual channel that somebody names, and asks for the right to draw on them.
func (s *Channels) chooseSources(ctx context.Context, caller *access.Caller, named []Channel) ([]Channel, error) {
	if len(named) == 0 || len(named) > maxSources {
		return nil, invalid("sources", "a virtual channel has between 1 and %d sources", maxSources)
	}
	seen := map[int64]bool{}
	chosen := make([]Channel, len(named))
	for i, n := range named {
		src, err := s.on(ctx, caller, access.ArtifactDownload, n.Path)
		if err != nil {
			return nil, err
		}
		if src.Type == VirtualChannel {
			return nil, invalid("sources", "%s is a virtual channel itself; name its sources instead", src.Path)
		}
		if seen[src.ID] {
			return nil, invalid("sources", "%s is named twice", src.Path)
		}
		seen[src.ID], chosen[i] = true, src
	}
	return chosen, nil
}

// changedSources gives the sources that an edit asks for, nil where it leaves them alone.
func (s *Channels) changedSources(ctx context.Context, caller *access.Caller, c Channel, change ChannelChange) ([]Channel, error) {
	if change.Sources == nil {
		return nil, nil
	}
	if c.Type != VirtualChannel {
		return nil, invalid("sources", "%s is not a virtual channel and has no sources", c.Path)
	}
	return s.chooseSources(ctx, caller, change.Sources)
}

// setSources gives a virtual channel these sources, in a transaction.
func (s *Channels) setSources(ctx context.Context, w *work, c Channel) error {
	for _, src := range c.Sources {
		now, err := s.channels.ChannelByPath(ctx, w.tx, src.Path)
		if errors.Is(err, ErrNoRecord) || err == nil && now.ID != src.ID {
			return notFound("channel %s was deleted meanwhile", src.Path)
		}
		if err != nil {
			return err
		}
	}
	if err := s.channels.SetChannelSources(ctx, w.tx, c.ID, c.Sources); err != nil {
		return err
	}
	return s.remark(ctx, w, c.ID)
}

// remark makes every index file of a channel, and of the virtual channels over it, be built anew.
func (s *Channels) remark(ctx context.Context, w *work, id int64) error {
	marked, err := s.channels.MarkChannel(ctx, w.tx, id, s.now())
	if err != nil {
		return err
	}
	for _, m := range marked {
		w.changed(ChangedFiles, m.ChannelID, m.Place.file(""))
	}
	return nil
}

// leaveSources takes a channel that was deleted out of the virtual channels over it. What the audit of such a channel
// tells does not name the source, which its readers may have had no right to see.
func (s *Channels) leaveSources(ctx context.Context, w *work, virtuals []Channel) error {
	for _, v := range virtuals {
		if err := s.remark(ctx, w, v.ID); err != nil {
			return err
		}
		w.changed(ChangedChannel, v.ID, v.Path)
		if err := w.record(ctx, EventChannelUpdated, v.ID, v.Path, map[string]any{"source": "deleted"}); err != nil {
			return err
		}
	}
	return nil
}

// withSources adds to virtual channels the sources that the caller may see.
func (s *Channels) withSources(ctx context.Context, caller *access.Caller, list []Channel) ([]Channel, error) {
	for i, c := range list {
		if c.Type != VirtualChannel {
			continue
		}
		all, err := s.channels.ChannelSources(ctx, nil, c.ID)
		if err != nil {
			return nil, err
		}
		list[i].Sources = nil
		for _, src := range all {
			if access.MayRead(caller, access.OnChannel(src.Access())) {
				list[i].Sources = append(list[i].Sources, src)
			}
		}
	}
	return list, nil
}

// shown gives one channel as a caller sees it.
func (s *Channels) shown(ctx context.Context, caller *access.Caller, c Channel) (Channel, error) {
	c, err := s.detailed(ctx, c)
	if err != nil {
		return Channel{}, err
	}
	list, err := s.withSources(ctx, caller, []Channel{c})
	if err != nil {
		return Channel{}, err
	}
	return list[0], nil
}

// Virtual lists the virtual channels that draw on a channel, as far as the caller may see them.
func (s *Channels) Virtual(ctx context.Context, caller *access.Caller, path string, f ChannelFilter, p Page) ([]Channel, int64, error) {
	c, err := s.on(ctx, caller, access.ChannelView, path)
	if err != nil {
		return nil, 0, err
	}
	if err := p.Validate(channelSortColumns...); err != nil {
		return nil, 0, err
	}
	f.Visible, f.SourceID = s.listed(caller, access.ChannelView), c.ID
	list, total, err := s.channels.ListChannels(ctx, f, p)
	if err != nil {
		return nil, 0, err
	}
	list, err = s.withSources(ctx, caller, list)
	return list, total, err
}
