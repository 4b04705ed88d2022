package largesite

import (
	"fmt"
	"strings"

	"kingsnake/conda/version"
	"kingsnake/internal/registry"
)

// build is a package file to make a record of.
type build struct {
	channel  int64
	artifact int64
	name     string
	version  string
	number   int64
	subdir   string
	// text is the build string; empty makes one.
	text    string
	depends []string
	// sha256 is the hash of the file where there is one, zero for a package that is not there.
	sha256 [32]byte
}

// file makes the record of a package file as an upload of it would.
func (m *maker) file(b build) (registry.File, error) {
	if b.text == "" {
		b.text = fmt.Sprintf("py312h%07x_%d", m.rng.Uint32N(1<<28), b.number)
	}
	at := m.time()
	f := registry.File{
		ChannelID: b.channel, ArtifactID: b.artifact, Subdir: b.subdir, Filename: b.name + "-" + b.version + "-" + b.text + ".conda", Format: "conda",
		Name: b.name, Version: b.version, Build: b.text, BuildNumber: b.number, Size: 10_000 + m.rng.Int64N(4_000_000),
		SHA256: m.hash(), Uploader: Author, CreatedAt: at, UpdatedAt: at, RunExports: []byte("{}"),
	}
	md := m.hash()
	copy(f.MD5[:], md[:])
	if b.sha256 != [32]byte{} {
		f.SHA256 = b.sha256
	}
	v, err := version.Parse(b.version)
	if err != nil {
		return f, err
	}
	f.VersionKey = v.SortKey()
	f.Record = m.record(b, f)
	f.Facts = fmt.Appendf(nil, `{"name":%q,"version":%q,"subdir":%q,"timestamp":%d,"summary":%q,"license":"BSD-3-Clause","home":"https://example.com/%s"}`,
		b.name, b.version, b.subdir, at.UnixMilli(), m.summary(b.name), b.name)
	return f, nil
}

// record is what repodata.BuildRecord makes of such a package, which a test compares.
func (m *maker) record(b build, f registry.File) []byte {
	out := fmt.Appendf(make([]byte, 0, 800), `{"build":%q,"build_number":%d,"depends":[`, b.text, b.number)
	for i, d := range b.depends {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), d...), '"')
	}
	at := f.CreatedAt.UnixMilli()
	return fmt.Appendf(out, `],"indexed_timestamp":%d,"license":"BSD-3-Clause","license_family":"BSD","md5":"%x","name":%q,"sha256":"%x","size":%d,"subdir":%q,"timestamp":%d,"version":%q}`,
		at, f.MD5, b.name, f.SHA256[:], f.Size, b.subdir, at, b.version)
}

func (m *maker) summary(name string) string {
	return strings.ToUpper(name[:1]) + name[1:] + ", a " + pick(m.rng, adjectives()) + " " + pick(m.rng, nouns()) + " for the " + pick(m.rng, nouns())
}

// putPackage writes a package with its files, which are ordered by version, and marks what its index has to show anew.
func (m *maker) putPackage(s session, a registry.Artifact, builds []build) error {
	a.Family, a.LatestVersionKey = registry.FamilyConda, []byte{}
	a.CreatedAt = m.time()
	a.UpdatedAt = a.CreatedAt
	a, err := m.store.EnsureArtifact(s.ctx, s.tx, a)
	if err != nil {
		return err
	}
	subdirs := map[string]bool{}
	var bytes int64
	for _, b := range builds {
		b.channel, b.artifact = a.ChannelID, a.ID
		f, err := m.file(b)
		if err != nil {
			return err
		}
		if f.ID, err = m.store.InsertFile(s.ctx, s.tx, f); err != nil {
			return err
		}
		if m.rng.IntN(8) == 0 {
			if err := m.store.AddDownloads(s.ctx, s.tx, f.ID, a.ID, m.rng.Int64N(100_000)); err != nil {
				return err
			}
		}
		if a.FileCount++; !subdirs[f.Subdir] {
			subdirs[f.Subdir] = true
			a.Subdirs = append(a.Subdirs, f.Subdir)
		}
		a.LatestVersion, a.LatestVersionKey, a.About = f.Version, f.VersionKey, f.Facts
		bytes += f.Size
	}
	a.Summary = m.summary(a.Name)
	if err := m.store.UpdateArtifact(s.ctx, s.tx, a); err != nil {
		return err
	}
	for _, subdir := range a.Subdirs {
		if _, err := m.store.MarkSubdir(s.ctx, s.tx, a.ChannelID, registry.Place(subdir), a.Name, a.UpdatedAt); err != nil {
			return err
		}
	}
	m.bytes[a.ChannelID] += bytes
	return nil
}
