package api

// System answers GET /system.
type System struct {
	// Status is "ok" when the server works.
	Status string `json:"status"`
	// ServiceName is the name of the service.
	ServiceName string `json:"service_name"`
	// Version is the version of the REST API that the server is compatible with.
	Version string `json:"version"`
	// ProductVersion is the version of Kingsnake itself.
	ProductVersion string `json:"product_version"`
	// Errors are what is wrong, empty where the server works.
	Errors []string `json:"errors"`
	// QueueStatus counts the waiting jobs by queue.
	QueueStatus map[string]int64 `json:"queue_status"`
}

// ScopeDetail is one item of GET /system/scopes?details=true. Without details the answer is an array of names.
type ScopeDetail struct {
	// Scope is "category:action".
	Scope string `json:"scope"`
	// Category is the part of the scope before the colon.
	Category string `json:"category"`
	// Level is what the scope asks of the caller on the resource.
	Level Level `json:"level"`
	// On says which resource that is, such as "channel" or "parent channel or subchannel".
	On string `json:"on"`
	// Description says what the scope lets its holder do.
	Description string `json:"description"`
}

// SystemStats answers GET /system/stats.
type SystemStats struct {
	// BlobSize is how many bytes are stored.
	BlobSize BlobSize `json:"blob_size"`
}

// BlobSize counts bytes of package files; a file that stands in several channels counts once.
type BlobSize struct {
	// Total is the bytes of all families.
	Total int64 `json:"total"`
	// ByArtifactFamily is the bytes of each family.
	ByArtifactFamily []FamilyBlobSize `json:"by_artifact_family"`
}

// FamilyBlobSize is the part of one family.
type FamilyBlobSize struct {
	// ArtifactFamily is the family.
	ArtifactFamily Family `json:"artifact_family"`
	// BlobSize is its bytes.
	BlobSize int64 `json:"blob_size"`
}

// CleanupStats answers DELETE and POST /system/blob_cleanup: what was deleted.
type CleanupStats struct {
	// BlobCount is how many blobs were deleted.
	BlobCount int64 `json:"blob_count"`
	// SpaceReclaimed is in bytes.
	SpaceReclaimed int64 `json:"space_reclaimed"`
}
