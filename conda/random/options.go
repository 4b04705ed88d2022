package random

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Options fixes what a package shall be; every zero field is chosen at random
// from the seed or, where that is said, takes a fixed value.
type Options struct {
	// Name, Version and Build must follow CEP 26 if they are given.
	Name, Version, Build string
	// BuildNumber is 0 by default.
	BuildNumber int
	// Subdir is linux-64 by default, or noarch if NoArch is set.
	Subdir string
	// NoArch is "generic" or "python" for a package without a platform. A
	// python one depends on python, whether Depends says so or not.
	NoArch string
	// Depends and Constrains are match specs; none by default.
	Depends, Constrains []string
	// RunExports are the run exports by kind, such as "weak"; none by default.
	RunExports map[string][]string
	// License is an SPDX expression.
	License string
	// TrackFeatures is none by default.
	TrackFeatures string
	// Timestamp is the build time; a day of 2020 to 2025 by default.
	Timestamp time.Time
	// Payload is the size of the payload files together in bytes, some hundred
	// by default. It is hardly compressible.
	Payload int
	// Prefix adds a text file and a binary one with a prefix to replace.
	Prefix bool
	// Scripts adds activation and link scripts, which do nothing.
	Scripts bool
	// Readme is the text of an info/README.md; none by default.
	Readme string
	// TarBz2 selects the older of the two formats.
	TarBz2 bool
	// Extra holds further keys for index.json.
	Extra map[string]any
}

// Info is what was generated.
type Info struct {
	// Filename is name-version-build with the extension.
	Filename string
	// Name, Version, Build, BuildNumber, Subdir and NoArch are those of index.json.
	Name, Version, Build string
	BuildNumber          int
	Subdir, NoArch       string
	// Depends and Constrains are match specs.
	Depends, Constrains []string
	// RunExports are the run exports by kind.
	RunExports map[string][]string
	// License, Summary and Home are those of about.json.
	License, Summary, Home string
	// Timestamp is the build time, exact to the millisecond.
	Timestamp time.Time
	// Index is info/index.json as it was written.
	Index []byte
	// Paths are the payload's paths, sorted.
	Paths []string
	// Size is the length of the package in bytes; MD5 and SHA256 are its hex digests.
	Size        int64
	MD5, SHA256 string
}

// Stem returns name-version-build.
func (i Info) Stem() string { return i.Name + "-" + i.Version + "-" + i.Build }

// seal takes the facts of the finished file.
func (i *Info) seal(data []byte) {
	m, s := md5.Sum(data), sha256.Sum256(data)
	i.Size, i.MD5, i.SHA256 = int64(len(data)), hex.EncodeToString(m[:]), hex.EncodeToString(s[:])
}

// fill chooses what opts leaves open.
func (o Options) fill(rng *rand.Rand) Options {
	if o.Name == "" {
		o.Name = randomName(rng)
	}
	if o.Version == "" {
		o.Version = fmt.Sprintf("%d.%d.%d", rng.IntN(10), rng.IntN(30), rng.IntN(20))
	}
	if o.Build == "" {
		o.Build = fmt.Sprintf("h%07x_%d", rng.Uint32N(1<<28), o.BuildNumber)
	}
	if o.Subdir == "" {
		o.Subdir = "linux-64"
		if o.NoArch != "" {
			o.Subdir = "noarch"
		}
	}
	if o.License == "" {
		o.License = pick(rng, "MIT", "BSD-3-Clause", "Apache-2.0", "MPL-2.0", "GPL-3.0-or-later")
	}
	if o.Timestamp.IsZero() {
		o.Timestamp = time.UnixMilli(1577836800000 + rng.Int64N(5*365*24*3600*1000))
	}
	if o.Payload <= 0 {
		o.Payload = 200 + rng.IntN(600)
	}
	if o.NoArch == "python" && !slices.ContainsFunc(o.Depends, isPython) {
		o.Depends = append(slices.Clone(o.Depends), "python")
	}
	return o
}

func isPython(spec string) bool {
	name, _, _ := strings.Cut(spec, " ")
	return name == "python"
}

// pick returns one of the choices.
func pick[T any](rng *rand.Rand, choices ...T) T { return choices[rng.IntN(len(choices))] }

// randomName returns a name of one to three words, with a number so that many
// of them rarely collide.
func randomName(rng *rand.Rand) string {
	words := make([]string, 1+rng.IntN(2))
	for i := range words {
		words[i] = randomWord(rng)
	}
	return strings.Join(words, pick(rng, "-", "_", "."))
}

// randomWord returns a pronounceable word of CEP 26's alphabet.
func randomWord(rng *rand.Rand) string {
	const consonants, vowels = "bcdfghjklmnprstvz", "aeiou"
	var b strings.Builder
	for range 2 + rng.IntN(3) {
		b.WriteByte(consonants[rng.IntN(len(consonants))])
		b.WriteByte(vowels[rng.IntN(len(vowels))])
	}
	return b.String()
}

// sentence returns n words of prose.
func sentence(rng *rand.Rand, n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = randomWord(rng)
	}
	return strings.ToUpper(words[0][:1]) + strings.Join(words, " ")[1:]
}
