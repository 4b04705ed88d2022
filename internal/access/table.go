package access

// Indexes into categories, for the table below; a test holds the two together.
const (
	iChannel uint8 = iota
	iDefaultChannel
	iChannelGroup
	iChannelMirror
	iSubchannel
	iSubchannelGroup
	iSubchannelMirror
	iArtifact
	iMirror
	iCVE
	iRole
	iSystem
	iSystemLicense
	iSystemSettings
	iUserToken
	iAuditLogs
	iCVENotifications
	iPolicy
)

// catalogue is the one table of actions; it is never written to. Everything that lists scopes is made from it.
var catalogue = [scopeEnd]row{
	ArtifactCreate: {
		"artifact:create", "upload packages by any protocol, and be the target of a copy or move",
		iArtifact, Write, PlaceParent, documented | resource | costs,
	},
	ArtifactDelete: {
		"artifact:delete", "delete files and packages, and be the source of a move",
		iArtifact, Manage, PlaceParent, documented | resource | costs,
	},
	ArtifactDownload: {
		"artifact:download", "fetch package files, and be the source of a copy",
		iArtifact, Read, PlaceParent, documented | resource | costs,
	},
	ArtifactEdit: {
		"artifact:edit", "change a file's metadata, and overwrite a file together with artifact:create",
		iArtifact, Manage, PlaceParent, documented | resource | costs,
	},
	ArtifactView: {
		"artifact:view", "list, show and search packages, files and dependencies",
		iArtifact, Read, PlaceParent, documented | resource,
	},
	ChannelCreate: {
		"channel:create", "create a channel",
		iChannel, Write, PlaceSystem, documented | costs,
	},
	ChannelDelete: {
		"channel:delete", "delete the channel and all that is in it",
		iChannel, Manage, PlaceChannel, documented | resource | costs,
	},
	ChannelEdit: {
		"channel:edit", "change description, privacy, freeze, filters, notices and policy, and rebuild the index",
		iChannel, Manage, PlaceChannel, documented | resource | costs,
	},
	ChannelHistory: {
		"channel:history", "read the channel's history",
		iChannel, Manage, PlaceChannel, documented | resource,
	},
	ChannelView: {
		"channel:view", "see the channel: lists, details, statistics, own permissions, channeldata, notices",
		iChannel, Read, PlaceChannel, documented | resource,
	},
	ChannelViewArtifacts: {
		"channel:view-artifacts", "read the channel's index: repodata in every form, shards, run_exports, package list",
		iChannel, Read, PlaceChannel, documented | resource,
	},
	ChannelDefaultChannelEdit: {
		"channel.default-channel:edit", "set the account's default channel",
		iDefaultChannel, Manage, PlaceAccount, documented | costs,
	},
	ChannelGroupEdit: {
		"channel.group:edit", "add, change and remove a group's permission on the channel",
		iChannelGroup, Manage, PlaceChannel, documented | resource | costs,
	},
	ChannelGroupView: {
		"channel.group:view", "see which groups have which permission on the channel",
		iChannelGroup, Read, PlaceChannel, documented | resource,
	},
	ChannelMirrorEdit: {
		"channel.mirror:edit", "create, change, run, stop and delete the channel's mirrors",
		iChannelMirror, Manage, PlaceChannel, documented | resource | costs,
	},
	ChannelMirrorView: {
		"channel.mirror:view", "see the channel's mirrors and their progress",
		iChannelMirror, Manage, PlaceChannel, documented | resource,
	},
	SubchannelCreate: {
		"subchannel:create", "create a subchannel",
		iSubchannel, Manage, PlaceParentChannel, documented | resource | costs,
	},
	SubchannelDelete: {
		"subchannel:delete", "delete the subchannel and all that is in it",
		iSubchannel, Manage, PlaceSubchannel, documented | resource | costs,
	},
	SubchannelEdit: {
		"subchannel:edit", "change description, privacy, freeze, filters, notices and policy, and rebuild the index",
		iSubchannel, Manage, PlaceSubchannel, documented | resource | costs,
	},
	SubchannelHistory: {
		"subchannel:history", "read the subchannel's history",
		iSubchannel, Manage, PlaceSubchannel, documented | resource,
	},
	SubchannelView: {
		"subchannel:view", "see the subchannel: lists, details, statistics, own permissions, channeldata, notices",
		iSubchannel, Read, PlaceSubchannel, documented | resource,
	},
	SubchannelViewArtifacts: {
		"subchannel:view-artifacts", "read the subchannel's index: repodata in every form, shards, run_exports, package list",
		iSubchannel, Read, PlaceSubchannel, documented | resource,
	},
	SubchannelGroupEdit: {
		"subchannel.group:edit", "add, change and remove a group's permission on the subchannel",
		iSubchannelGroup, Manage, PlaceSubchannel, documented | resource | costs,
	},
	SubchannelGroupView: {
		"subchannel.group:view", "see which groups have which permission on the subchannel",
		iSubchannelGroup, Read, PlaceSubchannel, documented | resource,
	},
	SubchannelMirrorEdit: {
		"subchannel.mirror:edit", "create, change, run, stop and delete the subchannel's mirrors",
		iSubchannelMirror, Manage, PlaceParentChannel, documented | resource | costs,
	},
	SubchannelMirrorView: {
		"subchannel.mirror:view", "see the subchannel's mirrors and their progress",
		iSubchannelMirror, Manage, PlaceSubchannel, documented | resource,
	},
	MirrorView: {
		"mirror:view", "list all mirrors of the site",
		iMirror, Manage, PlaceSystem, documented,
	},
	SystemLicenseEdit: {
		"system.license:edit", "install the site licence",
		iSystemLicense, Manage, PlaceSystem, documented | costs,
	},
	SystemLicenseView: {
		"system.license:view", "read the site licence: limits on users, channels, mirrors and storage",
		iSystemLicense, Manage, PlaceSystem, documented,
	},
	CVEEdit: {
		"cve:edit", "curate CVEs, import feeds and choose the CVE channel",
		iCVE, Manage, PlaceSystem, documented | costs,
	},
	CVEView: {
		"cve:view", "see CVE lists, details, affected files and reports",
		iCVE, Read, PlaceSystemOrChannel, documented,
	},
	RoleEdit: {
		"role:edit", "create, change and assign roles",
		iRole, Manage, PlaceSystem, documented | costs,
	},
	RoleView: {
		"role:view", "see the roles and who has them",
		iRole, Read, PlaceSystem, documented,
	},
	SystemSettingsEdit: {
		"system.settings:edit", "change the site settings",
		iSystemSettings, Manage, PlaceSystem, documented | costs,
	},
	SystemSettingsView: {
		"system.settings:view", "see the site settings",
		iSystemSettings, Read, PlaceSystem, 0,
	},
	SystemDeleteBlobs: {
		"system:delete-blobs", "find and delete orphaned blobs, and diagnose blobs",
		iSystem, Manage, PlaceSystem, documented | costs,
	},
	JobEdit: {
		"job:edit", "cancel jobs that others asked for",
		iSystem, Manage, PlaceSystem, costs,
	},
	JobView: {
		"job:view", "see the jobs that others asked for, and how far they are",
		iSystem, Read, PlaceSystem, 0,
	},
	UserEdit: {
		"user:edit", "create, change, disable and delete accounts",
		iSystem, Manage, PlaceAnyAccount, adminOnly | costs,
	},
	UserView: {
		"user:view", "list and show accounts",
		iSystem, Read, PlaceAnyAccount, adminOnly,
	},
	GroupEdit: {
		"group:edit", "create a group; rename and delete it and change its members",
		iChannelGroup, Manage, PlaceGroup, costs,
	},
	GroupView: {
		"group:view", "see the group and its members",
		iChannelGroup, Read, PlaceGroup, 0,
	},
	ServiceAccountEdit: {
		"service-account:edit", "see, create and change the channel's service accounts and their tokens",
		iChannel, Manage, PlaceEitherChannel, costs,
	},
	TrustEdit: {
		"trust:edit", "see, create and change the rules by which CI jobs get tokens for the channel",
		iChannel, Manage, PlaceEitherChannel, costs,
	},
	AuditLogsView: {
		"audit-logs:view", "read and export the audit log",
		iAuditLogs, Read, PlaceSystem, 0,
	},
	AccessExplain: {
		"access:explain", "ask why somebody may or may not do something",
		iChannel, Manage, PlaceAnything, ownAny,
	},
	CVENotificationsEdit: {
		"cve-notifications:edit", "change who is told about which CVEs",
		iCVENotifications, Manage, PlaceSystem, costs,
	},
	CVENotificationsView: {
		"cve-notifications:view", "see who is told about which CVEs",
		iCVENotifications, Read, PlaceSystem, 0,
	},
	UserTokenEdit: {
		"user.token:edit", "create, edit, reissue and delete tokens",
		iUserToken, Manage, PlaceAccount, documented | ownAny | costs,
	},
	UserTokenView: {
		"user.token:view", "list tokens",
		iUserToken, Manage, PlaceAccount, documented | ownAny,
	},
}
