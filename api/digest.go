package api

import "time"

// Digest is an item of GET /users/tokens/notices: what one recipient would be told now of tokens that end.
type Digest struct {
	// Username is whom it goes to; UserID is the stable id.
	Username string `json:"username"`
	UserID   string `json:"user_id"`
	// Way is by which it goes: "mail" or "webhook".
	Way    string        `json:"way"`
	Tokens []EndingToken `json:"tokens"`
}

// EndingToken is a token that ends soon, or has ended.
type EndingToken struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Owner     string    `json:"owner"`
	ExpiresAt time.Time `json:"expires_at"`
	DaysLeft  int       `json:"days_left"`
	// Expired tells that the end is past.
	Expired bool `json:"expired"`
	// Channels are those because of which the recipient is told; of one's own token all that it reaches.
	Channels []string `json:"channels"`
}

// NoticeTest is an item of the answer of POST /system/notices/test: how sending by one way ended.
type NoticeTest struct {
	Way string `json:"way"`
	// Error says why it failed; empty when it was sent.
	Error string `json:"error"`
}
