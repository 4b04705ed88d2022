package api

import "time"

// TokenUses answers GET /account/tokens/{id}/usage: what a token holds, and what it used of it. It may lag by some seconds
// where several servers answer.
type TokenUses struct {
	// ID is the id of the token.
	ID string `json:"id"`
	// Name is what its owner calls it.
	Name string `json:"name"`
	// Type is resource or scope.
	Type TokenType `json:"type"`
	// Since is when what is told begins: when the token was made or, if that is later, when the server began to note uses.
	Since time.Time `json:"since"`
	// TotalCount is how many items there are, beyond the page answered.
	TotalCount int64 `json:"total_count"`
	// Items are the uses.
	Items []TokenUse `json:"items"`
}

// TokenUseWhere says what a row of a token's uses is about.
type TokenUseWhere string

// The places of uses.
const (
	// TokenUseResource is the channel, subchannel or package that ResourceID names.
	TokenUseResource TokenUseWhere = "resource"
	// TokenUseGeneral is what is asked of no one channel: the site, an account, a list of all that the token reaches.
	TokenUseGeneral TokenUseWhere = "general"
	// TokenUseOthers stands for further channels of a token that has used very many.
	TokenUseOthers TokenUseWhere = "others"
	// TokenUseGone are channels that were deleted.
	TokenUseGone TokenUseWhere = "gone"
	// TokenUseHidden are channels that whoever asks may not see.
	TokenUseHidden TokenUseWhere = "hidden"
)

// TokenUse is one right in one place. A right that the token holds and never used has a row with Uses 0.
type TokenUse struct {
	// Scope is the action that was taken; empty for a resource that was never used.
	Scope string `json:"scope"`
	// Level is the level that the action takes; "none" where Scope is empty.
	Level      Level         `json:"level"`
	Where      TokenUseWhere `json:"where" enum:"resource,general,others,gone,hidden"`
	ResourceID string        `json:"resource_id"`
	// Granted is false for what the token has lost since.
	Granted bool `json:"granted"`
	// Permission is what a resource token holds on the resource, "none" where it holds nothing there and for scope tokens.
	Permission Level      `json:"permission"`
	LastUsedAt *time.Time `json:"last_used_at"`
	// Uses counts how often the right was asked for and let the request pass.
	Uses int64 `json:"uses"`
}

// TokenVerdict says what came of comparing what a token holds with what it used.
type TokenVerdict string

// The verdicts.
const (
	// TokenVerdictFits is a token that used all that it holds.
	TokenVerdictFits TokenVerdict = "fits"
	// TokenVerdictNarrow is a token for which less is enough.
	TokenVerdictNarrow TokenVerdict = "narrow"
	// TokenVerdictUnused is a token that used nothing, which may as well be deleted.
	TokenVerdictUnused TokenVerdict = "unused"
)

// TokenAdvice answers GET /account/tokens/{id}/advice: what a token holds beyond what it used, and what is enough.
type TokenAdvice struct {
	// ID is the id of the token.
	ID string `json:"id"`
	// Name is what its owner calls it.
	Name string `json:"name"`
	// Type is resource or scope.
	Type TokenType `json:"type"`
	// Days is over how many days uses were looked at.
	Days int `json:"days"`
	// Since is when that begins. It is less than Days ago if Young is set: the token was made, or the noting of uses begun,
	// after that, and what the token does more seldom has not been seen yet.
	Since   time.Time     `json:"since"`
	Young   bool          `json:"young"`
	Verdict TokenVerdict  `json:"verdict" enum:"fits,narrow,unused"`
	Unused  []TokenExcess `json:"unused"`
	// Scopes or Resources are what is enough; both are left out for a token that used nothing.
	Scopes    []string        `json:"scopes,omitempty"`
	Resources []TokenResource `json:"resources,omitempty"`
}

// TokenExcess is something that a token holds and did not use: a scope, or a level on a resource.
type TokenExcess struct {
	// Scope is left out for a resource token, the resource and Permission, what is held there, for a scope token.
	Scope        string       `json:"scope,omitempty"`
	ResourceType ResourceType `json:"resource_type,omitempty"`
	ResourceID   string       `json:"resource_id,omitempty"`
	Permission   Level        `json:"permission,omitempty"`
	// Enough is the level that was used of the resource, "none" where it was not used at all.
	Enough Level `json:"enough,omitempty"`
	// LastUsedAt is when it was used before the days that were looked at, null where it is not known to have been used.
	LastUsedAt *time.Time `json:"last_used_at"`
}

// TokenNarrow is the body of POST /account/tokens/{id}/narrow, which takes from a token what it did not use.
type TokenNarrow struct {
	// Days is over how many days uses are looked at; 0 asks for the server's default, 90.
	Days int `json:"days,omitempty" minimum:"0" maximum:"365"`
	// New asks for another token with less, with a string of its own, and leaves this one as it is.
	New bool `json:"new,omitempty"`
	// Overlap ends this token that much later, such as 24h; it has a meaning only with New.
	Overlap string `json:"overlap,omitempty" maxLength:"16"`
}
