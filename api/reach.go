package api

import "time"

// ChannelAccess is somebody or something that can reach a channel, an item of GET /channels/{channel}/access.
type ChannelAccess struct {
	// Kind is what sort of thing it is.
	Kind AccessKind `json:"kind" enum:"everybody,signed-in,user,service-account,trust-rule,token"`
	// ID is the id of the account, the rule or the token; it is left out for everybody and for every signed-in account.
	ID string `json:"id,omitempty"`
	// Name is that of the account, the rule or the token, or a word for everybody.
	Name string `json:"name"`
	// Owner is the name of the account that a token or a rule acts for, OwnerID its id.
	Owner string `json:"owner,omitempty"`
	// OwnerID is the id of the account that a token or a rule acts for.
	OwnerID string `json:"owner_id,omitempty"`
	// State is active but for what ?include=inactive adds.
	State AccessState `json:"state" enum:"active,disabled,expired,not-yet-valid,revoked,untrusted"`
	// Level is the highest level of what it may do here: LevelRead, LevelWrite or LevelManage. Scopes lists it all.
	Level Level `json:"level" enum:"read,write,manage"`
	// Scopes are all that it may do here, by the names of scopes.
	Scopes []string `json:"scopes"`
	// PartlyScopes are those of Scopes that go for some packages of the channel only.
	PartlyScopes []string `json:"partly_scopes,omitempty"`
	// Paths say by what it reaches the channel; for a token the ways of its owner stand behind its own.
	Paths []AccessPath `json:"paths"`
	// Conditions are what narrows that.
	Conditions AccessConditions `json:"conditions"`
	// Token is set for tokens.
	Token *AccessToken `json:"token,omitempty"`
	// LastUsed is null where that is not known, or never.
	LastUsed *AccessUse `json:"last_used"`
	// LastUsedHere is what a token used on this very channel, left out where that was never noted.
	LastUsedHere *AccessUseHere `json:"last_used_here,omitempty"`
}

// AccessUseHere tells how often a token used its rights on a channel, and when last.
type AccessUseHere struct {
	// At is when it was last used here.
	At time.Time `json:"at"`
	// Uses is how often its rights were used here.
	Uses int64 `json:"uses"`
}

// AccessKind is what sort of thing reaches a channel.
type AccessKind string

// The kinds. AccessEverybody stands for anybody without a credential too, AccessSignedIn for every account, as far as its
// roles allow.
const (
	AccessEverybody      AccessKind = "everybody"
	AccessSignedIn       AccessKind = "signed-in"
	AccessUser           AccessKind = "user"
	AccessServiceAccount AccessKind = "service-account"
	AccessTrustRule      AccessKind = "trust-rule"
	AccessOfToken        AccessKind = "token"
)

// AccessState says whether something reaches the channel now.
type AccessState string

// The states. All but the first say what keeps it from reaching the channel.
const (
	AccessActive      AccessState = "active"
	AccessDisabled    AccessState = "disabled"
	AccessExpired     AccessState = "expired"
	AccessNotYetValid AccessState = "not-yet-valid"
	AccessRevoked     AccessState = "revoked"
	AccessUntrusted   AccessState = "untrusted"
)

// AccessPath is one way on which something reaches a channel.
type AccessPath struct {
	// Via is administrator, owners, group, parent, public, authenticated, resource, package, scopes, trust or virtual.
	Via string `json:"via"`
	// Name is that of the group or channel, left out where there is none or the caller may not know it.
	Name string `json:"name,omitempty"`
	// Level is what this way gives; other ways, roles and restrictions may leave less.
	Level Level `json:"level"`
	// Until is when it ends by itself, null for never.
	Until *time.Time `json:"until"`
	// Text says it in words that can stand behind a name.
	Text string `json:"text"`
}

// AccessConditions narrow what something may do. What is left out is not narrowed.
type AccessConditions struct {
	// Restrictions are those of a token that bear on this channel.
	Restrictions *TokenRestrictions `json:"restrictions,omitempty"`
	// Packages are the packages of the channel that a token names ("family/name"), or the patterns of a rule.
	Packages []string `json:"packages,omitempty"`
	// Roles are those that hold an account below what it was given on the channel.
	Roles []string `json:"roles,omitempty"`
	// ExpiresAt is when it ends by itself, left out for never.
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// AccessToken is what is told of a token that reaches a channel.
type AccessToken struct {
	// Type is resource or scope.
	Type TokenType `json:"type"`
	// OneTime is true for a token that is good for one use, CI for one that a job got by trusted publishing.
	OneTime bool `json:"one_time"`
	// CI is true for a token that a job got by trusted publishing.
	CI bool `json:"ci"`
	// MintedBy is the id of the token that made this one, left out for none.
	MintedBy string `json:"minted_by,omitempty"`
}

// AccessUse is a use of a token or a rule, or the last login of an account. Address and Client are left out where they are
// not known, and for those who may not see the token itself.
type AccessUse struct {
	// At is when it was used.
	At time.Time `json:"at"`
	// Address is the IP address that it was used from.
	Address string `json:"address,omitempty"`
	// Client is what the client called itself.
	Client string `json:"client,omitempty"`
}
