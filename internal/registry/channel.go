package registry

import (
	"strings"
	"time"
	"unicode/utf8"

	"kingsnake/conda/channel"
	"kingsnake/internal/access"
)

// ChannelType says where a channel's packages come from.
type ChannelType string

// The types of channels.
const (
	DefaultChannel ChannelType = "default"
	VirtualChannel ChannelType = "virtual"
)

// Known tells whether t is one of the types.
func (t ChannelType) Known() bool { return t == DefaultChannel || t == VirtualChannel }

// Indexing says whether a channel takes changes.
type Indexing string

// The indexing behaviours.
const (
	DefaultIndexing Indexing = "default"
	FrozenIndexing  Indexing = "frozen"
)

// Known tells whether i is one of the behaviours.
func (i Indexing) Known() bool { return i == DefaultIndexing || i == FrozenIndexing }

// maxDescription bounds descriptions, in characters.
const maxDescription = 4000

// Channel is a named collection of packages. Path is its name, or parent/name for a subchannel.
type Channel struct {
	ID          int64
	PublicID    string
	ParentID    int64
	Name        string
	Path        string
	Description string
	Privacy     access.Privacy
	Type        ChannelType
	Indexing    Indexing
	Filters     Filters
	Settings    ChannelSettings
	// Filtering is the number of the first file that the filters were not applied to, 0 when that was done for all.
	Filtering int64
	// UsedBytes is the sum of the sizes of the files, QuotaBytes what it may be at most, 0 for no bound.
	UsedBytes, QuotaBytes int64
	CreatedAt             time.Time
	UpdatedAt             time.Time

	// What a listing shows besides.
	ArtifactCount int64
	DownloadCount int64
	Owners        []string
	// Sources are what a virtual channel draws on, the first one first.
	Sources []Channel
}

// Access is what the decision needs to know of the channel.
func (c Channel) Access() access.Channel {
	return access.Channel{ID: c.ID, ParentID: c.ParentID, Path: c.Path, Privacy: c.Privacy}
}

// Parent is the name of the parent channel, empty for a channel of the first level.
func (c Channel) Parent() string {
	parent, _, nested := strings.Cut(c.Path, "/")
	if !nested {
		return ""
	}
	return parent
}

// Frozen tells whether the channel refuses changes to its packages.
func (c Channel) Frozen() bool { return c.Indexing == FrozenIndexing }

// Validate checks what people choose.
func (c Channel) Validate() error {
	if err := channel.ValidateLevel(c.Name); err != nil {
		return invalid("name", "%v", err)
	}
	if utf8.RuneCountInString(c.Description) > maxDescription {
		return invalid("description", "the description has more than %d characters", maxDescription)
	}
	if !c.Privacy.Known() {
		return invalid("privacy", "privacy %q is none of private, authenticated, public", c.Privacy)
	}
	if !c.Type.Known() {
		return invalid("channel_type", "channel type %q is none of default, virtual", c.Type)
	}
	if !c.Indexing.Known() {
		return invalid("indexing_behavior", "indexing behavior %q is none of default, frozen", c.Indexing)
	}
	if c.Type == VirtualChannel && c.Indexing == FrozenIndexing {
		return invalid("indexing_behavior", "a virtual channel follows its sources and cannot be frozen; freeze those")
	}
	if c.Type != VirtualChannel && len(c.Sources) > 0 {
		return invalid("sources", "only a virtual channel has sources; set channel_type to virtual")
	}
	if err := c.Filters.Validate(); err != nil {
		return err
	}
	return c.Settings.Validate()
}

// Sort is one column to order a list by.
type Sort struct {
	By         string
	Descending bool
}

// Page selects a part of a list.
type Page struct {
	Offset, Limit int
	Sort          []Sort
	// Enough is how far a list is counted that takes long to count: a total of one more then means more than that. 0 counts
	// every list to its end.
	Enough int
}

// maxPage bounds how many items one page can have.
const maxPage = 1000

// Validate checks the bounds, and that only the given columns are sorted by.
func (p Page) Validate(columns ...string) error {
	if p.Offset < 0 {
		return invalid("offset", "offset %d is negative", p.Offset)
	}
	if p.Limit < 1 || p.Limit > maxPage {
		return invalid("limit", "limit %d is not between 1 and %d", p.Limit, maxPage)
	}
	for _, s := range p.Sort {
		known := false
		for _, c := range columns {
			known = known || c == s.By
		}
		if !known {
			return invalid("sort", "cannot sort by %q; the columns are %s, with - in front for descending", s.By, strings.Join(columns, ", "))
		}
	}
	return nil
}
