package registry

import (
	"context"
	"slices"
	"strings"
	"time"

	"kingsnake/internal/access"
)

// Reacher is somebody or something that can reach a channel.
type Reacher struct {
	Kind  ReacherKind
	State ReachState
	// ID names it in the rest of the domain; it is empty for everybody and for every signed-in account.
	ID, Name string
	// OwnerID and Owner name the account that a token or a rule acts for.
	OwnerID, Owner string
	// Level is the highest level of what it may do, which Scopes lists; Partly are those of them that it may exercise on
	// some packages of the channel only.
	Level          access.Level
	Scopes, Partly access.ScopeSet
	// Paths say by what it reaches the channel, those of a token's owner after the token's own.
	Paths []ReachPath
	// Restrictions are those of a token that bear on this channel, Packages the packages of it that a token or a rule
	// names, as patterns for a rule.
	Restrictions access.Restrictions
	Packages     []string
	// Roles are the roles that hold an account below what it was given on the channel, if they do.
	Roles []string
	// ExpiresAt is the end of a token, the zero time for none: its own, or that of what it was minted by.
	ExpiresAt time.Time
	// TokenKind, OneTime, Minted and MintedBy are about tokens: Minted ones were made for a CI job by trusted publishing,
	// MintedBy is the id of the token that minted this one.
	TokenKind       access.TokenKind
	OneTime, Minted bool
	MintedBy        string
	// LastUsedAt is when a token, a rule or an account was last used anywhere. Address and client are known only to who may
	// see the token itself.
	LastUsedAt                      time.Time
	LastUsedAddress, LastUsedClient string
	// HereAt is when a token was last used on this very channel, and HereUses counts how often a right was used there; zero
	// where that was never noted.
	HereAt   time.Time
	HereUses int64

	// number is a token's in the store.
	number int64
}

// ReacherKind is what sort of thing reaches a channel.
type ReacherKind string

// The kinds, in the order in which they are listed.
const (
	ReacherEverybody      ReacherKind = "everybody"
	ReacherSignedIn       ReacherKind = "signed-in"
	ReacherUser           ReacherKind = "user"
	ReacherServiceAccount ReacherKind = "service-account"
	ReacherTrustRule      ReacherKind = "trust-rule"
	ReacherToken          ReacherKind = "token"
)

// reacherKinds are all of them, in their order.
func reacherKinds() []ReacherKind {
	return []ReacherKind{ReacherEverybody, ReacherSignedIn, ReacherUser, ReacherServiceAccount, ReacherTrustRule, ReacherToken}
}

// ReachState says whether something reaches the channel now, or what keeps it from doing so.
type ReachState string

// The states. All but the first are listed only when they are asked for.
const (
	ReachActive    ReachState = "active"
	ReachDisabled  ReachState = "disabled"      // the account, or that of a token's owner
	ReachExpired   ReachState = "expired"       // a token past its end
	ReachNotYet    ReachState = "not-yet-valid" // a token before its beginning
	ReachRevoked   ReachState = "revoked"       // a token whose minting token has ended
	ReachUntrusted ReachState = "untrusted"     // a rule about an issuer that the site does not trust any more
)

// ReachPath is one way on which something has come to reach a channel.
type ReachPath struct {
	Via ReachVia
	// Name is that of the group or channel that it leads through, empty where there is none or the caller may not know it.
	Name  string
	Level access.Level
	// Until is when it ends by itself, the zero time for never.
	Until time.Time
}

// ReachVia says what a path is.
type ReachVia string

// The ways.
const (
	ViaAdministrator ReachVia = "administrator"
	ViaOwners        ReachVia = "owners"        // the group that owns the channel
	ViaGroup         ReachVia = "group"         // another group with a permission on the channel
	ViaParent        ReachVia = "parent"        // manage on the channel above
	ViaPublic        ReachVia = "public"        // the channel's privacy
	ViaAuthenticated ReachVia = "authenticated" // the channel's privacy
	ViaResource      ReachVia = "resource"      // a token that names the channel
	ViaPackage       ReachVia = "package"       // a token that names packages of the channel
	ViaScopes        ReachVia = "scopes"        // a token that holds scopes
	ViaTrust         ReachVia = "trust"         // a rule of the channel
	ViaVirtual       ReachVia = "virtual"       // a virtual channel that shows this one's packages
)

// Text is the path in words that can stand behind a name.
func (p ReachPath) Text() string {
	named := func(with, without string) string {
		if p.Name == "" {
			return without
		}
		return with + p.Name
	}
	switch p.Via {
	case ViaAdministrator:
		return "as administrator"
	case ViaOwners:
		return named("as owner, through group ", "as owner")
	case ViaGroup:
		return named("through group ", "through a group")
	case ViaParent:
		return named("by managing the channel above, through group ", "by managing the channel above")
	case ViaPublic:
		return "because the channel is public"
	case ViaAuthenticated:
		return "because the channel is open to every signed-in account"
	case ViaResource:
		return "because it names the channel"
	case ViaPackage:
		return "because it names packages of the channel"
	case ViaScopes:
		return "by its scopes"
	case ViaTrust:
		return "for jobs of the issuer that say what the rule demands"
	case ViaVirtual:
		return named("also through virtual channel ", "also through a virtual channel that you may not see")
	}
	return string(p.Via)
}

// ReachInput narrows the list of who reaches a channel, in the words of whoever asks.
type ReachInput struct {
	// Kinds keeps these kinds, all when it is empty.
	Kinds []string
	// Level keeps who reaches at least this level.
	Level string
	// Query finds a part of the name or of the owner's name.
	Query string
	// Include names what is listed too: inactive is what would reach the channel, were it not disabled, expired or the like;
	// open is every account and token that reaches the channel only because of its privacy.
	Include []string
}

// reachFilter is a ReachInput that has been read.
type reachFilter struct {
	kinds          []ReacherKind
	level          access.Level
	query          string
	inactive, open bool
}

// filter reads the input.
func (in ReachInput) filter() (reachFilter, error) {
	f := reachFilter{query: strings.ToLower(in.Query)}
	for _, k := range in.Kinds {
		if !slices.Contains(reacherKinds(), ReacherKind(k)) {
			return f, invalid("kind", "there is no kind %q; the kinds are everybody, signed-in, user, service-account, trust-rule and token", clip(k, 64))
		}
		f.kinds = append(f.kinds, ReacherKind(k))
	}
	for _, name := range in.Include {
		switch name {
		case "inactive":
			f.inactive = true
		case "open":
			f.open = true
		default:
			return f, invalid("include", "%q cannot be included; inactive and open can", clip(name, 64))
		}
	}
	if in.Level == "" {
		return f, nil
	}
	var ok bool
	if f.level, ok = access.ParseLevel(in.Level); !ok || f.level == access.None {
		return f, invalid("level", "level %q is none of read, write, manage", clip(in.Level, 64))
	}
	return f, nil
}

// wants tells whether things of a kind are listed.
func (f reachFilter) wants(k ReacherKind) bool {
	return len(f.kinds) == 0 || slices.Contains(f.kinds, k)
}

// ReachStore reads who could reach a channel: never fewer than those who do. It decides nothing.
type ReachStore interface {
	// ReachAccounts gives accounts that could reach some channels. Their roles are those that claims lend, too.
	ReachAccounts(ctx context.Context, f ReachAccountFilter, now time.Time) ([]User, error)
	// ReachGrants gives what groups have on some channels, for each member.
	ReachGrants(ctx context.Context, channels []int64, now time.Time) ([]ReachGrant, error)
	// ReachTokens calls fn with each token that names one of some channels or one of its packages, and with each scope
	// token of some accounts, in the order of their numbers. Of their resources they hold those on these channels.
	ReachTokens(ctx context.Context, f ReachTokenFilter, fn func(ReachToken)) error
	// ReachBounds gives the tokens that ReachTokens would, each with a level that it reaches at most, in the order of that
	// level, the highest first, of their names and of their ids. They are only those of which the order of the list is asked.
	ReachBounds(ctx context.Context, f ReachBoundFilter, p Page) ([]ReachBound, error)
	// TokenLines gives, for those of some tokens that were minted by other tokens, these, the nearest first.
	TokenLines(ctx context.Context, tokens []int64) (map[int64][]LineToken, error)
	// ReachUses gives what some tokens used on a channel, for those that did.
	ReachUses(ctx context.Context, channel int64, tokens []int64) (map[int64]ReachUse, error)
}

// ReachGrant is what a group gives one of its members on a channel.
type ReachGrant struct {
	PrincipalID int64
	ChannelGrant
	// Owners tells that the group owns the channel.
	Owners bool
	// Until is when the membership ends by itself, the zero time for never.
	Until time.Time
}

// ReachAccountFilter says which accounts could reach some channels.
type ReachAccountFilter struct {
	// Channels are those on which somebody was given something by a group, or of which it is the service account;
	// administrators have all.
	Channels []int64
	// Naming asks instead for the owners of tokens that name one of the channels.
	Naming bool
	// IDs asks instead for these accounts, and Every for all.
	IDs   []int64
	Every bool
}

// ReachTokenFilter says which tokens could reach a channel.
type ReachTokenFilter struct {
	Channels, Owners []int64
	// IDs asks for these instead, when there are any.
	IDs []int64
}

// ReachBoundFilter says of which tokens the order is asked.
type ReachBoundFilter struct {
	ReachTokenFilter
	// Top is the highest level that a set of scopes can reach, Tops those that some owners can, and Floor that of all others.
	Top   func(scopes []string) access.Level
	Tops  map[access.Level][]int64
	Floor access.Level
	// Level leaves out what cannot reach it, Query what has it, in lower case, in neither its name nor its owner's, and
	// Alive, a time, what ended before. Each may keep more than that.
	Level access.Level
	Query string
	Alive time.Time
}

// ReachBound is where a token stands in the list at the earliest.
type ReachBound struct {
	ID, OwnerID    int64
	Name, PublicID string
	// Top is the level that it reaches at most.
	Top access.Level
}

// ReachToken is a token with what tells how it reaches a channel.
type ReachToken struct {
	Token
	// Minted tells that it was made for a CI job.
	Minted bool
}

// ReachUse is how often a token used its rights on a channel, and when last.
type ReachUse struct {
	Uses       int64
	LastUsedAt time.Time
}

// LineToken is a token by which another one was minted, as it is now.
type LineToken struct {
	Ancestor
	PublicID string
	Uses     int64
	// Disabled tells that its owner's account is.
	Disabled bool
}
