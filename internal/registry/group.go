package registry

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"kingsnake/internal/access"
)

// Group is a named set of accounts. On a channel it can have a permission, which all its members then hold there.
type Group struct {
	ID          int64
	PublicID    string
	Name        string
	Description string
	// OwnersOf is the channel whose owners these are and OwnersPath its path, 0 and empty for any other group.
	OwnersOf   int64
	OwnersPath string
	// AccountID is the service account that the group was made for, 0 for any other group.
	AccountID int64
	CreatedAt time.Time
	UpdatedAt time.Time

	// Members counts the members.
	Members int64
	// Level is what the caller may do with the group itself, in answers.
	Level access.Level
}

// Member is an account in a group. Level is what it may do with the group itself: see it or change it.
type Member struct {
	PrincipalID int64
	PublicID    string
	Name        string
	Level       access.Level
	// Remote tells that the claims of a sign-in elsewhere put the account there, for a while.
	Remote bool
}

// ChannelGroup is a group with its permission on one channel.
type ChannelGroup struct {
	Group      Group
	Permission access.Level
	// Persistent tells that the group owns the channel: it is there as long as the channel is.
	Persistent bool
	// CreatedAt and UpdatedAt are when the permission was given and last changed.
	CreatedAt time.Time
	UpdatedAt time.Time
}

// What the names of the groups look like that only the system makes.
const (
	ownersSuffix  = "_owners"
	servicePrefix = "service-account-"
)

// OwnersGroup is the name of the group that owns a channel. Only the system makes groups whose names end like this.
func OwnersGroup(path string) string { return path + ownersSuffix }

// maxGroupName bounds the names of groups, in characters.
const maxGroupName = 128

// validate checks what people choose. A name begins with a letter, a digit or one of _ - / and goes on with anything that
// can be printed; it never looks like an id, so that one word can stand for either.
func (g Group) validate() error {
	first, _ := utf8.DecodeRuneInString(g.Name)
	lower := strings.ToLower(g.Name)
	switch {
	case g.Name == "" || utf8.RuneCountInString(g.Name) > maxGroupName:
		return invalid("name", "the name of a group has 1 to %d characters", maxGroupName)
	case !isASCIIAlnum(first) && !strings.ContainsRune("_-/", first):
		return invalid("name", "the name of a group begins with a letter, a digit or one of _ - /")
	case strings.ContainsFunc(g.Name, func(r rune) bool { return !unicode.IsPrint(r) }), strings.TrimSpace(g.Name) != g.Name:
		return invalid("name", "the name of a group has no control characters, and no space at its end")
	case strings.HasSuffix(lower, ownersSuffix):
		return invalid("name", "names that end in %s are those of the groups that own channels; they come and go with their channels", ownersSuffix)
	case strings.HasPrefix(lower, servicePrefix):
		return invalid("name", "names that begin with %s are those of the groups of service accounts", servicePrefix)
	case uuid.Validate(g.Name) == nil:
		return invalid("name", "the name looks like an id; choose another one")
	case utf8.RuneCountInString(g.Description) > maxDescription:
		return invalid("description", "the description has more than %d characters", maxDescription)
	}
	return nil
}

func isASCIIAlnum(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// parseGrant reads a level that can be given; none is taken away by removing and not by giving.
func parseGrant(level string, among ...access.Level) (access.Level, error) {
	l, ok := access.ParseLevel(level)
	for _, a := range among {
		if ok && a == l {
			return l, nil
		}
	}
	words := make([]string, len(among))
	for i, a := range among {
		words[i] = a.String()
	}
	return access.None, invalid("permission", "permission %q is none of %s", clip(level, 32), strings.Join(words, ", "))
}
