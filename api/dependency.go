package api

// ArtifactDependency is a package that another one depends on, or that depends on it.
type ArtifactDependency struct {
	// Name is the name of the package.
	Name string `json:"name"`
	// Version is what is asked of the dependency's versions, such as ">=3.9,<3.14", empty for any; where platforms differ, all
	// of it with " | " between. Of a dependant it is its newest version.
	Version string `json:"version"`
	// Artifact is the channel's own package of that name, null where it has none.
	Artifact *Artifact `json:"artifact"`
}
