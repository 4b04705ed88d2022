package largesite

import (
	"context"
	"fmt"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/server"
)

// Forge is the path of the channel that FillForge makes.
const Forge = "forge"

// FillForge makes one public channel of a new site, with so many records over so many names in three subdirs.
func FillForge(ctx context.Context, site *server.Site, seed uint64, records, names int, say func(string)) error {
	m := newMaker(site, seed, say)
	if err := m.makeAccounts(ctx); err != nil {
		return err
	}
	c := registry.Channel{
		PublicID: m.id(), Name: Forge, Path: Forge, Privacy: access.Public, Type: registry.DefaultChannel, Indexing: registry.DefaultIndexing, CreatedAt: start, UpdatedAt: start,
	}
	m.users = []int64{m.author}
	err := m.store.Write(ctx, func(tx registry.Tx) (err error) {
		if c.ID, err = m.store.InsertChannel(ctx, tx, c); err != nil {
			return err
		}
		return m.makeOwners(ctx, tx, c, 0)
	})
	if err != nil {
		return fmt.Errorf("channel %s: %w", Forge, err)
	}
	written := 0
	err = m.some(ctx, "names", names, few, func(tx registry.Tx, i int) error {
		n := m.releases(records-written, names-i)
		written += n
		name := packageName(i)
		return m.putPackage(session{ctx, tx}, registry.Artifact{ChannelID: c.ID, Name: name}, m.matrix(name, n, names))
	})
	if err != nil {
		return err
	}
	return m.countBytes(ctx)
}

// releases says how many of the records that are left the next of the names that are left has: mostly a few, of some names
// hundreds, as it is with conda-forge.
func (m *maker) releases(records, names int) int {
	if names == 1 {
		return records
	}
	mean := records / names
	n := 1 + int(float64(mean)*m.rng.ExpFloat64())
	return max(1, min(n, records-names+1))
}

// matrix makes n files of a package: pure ones once, the others for two platforms and several versions of Python.
func (m *maker) matrix(name string, n, names int) []build {
	subdirs := []string{"linux-64", "osx-arm64"}
	if m.rng.IntN(3) == 0 {
		subdirs = []string{"noarch"}
	}
	out := make([]build, 0, n)
	for i := range n {
		release := i / 8
		b := build{
			name: name, version: fmt.Sprintf("%d.%d.%d", release/20, release%20, i%2), number: int64(i % 3), subdir: subdirs[i%len(subdirs)],
			depends: m.forgeDepends(names),
		}
		out = append(out, b)
	}
	return out
}

// forgeDepends are the dependencies of a file: what nearly all have, and some others.
func (m *maker) forgeDepends(names int) []string {
	out := []string{"__glibc >=2.17,<3.0.a0", "libgcc >=14", "python >=3.12,<3.13.0a0", "python_abi 3.12.* *_cp312"}
	return append(out[m.rng.IntN(len(out)):], m.depends(names)...)
}
