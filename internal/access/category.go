package access

import "slices"

// Category is what a permission is about. A role gives a level per category.
type Category string

// The categories, in the order in which roles are shown.
const (
	CategoryChannel          Category = "channel"
	CategoryDefaultChannel   Category = "channel.default-channel"
	CategoryChannelGroup     Category = "channel.group"
	CategoryChannelMirror    Category = "channel.mirror"
	CategorySubchannel       Category = "subchannel"
	CategorySubchannelGroup  Category = "subchannel.group"
	CategorySubchannelMirror Category = "subchannel.mirror"
	CategoryArtifact         Category = "artifact"
	CategoryMirror           Category = "mirror"
	CategoryCVE              Category = "cve"
	CategoryRole             Category = "role"
	CategorySystem           Category = "system"
	CategorySystemLicense    Category = "system.license"
	CategorySystemSettings   Category = "system.settings"
	CategoryUserToken        Category = "user.token"
	CategoryAuditLogs        Category = "audit-logs"
	CategoryCVENotifications Category = "cve-notifications"
	CategoryPolicy           Category = "policy"
	numCategories                     = 18
)

// categories gives each category its place in a Ceiling. It is never written to.
var categories = [numCategories]Category{
	CategoryChannel, CategoryDefaultChannel, CategoryChannelGroup, CategoryChannelMirror,
	CategorySubchannel, CategorySubchannelGroup, CategorySubchannelMirror, CategoryArtifact,
	CategoryMirror, CategoryCVE, CategoryRole, CategorySystem, CategorySystemLicense, CategorySystemSettings,
	CategoryUserToken, CategoryAuditLogs, CategoryCVENotifications, CategoryPolicy,
}

// Categories returns all categories in display order.
func Categories() []Category { return slices.Clone(categories[:]) }

// Known reports whether the category is one that roles can give a level on.
func (c Category) Known() bool { return c.index() >= 0 }

// index is the category's place in a Ceiling, or -1.
func (c Category) index() int { return slices.Index(categories[:], c) }
