package api

import "time"

// TrustRule says whom a channel trusts to publish: jobs of which an issuer says these claims.
type TrustRule struct {
	// ID is the id of the rule.
	ID string `json:"id"`
	// Channel is "channel" or "channel/subchannel".
	Channel string `json:"channel"`
	TrustRuleWrite
	// CreatedBy is the name of who made it.
	CreatedBy string `json:"created_by"`
	// CreatedAt is when it was made.
	CreatedAt time.Time `json:"created_at"`
	// UpdatedAt is when it was last changed.
	UpdatedAt time.Time `json:"updated_at"`
	// LastUsedAt is when a job last got a token by it, null for never.
	LastUsedAt *time.Time `json:"last_used_at"`
	// Uses counts the tokens that were made by the rule.
	Uses int64 `json:"uses"`
}

// TrustRuleWrite is the body of POST and PUT below /channels/{channel}/trust. PUT replaces the whole rule.
type TrustRuleWrite struct {
	// Issuer is one of the issuers that the site's administrator has listed.
	Issuer string `json:"issuer" minLength:"1" maxLength:"500"`
	// Claims are what the issuer must say of a job, word by word.
	Claims map[string]string `json:"claims"`
	// Permission is read or write.
	Permission Level `json:"permission"`
	// Packages are patterns for the names of packages; none means all of the channel.
	Packages []string `json:"packages,omitempty"`
	// Minutes is how long a token lives, 15 when it is left out and 60 at most.
	Minutes int `json:"minutes,omitempty"`
	// Description is a text about the rule.
	Description string `json:"description,omitempty"`
}

// MintRequest is the body of POST /oidc/mint_token. The answer is the token as plain text.
type MintRequest struct {
	// Token is the assertion that the CI system made for the job.
	Token string `json:"token" minLength:"1" maxLength:"20000"`
	// Channel narrows the token to one channel; left out, it is for all that trust the job.
	Channel string `json:"channel,omitempty" maxLength:"300"`
}
