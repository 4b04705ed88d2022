package api

import "time"

// ServiceAccount is an account that belongs to a channel and lives by its tokens, which outlive people. Nobody signs in
// with it.
type ServiceAccount struct {
	// ID is the stable id of the account.
	ID string `json:"id"`
	// Name is "service-account-channel-" and the channel's name.
	Name string `json:"name"`
	// Description is a text about the account, empty for none.
	Description string `json:"description"`
	// Channel is "channel" or "channel/subchannel".
	Channel string `json:"channel"`
	// CreatedBy is the name of who made it.
	CreatedBy string `json:"created_by"`
	// CreatedAt is when it was made.
	CreatedAt time.Time `json:"created_at"`
	// TokensCount is how many tokens it has.
	TokensCount int64 `json:"tokens_count"`
}

// ServiceAccountCreate is the body of POST /channels/{channel}/service-accounts, which may be left out.
type ServiceAccountCreate struct {
	// Description is a text about the account.
	Description string `json:"description,omitempty"`
}
