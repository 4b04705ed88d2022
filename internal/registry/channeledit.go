package registry

import (
	"context"
	"errors"

	"kingsnake/internal/access"
)

// ChannelChange is an edit; nil leaves a field as it is.
type ChannelChange struct {
	Name        *string
	Description *string
	Privacy     *access.Privacy
	Indexing    *Indexing
	// Sources replaces those of a virtual channel; only their paths count.
	Sources  []Channel
	Filters  *Filters
	Settings *ChannelSettings
	// Check may object to the change for what the channel is in the transaction of the edit; nil objects to nothing.
	Check func(Channel) error
}

// Edit changes a channel's name, description, privacy or indexing.
func (s *Channels) Edit(ctx context.Context, caller *access.Caller, path string, change ChannelChange) (Channel, error) {
	c, err := s.on(ctx, caller, access.ChannelEdit, path)
	if err != nil {
		return Channel{}, err
	}
	if change.Name != nil && *change.Name != c.Name {
		return Channel{}, invalid("name", "a channel's name cannot be changed: clients hold it in their configuration")
	}
	sources, err := s.changedSources(ctx, caller, c, change)
	if err != nil {
		return Channel{}, err
	}
	err = s.write(ctx, caller, func(w *work) error {
		if c, err = s.channels.ChannelByPath(ctx, w.tx, path); err != nil {
			return err
		}
		if change.Check != nil {
			if err := change.Check(c); err != nil {
				return err
			}
		}
		before := c
		c = change.apply(c)
		if err := c.Validate(); err != nil {
			return err
		}
		c.UpdatedAt = s.now()
		if err := s.channels.UpdateChannel(ctx, w.tx, c); err != nil {
			return err
		}
		fields := changedFields(before, c)
		if sources != nil {
			c.Sources, fields["sources"] = sources, len(sources)
			if err := s.setSources(ctx, w, c); err != nil {
				return err
			}
		}
		if err := s.filtering.begin(ctx, w, before, c); err != nil {
			return err
		}
		w.changed(ChangedChannel, c.ID, c.Path)
		return w.record(ctx, EventChannelUpdated, c.ID, c.Path, fields)
	})
	if errors.Is(err, ErrNoRecord) {
		return Channel{}, notFound("channel %s was deleted meanwhile", path)
	}
	if err != nil {
		return Channel{}, err
	}
	if change.Filters != nil {
		s.filtering.nudge()
	}
	return s.shown(ctx, caller, c)
}

func (ch ChannelChange) apply(c Channel) Channel {
	if ch.Description != nil {
		c.Description = *ch.Description
	}
	if ch.Privacy != nil {
		c.Privacy = *ch.Privacy
	}
	if ch.Indexing != nil {
		c.Indexing = *ch.Indexing
	}
	if ch.Filters != nil {
		c.Filters = *ch.Filters
	}
	if ch.Settings != nil {
		c.Settings = *ch.Settings
	}
	return c
}

// changedFields tells the audit what an edit changed.
func changedFields(before, after Channel) map[string]any {
	m := map[string]any{}
	if before.Description != after.Description {
		m["description"] = after.Description
	}
	if before.Privacy != after.Privacy {
		m["privacy"] = map[string]any{"from": before.Privacy, "to": after.Privacy}
	}
	if before.Indexing != after.Indexing {
		m["indexing_behavior"] = map[string]any{"from": before.Indexing, "to": after.Indexing}
	}
	if !before.Filters.Equal(after.Filters) {
		m["filters"] = map[string]any{"from": before.Filters, "to": after.Filters}
	}
	if !before.Settings.Equal(after.Settings) {
		m["settings"] = map[string]any{"from": before.Settings, "to": after.Settings}
	}
	return m
}
