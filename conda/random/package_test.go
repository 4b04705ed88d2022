package random_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"kingsnake/conda/pkgfile"
	"kingsnake/conda/random"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func seeded(n uint64) *rand.Rand { return rand.New(rand.NewPCG(n, 7)) }

func TestPackageIsAFunctionOfItsSeed(t *testing.T) {
	for _, bz2 := range []bool{false, true} {
		opts := random.Options{
			TarBz2: bz2, Prefix: true, Scripts: true, NoArch: "python", Readme: "# Read me",
			RunExports: map[string][]string{"weak": {"a"}, "strong": {"b"}, "noarch": {"c"}},
			Extra:      map[string]any{"one": 1, "two": 2, "three": 3},
		}
		first, a := random.Package(seeded(3), opts)
		second, b := random.Package(seeded(3), opts)
		if !bytes.Equal(first, second) {
			t.Errorf("tar.bz2 %v: the same seed gave different bytes", bz2)
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("tar.bz2 %v: infos differ:\n%s", bz2, diff)
		}
		if other, _ := random.Package(seeded(4), opts); bytes.Equal(first, other) {
			t.Errorf("tar.bz2 %v: another seed gave the same bytes", bz2)
		}
	}
}

// options draws options that exercise every field.
func options(t *rapid.T) random.Options {
	o := random.Options{
		NoArch:      rapid.SampledFrom([]string{"", "", "generic", "python"}).Draw(t, "noarch"),
		BuildNumber: rapid.IntRange(0, 9).Draw(t, "build number"),
		Payload:     rapid.IntRange(0, 4000).Draw(t, "payload"),
		Prefix:      rapid.Bool().Draw(t, "prefix"),
		Scripts:     rapid.Bool().Draw(t, "scripts"),
		TarBz2:      rapid.Bool().Draw(t, "tar.bz2"),
		Depends:     rapid.SampledFrom([][]string{nil, {"a >=1"}, {"b", "c 1.*"}}).Draw(t, "depends"),
		Constrains:  rapid.SampledFrom([][]string{nil, {"d <2"}}).Draw(t, "constrains"),
		Readme:      rapid.SampledFrom([]string{"", "# Title\n"}).Draw(t, "readme"),
	}
	if rapid.Bool().Draw(t, "run exports") {
		o.RunExports = map[string][]string{"weak": {"x >=1,<2"}, "strong": {"y"}}
	}
	if rapid.Bool().Draw(t, "track features") {
		o.TrackFeatures = "one two"
	}
	return o
}

// TestPackageIsReadAsItWasMade compares what the reader finds with what the
// generator says it made.
func TestPackageIsReadAsItWasMade(t *testing.T) {
	reader := pkgfile.NewReader(pkgfile.Limits{Now: time.Unix(1800000000, 0)})
	rapid.Check(t, func(t *rapid.T) {
		opts := options(t)
		data, info := random.Package(seeded(rapid.Uint64().Draw(t, "seed")), opts)
		pkg, err := reader.Read(bytes.NewReader(data), int64(len(data)), info.Filename)
		if err != nil {
			t.Fatalf("Read(%s): %v", info.Filename, err)
		}
		type facts struct {
			Name, Version, Build, Subdir, NoArch, License, Summary, Home, Readme string
			BuildNumber                                                          int64
			Depends, Constrains, TrackFeatures                                   []string
			Timestamp                                                            int64
			Paths                                                                int
			RunExports                                                           string
			Prefix, Scripts                                                      bool
			Size                                                                 int64
		}
		got := facts{
			pkg.Index.Name, pkg.Index.Version, pkg.Index.Build, pkg.Index.Subdir, pkg.Index.NoArch, pkg.Index.License,
			pkg.About.Summary, pkg.About.Home, pkg.Readme, pkg.Index.BuildNumber, pkg.Index.Depends, pkg.Index.Constrains,
			pkg.Index.TrackFeatures, pkg.Index.Timestamp, pkg.Paths.Count, string(pkg.RunExports),
			pkg.Paths.BinaryPrefix && pkg.Paths.TextPrefix, pkg.Paths.PostLink && pkg.Paths.ActivateD, pkg.Size,
		}
		exports, features := "{}", []string(nil)
		if opts.RunExports != nil {
			exports = `{"strong":["y"],"weak":["x >=1,<2"]}`
		}
		if opts.TrackFeatures != "" {
			features = []string{"one", "two"}
		}
		want := facts{
			info.Name, info.Version, info.Build, info.Subdir, info.NoArch, info.License, info.Summary, info.Home, opts.Readme,
			int64(info.BuildNumber), append([]string{}, info.Depends...), append([]string{}, info.Constrains...), features,
			info.Timestamp.UnixMilli(), len(info.Paths), exports, opts.Prefix, opts.Scripts, info.Size,
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Fatalf("%s (-got +want):\n%s", info.Filename, diff)
		}
	})
}

func TestInfoDescribesTheFile(t *testing.T) {
	data, info := random.Package(seeded(1), random.Options{})
	m, s := md5.Sum(data), sha256.Sum256(data)
	got := fmt.Sprint(info.Size, info.MD5, info.SHA256)
	want := fmt.Sprint(len(data), hex.EncodeToString(m[:]), hex.EncodeToString(s[:]))
	if got != want {
		t.Errorf("size and digests: got %s, want %s", got, want)
	}
}

// TestPackagesAreSmall keeps the promise on which large test channels rely.
func TestPackagesAreSmall(t *testing.T) {
	for _, bz2 := range []bool{false, true} {
		for seed := range uint64(50) {
			data, info := random.Package(seeded(seed), random.Options{TarBz2: bz2})
			if len(data) < 1000 || len(data) > 4096 {
				t.Errorf("%s has %d bytes, want 1000 to 4096", info.Filename, len(data))
			}
		}
	}
}

func BenchmarkPackage(b *testing.B) {
	for _, bz2 := range []bool{false, true} {
		b.Run(fmt.Sprintf("tarbz2=%v", bz2), func(b *testing.B) {
			rng := seeded(1)
			for b.Loop() {
				random.Package(rng, random.Options{TarBz2: bz2})
			}
		})
	}
}
