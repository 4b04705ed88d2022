package random

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// placeholder is the prefix that clients replace; it has the length that
// build tools use, so that binary replacement has room.
func placeholder() string {
	return "/opt/anaconda1anaconda2anaconda3" + strings.Repeat("_placehold", 22)
}

// payload makes the files that get installed, sorted by path.
func payload(rng *rand.Rand, o Options) []File {
	dir := "share/" + o.Name
	if o.NoArch == "python" {
		dir = "site-packages/" + strings.NewReplacer("-", "_", ".", "_").Replace(o.Name)
	}
	files := []File{{Path: dir + "/data.bin", Data: noise(rng, o.Payload)}}
	if o.NoArch == "python" {
		files = append(files, File{Path: dir + "/__init__.py", Data: fmt.Appendf(nil, "__version__ = %q\n", o.Version)})
	} else {
		files = append(files, File{Path: dir + "/VERSION", Data: []byte(o.Version + "\n")})
	}
	if o.Prefix {
		files = append(files,
			File{Path: dir + "/prefix.txt", Data: []byte("prefix=" + placeholder() + "/lib\n"), prefix: "text"},
			File{Path: dir + "/prefix.dat", Data: []byte("\x7f\x00" + placeholder() + "/lib\x00\x00\x01"), prefix: "binary"})
	}
	if o.Scripts {
		script := []byte("#!/bin/sh\ntrue\n")
		for _, path := range []string{
			"etc/conda/activate.d/" + o.Name + ".sh", "etc/conda/deactivate.d/" + o.Name + ".sh",
			"bin/." + o.Name + "-post-link.sh", "bin/." + o.Name + "-pre-unlink.sh",
		} {
			files = append(files, File{Path: path, Data: script, Mode: 0o755})
		}
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files
}

// noise returns n bytes that do not compress.
func noise(rng *rand.Rand, n int) []byte {
	b := make([]byte, (n+7)/8*8)
	for i := 0; i < len(b); i += 8 {
		v := rng.Uint64()
		for j := range 8 {
			b[i+j] = byte(v >> (8 * j))
		}
	}
	return b[:n]
}

// metadata makes the files of info/ and notes index.json in c.Info.
func metadata(c *Contents, o Options) []File {
	c.Info.Index = indexJSON(o)
	files := []File{
		{Path: "info/index.json", Data: c.Info.Index},
		{Path: "info/about.json", Data: encode(map[string]any{
			"channels": []string{}, "home": c.Info.Home, "dev_url": c.Info.Home + "dev", "doc_url": c.Info.Home + "doc",
			"license": o.License, "summary": c.Info.Summary, "description": c.Info.Summary + ".",
		})},
		{Path: "info/files", Data: []byte(strings.Join(c.Info.Paths, "\n") + "\n")},
		{Path: "info/hash_input.json", Data: encode(map[string]string{"target_platform": o.Subdir})},
		{Path: "info/paths.json", Data: pathsJSON(c.Payload)},
	}
	if len(o.RunExports) > 0 {
		files = append(files, File{Path: "info/run_exports.json", Data: encode(o.RunExports)})
	}
	if o.NoArch != "" {
		link := map[string]any{"type": o.NoArch}
		if o.NoArch == "python" {
			link["entry_points"] = []string{}
		}
		files = append(files, File{Path: "info/link.json", Data: encode(map[string]any{"package_metadata_version": 1, "noarch": link})})
	}
	if o.Readme != "" {
		files = append(files, File{Path: "info/README.md", Data: []byte(o.Readme)})
	}
	return files
}

// indexJSON writes info/index.json with the keys a build tool writes.
func indexJSON(o Options) []byte {
	arch, platform := any(nil), any(nil)
	if os, cpu, ok := strings.Cut(o.Subdir, "-"); ok {
		arch, platform = cpu, os
		if cpu == "64" {
			arch = "x86_64"
		}
	}
	index := map[string]any{
		"name": o.Name, "version": o.Version, "build": o.Build, "build_number": o.BuildNumber, "subdir": o.Subdir,
		"arch": arch, "platform": platform, "license": o.License, "timestamp": o.Timestamp.UnixMilli(),
		"depends": append([]string{}, o.Depends...), "constrains": append([]string{}, o.Constrains...),
	}
	if o.NoArch != "" {
		index["noarch"] = o.NoArch
	}
	if o.TrackFeatures != "" {
		index["track_features"] = o.TrackFeatures
	}
	for key, v := range o.Extra {
		index[key] = v
	}
	return encode(index)
}

// pathsJSON writes info/paths.json.
func pathsJSON(files []File) []byte {
	type entry struct {
		Path   string `json:"_path"`
		Type   string `json:"path_type"`
		Mode   string `json:"file_mode,omitempty"`
		Prefix string `json:"prefix_placeholder,omitempty"`
		SHA256 string `json:"sha256"`
		Size   int    `json:"size_in_bytes"`
	}
	list := make([]entry, len(files))
	for i, f := range files {
		sum := sha256.Sum256(f.Data)
		list[i] = entry{Path: f.Path, Type: "hardlink", Mode: f.prefix, SHA256: hex.EncodeToString(sum[:]), Size: len(f.Data)}
		if f.prefix != "" {
			list[i].Prefix = placeholder()
		}
	}
	return encode(map[string]any{"paths_version": 1, "paths": list})
}

// encode writes JSON. The values are this package's own and always encodable,
// except those of Options.Extra, where a programming error may show itself.
func encode(v any) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // build tools write ">=1" as it is
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("random: options do not encode as JSON: %v", err))
	}
	return buf.Bytes()
}
