package registry

import (
	"context"
	"errors"

	"kingsnake/internal/access"
)

// openThrough finds a file that a virtual channel shows: that of the first source that has one of the name and label,
// which is the one that the index names.
func (s *Packages) openThrough(ctx context.Context, caller *access.Caller, c Channel, pkg string, place Place, filename string) (Served, error) {
	for _, src := range c.Sources {
		key := fileKey{src.ID, place.Subdir(), filename}
		ref, err := s.refs.Get(ctx, key, func(ctx context.Context) (FileRef, error) {
			ref, err := s.ref(ctx, key)
			if errors.Is(err, ErrNoRecord) {
				// That a source has no such file is kept too; the zero value carries no label.
				return FileRef{}, nil
			}
			return ref, err
		})
		if err != nil {
			return Served{}, err
		}
		if !ref.carries(place) || ref.Filtered != "" {
			continue
		}
		spend := s.spender(caller, access.ArtifactDownload, target(&src, pkg))
		if spend == nil {
			spend = s.spender(caller, access.ArtifactDownload, target(&c, pkg))
		}
		return Served{
			Hash: ref.SHA256, Size: ref.Size, ModTime: ref.UpdatedAt, Public: c.readByAll(),
			ChannelID: src.ID, FileID: ref.ID, ArtifactID: ref.ArtifactID, Spend: spend,
		}, nil
	}
	return Served{}, noFile(c.Path, place, filename)
}

func noFile(path string, place Place, filename string) error {
	return notFound("channel %s has no file %s/%s with the label %s", path, place.Subdir(), filename, place.Label())
}

// artifactThrough gives a package of a virtual channel: what the source with its greatest version says of it.
func (s *Packages) artifactThrough(ctx context.Context, c Channel, family, name string) (Artifact, error) {
	list, _, err := s.listThrough(ctx, c, ArtifactFilter{OnlyNames: []string{name}, Families: []string{family}}, Page{Limit: 1})
	if err != nil {
		return Artifact{}, err
	}
	if len(list) == 0 {
		return Artifact{}, ErrNoRecord
	}
	return list[0], nil
}

// listThrough gives the packages that a virtual channel shows under the label main. The caller was asked for every source.
func (s *Packages) listThrough(ctx context.Context, c Channel, f ArtifactFilter, p Page) ([]Artifact, int64, error) {
	f.ChannelID, f.VirtualID, f.Visible = 0, c.ID, []ChannelSet{{Top: true, Sub: true, All: true}}
	list, total, err := s.packages.ListArtifacts(ctx, f, p)
	for i := range list {
		list[i].ChannelPath, list[i].Privacy = c.Path, string(c.Privacy)
	}
	return list, total, err
}

// fileThrough gives a file of a package that a virtual channel shows.
func (s *Packages) fileThrough(ctx context.Context, tx Tx, c Channel, name, ckey string) (File, error) {
	list, _, err := s.packages.ListFiles(ctx, tx, FileFilter{VirtualID: c.ID, Name: name, CKey: ckey}, Page{Limit: 1})
	if err != nil {
		return File{}, err
	}
	if len(list) == 0 {
		return File{}, ErrNoRecord
	}
	return list[0], nil
}
