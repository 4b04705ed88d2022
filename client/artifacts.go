package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"kingsnake/api"
)

// ArtifactFilter chooses packages of a list.
type ArtifactFilter struct {
	ListOptions
	// Family and Platform narrow the list where they are not empty; Platform is a subdir such as "linux-64".
	Family   api.Family
	Platform string
	// OnlyNames are the package names to list; empty lists all.
	OnlyNames []string
}

func (f ArtifactFilter) values() url.Values {
	v := f.ListOptions.values()
	set(v, "artifact_family", string(f.Family))
	set(v, "platform", f.Platform)
	for _, name := range f.OnlyNames {
		v.Add("only_names", name)
	}
	return v
}

// SearchArtifacts lists packages of all channels that the caller may see.
func (c *Client) SearchArtifacts(ctx context.Context, filter ArtifactFilter) (api.List[api.Artifact], error) {
	var out api.List[api.Artifact]
	err := c.call(ctx, http.MethodGet, filter.values(), nil, &out, "artifacts")
	return out, err
}

// Artifacts lists the packages of a channel.
func (c *Client) Artifacts(ctx context.Context, channel string, filter ArtifactFilter) (api.List[api.Artifact], error) {
	var out api.List[api.Artifact]
	err := c.call(ctx, http.MethodGet, filter.values(), nil, &out, channelSegments(channel, "artifacts")...)
	return out, err
}

// Artifact answers one conda package of a channel.
func (c *Client) Artifact(ctx context.Context, channel, name string) (api.Artifact, error) {
	var out api.Artifact
	err := c.call(ctx, http.MethodGet, nil, nil, &out, artifactSegments(channel, name)...)
	return out, err
}

// DeleteArtifact deletes all files of a conda package.
func (c *Client) DeleteArtifact(ctx context.Context, channel, name string) error {
	return c.call(ctx, http.MethodDelete, nil, nil, nil, artifactSegments(channel, name)...)
}

// FileFilter chooses files of a package.
type FileFilter struct {
	ListOptions
	// Version and CKey narrow the list to exactly this version and this file where they are not empty.
	Version, CKey string
	// Hidden also lists what the channel's filters hide; it takes the scope channel:edit.
	Hidden bool
}

// Files lists the files of a conda package.
func (c *Client) Files(ctx context.Context, channel, name string, filter FileFilter) (api.List[api.ArtifactFile], error) {
	query := filter.values()
	set(query, "version", filter.Version)
	set(query, "ckey", filter.CKey)
	if filter.Hidden {
		query.Set("include_nonsearchable", "true")
	}
	var out api.List[api.ArtifactFile]
	err := c.call(ctx, http.MethodGet, query, nil, &out, artifactSegments(channel, name, "files")...)
	return out, err
}

// File answers one file of a conda package; ckey is "subdir/filename".
func (c *Client) File(ctx context.Context, channel, name, ckey string) (api.ArtifactFile, error) {
	var out api.ArtifactFile
	segments, err := fileSegments(channel, name, ckey)
	if err != nil {
		return out, err
	}
	err = c.call(ctx, http.MethodGet, nil, nil, &out, segments...)
	return out, err
}

// DeleteFile deletes one file of a conda package.
func (c *Client) DeleteFile(ctx context.Context, channel, name, ckey string) error {
	segments, err := fileSegments(channel, name, ckey)
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodDelete, nil, nil, nil, segments...)
}

// Dependencies lists what a version of a conda package depends on; an empty version means the newest.
func (c *Client) Dependencies(ctx context.Context, channel, name, version string, opts ListOptions) (api.List[api.ArtifactDependency], error) {
	query := opts.values()
	set(query, "version", version)
	var out api.List[api.ArtifactDependency]
	err := c.call(ctx, http.MethodGet, query, nil, &out, artifactSegments(channel, name, "dependencies")...)
	return out, err
}

// Dependants lists the packages of the channel whose newest version depends on a conda package.
func (c *Client) Dependants(ctx context.Context, channel, name string, opts ListOptions) (api.List[api.ArtifactDependency], error) {
	var out api.List[api.ArtifactDependency]
	err := c.call(ctx, http.MethodGet, opts.values(), nil, &out, artifactSegments(channel, name, "dependants")...)
	return out, err
}

// About answers what a file of a conda package says about itself; ckey is "subdir/filename", empty for the latest file of
// the newest version.
func (c *Client) About(ctx context.Context, channel, name, ckey string) (api.ArtifactAbout, error) {
	query := url.Values{}
	set(query, "ckey", ckey)
	var out api.ArtifactAbout
	err := c.call(ctx, http.MethodGet, query, nil, &out, artifactSegments(channel, name, "about")...)
	return out, err
}

// EditMetadata changes what the index says of a file. A value takes the place of the file's own, and null takes a former
// edit back.
func (c *Client) EditMetadata(ctx context.Context, channel, ckey string, patch map[string]any) error {
	subdir, filename, err := SplitCKey(ckey)
	if err != nil {
		return err
	}
	segments := append([]string{"repo"}, strings.Split(channel, "/")...)
	return c.callAs(ctx, http.MethodPatch, true, nil, patch, nil, append(segments, subdir, filename)...)
}

func artifactSegments(channel, name string, below ...string) []string {
	return channelSegments(channel, append([]string{"artifacts", string(api.FamilyConda), name}, below...)...)
}

func fileSegments(channel, name, ckey string) ([]string, error) {
	subdir, filename, err := SplitCKey(ckey)
	if err != nil {
		return nil, err
	}
	return artifactSegments(channel, name, "files", subdir, filename), nil
}

// SplitCKey takes the name of a file within its channel apart: "linux-64/numpy-2.0-0.conda".
func SplitCKey(ckey string) (subdir, filename string, err error) {
	subdir, filename, ok := strings.Cut(ckey, "/")
	if !ok || subdir == "" || filename == "" || strings.ContainsAny(filename, `/\`) {
		return "", "", fmt.Errorf("%q does not name a file: subdir/filename is expected", ckey)
	}
	return subdir, filename, nil
}
