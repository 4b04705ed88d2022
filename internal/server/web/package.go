package web

import (
	"encoding/json"
	"net/url"
	"strings"

	"kingsnake/conda/repodata"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// onePackage is the pattern of the page of a package; the pages about its files are below it.
const onePackage = channelsURL + "/{channel}/packages/{package}"

func (w *Web) packagePages() section {
	return section{routes: []route{{pattern: "GET " + onePackage, handle: w.packagePage}}}
}

// maxRelated is how many dependencies, and how many dependants, the page of a package names.
const maxRelated = 100

// packageData is what the page of a package shows.
type packageData struct {
	Channel registry.Channel
	Package registry.Artifact
	License string
	// Links are the addresses that the package gives of itself.
	Links []packageLink
	// Readme is its README, or a description that stands in for it; ReadmeName is empty then.
	Readme, ReadmeName string
	Lines              []useLine

	List      *listing
	Files     []packageFile
	Platforms []option
	// MayCopy and MayDelete say what can be done with the files.
	MayCopy, MayDelete bool
	// MayEdit tells that what the index says of the files can be edited.
	MayEdit bool

	Dependencies, Dependants related
}

// packageLink is an address outside of this site.
type packageLink struct{ Label, URL string }

// packageFile is a file, and what the page says of it besides.
type packageFile struct {
	registry.File
	// Download is where a browser can fetch it, empty where that takes a token.
	Download string
}

// related are packages that depend on each other: the first ones of Total.
type related struct {
	Packages []registry.Dependency
	Total    int64
}

// More is how many are not named.
func (r related) More() int64 { return max(0, r.Total-int64(len(r.Packages))) }

func (w *Web) packagePage(p *page) error {
	f, err := p.packageFrame(access.ArtifactView)
	if err != nil {
		return err
	}
	d := packageData{
		Channel: f, List: p.listing("-metadata_version", "ckey", "blob_size", "updated_at"), Lines: p.installLines(f, p.path("package"), tokenPlace),
	}
	own := holdsPackages(f)
	d.MayCopy = own && p.can(access.ArtifactDownload, f)
	d.MayDelete = own && !f.Frozen() && p.can(access.ArtifactDelete, f)
	d.MayEdit = own && !f.Frozen() && p.can(access.ArtifactEdit, f)
	if d.Package, err = p.Service.Packages.Get(p.ctx(), p.Caller, f.Path, registry.FamilyConda, p.path("package")); err != nil {
		return err
	}
	for _, read := range []func(*packageData) error{p.readFiles, p.readAbout, p.readRelated} {
		if err := read(&d); err != nil {
			return err
		}
	}
	return p.show("package", d.Package.Name+" · "+f.Path, d)
}

// packageFrame reads the channel of a package and says where the page is. Without the scope there is no such page.
func (p *page) packageFrame(needs access.Scope) (registry.Channel, error) {
	f, err := p.frame(needs)
	if err == nil {
		p.under(f.Channel.Path, channelURL(f.Channel.Path))
	}
	return f.Channel, err
}

// readFiles reads the files that the page lists, the newest version first.
func (p *page) readFiles(d *packageData) error {
	p.preset("version", p.query("version"))
	p.preset("platform", p.query("platform"))
	d.Platforms = []option{choice("", "All platforms", "")}
	for _, subdir := range d.Package.Subdirs {
		d.Platforms = append(d.Platforms, choice(subdir, subdir, ""))
	}
	filter := registry.FileFilter{Version: p.query("version"), Hidden: holdsPackages(d.Channel) && p.can(access.ChannelEdit, d.Channel)}
	if subdir := p.query("platform"); subdir != "" {
		filter.Subdirs = []string{subdir}
	}
	files, total, err := p.Service.Packages.Files(p.ctx(), p.Caller, d.Channel.Path, registry.FamilyConda, d.Package.Name, filter, d.List.page())
	d.List.Total = total
	for _, f := range files {
		file := packageFile{File: f}
		if d.Channel.Privacy == access.Public && f.Filtered == "" {
			file.Download = fileURL(d.Channel.Path, f)
		}
		d.Files = append(d.Files, file)
	}
	return err
}

// fileURL is where a file is fetched.
func fileURL(channel string, f registry.File) string {
	segments := strings.Split(channel, "/")
	if label := f.URLLabel(); label != "" {
		segments = append(append(segments, "label"), strings.Split(label, "/")...)
	}
	return join("", append(segments, f.Subdir, f.Filename)...)
}

// readAbout reads what the newest file says about the package.
func (p *page) readAbout(d *packageData) error {
	_, about, err := p.Service.Packages.About(p.ctx(), p.Caller, d.Channel.Path, registry.FamilyConda, d.Package.Name, "")
	if err != nil {
		return err
	}
	d.Readme, d.ReadmeName = about.Readme, about.ReadmeName
	var facts repodata.Facts
	if json.Unmarshal(d.Package.About, &facts) != nil {
		// What the index cannot read is left out here, too.
		return nil
	}
	d.License = facts.License
	for _, l := range []packageLink{{"Home page", facts.Home}, {"Documentation", facts.DocURL}, {"Source code", facts.DevURL}} {
		if u, err := url.Parse(l.URL); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
			d.Links = append(d.Links, l)
		}
	}
	return nil
}

// readRelated reads what the newest version depends on, and what depends on it.
func (p *page) readRelated(d *packageData) (err error) {
	some := registry.Page{Limit: maxRelated}
	d.Dependencies.Packages, d.Dependencies.Total, err = p.Service.Packages.Dependencies(p.ctx(), p.Caller, d.Channel.Path, registry.FamilyConda, d.Package.Name, "", some)
	if err != nil {
		return err
	}
	d.Dependants.Packages, d.Dependants.Total, err = p.Service.Packages.Dependants(p.ctx(), p.Caller, d.Channel.Path, registry.FamilyConda, d.Package.Name, some)
	return err
}
