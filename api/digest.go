package api

import "time"

// Digest is an item of GET /users/tokens/notices: what one recipient would be told now of tokens that end.
type Digest struct {
	// Username is whom it goes to; UserID is the stable id.
	Username string `json:"username"`
	// UserID is the stable id of whom it goes to.
	UserID string `json:"user_id"`
	// Way is by which it goes: "mail" or "webhook".
	Way string `json:"way"`
	// Tokens are what is told, the first to end first.
	Tokens []EndingToken `json:"tokens"`
}

// EndingToken is a token that ends soon, or has ended.
type EndingToken struct {
	// ID is the id of the token.
	ID string `json:"id"`
	// Name is the name of the token.
	Name string `json:"name"`
	// Owner is the name of the account that the token acts for.
	Owner string `json:"owner"`
	// ExpiresAt is when the token ends, or has ended.
	ExpiresAt time.Time `json:"expires_at"`
	// DaysLeft is the whole days until then, 0 for one that has ended.
	DaysLeft int `json:"days_left"`
	// Expired tells that the end is past.
	Expired bool `json:"expired"`
	// Channels are those because of which the recipient is told; of one's own token all that it reaches.
	Channels []string `json:"channels"`
}

// NoticeTest is an item of the answer of POST /system/notices/test: how sending by one way ended.
type NoticeTest struct {
	// Way is the way that was tried: "mail" or "webhook".
	Way string `json:"way"`
	// Error says why it failed; empty when it was sent.
	Error string `json:"error"`
}
