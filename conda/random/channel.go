package random

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
)

// ChannelOptions shapes a channel; every zero field takes its default.
type ChannelOptions struct {
	// Subdirs are the platforms among which names are spread; linux-64 and
	// noarch by default.
	Subdirs []string
	// Versions is up to how many versions a name has; 4 by default.
	Versions int
	// Depends is up to how many dependencies a name has; 3 by default.
	Depends int
	// TarBz2 is how many of a hundred packages are .tar.bz2; none by default,
	// since those take ten times as long to make.
	TarBz2 int
	// Payload is the size of each payload in bytes, some hundred by default.
	Payload int
}

// Artifact is one package file of a channel.
type Artifact struct {
	Info Info
	Data []byte
}

// Channel makes n packages that form one channel. File names are unique, all
// dependencies are on packages that came earlier and can be satisfied, and the
// newest of everything can be installed together: for platforms other than
// noarch, together with noarch. Nothing is made before it is asked for.
func Channel(rng *rand.Rand, n int, opts ChannelOptions) iter.Seq[Artifact] {
	if len(opts.Subdirs) == 0 {
		opts.Subdirs = []string{"linux-64", "noarch"}
	}
	if opts.Versions <= 0 {
		opts.Versions = 4
	}
	if opts.Depends <= 0 {
		opts.Depends = 3
	}
	return func(yield func(Artifact) bool) {
		g := channelGraph{rng: rng, opts: opts, names: map[string][]dependency{}}
		for made, serial := 0, 0; made < n; serial++ {
			for _, o := range g.family(serial, n-made) {
				data, info := Package(rng, o)
				if !yield(Artifact{Info: info, Data: data}) {
					return
				}
				made++
			}
		}
	}
}

// channelGraph is what later packages may depend on, by subdir.
type channelGraph struct {
	rng   *rand.Rand
	opts  ChannelOptions
	names map[string][]dependency
}

// dependency is a name with the versions it has, in ascending order.
type dependency struct {
	name     string
	versions []string
}

// family plans all packages of one name, at most limit.
func (g *channelGraph) family(serial, limit int) []Options {
	subdir := pick(g.rng, g.opts.Subdirs...)
	self := dependency{name: randomWord(g.rng) + "-" + strconv.FormatInt(int64(serial), 36)}
	depends := g.depends(subdir)
	major, minor := g.rng.IntN(5), g.rng.IntN(10)
	var plan []Options
	for range min(1+g.rng.IntN(g.opts.Versions), limit) {
		minor += 1 + g.rng.IntN(3)
		version := fmt.Sprintf("%d.%d.%d", major, minor, g.rng.IntN(10))
		self.versions = append(self.versions, version)
		o := Options{
			Name: self.name, Version: version, BuildNumber: g.rng.IntN(3), Subdir: subdir, Depends: depends,
			Payload: g.opts.Payload, TarBz2: g.rng.IntN(100) < g.opts.TarBz2,
		}
		if subdir == "noarch" {
			o.NoArch = "generic"
		}
		if g.rng.IntN(10) == 0 {
			o.RunExports = map[string][]string{"weak": {self.name + " >=" + version}}
		}
		plan = append(plan, o)
	}
	g.names[subdir] = append(g.names[subdir], self)
	return plan
}

// depends draws dependencies from what a package of that subdir can rely on.
// Only lower bounds are used, so that no two packages exclude each other.
func (g *channelGraph) depends(subdir string) []string {
	var specs, seen []string
	for range g.rng.IntN(g.opts.Depends + 1) {
		from := g.names[pick(g.rng, subdir, "noarch")]
		if len(from) == 0 {
			continue
		}
		d := pick(g.rng, from...)
		if slices.Contains(seen, d.name) {
			continue
		}
		seen = append(seen, d.name)
		spec := d.name
		if g.rng.IntN(2) == 0 {
			spec += " >=" + pick(g.rng, d.versions...)
		}
		specs = append(specs, spec)
	}
	return specs
}
