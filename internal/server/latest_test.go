package server_test

import (
	"testing"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// TestNewestFileDescribesItsPackage uploads a newer version before an older one: the package is what the newer says of it.
func TestNewestFileDescribesItsPackage(t *testing.T) {
	site := servertest.New(t)
	site.Channel(site.Admin, "team", api.PrivacyPrivate)
	for i, o := range []random.Options{
		{Name: "alpha", Version: "2.0", NoArch: "generic", License: "MIT"},
		{Name: "alpha", Version: "1.0", NoArch: "generic", License: "BSD-3-Clause"},
	} {
		data, info := servertest.Package(uint64(i+1), o)
		site.Upload(site.Admin, "team", data, info.Filename)
		a, err := site.Admin.Artifact(t.Context(), "team", "alpha")
		if err != nil {
			t.Fatal(err)
		}
		if a.Metadata.License != "MIT" || a.Metadata.Version != "2.0" {
			t.Errorf("after %s: version %s, %q", info.Filename, a.Metadata.Version, a.Metadata.License)
		}
	}
}
