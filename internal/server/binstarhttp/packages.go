package binstarhttp

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"kingsnake/api"
	"kingsnake/conda/channel"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/problem"
)

// packageOperations show and remove packages, their versions, which the tools call releases, and their files.
func packageOperations() []Operation {
	view, remove := []access.Scope{access.ArtifactView}, []access.Scope{access.ArtifactDelete}
	const one, version, file = "/package/{channel}/{name}", "/release/{channel}/{name}/{version}", "/dist/{channel}/{name}/{version}/{ckey...}"
	return []Operation{
		{Method: http.MethodGet, Path: "/user/{channel}", Scopes: []access.Scope{access.ChannelView}, do: (*request).showChannel},
		{Method: http.MethodGet, Path: "/packages/{channel}", Scopes: view, do: (*request).listPackages},
		{Method: http.MethodGet, Path: "/search", Scopes: view, do: (*request).search},
		{Method: http.MethodGet, Path: one, Scopes: view, do: (*request).showPackage},
		{Method: http.MethodDelete, Path: one, Scopes: remove, do: (*request).removePackage},
		{Method: http.MethodGet, Path: version, Scopes: view, do: (*request).showVersion},
		{Method: http.MethodDelete, Path: version, Scopes: remove, do: (*request).removeVersion},
		{Method: http.MethodGet, Path: file, Scopes: view, do: (*request).showFile},
		{Method: http.MethodDelete, Path: file, Scopes: remove, do: (*request).removeFile},
	}
}

// person is what the tools show of an owner. An organization is one that is nobody's account.
type person struct {
	Login       string    `json:"login"`
	Name        string    `json:"name"`
	UserType    string    `json:"user_type"`
	CreatedAt   time.Time `json:"created_at"`
	Description string    `json:"description,omitempty"`
	Privacy     string    `json:"privacy,omitempty"`
	// DefaultChannel is where an account's uploads go that name no owner.
	DefaultChannel string `json:"default_channel,omitempty"`
}

func (q *request) showChannel() error {
	at, err := q.channel()
	if err != nil {
		return err
	}
	c, err := q.h.Service.Channels.Get(q.Context(), q.caller, at)
	if err != nil {
		return err
	}
	return q.answer(http.StatusOK, person{
		Login: owner(c.Path), Name: c.Path, UserType: "org", CreatedAt: c.CreatedAt, Description: c.Description, Privacy: string(c.Privacy),
	})
}

// packageJSON is a package as the tools show it.
type packageJSON struct {
	Name           string            `json:"name"`
	FullName       string            `json:"full_name"`
	Owner          map[string]string `json:"owner"`
	Summary        string            `json:"summary"`
	Public         bool              `json:"public"`
	PackageTypes   []string          `json:"package_types"`
	LatestVersion  string            `json:"latest_version"`
	CondaPlatforms []string          `json:"conda_platforms"`
	Versions       []string          `json:"versions,omitempty"`
	Releases       []releaseJSON     `json:"releases,omitempty"`
	Files          []fileJSON        `json:"files,omitempty"`
}

type releaseJSON struct {
	Version       string            `json:"version"`
	Distributions []fileJSON        `json:"distributions"`
	PublicAttrs   map[string]string `json:"public_attrs"`
}

// fileJSON is a file as the tools show it. They call labels channels too.
type fileJSON struct {
	Basename         string          `json:"basename"`
	FullName         string          `json:"full_name"`
	Version          string          `json:"version"`
	DistributionType string          `json:"distribution_type"`
	Description      string          `json:"description"`
	Size             int64           `json:"size"`
	MD5              string          `json:"md5"`
	SHA256           string          `json:"sha256"`
	Labels           []string        `json:"labels"`
	Owner            string          `json:"owner"`
	Downloads        int64           `json:"ndownloads"`
	UploadTime       time.Time       `json:"upload_time"`
	URL              string          `json:"download_url"`
	Attrs            json.RawMessage `json:"attrs"`
}

func packageOut(a registry.Artifact) packageJSON {
	return packageJSON{
		Name: a.Name, FullName: owner(a.ChannelPath) + "/" + a.Name, Owner: map[string]string{"login": owner(a.ChannelPath)}, Summary: a.Summary,
		Public: a.Privacy == string(access.Public), PackageTypes: []string{registry.FamilyConda}, LatestVersion: a.LatestVersion, CondaPlatforms: a.Subdirs,
	}
}

func (q *request) fileOut(at string, f registry.File) fileJSON {
	out := fileJSON{
		Basename: f.CKey(), FullName: strings.Join([]string{owner(at), f.Name, f.Version, f.CKey()}, "/"), Version: f.Version, DistributionType: registry.FamilyConda,
		Size: f.Size, MD5: hexString(f.MD5[:]), SHA256: f.SHA256.String(), Labels: f.Labels, Owner: owner(at), Downloads: f.DownloadCount, UploadTime: f.CreatedAt,
		URL: q.fileURL(at, f), Attrs: f.Record,
	}
	if len(out.Labels) == 0 {
		out.Labels = []string{channel.DefaultLabel}
	}
	return out
}

// fileURL is where a file is served.
func (q *request) fileURL(at string, f registry.File) string {
	return q.h.URL(q.Request) + channel.Location{Channel: at, Label: f.URLLabel(), Subdir: f.Subdir, File: f.Filename}.Path()
}

func packagesOut(list []registry.Artifact) []packageJSON {
	out := make([]packageJSON, len(list))
	for i, a := range list {
		out[i] = packageOut(a)
	}
	return out
}

// maxListed bounds the packages that one request lists; the tools know no pages.
const maxListed = 1000

func (q *request) listPackages() error {
	at, err := q.channel()
	if err != nil {
		return err
	}
	list, _, err := q.h.Service.Packages.List(q.Context(), q.caller, at, registry.ArtifactFilter{Subdir: q.URL.Query().Get("platform")}, registry.Page{Limit: maxListed})
	if err != nil {
		return err
	}
	return q.answer(http.StatusOK, packagesOut(list))
}

func (q *request) search() error {
	f := registry.ArtifactFilter{Query: q.URL.Query().Get("name"), Subdir: q.URL.Query().Get("platform")}
	if t := q.URL.Query().Get("type"); t != "" && t != registry.FamilyConda {
		return q.answer(http.StatusOK, []packageJSON{})
	}
	list, _, err := q.h.Service.Packages.List(q.Context(), q.caller, "", f, registry.Page{Limit: maxListed})
	if err != nil {
		return err
	}
	return q.answer(http.StatusOK, packagesOut(list))
}

func (q *request) showPackage() error {
	at, err := q.channel()
	if err != nil {
		return err
	}
	a, err := q.h.Service.Packages.Get(q.Context(), q.caller, at, registry.FamilyConda, q.PathValue("name"))
	if err != nil {
		return err
	}
	files, _, err := q.h.Service.Packages.Files(q.Context(), q.caller, at, registry.FamilyConda, a.Name, registry.FileFilter{}, registry.Page{
		Limit: maxListed, Sort: []registry.Sort{{By: "metadata_version"}, {By: "ckey"}},
	})
	if err != nil {
		return err
	}
	out := packageOut(a)
	for _, f := range files {
		file := q.fileOut(at, f)
		out.Files = append(out.Files, file)
		if n := len(out.Releases); n == 0 || out.Releases[n-1].Version != f.Version {
			out.Versions = append(out.Versions, f.Version)
			out.Releases = append(out.Releases, releaseJSON{Version: f.Version, PublicAttrs: map[string]string{}})
		}
		last := &out.Releases[len(out.Releases)-1]
		last.Distributions = append(last.Distributions, file)
	}
	return q.answer(http.StatusOK, out)
}

func (q *request) removePackage() error {
	at, err := q.channel()
	if err == nil {
		err = q.h.Service.Packages.Delete(q.Context(), q.caller, at, registry.FamilyConda, q.PathValue("name"))
	}
	if err != nil {
		return err
	}
	return q.answer(http.StatusCreated, struct{}{})
}

func (q *request) showVersion() error {
	at, err := q.channel()
	if err != nil {
		return err
	}
	files, err := q.h.Service.Packages.Select(q.Context(), q.caller, at, registry.Selection{Name: q.PathValue("name"), Version: q.PathValue("version")})
	if err != nil {
		return err
	}
	out := releaseJSON{Version: q.PathValue("version"), Distributions: []fileJSON{}, PublicAttrs: map[string]string{}}
	for _, f := range files {
		out.Distributions = append(out.Distributions, q.fileOut(at, f))
		out.PublicAttrs["description"] = summaryOf(f)
	}
	return q.answer(http.StatusOK, out)
}

// summaryOf is what a package says of itself in a line.
func summaryOf(f registry.File) string {
	var facts struct {
		Summary string `json:"summary"`
	}
	if json.Unmarshal(f.Facts, &facts) != nil {
		return ""
	}
	return facts.Summary
}

func (q *request) removeVersion() error {
	at, err := q.channel()
	if err == nil {
		err = q.h.Service.Packages.DeleteVersion(q.Context(), q.caller, at, registry.FamilyConda, q.PathValue("name"), q.PathValue("version"))
	}
	if err != nil {
		return err
	}
	return q.answer(http.StatusCreated, struct{}{})
}

// noSubdir is the answer for a file that is named as files of other kinds of packages are.
func noSubdir(ckey string) error {
	return problem.New(http.StatusNotFound, api.CodeNotFound, "a conda package's file is named with its subdir, such as noarch/"+ckey)
}

func (q *request) showFile() error {
	at, err := q.channel()
	if err != nil {
		return err
	}
	f, err := q.h.Service.Packages.File(q.Context(), q.caller, at, registry.FamilyConda, q.PathValue("name"), q.PathValue("ckey"))
	if err != nil {
		return q.named(err)
	}
	out := q.fileOut(at, f)
	out.Description = summaryOf(f)
	return q.answer(http.StatusOK, out)
}

func (q *request) removeFile() error {
	at, err := q.channel()
	if err == nil {
		err = q.h.Service.Packages.DeleteFile(q.Context(), q.caller, at, registry.FamilyConda, q.PathValue("name"), q.PathValue("ckey"))
	}
	if err != nil {
		return q.named(err)
	}
	return q.answer(http.StatusOK, struct{}{})
}

// named words the refusal of a file's name. Who may not know the channel was refused before.
func (q *request) named(err error) error {
	if e, ok := registry.AsError(err); ok && e.Code == registry.CodeInvalid && e.Field == "ckey" {
		return noSubdir(q.PathValue("ckey"))
	}
	return err
}
