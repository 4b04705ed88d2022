package web

import (
	"strings"

	"kingsnake/internal/registry"
)

// channelEvents are the events that the history of a channel can have, in the order of a filter.
func channelEvents() []registry.EventType {
	return []registry.EventType{
		registry.EventArtifactAdded, registry.EventArtifactReplaced, registry.EventArtifactRemoved, registry.EventArtifactCopied,
		registry.EventArtifactEdited, registry.EventLabelsChanged, registry.EventChannelCreated, registry.EventChannelUpdated,
		registry.EventChannelQuota, registry.EventChannelReindexed, registry.EventNoticesChanged, registry.EventChannelGroupSet,
		registry.EventChannelGroupRemoved, registry.EventGroupMemberSet, registry.EventGroupMemberRemoved, registry.EventServiceAccountCreated,
		registry.EventServiceAccountDeleted, registry.EventTokenMinted, registry.EventTokenUpdated, registry.EventTrustCreated, registry.EventTrustUpdated,
		registry.EventTrustDeleted, registry.EventJobQueued, registry.EventJobCanceled, registry.EventJobFinished,
	}
}

// auditEvents are the events that the audit offers to look for: those of channels and those of the site.
func auditEvents() []registry.EventType {
	return append([]registry.EventType{
		registry.EventLogin, registry.EventLoginFailed, registry.EventLogout, registry.EventDenied, registry.EventGrantRefused, registry.EventDeadTokenUsed,
		registry.EventTokenCreated, registry.EventTokenReissued, registry.EventTokenRevoked, registry.EventTokenLeaked, registry.EventUserCreated,
		registry.EventUserUpdated, registry.EventUserDeleted, registry.EventPasswordChanged, registry.EventRolesChanged, registry.EventRoleCreated,
		registry.EventRoleUpdated, registry.EventRoleDeleted, registry.EventSettingsUpdated, registry.EventChannelDeleted, registry.EventBlobsCleaned,
		registry.EventExported, registry.EventHeadSigned, registry.EventDenialsLost, registry.EventProfiled,
	}, channelEvents()...)
}

// spoken puts blanks into a word of programs, such as the reason of a refusal; a sentence stays as it is.
func spoken(reason string) string {
	if strings.Contains(reason, " ") {
		return reason
	}
	return strings.ReplaceAll(reason, "_", " ")
}

// eventWords says what an event is. One that has no words of its own is called what programs call it.
func eventWords(t registry.EventType) string {
	switch t {
	case registry.EventArtifactAdded:
		return "File uploaded"
	case registry.EventArtifactReplaced:
		return "File replaced"
	case registry.EventArtifactRemoved:
		return "File deleted"
	case registry.EventArtifactCopied:
		return "File copied"
	case registry.EventArtifactEdited:
		return "Metadata changed"
	case registry.EventLabelsChanged:
		return "Labels changed"
	case registry.EventChannelQuota:
		return "Quota changed"
	case registry.EventChannelReindexed:
		return "Index rebuilt"
	case registry.EventNoticesChanged:
		return "Notices changed"
	case registry.EventChannelGroupSet:
		return "Permission given to a group"
	case registry.EventChannelGroupRemoved:
		return "Group removed"
	case registry.EventGroupMemberSet:
		return "Member added"
	case registry.EventGroupMemberRemoved:
		return "Member removed"
	case registry.EventUserCreated:
		return "Account created"
	case registry.EventUserUpdated:
		return "Account changed"
	case registry.EventUserDeleted:
		return "Account deleted"
	case registry.EventLogin:
		return "Signed in"
	case registry.EventLoginFailed:
		return "Sign-in failed"
	case registry.EventLogout:
		return "Signed out"
	case registry.EventDefaultChannel:
		return "Default channel chosen"
	case registry.EventTrustCreated:
		return "Publisher trusted"
	case registry.EventTrustUpdated:
		return "Trusted publisher changed"
	case registry.EventTrustDeleted:
		return "Trusted publisher deleted"
	case registry.EventTokenMinted:
		return "Token made for a job"
	}
	return capital(strings.TrimPrefix(strings.ReplaceAll(string(t), "_", " "), "user "))
}
