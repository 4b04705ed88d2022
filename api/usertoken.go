package api

import "time"

// UsersTokens is the body of POST /users/tokens, which lists the tokens of several accounts.
type UsersTokens struct {
	// UsersIDs are public ids or names.
	UsersIDs []string `json:"users_ids" minItems:"1" maxItems:"100"`
}

// UserToken is one token in the answer of POST /users/tokens.
type UserToken struct {
	// UserID is the public id of the account that the token acts for.
	UserID string `json:"user_id"`
	// Hash is the fingerprint of the token's current string, left out unless it was asked for.
	Hash string `json:"hash,omitempty"`
	Token
}

// UsersTokensUpdate is the body of PUT /users/tokens: one change to several tokens. A field that is nil leaves the
// tokens as they are.
type UsersTokensUpdate struct {
	// TokenIDs are public ids of tokens, whoever they belong to.
	TokenIDs []string `json:"token_ids" minItems:"1" maxItems:"100"`
	// ExpiresAt has the forms of TokenCreate.ExpiresAt.
	ExpiresAt *string `json:"expires_at,omitempty"`
	// Resources replaces the grants of resource tokens; a scope token among the tokens is refused.
	Resources []TokenResource `json:"resources,omitempty" maxItems:"100"`
}

// UsersTokensUpdated answers PUT /users/tokens. Each token is changed or refused for itself.
type UsersTokensUpdated struct {
	// Tokens has one result for each id, in the order of the request.
	Tokens []UsersTokenResult `json:"tokens"`
	// SuccessfulUpdatedUsers are the public ids of the accounts of which at least one token was changed.
	SuccessfulUpdatedUsers []string `json:"successful_updated_users"`
}

// UsersTokenResult is what became of one token of a bulk change.
type UsersTokenResult struct {
	// ID is the id of the token, as it was sent.
	ID string `json:"id"`
	// Secret is the new string, shown here and never again; null when none was issued.
	Secret *string `json:"token"`
	// UserID is the public id of the account that the token acts for, empty for a token that was refused.
	UserID string `json:"user_id"`
	// ExpiresAt is when the token ends now, null for never.
	ExpiresAt *time.Time `json:"expires_at"`
	// Error is why the token stayed as it was.
	Error *Problem `json:"error,omitempty"`
}
