package api

import "encoding/json"

// ArtifactAbout is what a package file tells people about itself.
type ArtifactAbout struct {
	// CKey names the file, "subdir/filename".
	CKey string `json:"ckey"`
	// Name is the name of the package, by the file itself.
	Name string `json:"name"`
	// Version is its version.
	Version string `json:"version"`
	// About is the file's info/about.json, an object whose values nobody has checked; {} where it has none.
	About json.RawMessage `json:"about"`
	// Readme is the text of the file's README, at most 256 KiB of it, or what about.json describes the package with, or
	// empty. It is written by whoever built the package: a page that shows it has to escape it.
	Readme string `json:"readme"`
	// ReadmeName is the file name of the README, such as "README.md", empty where Readme is none.
	ReadmeName string `json:"readme_name"`
}
