package api

import "time"

// ChannelFilters say which files of a channel are offered, for each family of packages. A file that they hide is kept,
// and neither listed, indexed nor given out.
type ChannelFilters struct {
	// Conda is the filter of conda packages.
	Conda *FamilyFilter `json:"conda,omitempty"`
	// CRAN is for compatibility: the filter of a family that this server does not keep.
	CRAN *FamilyFilter `json:"cran,omitempty"`
	// Python is for compatibility: the filter of a family that this server does not keep.
	Python *FamilyFilter `json:"python,omitempty"`
}

// FamilyFilter is the filter of one family of packages. Licences are given as families: agpl, gpl2, gpl3, lgpl, bsd,
// mit, apache, psf, public_domain, proprietary, other, none. Specs are MatchSpecs (CEP 29).
type FamilyFilter struct {
	// IncludeLicenses, if there are any, are the only ones offered. They cannot be set together with ExcludeLicenses.
	IncludeLicenses []string `json:"include_licenses,omitempty" maxItems:"500"`
	// ExcludeLicenses are those that are not offered.
	ExcludeLicenses []string `json:"exclude_licenses,omitempty" maxItems:"500"`
	// IncludeSpecs are offered whatever the rest says.
	IncludeSpecs []string `json:"include_specs,omitempty" maxItems:"500"`
	// ExcludeSpecs are not offered, unless IncludeSpecs names them too.
	ExcludeSpecs []string `json:"exclude_specs,omitempty" maxItems:"500"`
}

// ChannelSettings are what a channel is set to besides.
type ChannelSettings struct {
	// CVENotifications is the changes of CVEs that owners are told of.
	CVENotifications *CVENotifications `json:"cve_notifications,omitempty"`
}

// CVENotifications choose the changes of CVEs that a channel's owners are told of.
type CVENotifications struct {
	// ScoreIncrease is true to tell of scores that rise.
	ScoreIncrease bool `json:"cve_score_increase,omitempty"`
	// ScoreDecrease is true to tell of scores that fall.
	ScoreDecrease bool `json:"cve_score_decrease,omitempty"`
	// StatusChange is true to tell of a status that changes.
	StatusChange bool `json:"cve_status_change,omitempty"`
	// ScoreThreshold is the score from which on changes are told, -1 for all.
	ScoreThreshold float64 `json:"cve_score_threshold,omitempty" minimum:"-1" maximum:"10"`
}

// FileFiltered tells that a channel's filters hid a file, or offered it again.
type FileFiltered struct {
	// ChannelID is the stable id of the channel.
	ChannelID string `json:"channel_id"`
	// ChannelName is the name of the channel.
	ChannelName string `json:"channel_name"`
	// CKey is the file, "subdir/filename".
	CKey string `json:"ckey"`
	// FilteredCause is why the file is, or was, hidden: license or exclude_specs.
	FilteredCause string `json:"filtered_cause"`
	// Change is removed for a file that is hidden from then on, and added for one that is offered again.
	Change string `json:"change"`
	// MirrorID is for compatibility: always null.
	MirrorID *string `json:"mirror_id"`
	// CreatedAt is when it happened.
	CreatedAt time.Time `json:"created_at"`
}

// ChannelQuota is the body of PUT /channels/{channel}/quota.
type ChannelQuota struct {
	// QuotaBytes bounds the sum of the sizes of the channel's files; 0 means no bound.
	QuotaBytes int64 `json:"quota_bytes" minimum:"0"`
}
