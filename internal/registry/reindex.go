package registry

import (
	"context"

	"kingsnake/internal/access"
)

// Reindex makes every index file of a channel be built anew from the stored records, and says how many subdirs that
// concerns. Readers get the last index until the new one is there.
func (s *Channels) Reindex(ctx context.Context, caller *access.Caller, path, family string) (subdirs int, err error) {
	c, err := s.on(ctx, caller, access.ChannelEdit, path)
	if err != nil {
		return 0, err
	}
	if family != FamilyConda {
		return 0, invalid("artifact_family", "there is no index of family %q here; the only one is %s", clip(family, 32), FamilyConda)
	}
	err = s.write(ctx, caller, func(w *work) error {
		places, err := s.channels.RaiseSubdirs(ctx, w.tx, c.ID, s.now())
		if err != nil {
			return err
		}
		subdirs = len(places)
		for _, place := range places {
			w.changed(ChangedFiles, c.ID, place.file(""))
		}
		return w.record(ctx, EventChannelReindexed, c.ID, c.Path, map[string]any{"subdirs": subdirs})
	})
	return subdirs, err
}
