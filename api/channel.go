package api

import "time"

// Privacy says who may read a channel without a grant.
type Privacy string

// The privacies of a channel.
const (
	// PrivacyPrivate leaves reading to those with a grant.
	PrivacyPrivate Privacy = "private"
	// PrivacyAuthenticated lets everybody read who is signed in.
	PrivacyAuthenticated Privacy = "authenticated"
	// PrivacyPublic lets everybody read.
	PrivacyPublic Privacy = "public"
)

// ChannelType says where a channel's packages are.
type ChannelType string

// The types of channels.
const (
	// ChannelTypeDefault holds packages itself.
	ChannelTypeDefault ChannelType = "default"
	// ChannelTypeVirtual shows the packages of its sources.
	ChannelTypeVirtual ChannelType = "virtual"
)

// IndexingBehavior says whether a channel takes changes.
type IndexingBehavior string

// The indexing behaviours.
const (
	IndexingDefault IndexingBehavior = "default"
	// IndexingFrozen keeps the channel's index as it is.
	IndexingFrozen IndexingBehavior = "frozen"
)

// Channel is a place for packages.
type Channel struct {
	// ID is the stable id; it survives renaming.
	ID string `json:"id"`
	// Name is the channel's own name, of a subchannel without its parent's.
	Name string `json:"name"`
	// Parent is the parent's name of a subchannel; it is left out otherwise.
	Parent string `json:"parent,omitempty"`
	// Description is a text about the channel, empty for none.
	Description string `json:"description"`
	// Privacy is who may read the channel without a grant.
	Privacy Privacy `json:"privacy"`
	// ChannelType is default for a channel that holds packages itself, virtual for one that shows those of its sources.
	ChannelType ChannelType `json:"channel_type"`
	// IndexingBehavior is default, or frozen for a channel that takes no changes.
	IndexingBehavior IndexingBehavior `json:"indexing_behavior"`
	// Sources are the sources of a virtual channel, an empty list otherwise.
	Sources []ChannelSource `json:"sources"`
	// Owners are the names of the members of the channel's owners group, as far as the caller may see them.
	Owners []string `json:"owners"`
	// Created is when the channel was made.
	Created time.Time `json:"created"`
	// Updated is when its settings last changed.
	Updated time.Time `json:"updated"`
	// ArtifactCount counts packages by name, not files.
	ArtifactCount int64 `json:"artifact_count"`
	// DownloadCount is how often files of the channel were downloaded.
	DownloadCount int64 `json:"download_count"`
	// Filters say which files are offered; a family of packages that nothing is hidden of is left out.
	Filters ChannelFilters `json:"filters"`
	// Settings are left out while there are none.
	Settings *ChannelSettings `json:"settings,omitempty"`
	// UsedBytes is the sum of the sizes of the channel's files, QuotaBytes what it may be at most, 0 for no bound.
	UsedBytes int64 `json:"used_bytes"`
	// QuotaBytes is what the files may have together at most, in bytes; 0 for no bound.
	QuotaBytes int64 `json:"quota_bytes"`
}

// ChannelSource names one source of a virtual channel.
type ChannelSource struct {
	// Name is the name of the channel, of a subchannel without that of its parent.
	Name string `json:"name"`
	// ParentName is the name of a subchannel's parent, left out otherwise.
	ParentName string `json:"parent_name,omitempty"`
}

// ChannelCreate is the body of POST /channels.
type ChannelCreate struct {
	// Name matches ^[a-z][a-z0-9_-]*$.
	Name string `json:"name" minLength:"1"`
	// Description is a text about the channel.
	Description string `json:"description,omitempty"`
	// Privacy is private when left out.
	Privacy Privacy `json:"privacy,omitempty" enum:"private,authenticated,public"`
	// ChannelType is default when left out.
	ChannelType ChannelType `json:"channel_type,omitempty" enum:"default,virtual"`
	// IndexingBehavior is default when left out.
	IndexingBehavior IndexingBehavior `json:"indexing_behavior,omitempty" enum:"default,frozen"`
	// Sources are what a virtual channel draws on, the first one first.
	Sources []ChannelSource `json:"sources,omitempty" maxItems:"32"`
	// Filters are which files are offered; all when left out.
	Filters *ChannelFilters `json:"filters,omitempty"`
	// Settings are what the channel is set to besides.
	Settings *ChannelSettings `json:"settings,omitempty"`
}

// ChannelUpdate is the body of PUT /channels/{channel}. A field that is nil is left as it is.
type ChannelUpdate struct {
	// Name is for compatibility: any name but the present one is refused, since clients hold it in their configuration.
	Name *string `json:"name,omitempty" minLength:"1"`
	// Description is the new text about the channel.
	Description *string `json:"description,omitempty"`
	// Privacy is who may read the channel without a grant from then on.
	Privacy *Privacy `json:"privacy,omitempty" enum:"private,authenticated,public"`
	// IndexingBehavior is frozen for a channel that takes no changes from then on, default for one that does.
	IndexingBehavior *IndexingBehavior `json:"indexing_behavior,omitempty" enum:"default,frozen"`
	// Sources replaces the sources of a virtual channel.
	Sources []ChannelSource `json:"sources,omitempty" maxItems:"32"`
	// Filters replace all filters of the channel; an empty object offers all files.
	Filters *ChannelFilters `json:"filters,omitempty"`
	// Settings are all settings of the channel from then on.
	Settings *ChannelSettings `json:"settings,omitempty"`
}

// ChannelStats is the answer of GET /channels/{channel}/stats.
type ChannelStats struct {
	// Stats is what is counted.
	Stats ChannelCounters `json:"stats"`
}

// ChannelCounters wraps the counters of a channel, as clients of the operation expect.
type ChannelCounters struct {
	// Counters are the numbers.
	Counters Counters `json:"counters"`
}

// Counters count what is in a channel and may be seen by the caller. The counts of families that this server does not
// keep are always 0.
type Counters struct {
	// TotalArtifactCount counts package files.
	TotalArtifactCount int64 `json:"total_artifact_count"`
	// PackageCount counts packages by name.
	PackageCount int64 `json:"package_count"`
	// ProjectCount is for compatibility: always 0.
	ProjectCount int64 `json:"project_count"`
	// NotebookCount is for compatibility: always 0.
	NotebookCount int64 `json:"notebook_count"`
	// EnvironmentCount is for compatibility: always 0.
	EnvironmentCount int64 `json:"environment_count"`
	MirrorCount      int64 `json:"mirror_count"`
	// GroupCount counts the groups with a permission on the channel; it is 0 for those who may not see them.
	GroupCount      int64 `json:"group_count"`
	SubchannelCount int64 `json:"subchannel_count"`
	// DownloadCount is how often files were downloaded.
	DownloadCount int64 `json:"download_count"`
	// TotalSize is the size of all package files in bytes.
	TotalSize int64 `json:"total_size"`
}
