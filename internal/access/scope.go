package access

// Scope is one action, the unit that operations ask for and scope tokens carry. Its name, "category:action", is what is
// stored and shown; the number may change from one build to the next. The zero value is no scope and opens nothing.
type Scope uint8

// The scopes, in the order of the catalogue. The two over tokens come last, so that every list that follows the
// catalogue offers the power to make further tokens last.
const (
	ArtifactCreate Scope = iota + 1
	ArtifactDelete
	ArtifactDownload
	ArtifactEdit
	ArtifactView
	ChannelCreate
	ChannelDelete
	ChannelEdit
	ChannelHistory
	ChannelView
	ChannelViewArtifacts
	ChannelDefaultChannelEdit
	ChannelGroupEdit
	ChannelGroupView
	ChannelMirrorEdit
	ChannelMirrorView
	SubchannelCreate
	SubchannelDelete
	SubchannelEdit
	SubchannelHistory
	SubchannelView
	SubchannelViewArtifacts
	SubchannelGroupEdit
	SubchannelGroupView
	SubchannelMirrorEdit
	SubchannelMirrorView
	MirrorView
	SystemLicenseEdit
	SystemLicenseView
	CVEEdit
	CVEView
	RoleEdit
	RoleView
	SystemSettingsEdit
	SystemSettingsView
	SystemDeleteBlobs
	JobEdit
	JobView
	UserEdit
	UserView
	GroupEdit
	GroupView
	ServiceAccountEdit
	TrustEdit
	AuditLogsView
	AccessExplain
	CVENotificationsEdit
	CVENotificationsView
	UserTokenEdit
	UserTokenView
	scopeEnd
)

// Known reports whether s is in the catalogue.
func (s Scope) Known() bool { return s > 0 && s < scopeEnd }

// String returns the scope's name, such as "artifact:create".
func (s Scope) String() string {
	if !s.Known() {
		return "unknown"
	}
	return catalogue[s].name
}

// ParseScope finds the scope of that name. The second result is false when there is none.
func ParseScope(name string) (Scope, bool) {
	for s := Scope(1); s < scopeEnd; s++ {
		if catalogue[s].name == name {
			return s, true
		}
	}
	return 0, false
}

// For returns the scope that stands for the same action on ch: the subchannel scope where s is a channel scope and ch
// is a subchannel, the channel scope the other way round, else s itself. It lets one operation serve both.
func (s Scope) For(ch Channel) Scope {
	for _, pair := range [...][2]Scope{
		{ChannelDelete, SubchannelDelete},
		{ChannelEdit, SubchannelEdit},
		{ChannelHistory, SubchannelHistory},
		{ChannelView, SubchannelView},
		{ChannelViewArtifacts, SubchannelViewArtifacts},
		{ChannelGroupEdit, SubchannelGroupEdit},
		{ChannelGroupView, SubchannelGroupView},
		{ChannelMirrorEdit, SubchannelMirrorEdit},
		{ChannelMirrorView, SubchannelMirrorView},
	} {
		if s == pair[0] || s == pair[1] {
			if ch.ParentID != 0 {
				return pair[1]
			}
			return pair[0]
		}
	}
	return s
}
