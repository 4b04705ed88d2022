package api

// BulkAction is what PUT /channels/{channel}/artifacts/bulk does with files.
type BulkAction string

// The bulk actions.
const (
	BulkCopy   BulkAction = "copy"
	BulkMove   BulkAction = "move"
	BulkDelete BulkAction = "delete"
)

// Bulk asks for many files to be copied, moved or deleted. The answer is 202 with the Job that does it.
type Bulk struct {
	// Action is what is done with the files: copy, move or delete.
	Action BulkAction `json:"action"`
	// TargetChannel is where files are copied or moved to; TargetSubchannel is the subchannel of it, empty for none.
	TargetChannel string `json:"target_channel,omitempty" maxLength:"300"`
	// TargetSubchannel is the subchannel of the target channel, empty for none.
	TargetSubchannel string `json:"target_subchannel,omitempty" maxLength:"128"`
	// Items are the packages and files. They may be left out where All is set.
	Items []BulkItem `json:"items,omitempty" maxItems:"10000"`
	// All stands for every file that the channel has now.
	All bool `json:"all,omitempty"`
	// Force replaces other files of the same names at the target.
	Force bool `json:"force,omitempty"`
}

// BulkItem names a package or, with a CKey, one file of it.
type BulkItem struct {
	// Name is the name of the package.
	Name string `json:"name"`
	// Family is the family that the package belongs to.
	Family Family `json:"family"`
	// CKey is one file of the package, "subdir/filename"; without it all are meant.
	CKey string `json:"ckey,omitempty"`
}
