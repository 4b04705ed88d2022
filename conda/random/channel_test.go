package random_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"kingsnake/conda/random"
	"kingsnake/conda/version"
)

// collect takes a whole channel.
func collect(seed uint64, n int, opts random.ChannelOptions) []random.Artifact {
	return slices.Collect(random.Channel(seeded(seed), n, opts))
}

func TestChannelHasTheNumberOfPackagesAskedFor(t *testing.T) {
	for _, n := range []int{0, 1, 2, 57} {
		if got := len(collect(1, n, random.ChannelOptions{})); got != n {
			t.Errorf("Channel(%d): got %d packages", n, got)
		}
	}
}

func TestChannelIsAFunctionOfItsSeed(t *testing.T) {
	opts := random.ChannelOptions{TarBz2: 10}
	a, b := collect(5, 40, opts), collect(5, 40, opts)
	for i := range a {
		if a[i].Info.Filename != b[i].Info.Filename || !bytes.Equal(a[i].Data, b[i].Data) {
			t.Fatalf("package %d differs: %s and %s", i, a[i].Info.Filename, b[i].Info.Filename)
		}
	}
}

func TestChannelStopsWhenNobodyListens(t *testing.T) {
	taken := 0
	for range random.Channel(seeded(1), 1_000_000, random.ChannelOptions{}) {
		if taken++; taken == 3 {
			break
		}
	}
	if taken != 3 {
		t.Errorf("took %d packages, want 3", taken)
	}
}

// TestChannelIsConsistent resolves every dependency against what came before.
func TestChannelIsConsistent(t *testing.T) {
	const n = 400
	opts := random.ChannelOptions{Subdirs: []string{"linux-64", "win-64", "noarch"}, TarBz2: 5}
	files := map[string]bool{}
	newest := map[string]map[string]string{} // subdir, name: version
	specs, bounds := 0, 0
	for a := range random.Channel(seeded(2), n, opts) {
		i := a.Info
		if file := i.Subdir + "/" + i.Filename; files[file] {
			t.Errorf("%s occurs twice", file)
		} else {
			files[file] = true
		}
		for _, spec := range i.Depends {
			specs++
			name, bound, _ := strings.Cut(spec, " >=")
			have, ok := newest[i.Subdir][name]
			if !ok {
				have, ok = newest["noarch"][name]
			}
			if !ok {
				t.Errorf("%s depends on %q, which is not available for %s", i.Filename, spec, i.Subdir)
			}
			if bound != "" {
				bounds++
				if version.Compare(parse(t, have), parse(t, bound)) < 0 {
					t.Errorf("%s depends on %q, and the newest is %s", i.Filename, spec, have)
				}
			}
		}
		if newest[i.Subdir] == nil {
			newest[i.Subdir] = map[string]string{}
		}
		newest[i.Subdir][i.Name] = i.Version
	}
	if specs < n/4 || bounds == 0 || bounds == specs {
		t.Errorf("got %d dependencies, %d of them bounded; want many, and both kinds", specs, bounds)
	}
	if got := len(newest); got != 3 {
		t.Errorf("got packages for %d subdirs, want 3", got)
	}
}

func parse(t *testing.T, text string) version.Version {
	t.Helper()
	v, err := version.Parse(text)
	if err != nil {
		t.Fatalf("generated version: %v", err)
	}
	return v
}
