package api

// Label is a label of a channel: a part of its files that clients reach as <channel>/label/<name>.
type Label struct {
	// Name is the name of the label.
	Name string `json:"name"`
	// FileCount counts the files that carry the label.
	FileCount int64 `json:"file_count"`
}

// LabelsUpdate is the body of PUT /channels/{channel}/artifacts/{artifact_family}/{artifact_name}/labels/{ckey}.
type LabelsUpdate struct {
	// Labels are the labels that the file is to carry, and no others.
	Labels []string `json:"labels" minItems:"1" maxItems:"32"`
}
