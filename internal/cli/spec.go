package cli

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"kingsnake/api"
	"kingsnake/client"
)

// spec names files of a channel: one file by subdir and name, or those of a package by name, version and build.
type spec struct {
	// ckey is "subdir/filename", empty when a package is meant.
	ckey                 string
	name, version, build string
	// file narrows a package to files of this name or ckey.
	file string
}

func (s spec) String() string {
	if s.ckey != "" {
		return s.ckey
	}
	text := s.name
	for _, part := range []string{s.version, s.build, s.file} {
		if part != "" {
			text += "=" + part
		}
	}
	return text
}

// parseSpec reads "subdir/filename" or "name[=version[=build]]".
func parseSpec(text string) (spec, error) {
	if strings.Contains(text, "/") {
		_, filename, err := client.SplitCKey(text)
		if err != nil {
			return spec{}, usageError{err}
		}
		name, err := packageName(filename)
		return spec{ckey: text, name: name}, err
	}
	parts := strings.SplitN(strings.ReplaceAll(text, "==", "="), "=", 3)
	if slices.Contains(parts, "") || strings.ContainsAny(text, " <>*|,[]") || strings.Contains(parts[0], "!") {
		return spec{}, usagef("%q is not name, name=version, name=version=build or subdir/filename", text)
	}
	parts = append(parts, "", "")
	return spec{name: parts[0], version: parts[1], build: parts[2]}, nil
}

// parsePackagePath reads "package[/version[/file]]", in which the file is a name or "subdir/filename".
func parsePackagePath(text string) (spec, error) {
	parts := append(strings.SplitN(text, "/", 3), "", "")
	if slices.Contains(strings.Split(text, "/"), "") || strings.Count(text, "/") > 3 {
		return spec{}, usagef("%q is not package, package/version or package/version/file", text)
	}
	return spec{name: parts[0], version: parts[1], file: parts[2]}, nil
}

// packageName takes the name out of "name-version-build.conda"; versions and builds have no hyphen.
func packageName(filename string) (string, error) {
	stem, ok := cutPackageSuffix(filename)
	parts := strings.Split(stem, "-")
	if !ok || len(parts) < 3 || slices.Contains(parts, "") {
		return "", usagef("%q is not the name of a package file", filename)
	}
	return strings.Join(parts[:len(parts)-2], "-"), nil
}

func cutPackageSuffix(filename string) (string, bool) {
	for _, suffix := range []string{".conda", ".tar.bz2"} {
		if stem, ok := strings.CutSuffix(filename, suffix); ok {
			return stem, true
		}
	}
	return filename, false
}

// parseTarget takes "channel[/subchannel]/spec" apart. A last part that is a package file has its subdir before it. It
// also reads "channel[/subchannel]::package[/version[/file]]".
func parseTarget(text string) (channel string, s spec, err error) {
	if channel, rest, ok := strings.Cut(text, "::"); ok {
		s, err := parsePackagePath(rest)
		return channel, s, err
	}
	parts := strings.Split(text, "/")
	cut := len(parts) - 1
	if _, isFile := cutPackageSuffix(parts[cut]); isFile {
		cut--
	}
	if cut < 1 || cut > 2 || slices.Contains(parts, "") {
		return "", spec{}, usagef("%q is not channel/package or channel/subdir/file", text)
	}
	s, err = parseSpec(path.Join(parts[cut:]...))
	return strings.Join(parts[:cut], "/"), s, err
}

// errNoFile is what a spec finds that matches nothing.
var errNoFile = errors.New("no file of the channel matches")

// files asks for the files that a spec names. Without a version, only those of the newest one are meant unless all is
// set; platform narrows further where it is not empty.
func (s spec) files(ctx context.Context, c *client.Client, channel, platform string, all bool) ([]api.ArtifactFile, error) {
	if s.ckey != "" {
		file, err := c.File(ctx, channel, s.name, s.ckey)
		return []api.ArtifactFile{file}, err
	}
	version := s.version
	if version == "" && !all {
		artifact, err := c.Artifact(ctx, channel, s.name)
		if err != nil {
			return nil, err
		}
		version = artifact.Metadata.Version
	}
	found, err := client.Collect(client.All(ctx, client.ListOptions{}, func(ctx context.Context, o client.ListOptions) (api.List[api.ArtifactFile], error) {
		return c.Files(ctx, channel, s.name, client.FileFilter{ListOptions: o, Version: version})
	}))
	if err != nil {
		return nil, err
	}
	// The server's filter is a convenience; what is deleted or fetched is decided here.
	found = slices.DeleteFunc(found, func(f api.ArtifactFile) bool {
		return version != "" && f.Version != version || s.build != "" && f.Build != s.build || s.file != "" && f.Filename != s.file && f.CKey != s.file || platform != "" && f.Subdir != platform
	})
	if len(found) == 0 {
		return nil, fmt.Errorf("%w %s", errNoFile, s)
	}
	return found, nil
}
