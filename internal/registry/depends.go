package registry

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"kingsnake/conda/matchspec"
	"kingsnake/conda/repodata"
	"kingsnake/internal/access"
)

// Dependency is a package that another one depends on, or that depends on it.
type Dependency struct {
	Name string
	// Version is what is asked of the dependency's versions, or the dependant's newest version.
	Version string
	// Artifact is the channel's own package of that name, nil where it has none that the caller may see.
	Artifact *Artifact
}

// Dependencies gives what a version of a package depends on, the newest if it is empty, on any platform.
func (s *Packages) Dependencies(ctx context.Context, caller *access.Caller, path, family, name, version string, p Page) ([]Dependency, int64, error) {
	c, a, err := s.artifact(ctx, caller, access.ArtifactView, path, family, name)
	if err != nil {
		return nil, 0, err
	}
	if err := p.Validate(); err != nil {
		return nil, 0, err
	}
	if version == "" {
		version = a.LatestVersion
	}
	specs, err := s.specs(ctx, nil, a, version)
	if err != nil {
		return nil, 0, err
	}
	names := slices.Sorted(maps.Keys(specs))
	total := int64(len(names))
	names = names[min(p.Offset, len(names)):min(p.Offset+p.Limit, len(names))]
	if len(names) == 0 {
		return nil, total, nil
	}
	own, _, err := s.packages.ListArtifacts(ctx, ArtifactFilter{
		Visible: visible(caller, access.ArtifactView), ChannelID: c.ID, OnlyNames: names, Families: []string{family},
	}, Page{Limit: maxPage})
	if err != nil {
		return nil, 0, err
	}
	out := make([]Dependency, 0, len(names))
	for _, n := range names {
		d := Dependency{Name: n, Version: strings.Join(specs[n], " | ")}
		if i := slices.IndexFunc(own, func(a Artifact) bool { return a.Name == n }); i >= 0 {
			d.Artifact = &own[i]
		}
		out = append(out, d)
	}
	return out, total, nil
}

// specs gives what the files of one version depend on: by name, the different conditions on its versions.
func (s *Packages) specs(ctx context.Context, tx Tx, a Artifact, version string) (map[string][]string, error) {
	out := map[string][]string{}
	for offset := 0; ; offset += maxPage {
		files, total, err := s.packages.ListFiles(ctx, tx, FileFilter{ArtifactID: a.ID, Version: version}, Page{Offset: offset, Limit: maxPage})
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			record, err := repodata.ParseRecord(f.Record)
			if err != nil {
				return nil, err
			}
			for _, text := range record.Depends {
				name, rest := splitSpec(text)
				if name == "" {
					continue
				}
				if i, found := slices.BinarySearch(out[name], rest); !found {
					out[name] = slices.Insert(out[name], i, rest)
				}
			}
		}
		if int64(offset+maxPage) >= total {
			return out, nil
		}
	}
}

// splitSpec gives the name that a match spec asks for, "" for none in particular, and what it asks besides.
func splitSpec(text string) (name, rest string) {
	text = strings.TrimSpace(text)
	spec, err := matchspec.ParseLenient(text)
	if err != nil {
		return "", ""
	}
	name, exact := spec.Name()
	if !exact {
		return "", ""
	}
	if len(text) >= len(name) && strings.EqualFold(text[:len(name)], name) {
		return name, strings.TrimSpace(text[len(name):])
	}
	return name, text
}

// dependsBatch bounds how many packages are read in one write.
const dependsBatch = 100

// Dependants gives the packages of the channel whose newest version depends on a package. It need not be there itself.
func (s *Packages) Dependants(ctx context.Context, caller *access.Caller, path, family, name string, p Page) ([]Dependency, int64, error) {
	c, err := s.lookup.onPackage(ctx, s.core, caller, access.ArtifactView, path, family+"/"+name)
	if err != nil {
		return nil, 0, err
	}
	if err := p.Validate(); err != nil {
		return nil, 0, err
	}
	if err := s.learnDepends(ctx, c); err != nil {
		return nil, 0, err
	}
	f := ArtifactFilter{Visible: visible(caller, access.ArtifactView), ChannelID: c.ID, Families: []string{family}, DependsOn: strings.ToLower(name)}
	found, total, err := s.packages.ListArtifacts(ctx, f, p)
	out := make([]Dependency, len(found))
	for i := range found {
		out[i] = Dependency{Name: found[i].Name, Version: found[i].LatestVersion, Artifact: &found[i]}
	}
	return out, total, err
}

// learnDepends notes what the packages depend on that changed since somebody last asked. Uploads and copies pay nothing
// for it.
func (s *Packages) learnDepends(ctx context.Context, c Channel) error {
	for {
		unknown, err := s.packages.UnknownDepends(ctx, c.ID, dependsBatch)
		if err != nil || len(unknown) == 0 {
			return err
		}
		err = s.store.Write(ctx, func(tx Tx) error {
			for _, a := range unknown {
				now, err := s.packages.ArtifactByName(ctx, tx, c.ID, a.Family, a.Name)
				if errors.Is(err, ErrNoRecord) {
					continue
				}
				if err != nil {
					return err
				}
				specs, err := s.specs(ctx, tx, now, now.LatestVersion)
				if err != nil {
					return err
				}
				if err := s.packages.SetDepends(ctx, tx, now, slices.Sorted(maps.Keys(specs))); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}
