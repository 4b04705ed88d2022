package api

import (
	"encoding/json"
	"time"
)

// Family is the ecosystem that an artifact belongs to.
type Family string

// FamilyConda is the family of conda packages.
const FamilyConda Family = "conda"

// FileType is the form field "filetype" of an upload.
type FileType string

// FileTypeConda stands for both formats of conda packages, .conda and .tar.bz2.
const FileTypeConda FileType = "conda1"

// Artifact is a package of a channel: all files of one name.
type Artifact struct {
	// Name is the name of the package.
	Name string `json:"name"`
	// Family is the family that the package belongs to.
	Family Family `json:"family"`
	// Channel is the name of the channel, of a package of a subchannel that of the parent.
	Channel string `json:"channel"`
	// Subchannel is null for a package of a channel itself.
	Subchannel *string `json:"subchannel"`
	// Privacy is that of the channel or subchannel.
	Privacy Privacy `json:"privacy"`
	// FileCount is how many files of the package are offered.
	FileCount int64 `json:"file_count"`
	// DownloadCount is how often its files were downloaded.
	DownloadCount int64 `json:"download_count"`
	// CVECount is for compatibility: always 0.
	CVECount int64 `json:"cve_count"`
	// Metadata is what the newest file says of the package.
	Metadata ArtifactMetadata `json:"metadata"`
	// UpdatedAt is when the files of the package last changed.
	UpdatedAt time.Time `json:"updated_at"`
}

// ArtifactMetadata describes a package by its newest file.
type ArtifactMetadata struct {
	// Name is the name of the package.
	Name string `json:"name"`
	// Version is the greatest version, in the order of conda.
	Version string `json:"version"`
	// BuildNumber is for compatibility: always 0.
	BuildNumber int64 `json:"build_number"`
	// Summary is one line that says what the package is.
	Summary string `json:"summary"`
	// Description is the longer text about it, empty for none.
	Description string `json:"description"`
	// License is the licence as the package names it.
	License string `json:"license"`
	// LicenseFamily is for compatibility: always empty.
	LicenseFamily string `json:"license_family"`
	// Home is the address of the project.
	Home string `json:"home"`
	// DevURL is the address of its source code.
	DevURL string `json:"dev_url"`
	// DocURL is the address of its documentation.
	DocURL string `json:"doc_url"`
	// InstallCmd is a command line that installs the package.
	InstallCmd string `json:"install_cmd"`
	// Subdirs are the platforms with at least one file, sorted.
	Subdirs []string `json:"subdirs"`
}

// ArtifactFile is one file of a package.
type ArtifactFile struct {
	// Channel is the name of the channel, of a file of a subchannel that of the parent.
	Channel string `json:"channel"`
	// Subchannel is null for a file of a channel itself.
	Subchannel *string `json:"subchannel"`
	// CKey names the file within its channel: "subdir/filename".
	CKey string `json:"ckey"`
	// Family is the family that the package belongs to.
	Family Family `json:"family"`
	// Name is the name of the package.
	Name string `json:"name"`
	// Version is the version of the package.
	Version string `json:"version"`
	// Build is the build string.
	Build string `json:"build"`
	// BuildNumber is the number of the build.
	BuildNumber int64 `json:"build_number"`
	// Subdir is the platform, such as "linux-64" or "noarch".
	Subdir string `json:"subdir"`
	// Filename is the name of the file.
	Filename string `json:"filename"`
	// Size is the size of the file in bytes.
	Size int64 `json:"size"`
	// SHA256 is the SHA-256 of the file, in hexadecimal.
	SHA256 string `json:"sha256"`
	// MD5 is the MD5 of the file, in hexadecimal.
	MD5 string `json:"md5"`
	// URL is where the file can be fetched; it never holds a credential.
	URL string `json:"url"`
	// Metadata is an object whose key "index.json" holds the record as clients see it in repodata.json. Where somebody
	// edited it, "patch.json" holds the edit and "original.json" the record as the file itself has it.
	Metadata json.RawMessage `json:"metadata"`
	// Labels are the labels under which the file can be fetched, sorted; nearly always only "main".
	Labels []string `json:"labels"`
	// FilteredCause is why the channel's filters hide the file, license or exclude_specs; it is left out of one that is offered.
	FilteredCause string `json:"filtered_cause,omitempty"`
	// DownloadCount is how often the file was downloaded.
	DownloadCount int64 `json:"download_count"`
	// UploadedBy is the name of the user or service account that sent the file, empty where the caller may not see it.
	UploadedBy string `json:"uploaded_by"`
	// CreatedAt is when a file of this name came first.
	CreatedAt time.Time `json:"created_at"`
	// UpdatedAt is when the file last changed.
	UpdatedAt time.Time `json:"updated_at"`
}

// The names of the form fields of POST /channels/{channel}/artifacts (multipart/form-data). The fields other than the
// content come before it, so that the server can judge them before the file arrives.
const (
	// UploadFieldContent is the file itself; its file name is the package's.
	UploadFieldContent = "content"
	// UploadFieldFileType is a FileType.
	UploadFieldFileType = "filetype"
	// UploadFieldSize is the size of the file in bytes.
	UploadFieldSize = "size"
	// UploadFieldSHA256 is the file's SHA-256; the server refuses the file when it arrives with another.
	UploadFieldSHA256 = "sha256"
	// UploadFieldMD5 is the file's MD5, checked in the same way.
	UploadFieldMD5 = "md5"
	// UploadFieldForce is "true" to replace another file of the same name.
	UploadFieldForce = "force"
	// UploadFieldLabel is a label that the file is to carry; it may be repeated, and each may hold several with commas
	// between. UploadFieldLabels is another name for it. Without either the file gets the label "main", with them only
	// those that are named.
	UploadFieldLabel  = "label"
	UploadFieldLabels = "labels"
)

// UploadResult answers POST /channels/{channel}/artifacts: 201 for a new or replaced file, 200 when the very same file
// was there already.
type UploadResult struct {
	// Channel is the channel, of a subchannel "channel/subchannel".
	Channel string `json:"channel"`
	// CKey is the name of the file within its channel: "subdir/filename".
	CKey string `json:"ckey"`
	// Filename is the name of the file.
	Filename string `json:"filename"`
	// Name is the name of the package.
	Name string `json:"name"`
	// Version is the version of the package.
	Version string `json:"version"`
	// Build is the build string.
	Build string `json:"build"`
	// Subdir is the platform, such as "linux-64" or "noarch".
	Subdir string `json:"subdir"`
	// Size is the size of the file in bytes.
	Size int64 `json:"size"`
	// SHA256 is the SHA-256 of the file, in hexadecimal.
	SHA256 string `json:"sha256"`
	// MD5 is the MD5 of the file, in hexadecimal.
	MD5 string `json:"md5"`
	// Labels are all labels that the file carries now.
	Labels []string `json:"labels"`
	// Created is true when no file of that name was there before.
	Created bool `json:"created"`
	// Replaced is true when the file took the place of another.
	Replaced bool `json:"replaced"`
	// URL is where the file can be fetched; it never holds a credential.
	URL string `json:"url"`
	// Filtered is why the channel's filters hide the file; it is left out for a file that is offered.
	Filtered string `json:"filtered,omitempty"`
}
