package index_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/conda/repodata"
	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
	"kingsnake/internal/servertest"
)

// fixture is a site with one channel and direct access to its index.
type fixture struct {
	*servertest.Site
	channel int64
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	site := servertest.New(t)
	site.Channel(site.Admin, "team", api.PrivacyPrivate)
	c, err := site.Server.Site().Store.ChannelByPath(t.Context(), nil, "team")
	if err != nil {
		t.Fatal(err)
	}
	return fixture{site, c.ID}
}

func (f fixture) add(seed uint64, o random.Options) string {
	data, info := servertest.Package(seed, o)
	f.Upload(f.Admin, "team", data, info.Filename)
	return info.Filename
}

// read gives an index file's bytes.
func (f fixture) read(t *testing.T, subdir registry.Place, kind registry.IndexKind) []byte {
	t.Helper()
	s := f.Server.Site()
	served, err := s.Index.Open(t.Context(), f.channel, subdir, kind)
	if err != nil {
		t.Fatalf("open %s/%s: %v", subdir, kind, err)
	}
	return bytesOf(t, s.Blobs, served.Hash)
}

func bytesOf(t *testing.T, blobs blob.Store, h blob.Hash) []byte {
	t.Helper()
	rd, err := blobs.Open(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	data, err := io.ReadAll(rd)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// shardNames are the package names that the shard index lists.
func (f fixture) shardNames(t *testing.T, subdir registry.Place) []string {
	t.Helper()
	x, err := repodata.DecodeShardIndex(f.read(t, subdir, registry.IndexShards))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name, h := range x.Shards {
		names = append(names, name)
		served, err := f.Server.Site().Index.Shard(t.Context(), f.channel, subdir, h)
		if err != nil {
			t.Fatalf("shard of %s: %v", name, err)
		}
		if _, err := repodata.DecodeShard(bytesOf(t, f.Server.Site().Blobs, served.Hash)); err != nil {
			t.Errorf("shard of %s: %v", name, err)
		}
	}
	slices.Sort(names)
	return names
}

func TestNoarchAlwaysExistsAndOtherSubdirsDoNot(t *testing.T) {
	f := newFixture(t)
	if got := string(f.read(t, "noarch", registry.IndexRepodata)); !strings.Contains(got, `"packages.conda":{}`) {
		t.Errorf("empty repodata.json = %s", got)
	}
	if got := f.shardNames(t, "noarch"); len(got) != 0 {
		t.Errorf("empty shard index lists %v", got)
	}
	_, err := f.Server.Site().Index.Open(t.Context(), f.channel, "linux-64", registry.IndexRepodata)
	if !errors.Is(err, registry.ErrNoIndex) {
		t.Errorf("linux-64 of an empty channel: %v, want ErrNoIndex", err)
	}
}

// TestIndexFollowsEachChange reads every form after each upload and deletion, with no wait between.
func TestIndexFollowsEachChange(t *testing.T) {
	f := newFixture(t)
	first := f.add(1, random.Options{Name: "alpha", NoArch: "generic"})
	f.read(t, "noarch", registry.IndexRepodata)
	second := f.add(2, random.Options{Name: "beta", NoArch: "generic"})
	want := func(names ...string) {
		t.Helper()
		for _, kind := range []registry.IndexKind{registry.IndexRepodata, registry.IndexRunExports} {
			got := string(f.read(t, "noarch", kind))
			for name, file := range map[string]string{"alpha": first, "beta": second} {
				if strings.Contains(got, file) != slices.Contains(names, name) {
					t.Errorf("%s with %v: %s", kind, names, got)
				}
			}
		}
		if got := f.shardNames(t, "noarch"); !slices.Equal(got, names) {
			t.Errorf("shards of %v, want %v", got, names)
		}
		data := string(f.read(t, "", registry.IndexChannelData))
		for _, name := range []string{"alpha", "beta"} {
			if strings.Contains(data, `"`+name+`"`) != slices.Contains(names, name) {
				t.Errorf("channeldata.json with %v: %s", names, data)
			}
		}
	}
	want("alpha", "beta")
	if err := f.Admin.DeleteArtifact(t.Context(), "team", "alpha"); err != nil {
		t.Fatal(err)
	}
	want("beta")
	if err := f.Admin.DeleteArtifact(t.Context(), "team", "beta"); err != nil {
		t.Fatal(err)
	}
	want()
}

// TestOldShardsStay keeps a shard that a client's older index names, and refuses one of another subdir and a package.
func TestOldShardsStay(t *testing.T) {
	f := newFixture(t)
	f.add(1, random.Options{Name: "alpha", NoArch: "generic"})
	x, err := repodata.DecodeShardIndex(f.read(t, "noarch", registry.IndexShards))
	if err != nil {
		t.Fatal(err)
	}
	old := blob.Hash(x.Shards["alpha"])
	file := f.add(2, random.Options{Name: "alpha", NoArch: "generic"})
	f.read(t, "noarch", registry.IndexShards)
	ctx, index := context.Background(), f.Server.Site().Index
	if _, err := index.Shard(ctx, f.channel, "noarch", old); err != nil {
		t.Errorf("the shard of the index before: %v", err)
	}
	if _, err := index.Shard(ctx, f.channel, "linux-64", old); !errors.Is(err, registry.ErrNoIndex) {
		t.Errorf("the shard under another subdir: %v, want ErrNoIndex", err)
	}
	stored, err := f.Server.Site().Store.FileByKey(ctx, nil, f.channel, "noarch", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := index.Shard(ctx, f.channel, "noarch", stored.SHA256); !errors.Is(err, registry.ErrNoIndex) {
		t.Errorf("a package asked for as a shard: %v, want ErrNoIndex", err)
	}
}
