package apihttp

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"kingsnake/api"
	"kingsnake/conda/channel"
	"kingsnake/conda/repodata"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

type ArtifactPath struct {
	ChannelPath
	Family string `path:"artifact_family" maxLength:"32"`
	Name   string `path:"artifact_name" maxLength:"128"`
}

type filePath struct {
	ArtifactPath
	CKey string `path:"ckey" maxLength:"512"`
}

func (a *API) artifactOperations() {
	const tag = "Artifacts"
	const all = "/api/channels/{channel}/artifacts"
	const one = all + "/{artifact_family}/{artifact_name}"
	view, remove := []access.Scope{access.ArtifactView}, []access.Scope{access.ArtifactDelete}
	add(a, Operation{Method: http.MethodGet, Path: "/api/artifacts", Tag: tag, Summary: "Search packages in all channels that the caller may see", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *searchInput) (*body[api.List[api.Artifact]], error) {
			return a.listArtifacts(ctx, caller, "", in.ArtifactQuery)
		})
	addBoth(a, Operation{Method: http.MethodGet, Path: all, Tag: tag, Summary: "List a channel's packages", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *listArtifactsInput) (*body[api.List[api.Artifact]], error) {
			return a.listArtifacts(ctx, caller, in.Channel, in.ArtifactQuery)
		})
	addBoth(a, Operation{Method: http.MethodGet, Path: one, Tag: tag, Summary: "Show a package", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *ArtifactPath) (*body[api.Artifact], error) {
			p, err := a.Service.Packages.Get(ctx, caller, in.Channel, in.Family, in.Name)
			return &body[api.Artifact]{artifactOut(p)}, err
		})
	addBoth(a, Operation{Method: http.MethodDelete, Path: one, Tag: tag, Summary: "Delete a package with all its files", Scopes: remove, Status: http.StatusNoContent},
		func(ctx context.Context, caller *access.Caller, in *ArtifactPath) (*nothing, error) {
			return nil, a.Service.Packages.Delete(ctx, caller, in.Channel, in.Family, in.Name)
		})
	addBoth(a, Operation{Method: http.MethodGet, Path: one + "/files", Tag: tag, Summary: "List a package's files", Scopes: view}, a.listFiles)
	addBoth(a, Operation{Method: http.MethodGet, Path: one + "/files/{ckey...}", Tag: tag, Summary: "Show a file", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *filePath) (*body[api.ArtifactFile], error) {
			f, err := a.Service.Packages.File(ctx, caller, in.Channel, in.Family, in.Name, in.CKey)
			return &body[api.ArtifactFile]{a.fileOut(in.Channel)(f)}, err
		})
	addBoth(a, Operation{Method: http.MethodDelete, Path: one + "/files/{ckey...}", Tag: tag, Summary: "Delete a file", Scopes: remove, Status: http.StatusNoContent},
		func(ctx context.Context, caller *access.Caller, in *filePath) (*nothing, error) {
			return nil, a.Service.Packages.DeleteFile(ctx, caller, in.Channel, in.Family, in.Name, in.CKey)
		})
}

// ArtifactQuery chooses packages of a list. It is exported for the reason that Page is.
type ArtifactQuery struct {
	Page
	Query     string   `query:"q" maxLength:"200"`
	OnlyNames []string `query:"only_names,explode" maxItems:"1000"`
	Families  []string `query:"artifact_family,explode" maxItems:"32"`
	Platform  string   `query:"platform" maxLength:"64"`
	Created   int64    `query:"created" doc:"Only packages that appeared since this time, in seconds since 1970."`
	Updated   int64    `query:"updated" doc:"Only packages that changed since this time, in seconds since 1970."`
}

type searchInput struct{ ArtifactQuery }

type listArtifactsInput struct {
	ChannelPath
	ArtifactQuery
}

func (a *API) listArtifacts(ctx context.Context, caller *access.Caller, path string, q ArtifactQuery) (*body[api.List[api.Artifact]], error) {
	f := registry.ArtifactFilter{Query: q.Query, OnlyNames: q.OnlyNames, Families: q.Families, Subdir: q.Platform}
	if q.Created > 0 {
		f.CreatedSince = time.Unix(q.Created, 0)
	}
	if q.Updated > 0 {
		f.UpdatedSince = time.Unix(q.Updated, 0)
	}
	found, total, err := a.Service.Packages.List(ctx, caller, path, f, q.registry())
	return list(found, total, artifactOut), err
}

type listFilesInput struct {
	ArtifactPath
	Page
	Version       string   `query:"version" maxLength:"128"`
	CKey          string   `query:"ckey" maxLength:"512"`
	Label         string   `query:"label" maxLength:"128" doc:"Only files that carry this label."`
	Architectures []string `query:"architectures,explode" maxItems:"64"`
	Hidden        bool     `query:"include_nonsearchable" doc:"Also files that the channel's filters hide, for those with channel:edit."`
}

func (a *API) listFiles(ctx context.Context, caller *access.Caller, in *listFilesInput) (*body[api.List[api.ArtifactFile]], error) {
	f := registry.FileFilter{Version: in.Version, CKey: in.CKey, Subdirs: in.Architectures, Label: in.Label, Hidden: in.Hidden}
	files, total, err := a.Service.Packages.Files(ctx, caller, in.Channel, in.Family, in.Name, f, in.registry())
	return list(files, total, a.fileOut(in.Channel)), err
}

// artifactOut is a package on the wire.
func artifactOut(p registry.Artifact) api.Artifact {
	var facts repodata.Facts
	if len(p.About) > 0 {
		// Facts are written by this program; ones that it cannot read any more are shown as none.
		_ = json.Unmarshal(p.About, &facts)
	}
	name, sub := splitPath(p.ChannelPath)
	out := api.Artifact{
		Name: p.Name, Family: api.Family(p.Family), Channel: name, Subchannel: sub, Privacy: api.Privacy(p.Privacy),
		FileCount: p.FileCount, DownloadCount: p.DownloadCount, UpdatedAt: p.UpdatedAt,
		Metadata: api.ArtifactMetadata{
			Name: p.Name, Version: p.LatestVersion, Summary: facts.Summary, Description: facts.Description, License: facts.License,
			Home: facts.Home, DevURL: facts.DevURL, DocURL: facts.DocURL, Subdirs: p.Subdirs,
			InstallCmd: "conda install -c " + p.ChannelPath + " " + p.Name,
		},
	}
	if out.Metadata.Subdirs == nil {
		out.Metadata.Subdirs = []string{}
	}
	return out
}

// splitPath gives the channel's name, and the subchannel's where there is one.
func splitPath(path string) (name string, sub *string) {
	if parent := parentOf(path); parent != "" {
		rest := path[len(parent)+1:]
		return parent, &rest
	}
	return path, nil
}

// fileOut is a file of a channel on the wire.
func (a *API) fileOut(path string) func(registry.File) api.ArtifactFile {
	name, sub := splitPath(path)
	return func(f registry.File) api.ArtifactFile {
		shown := map[string]json.RawMessage{"index.json": f.Record}
		if f.Original != nil {
			shown["patch.json"], shown["original.json"] = f.Patch, f.Original.Record
		}
		meta, err := json.Marshal(shown)
		if err != nil {
			meta = json.RawMessage("{}")
		}
		return api.ArtifactFile{
			Channel: name, Subchannel: sub, CKey: f.CKey(), Family: api.FamilyConda, Name: f.Name, Version: f.Version, Build: f.Build,
			BuildNumber: f.BuildNumber, Subdir: f.Subdir, Filename: f.Filename, Size: f.Size, SHA256: f.SHA256.String(),
			MD5: hex.EncodeToString(f.MD5[:]), URL: "/api/repo" + channel.Location{Channel: path, Label: f.URLLabel(), Subdir: f.Subdir, File: f.Filename}.Path(),
			Metadata: meta, Labels: f.Labels, FilteredCause: string(f.Filtered), DownloadCount: f.DownloadCount, UploadedBy: f.Uploader, CreatedAt: f.CreatedAt, UpdatedAt: f.UpdatedAt,
		}
	}
}
