package api

import (
	"encoding/json"
	"time"
)

// TokenType says what limits a token: a list of scopes or a list of resources, never both.
type TokenType string

// The types of tokens.
const (
	TokenTypeResource TokenType = "resource"
	TokenTypeScope    TokenType = "scope"
)

// TokenKind says how a token came to be; the string of a token shows it as one letter.
type TokenKind string

// The kinds of tokens, with the letter in the string.
const (
	// TokenKindResource is a resource token of a user, letter r.
	TokenKindResource TokenKind = "resource"
	// TokenKindScope is a scope token of a user, letter s.
	TokenKindScope TokenKind = "scope"
	// TokenKindService is a resource token of a service account, letter a.
	TokenKindService TokenKind = "service"
	// TokenKindMinted is a short-lived token minted for a CI job, letter o.
	TokenKindMinted TokenKind = "minted"
	// TokenKindOneTime is a token for a limited number of uses, letter b.
	TokenKindOneTime TokenKind = "one_time"
)

// TokenState is the stage of life of a token.
type TokenState string

// The states of a token.
const (
	TokenStateActive TokenState = "active"
	// TokenStateExpiring is an active token whose end is near.
	TokenStateExpiring TokenState = "expiring"
	TokenStateExpired  TokenState = "expired"
	TokenStateRevoked  TokenState = "revoked"
	// TokenStateLeaked is a token that was revoked because a string of it was found where it should not be. It is listed
	// until it is deleted, and works again with a new string.
	TokenStateLeaked TokenState = "leaked"
)

// ResourceType names what a resource grant is about.
type ResourceType string

// The resource types that a token can hold.
const (
	ResourceTypeChannel    ResourceType = "channel"
	ResourceTypeSubchannel ResourceType = "subchannel"
	ResourceTypeArtifact   ResourceType = "artifact"
)

// TokenResource is one grant of a resource token.
type TokenResource struct {
	// ResourceType is channel, subchannel or artifact.
	ResourceType ResourceType `json:"resource_type" enum:"channel,subchannel,artifact"`
	// ResourceID is a name: "channel", "channel/subchannel" or "channel[/subchannel]/family/package".
	ResourceID string `json:"resource_id" minLength:"1"`
	// Permission is read, write or manage.
	Permission Level `json:"permission" enum:"read,write,manage"`
}

// ExpiresNever is the word that takes the place of a date in a request for a token without an end. The server refuses
// it where its settings name a maximum lifetime.
const ExpiresNever = "never"

// TokenCreate is the body of POST /account/tokens. Exactly one of Resources and Scopes is set.
type TokenCreate struct {
	// Name is what people call the token; it may repeat.
	Name string `json:"name" minLength:"1"`
	// Description says what the token is for.
	Description string `json:"description,omitempty"`
	// Metadata is any JSON object; the server keeps it and does not look into it.
	Metadata json.RawMessage `json:"metadata,omitempty"`
	// ExpiresAt is YYYY-MM-DD (good through the end of that day, UTC), RFC 3339, or ExpiresNever. Empty asks for the
	// server's default lifetime.
	ExpiresAt string          `json:"expires_at,omitempty"`
	Resources []TokenResource `json:"resources,omitempty"`
	Scopes    []string        `json:"scopes,omitempty"`
	// Restrictions narrow the token further; a token made by another one has at least those of the other.
	Restrictions *TokenRestrictions `json:"restrictions,omitempty"`
	// OneTime asks for a token that is good for one use.
	OneTime bool `json:"one_time,omitempty"`
}

// TokenUpdate is the body of PUT /account/tokens/{id}. A field that is nil is left as it is.
type TokenUpdate struct {
	// Name is the new name.
	Name *string `json:"name,omitempty"`
	// Description is the new text about the token.
	Description *string `json:"description,omitempty"`
	// ExpiresAt has the forms of TokenCreate.ExpiresAt.
	ExpiresAt *string `json:"expires_at,omitempty"`
	// Resources replaces the grants of a resource token; a scope token's scopes cannot be changed.
	Resources []TokenResource `json:"resources,omitempty"`
	// Restrictions replaces all restrictions; an empty object takes them away.
	Restrictions *TokenRestrictions `json:"restrictions,omitempty"`
}

// TokenRestrictions narrow a token by where, when and how often it is used. What is left out does not restrict.
type TokenRestrictions struct {
	// Channels are patterns for "channel" or "channel/subchannel"; "*" stands for anything but "/".
	Channels []string `json:"channels,omitempty" maxItems:"100"`
	// Packages are patterns for package names. With any, the token works for packages and their index only.
	Packages []string `json:"packages,omitempty" maxItems:"100"`
	// AllowedCIDRs are networks such as "10.0.0.0/8", and addresses, from which the token works.
	AllowedCIDRs []string `json:"allowed_cidrs,omitempty" maxItems:"100"`
	// NotBefore is when the token begins to work: RFC 3339 or, in requests, YYYY-MM-DD for the beginning of that day, UTC.
	NotBefore string `json:"not_before,omitempty" maxLength:"64"`
	// MaxUses is how many packages the token may fetch, things it may write and tokens it may make, all together.
	MaxUses int64 `json:"max_uses,omitempty" minimum:"0"`
	// Uses is how many of MaxUses are spent. It is not read in requests.
	Uses int64 `json:"uses,omitempty"`
}

// Token describes a token. It never holds the token's string.
type Token struct {
	// ID names the token everywhere; it is not a secret.
	ID string `json:"id"`
	// Name is what its owner calls it; names may repeat.
	Name string `json:"name"`
	// Description is a text about the token, empty for none.
	Description string `json:"description"`
	// Type is resource or scope, which says what limits it.
	Type TokenType `json:"type"`
	// Kind is how the token came to be.
	Kind TokenKind `json:"kind"`
	// State is the stage of its life.
	State TokenState `json:"state"`
	// CreatedAt is when the token was made.
	CreatedAt time.Time `json:"created_at"`
	// ExpiresAt is null for a token without an end.
	ExpiresAt *time.Time `json:"expires_at"`
	// Metadata is the object given by the creator, {} if none was given.
	Metadata json.RawMessage `json:"metadata"`
	// Fingerprint is the first 12 hexadecimal digits of the SHA-256 of the current string.
	Fingerprint string `json:"fingerprint"`
	// Owner is the name of the user or service account that the token acts for.
	Owner string `json:"owner"`
	// Resources is left out of a scope token.
	Resources []TokenResource `json:"resources,omitempty"`
	// Scopes is left out of a resource token.
	Scopes []string `json:"scopes,omitempty"`
	// Restrictions is left out of a token that has none.
	Restrictions *TokenRestrictions `json:"restrictions,omitempty"`

	TokenUsage
	// Secrets are the one or two strings that work or worked last, the current one first; none of a leaked token.
	Secrets []TokenSecret `json:"secrets"`
	// Leak says that a string of the token was found where it should not be; it is left out where nothing is known.
	Leak *TokenLeak `json:"leak,omitempty"`
}

// TokenUsage says when and by whom a token or one of its strings was used. It may lag by some seconds.
type TokenUsage struct {
	LastUsedAt *time.Time `json:"last_used_at"`
	// LastUsedAddress is the IP address of the last use, empty if there was none.
	LastUsedAddress string `json:"last_used_address"`
	// LastUsedClient is the User-Agent of the last use, shortened.
	LastUsedClient string `json:"last_used_client"`
	// Uses counts requests that were let in, Refusals what the token asked for and was refused.
	Uses     int64 `json:"uses"`
	Refusals int64 `json:"refusals"`
}

// TokenSecret is one string of a token: there are two while an old one lives on after a reissue.
type TokenSecret struct {
	// Fingerprint is the first 12 hexadecimal digits of the string's SHA-256.
	Fingerprint string `json:"fingerprint"`
	// CreatedAt is when the string was made.
	CreatedAt time.Time `json:"created_at"`
	// RetiresAt is when an old string stops to work; null for the current one.
	RetiresAt *time.Time `json:"retires_at"`
	TokenUsage
	// Current is true for the string issued last.
	Current bool `json:"current"`
}

// TokenCreated answers POST /account/tokens. The string is shown here and never again.
type TokenCreated struct {
	// Secret is the token's string.
	Secret string `json:"token"`
	Token
}

// TokenUpdated answers PUT /account/tokens/{id} and PUT /account/tokens/{id}/metadata.
type TokenUpdated struct {
	// Secret is the new string, shown here and never again; null when none was issued.
	Secret *string `json:"token"`
	Token
}

// TokenInfo answers GET /account/token-info: what the token that asks may know about itself.
type TokenInfo struct {
	// ID is the id of the token.
	ID string `json:"id"`
	// Name is what its owner calls it.
	Name string `json:"name"`
	// Description is a text about the token, empty for none.
	Description string `json:"description"`
	// Type is resource or scope, which says what limits it.
	Type TokenType `json:"type"`
	// Kind is how the token came to be.
	Kind TokenKind `json:"kind"`
	// State is the stage of its life.
	State TokenState `json:"state"`
	// Owner is the name of the account that it acts for.
	Owner string `json:"owner"`
	// Fingerprint is the first 12 hexadecimal digits of the string's SHA-256.
	Fingerprint string `json:"fingerprint"`
	// CreatedAt is when the token was made.
	CreatedAt time.Time `json:"created_at"`
	// ExpiresAt is when it ends, null for never.
	ExpiresAt *time.Time `json:"expires_at"`
	// Resources are what a resource token reaches, left out for a scope token.
	Resources []TokenResource `json:"resources,omitempty"`
	// Scopes are what a scope token allows, left out for a resource token.
	Scopes []string `json:"scopes,omitempty"`
	// Restrictions is left out of a token that has none.
	Restrictions *TokenRestrictions `json:"restrictions,omitempty"`
	// RetiresAt is when the string that asks stops to work because a newer one was issued; null for the current one.
	RetiresAt *time.Time `json:"retires_at"`
	// DaysLeft counts the whole days until the string that asks stops working; null for one without an end.
	DaysLeft *int `json:"days_left"`
	// Warning says in words that the string stops working soon, or that a newer one takes its place; empty otherwise.
	// Answers to the token bear it too, in the header Conda-Token-Warning.
	Warning string `json:"warning"`
	// DefaultChannelName is empty when the token may not see its owner's default channel.
	DefaultChannelName string `json:"default_channel_name"`
	// Leak says that a string of the token was found where it should not be, and that the site did not revoke it.
	Leak *TokenLeak `json:"leak,omitempty"`
}
