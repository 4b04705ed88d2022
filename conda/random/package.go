package random

import (
	"fmt"
	"math/rand/v2"
)

// Package makes one valid package and tells what it made. It takes from rng
// the same way for the same options, so a seed names a package.
func Package(rng *rand.Rand, opts Options) ([]byte, Info) {
	c := Compose(rng, opts)
	data := c.Pack(opts.TarBz2)
	info := c.Info
	info.seal(data)
	return data, info
}

// Contents is a package before it is packed.
type Contents struct {
	// Info lacks Size, MD5 and SHA256, which the packed file has.
	Info Info
	// Meta are the files of info/, Payload all others, both in archive order.
	Meta, Payload []File
}

// Compose makes the contents of a package, for callers who want to pack them
// in their own way.
func Compose(rng *rand.Rand, opts Options) Contents {
	opts = opts.fill(rng)
	info := Info{
		Name: opts.Name, Version: opts.Version, Build: opts.Build, BuildNumber: opts.BuildNumber,
		Subdir: opts.Subdir, NoArch: opts.NoArch, Depends: opts.Depends, Constrains: opts.Constrains,
		RunExports: opts.RunExports, License: opts.License, Timestamp: opts.Timestamp,
		Summary: sentence(rng, 5+rng.IntN(5)),
	}
	info.Home = fmt.Sprintf("https://%s.example.org/", randomWord(rng))
	info.Filename = info.Stem() + ".conda"
	if opts.TarBz2 {
		info.Filename = info.Stem() + ".tar.bz2"
	}
	c := Contents{Info: info, Payload: payload(rng, opts)}
	for _, f := range c.Payload {
		c.Info.Paths = append(c.Info.Paths, f.Path)
	}
	c.Meta = metadata(&c, opts)
	return c
}

// Pack writes the package file in one of the two formats.
func (c Contents) Pack(tarBz2 bool) []byte {
	if tarBz2 {
		return Bzip2(Tar(append(append([]File(nil), c.Meta...), c.Payload...)))
	}
	return Conda(c.Info.Stem(), Tar(c.Meta), Tar(c.Payload))
}
