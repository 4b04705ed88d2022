package access

// Pending lists the scopes that guard nothing yet, because what they are for is still to be built: mirrors,
// CVEs, the licence and the like. They can be put into tokens all the same, so that a token made today
// opens them when they come. The list shrinks to nothing; a test fails when a scope on it opens an operation already, and
// when one that opens none is missing.
func Pending() []Scope {
	return []Scope{
		ChannelMirrorEdit, ChannelMirrorView,
		SubchannelMirrorEdit, SubchannelMirrorView,
		MirrorView, SystemLicenseEdit, SystemLicenseView, CVEEdit, CVEView,
		CVENotificationsEdit, CVENotificationsView,
	}
}
