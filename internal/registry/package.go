package registry

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"kingsnake/internal/blob"
)

// FamilyConda is the family of conda packages, the only one so far.
const FamilyConda = "conda"

// Artifact is a package of a channel: all files of one name.
type Artifact struct {
	ID            int64
	ChannelID     int64
	ChannelPath   string
	Privacy       string
	Family        string
	Name          string
	FileCount     int64
	DownloadCount int64
	// LatestVersion is the greatest in conda's order; its about facts stand in About as JSON.
	LatestVersion    string
	LatestVersionKey []byte
	Summary          string
	About            json.RawMessage
	Subdirs          []string
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

// File is one package file of a channel.
type File struct {
	ID          int64
	ChannelID   int64
	ArtifactID  int64
	Subdir      string
	Filename    string
	Format      string
	V3          bool
	Name        string
	Version     string
	Build       string
	BuildNumber int64
	VersionKey  []byte
	Size        int64
	SHA256      blob.Hash
	MD5         [16]byte
	// Record, RunExports and Facts are finished JSON for repodata.json, run_exports.json and channeldata.json.
	Record        json.RawMessage
	RunExports    json.RawMessage
	Facts         json.RawMessage
	DownloadCount int64
	Uploader      string
	// Patch is an edit of the metadata as JSON, and Original what the file says by itself; both are nil where nobody edited.
	Patch    json.RawMessage
	Original *Original
	// Labels are the file's labels, sorted; none at all means main.
	Labels []string
	// Filtered is why the channel's filters hide the file, empty for one that is offered.
	Filtered  Cause
	CreatedAt time.Time
	UpdatedAt time.Time
}

// CKey names the file within its channel, "subdir/filename".
func (f File) CKey() string { return f.Subdir + "/" + f.Filename }

// SplitCKey is the inverse of CKey.
func SplitCKey(ckey string) (subdir, filename string, ok bool) {
	subdir, filename, ok = strings.Cut(ckey, "/")
	return subdir, filename, ok && subdir != "" && filename != "" && !strings.Contains(filename, "/")
}

// FileRef is what serving a file needs to know of it.
type FileRef struct {
	ID         int64
	ArtifactID int64
	Name       string
	Size       int64
	SHA256     blob.Hash
	Filtered   Cause
	UpdatedAt  time.Time
	// Main tells whether the file carries the label main; Labels are the others.
	Main   bool
	Labels []string
}

// carries tells whether the file is to be found at a place.
func (r *FileRef) carries(p Place) bool {
	if p.IsMain() {
		return r.Main
	}
	return slices.Contains(r.Labels, p.Label())
}

// Content is something to send that is not kept as a blob.
type Content interface {
	io.ReadSeeker
	io.Closer
}

// Served is a file to send: its bytes' name, and how it may be cached.
type Served struct {
	Hash blob.Hash
	Size int64
	// Content is what to send where it is no blob, and to be closed then; nil for a blob.
	Content Content
	// ModTime is when the content appeared under this name.
	ModTime time.Time
	// Public tells that everybody may read it, so that shared caches may keep it.
	Public bool
	// Spend takes the use that sending the content costs a token whose uses are counted; nil when it costs none. It is to
	// be called before the first byte.
	Spend func(context.Context) error
	// ChannelID and FileID name what was read, for counting; FileID is 0 for index files.
	ChannelID, FileID, ArtifactID int64
}
