package largesite

import (
	"context"
	"fmt"
	"math"
	"slices"

	"kingsnake/conda/random"
	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
)

// session is one transaction.
type session struct {
	ctx context.Context
	tx  registry.Tx
}

// shares says how many packages each channel has: the first some tenth of all, the most of them few.
func shares(channels, packages int) []int {
	weights := make([]float64, channels)
	var sum float64
	for i := range weights {
		weights[i] = 1 / math.Pow(float64(i+1), 0.95)
		sum += weights[i]
	}
	out := make([]int, channels)
	left := packages
	for i := channels - 1; i > 0; i-- {
		out[i] = int(weights[i] / sum * float64(packages))
		left -= out[i]
	}
	out[0] = left
	return out
}

// bigPackageFiles is how many files the package with the most has.
const bigPackageFiles = 2_000

func (m *maker) makePackages(ctx context.Context, size Size) error {
	counts := shares(len(m.channels), size.Packages)
	at, serial := 0, 0
	err := m.some(ctx, "packages", size.Packages, 4*few, func(tx registry.Tx, i int) error {
		for serial >= counts[at] {
			at, serial = at+1, 0
		}
		name := packageName(serial)
		files := 1
		switch {
		case i == 0:
			name, files = BigPackage, min(bigPackageFiles, size.Packages)
		case m.rng.IntN(12) == 0:
			files = 2 + m.rng.IntN(4)
		}
		builds := m.history(name, files, func() []string { return m.depends(counts[at]) })
		if i == 0 {
			// The page of a package reads what the newest file says of itself.
			data, _ := random.Package(m.rng, random.Options{Name: name, NoArch: "generic"})
			hash, err := blob.Put(ctx, m.site.Blobs, data)
			if err != nil {
				return err
			}
			builds[len(builds)-1].sha256 = hash
		}
		serial++
		return m.putPackage(session{ctx, tx}, registry.Artifact{ChannelID: m.channels[at].ID, Name: name}, builds)
	})
	if err != nil {
		return err
	}
	return m.countBytes(ctx)
}

// packageName is the name of the n-th package of a channel.
func packageName(n int) string {
	return fmt.Sprintf("%s-%s%d", nouns()[n%16], adjectives()[n/16%16], n/256)
}

// history makes n files of a package: versions one after the other, each for some platforms.
func (m *maker) history(name string, n int, depends func() []string) []build {
	subdirs := []string{"linux-64", "noarch", "osx-arm64"}
	only := pick(m.rng, subdirs)
	out := make([]build, 0, n)
	for i := range n {
		b := build{name: name, version: fmt.Sprintf("%d.%d.%d", 1+i/100, i/10%10, i%10), number: int64(i % 3), subdir: only, depends: depends()}
		if n > 10 {
			b.subdir = subdirs[i%3]
		}
		out = append(out, b)
	}
	return out
}

// depends names some packages of a channel with so many.
func (m *maker) depends(packages int) []string {
	out := make([]string, 0, 8)
	for range 1 + m.rng.IntN(7) {
		name := packageName(m.rng.IntN(1 + m.rng.IntN(max(1, packages))))
		out = append(out, fmt.Sprintf("%s >=%d.%d,<%d.0a0", name, 1+m.rng.IntN(3), m.rng.IntN(20), 4+m.rng.IntN(2)))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
