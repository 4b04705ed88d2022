package apihttp_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// TestListArtifacts chooses packages in every way that the lists offer, over all channels and in one.
func TestListArtifacts(t *testing.T) {
	s := servertest.New(t)
	s.Channel(s.Admin, "lab", api.PrivacyPrivate)
	for i, o := range []random.Options{{Name: "alpha"}, {Name: "beta", NoArch: "generic"}, {Name: "betamax"}} {
		data, info := servertest.Package(uint64(i), o)
		s.Upload(s.Admin, "lab", data, info.Filename)
	}
	for _, c := range []struct {
		name   string
		filter client.ArtifactFilter
		want   []string
		total  int64
	}{
		{"all", client.ArtifactFilter{}, []string{"alpha", "beta", "betamax"}, 3},
		{"by a text", client.ArtifactFilter{ListOptions: client.ListOptions{Query: "beta"}}, []string{"beta", "betamax"}, 2},
		{"by a name", client.ArtifactFilter{OnlyNames: []string{"beta"}}, []string{"beta"}, 1},
		{"by names", client.ArtifactFilter{OnlyNames: []string{"beta", "alpha"}}, []string{"alpha", "beta"}, 2},
		{"by platform", client.ArtifactFilter{Platform: "noarch"}, []string{"beta"}, 1},
		{"a page", client.ArtifactFilter{ListOptions: client.ListOptions{Limit: 1, Offset: 1, Sort: "common_name"}}, []string{"beta"}, 3},
		{"backwards", client.ArtifactFilter{ListOptions: client.ListOptions{Limit: 1, Sort: "-common_name,updated_at"}}, []string{"betamax"}, 3},
		{"nothing", client.ArtifactFilter{ListOptions: client.ListOptions{Query: "gamma"}}, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			everywhere, err := s.Admin.SearchArtifacts(t.Context(), c.filter)
			check(t, everywhere, err, c.want, c.total)
			here, err := s.Admin.Artifacts(t.Context(), "lab", c.filter)
			check(t, here, err, c.want, c.total)
		})
	}
}

func check(t *testing.T, got api.List[api.Artifact], err error, want []string, total int64) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range got.Items {
		names = append(names, a.Name)
	}
	slices.Sort(names)
	if diff := cmp.Diff(names, want); diff != "" {
		t.Errorf("packages (-got +want):\n%s", diff)
	}
	if got.TotalCount != total {
		t.Errorf("total %d, want %d", got.TotalCount, total)
	}
}
