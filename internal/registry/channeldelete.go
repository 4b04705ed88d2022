package registry

import (
	"context"

	"kingsnake/internal/access"
)

// Delete removes a channel with its subchannels, packages and grants.
func (s *Channels) Delete(ctx context.Context, caller *access.Caller, path string) error {
	c, known, err := s.deletable(ctx, caller, path)
	if err != nil {
		return err
	}
	return s.write(ctx, caller, func(w *work) error {
		children, err := s.channels.Subchannels(ctx, w.tx, c.ID)
		if err != nil {
			return err
		}
		if len(children) != known {
			return conflict("the subchannels of %s changed meanwhile; try again", path)
		}
		for _, child := range append(children, c) {
			if err := s.drop(ctx, w, child); err != nil {
				return err
			}
		}
		return nil
	})
}

// deletable asks for the right to delete a channel, and tells how many subchannels go with it.
func (s *Channels) deletable(ctx context.Context, caller *access.Caller, path string) (c Channel, children int, err error) {
	if c, err = s.find(ctx, path); err != nil {
		return Channel{}, 0, err
	}
	target := access.OnChannel(c.Access())
	below, err := s.channels.Subchannels(ctx, nil, c.ID)
	if err != nil {
		return Channel{}, 0, err
	}
	for _, child := range below {
		target.Children = append(target.Children, child.ID)
	}
	if err := s.allow(ctx, caller, access.ChannelDelete.For(target.Channel), target); err != nil {
		return Channel{}, 0, err
	}
	if c.ID == 0 {
		return Channel{}, 0, notFound("there is no channel %s", path)
	}
	return c, len(below), nil
}

// drop deletes one channel's records; its blobs are left to the cleanup, since others may name them.
func (s *Channels) drop(ctx context.Context, w *work, c Channel) error {
	holders, err := s.channels.ChannelPrincipals(ctx, w.tx, c.ID)
	if err != nil {
		return err
	}
	if err := s.services.dropOf(ctx, w, c); err != nil {
		return err
	}
	virtuals, err := s.channels.VirtualChannels(ctx, w.tx, c.ID)
	if err != nil {
		return err
	}
	if err := s.channels.DeleteOwnersGroup(ctx, w.tx, c.ID); err != nil {
		return err
	}
	if err := s.channels.DeleteChannel(ctx, w.tx, c.ID); err != nil {
		return err
	}
	for _, id := range holders {
		w.changed(ChangedPrincipal, id, "")
	}
	if err := s.leaveSources(ctx, w, virtuals); err != nil {
		return err
	}
	w.changed(ChangedChannel, c.ID, c.Path)
	return w.record(ctx, EventChannelDeleted, c.ID, c.Path, nil)
}
