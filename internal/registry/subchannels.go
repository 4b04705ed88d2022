package registry

import (
	"context"
	"errors"

	"kingsnake/internal/access"
)

// CreateSubchannel makes a subchannel. It has no owners group of its own: who manages the channel above manages it, and
// further groups can be given permissions on it.
func (s *Channels) CreateSubchannel(ctx context.Context, caller *access.Caller, parent string, c Channel) (Channel, error) {
	above, err := s.on(ctx, caller, access.SubchannelCreate, parent)
	if err != nil {
		return Channel{}, err
	}
	if above.Type == VirtualChannel {
		return Channel{}, invalid("channel", "%s is a virtual channel, which has no subchannels", above.Path)
	}
	if c.Type == VirtualChannel {
		return Channel{}, invalid("channel_type", "a subchannel cannot be virtual; create a virtual channel of the first level")
	}
	c.ParentID, c.Path = above.ID, above.Path+"/"+c.Name
	return s.create(ctx, caller, c, func(w *work, c Channel) error {
		// The channel above may have been deleted since it was found, and nothing must be left without one.
		now, err := s.channels.ChannelByPath(ctx, w.tx, above.Path)
		if errors.Is(err, ErrNoRecord) || err == nil && now.ID != above.ID {
			return notFound("channel %s was deleted meanwhile", above.Path)
		}
		return err
	})
}

// Subchannels lists the subchannels of a channel that the caller may see.
func (s *Channels) Subchannels(ctx context.Context, caller *access.Caller, parent string, f ChannelFilter, p Page) ([]Channel, int64, error) {
	above, err := s.on(ctx, caller, access.ChannelView, parent)
	if err != nil {
		return nil, 0, err
	}
	if err := p.Validate(channelSortColumns...); err != nil {
		return nil, 0, err
	}
	f.Visible, f.Parent = s.listed(caller, access.SubchannelView), above.ID
	return s.channels.ListChannels(ctx, f, p)
}

// ChannelStats counts what is in a channel.
type ChannelStats struct {
	// Files are package files, Packages their names, Size their bytes together.
	Files, Packages, Size int64
	Groups, Subchannels   int64
	Downloads             int64
}

// Stats counts what is in a channel, as far as the caller may see it.
func (s *Channels) Stats(ctx context.Context, caller *access.Caller, path string) (ChannelStats, error) {
	c, err := s.on(ctx, caller, access.ChannelView, path)
	if err != nil {
		return ChannelStats{}, err
	}
	stats, err := s.channels.ChannelStats(ctx, c.ID)
	if err != nil {
		return ChannelStats{}, err
	}
	target := access.OnChannel(c.Access())
	if !access.Decide(caller, access.ChannelGroupView.For(target.Channel), target).Allowed {
		stats.Groups = 0
	}
	if c.ParentID == 0 {
		sets := visible(caller, access.SubchannelView)
		_, stats.Subchannels, err = s.channels.ListChannels(ctx, ChannelFilter{Visible: sets, Parent: c.ID}, Page{Limit: 1})
	}
	return stats, err
}
