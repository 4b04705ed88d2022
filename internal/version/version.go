// Package version says which build of Kingsnake is running.
//
// Released binaries are stamped by the linker (see the Makefile). A binary from
// `go install` or `go build` falls back on what the toolchain recorded.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// Stamped by the linker with -X, and otherwise empty. Nothing in the program
// writes to them.
var (
	version string
	commit  string
	date    string
)

// unknown stands for a version that nobody recorded.
const unknown = "devel"

// Info describes a build. Empty fields are unknown.
type Info struct {
	// Version is a semantic version such as v1.2.3, the output of
	// git describe between releases, or "devel".
	Version string
	// Commit is the full git commit.
	Commit string
	// Date is the commit's time in RFC 3339, not that of the build, so that
	// building the same commit twice gives the same bytes.
	Date string
	// Go is the version of the toolchain.
	Go string
}

// Get describes the running binary.
func Get() Info {
	build, _ := debug.ReadBuildInfo()
	return resolve(Info{Version: version, Commit: commit, Date: date}, build)
}

// resolve fills what the linker did not stamp from what the toolchain
// recorded, which is nil in a binary built without modules.
func resolve(stamped Info, build *debug.BuildInfo) Info {
	info := stamped
	info.Go = runtime.Version()
	if build != nil {
		fill(&info, build)
	}
	if info.Version == "" {
		info.Version = unknown
	}
	return info
}

func fill(info *Info, build *debug.BuildInfo) {
	if info.Version == "" && build.Main.Version != "(devel)" {
		info.Version = build.Main.Version
	}
	for _, setting := range build.Settings {
		switch {
		case setting.Key == "vcs.revision" && info.Commit == "":
			info.Commit = setting.Value
		case setting.Key == "vcs.time" && info.Date == "":
			info.Date = setting.Value
		}
	}
}

// String returns the description on one line.
func (i Info) String() string {
	details := make([]string, 0, 3)
	if i.Commit != "" {
		details = append(details, "commit "+i.Commit[:min(12, len(i.Commit))])
	}
	if i.Date != "" {
		details = append(details, i.Date)
	}
	details = append(details, i.Go)
	return fmt.Sprintf("%s (%s)", i.Version, strings.Join(details, ", "))
}
