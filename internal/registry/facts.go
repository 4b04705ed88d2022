package registry

import (
	"encoding/json"
	"fmt"
	"slices"

	"kingsnake/conda/pkgfile"
	"kingsnake/conda/repodata"
)

// insertSorted adds s to a sorted list that may hold it already.
func insertSorted(list []string, s string) []string {
	i, found := slices.BinarySearch(list, s)
	if found {
		return list
	}
	return slices.Insert(slices.Clone(list), i, s)
}

// describe fills in what the index files say of a package: its record, its run exports and its facts.
func (f *File) describe(pkg *pkgfile.Package) error {
	var err error
	var record repodata.Record
	f.Record, record, err = repodata.BuildParsed(pkg.Index.Raw, repodata.Hashes{
		MD5: f.MD5, SHA256: f.SHA256, Size: f.Size, IndexedTimestamp: f.CreatedAt.UnixMilli(),
	})
	if err != nil {
		return err
	}
	if f.RunExports, err = repodata.BuildRunExports(pkg.RunExports); err != nil {
		return err
	}
	p := pkg.Paths
	facts, err := repodata.NewFacts(record, pkg.About.Raw, f.RunExports, repodata.Flags{
		BinaryPrefix: p.BinaryPrefix, TextPrefix: p.TextPrefix, ActivateD: p.ActivateD, DeactivateD: p.DeactivateD,
		PreLink: p.PreLink, PostLink: p.PostLink, PreUnlink: p.PreUnlink,
	})
	if err != nil {
		return err
	}
	if f.Facts, err = json.Marshal(facts); err != nil {
		return fmt.Errorf("facts of %s: %w", f.Filename, err)
	}
	return nil
}
