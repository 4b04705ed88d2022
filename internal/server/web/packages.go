package web

import (
	"kingsnake/internal/registry"
)

func (w *Web) packageSearchPages() section {
	return section{
		nav:    &navEntry{label: "Packages", path: packagesURL, icon: "box"},
		routes: []route{{pattern: "GET " + packagesURL, handle: w.packages}},
	}
}

// packageSearchData is what the search across all channels shows.
type packageSearchData struct {
	List      *listing
	Packages  []registry.Artifact
	Platforms []option
}

const packagesTitle = "Packages"

func (w *Web) packages(p *page) error {
	d := packageSearchData{List: p.listing("common_name", "download_count", "updated_at"), Platforms: platforms()}
	for _, name := range []string{"q", "channel", "platform"} {
		p.preset(name, p.query(name))
	}
	filter := registry.ArtifactFilter{Query: p.query("q"), Subdir: p.query("platform")}
	var err error
	d.Packages, d.List.Total, err = p.Service.Packages.List(p.ctx(), p.Caller, p.query("channel"), filter, d.List.page())
	if err != nil {
		err = p.named(err, "channel")
		e, ok := registry.AsError(err)
		if !ok || e.Field != "channel" {
			return err
		}
		d.Packages, d.List.Total = nil, 0
		return p.again(err, "packages", packagesTitle, d, "")
	}
	return p.show("packages", packagesTitle, d)
}
