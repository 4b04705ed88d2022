package registry

import (
	"context"
	"errors"
	"fmt"

	"kingsnake/internal/access"
)

// QuotaStore counts the bytes of a channel's files.
type QuotaStore interface {
	// AddChannelBytes adds to a channel's bytes; ErrNoRecord if they would be more than its quota.
	AddChannelBytes(ctx context.Context, tx Tx, channel, bytes int64) error
	SetChannelQuota(ctx context.Context, tx Tx, channel, bytes int64) error
}

// SetQuota bounds the bytes of a channel's files; 0 lifts the bound. A bound below what the channel holds takes nothing
// away, but lets nothing more in.
func (s *Channels) SetQuota(ctx context.Context, caller *access.Caller, path string, bytes int64) (Channel, error) {
	c, err := s.on(ctx, caller, access.ChannelEdit, path)
	if err != nil {
		return Channel{}, err
	}
	if err := s.allow(ctx, caller, access.SystemSettingsEdit, access.OnSystem()); err != nil {
		return Channel{}, err
	}
	if bytes < 0 {
		return Channel{}, invalid("quota_bytes", "a quota is a number of bytes, or 0 for none")
	}
	err = s.write(ctx, caller, func(w *work) error {
		if err := s.quotas.SetChannelQuota(ctx, w.tx, c.ID, bytes); err != nil {
			return err
		}
		w.changed(ChangedChannel, c.ID, c.Path)
		return w.record(ctx, EventChannelQuota, c.ID, c.Path, map[string]any{"quota_bytes": map[string]int64{"from": c.QuotaBytes, "to": bytes}})
	})
	if errors.Is(err, ErrNoRecord) {
		return Channel{}, notFound("channel %s was deleted meanwhile", path)
	}
	if err != nil {
		return Channel{}, err
	}
	return s.detailed(ctx, c)
}

// overQuota is the refusal of more bytes in a channel of which others are staged or on their way.
func overQuota(c Channel, staged, bytes int64) error {
	also := ""
	if staged > 0 {
		also = fmt.Sprintf(", %d are on their way", staged)
	}
	return &Error{Code: CodeQuota, Reason: "quota_exceeded", Message: fmt.Sprintf(
		"channel %s holds %d bytes%s, and %d more would exceed its quota of %d; delete files, or ask an administrator for a larger quota",
		c.Path, c.UsedBytes, also, bytes, c.QuotaBytes)}
}

// had is the file that an upload would replace, none if that cannot be told yet.
func (s *Packages) had(ctx context.Context, c Channel, in UploadInput) (File, error) {
	subdirs := []string{in.Subdir}
	if in.Subdir == "" {
		var err error
		if subdirs, err = s.rules.SubdirNames(ctx, nil, c.ID); err != nil {
			return File{}, err
		}
	}
	for _, subdir := range subdirs {
		f, err := s.packages.FileByKey(ctx, nil, c.ID, subdir, in.Filename)
		if !errors.Is(err, ErrNoRecord) {
			return f, err
		}
	}
	return File{}, nil
}
