package api

// System answers GET /system.
type System struct {
	// Status is "ok" when the server works.
	Status      string `json:"status"`
	ServiceName string `json:"service_name"`
	// Version is the version of the REST API that the server is compatible with.
	Version string `json:"version"`
	// ProductVersion is the version of Kingsnake itself.
	ProductVersion string   `json:"product_version"`
	Errors         []string `json:"errors"`
	// QueueStatus counts the waiting jobs by queue.
	QueueStatus map[string]int64 `json:"queue_status"`
}

// ScopeDetail is one item of GET /system/scopes?details=true. Without details the answer is an array of names.
type ScopeDetail struct {
	// Scope is "category:action".
	Scope    string `json:"scope"`
	Category string `json:"category"`
	// Level is what the scope asks of the caller on the resource.
	Level Level `json:"level"`
	// On says which resource that is, such as "channel" or "parent channel or subchannel".
	On string `json:"on"`
	// Description says what the scope lets its holder do.
	Description string `json:"description"`
}
