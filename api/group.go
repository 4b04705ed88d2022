package api

import "time"

// Group is a named set of users. On a channel it can have a permission, which all its members then hold there.
type Group struct {
	// ID is the stable id. Wherever a group is named, its id or its name will do.
	ID string `json:"id"`
	// Name is unique on the site.
	Name string `json:"name"`
	// Description is a text about the group, empty for none.
	Description string `json:"description"`
	// MembersCount is left out where it was not asked for.
	MembersCount *int64 `json:"members_count,omitempty"`
	// CreatedAt is when the group was made.
	CreatedAt time.Time `json:"created_at"`
	// UpdatedAt is when its name or description last changed.
	UpdatedAt time.Time `json:"updated_at"`
	// UserPermission is what the caller may do with the group itself: LevelRead or LevelManage.
	UserPermission Level `json:"user_permission"`
	// Remote is for compatibility: it is true for groups whose members another system decides on. This server decides on
	// all of its groups itself.
	Remote bool `json:"remote"`
}

// GroupRequest is the body of POST /groups.
type GroupRequest struct {
	// Name begins with a letter, a digit or one of _ - / and is unique on the site.
	Name string `json:"name" minLength:"1"`
	// Description is a text about the group.
	Description string `json:"description,omitempty"`
}

// GroupUpdate is the body of PUT /groups/{group}. A field that is nil is left as it is.
type GroupUpdate struct {
	// Name is the new name.
	Name *string `json:"name,omitempty" minLength:"1"`
	// Description is the new text about the group.
	Description *string `json:"description,omitempty"`
}

// GroupMember is a user in a group.
type GroupMember struct {
	// ID is the stable id of the user.
	ID string `json:"id"`
	// Username is the name of the user.
	Username string `json:"username"`
	// Permission is what the member may do with the group itself, LevelRead or LevelManage. It says nothing of channels.
	Permission Level `json:"permission"`
	// Remote is true for who is in the group by the claims of an OpenID Connect provider, and leaves it by them.
	Remote bool `json:"remote"`
}

// GroupMemberSet is the body of POST /groups/{group}/users.
type GroupMemberSet struct {
	// UserID is the user's id or name.
	UserID string `json:"user_id" minLength:"1" maxLength:"300"`
	// Permission is what the member may do with the group itself: read or manage.
	Permission Level `json:"permission" enum:"read,manage"`
}

// GroupChannel is a channel on which a group has a permission.
type GroupChannel struct {
	Channel
	// Permission is what members of the group may do on the channel.
	Permission Level `json:"permission"`
}

// ChannelGroup is a group with its permission on a channel.
type ChannelGroup struct {
	// GroupID is the stable id of the group.
	GroupID string `json:"group_id"`
	// Name is the name of the group.
	Name string `json:"name"`
	// Description is the text about the group.
	Description string `json:"description"`
	// Permission is what members of the group may do on the channel.
	Permission Level `json:"permission"`
	// Persistent is true for the group that owns the channel: its permission cannot be changed or removed.
	Persistent bool `json:"persistent"`
	// CreatedAt and UpdatedAt are when the permission was given and when it was changed last.
	CreatedAt time.Time `json:"created_at"`
	// UpdatedAt is when the permission was last changed.
	UpdatedAt time.Time `json:"updated_at"`
}

// ChannelGroupRequest is the body of POST /channels/{channel}/groups.
type ChannelGroupRequest struct {
	// GroupID is the group's id or name.
	GroupID string `json:"group_id" minLength:"1" maxLength:"300"`
	// Permission is what members of the group are to be allowed on the channel.
	Permission Level `json:"permission" enum:"read,write,manage"`
}

// ChannelGroupPermissions is the body of PUT /channels/{channel}/groups/{group}.
type ChannelGroupPermissions struct {
	// Permission is what members of the group are to be allowed on the channel.
	Permission Level `json:"permission" enum:"read,write,manage"`
}
