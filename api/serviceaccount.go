package api

import "time"

// ServiceAccount is an account that belongs to a channel and lives by its tokens, which outlive people. Nobody signs in
// with it.
type ServiceAccount struct {
	ID string `json:"id"`
	// Name is "service-account-channel-" and the channel's name.
	Name        string `json:"name"`
	Description string `json:"description"`
	// Channel is "channel" or "channel/subchannel".
	Channel     string    `json:"channel"`
	CreatedBy   string    `json:"created_by"`
	CreatedAt   time.Time `json:"created_at"`
	TokensCount int64     `json:"tokens_count"`
}

// ServiceAccountCreate is the body of POST /channels/{channel}/service-accounts, which may be left out.
type ServiceAccountCreate struct {
	Description string `json:"description,omitempty"`
}
