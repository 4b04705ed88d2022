package e2e

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
)

// TestInstallThroughVirtual installs, with rattler and a token, a package from one source of a virtual channel that needs
// one of the other, and from a label; a token for the virtual channel alone is refused.
func TestInstallThroughVirtual(t *testing.T) {
	channel(t, "virtual-one")
	channel(t, "virtual-two")
	base := made(31, random.Options{Name: "vbase", Version: "1.0", NoArch: "generic"})
	top := made(32, random.Options{Name: "vtop", Version: "1.0", NoArch: "generic", Depends: []string{"vbase"}})
	next := made(33, random.Options{Name: "vtop", Version: "2.0", NoArch: "generic", Depends: []string{"vbase"}})
	upload(t, "virtual-two", base, false)
	upload(t, "virtual-one", top, false)
	for _, a := range []artifact{next, base} {
		_, err := site.admin.Upload(t.Context(), "virtual-one", client.Upload{
			Filename: a.Filename, Content: bytes.NewReader(a.data), Size: int64(len(a.data)), Labels: []string{"dev"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := site.admin.CreateChannel(t.Context(), api.ChannelCreate{
		Name: "virtual-all", Privacy: api.PrivacyPrivate, ChannelType: api.ChannelTypeVirtual,
		Sources: []api.ChannelSource{{Name: "virtual-one"}, {Name: "virtual-two"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var resources []api.TokenResource
	for _, name := range []string{"virtual-all", "virtual-one", "virtual-two"} {
		resources = append(resources, api.TokenResource{ResourceType: api.ResourceTypeChannel, ResourceID: name, Permission: api.LevelRead})
	}
	token := mint(t, api.TokenCreate{Name: "e2e", Resources: resources}).Secret
	inURL := forms()[0]
	for _, sharded := range []bool{true, false} {
		for at, want := range map[string][]artifact{
			"virtual-all": {base, top}, "virtual-all/label/dev": {base, next}, "virtual-one/label/dev": {base, next},
		} {
			t.Run(at+"/"+indexName(sharded), func(t *testing.T) {
				t.Parallel()
				records := map[string]string{}
				for _, a := range want {
					records[a.Filename] = a.SHA256
				}
				var got installed
				install(t, inURL, token, at, sharded, "vtop").answer(t, &got)
				if diff := cmp.Diff(records, got.Records); diff != "" {
					t.Errorf("solution (-want +got):\n%s", diff)
				}
			})
		}
		t.Run("refused/"+indexName(sharded), func(t *testing.T) {
			t.Parallel()
			install(t, inURL, resourceToken(t, "virtual-all", api.LevelManage), "virtual-all", sharded, "vtop").refused(t, "403")
		})
	}
}
