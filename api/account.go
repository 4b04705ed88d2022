package api

import "time"

// LoginRequest is the body of POST /auth/login.
type LoginRequest struct {
	// Username is the name of the user.
	Username string `json:"username" minLength:"1"`
	// Password is the password of the user.
	Password string `json:"password" minLength:"1"`
}

// LoginResponse answers POST /auth/login.
type LoginResponse struct {
	// Token is the session token, sent back as "Authorization: Bearer".
	Token string `json:"token"`
	// ExpiresAt is when the session ends by itself.
	ExpiresAt time.Time `json:"expires_at"`
}

// Account answers GET /account: who the caller is, cut down to what the credential may show.
type Account struct {
	// UserID is the stable id of the user.
	UserID string `json:"user_id"`
	// Username is the name the user signs in with.
	Username string `json:"username"`
	// Email is where notices go; empty for none, and always for a token.
	Email string `json:"email"`
	// DefaultChannelName is empty when the user has no default channel or the credential may not see it.
	DefaultChannelName string `json:"default_channel_name"`
	// Roles are the names of the user's roles, sorted; empty for a token.
	Roles []string `json:"roles"`
}

// AccountUpdate is the body of PUT /account.
type AccountUpdate struct {
	// DefaultChannelName is a channel that the caller may see; an empty name clears it.
	DefaultChannelName string `json:"default_channel_name" maxLength:"300"`
}

// EmailUpdate is the body of PUT /account/email.
type EmailUpdate struct {
	// Email may be empty, which forgets the address.
	Email string `json:"email" maxLength:"254"`
}

// PasswordChange is the body of PUT /account/password. The change ends every other session of the user.
type PasswordChange struct {
	// CurrentPassword is the password as it is until then.
	CurrentPassword string `json:"current_password" minLength:"1"`
	// NewPassword is the password from then on.
	NewPassword string `json:"new_password" minLength:"1"`
}

// Scopes answers GET /account/scopes (what the caller may grant to a token) and GET /channels/{channel}/permissions
// (what the caller may do on that channel).
type Scopes struct {
	// Scopes are the names of the scopes, such as "channel:view".
	Scopes []string `json:"scopes"`
}

// UserPermission is one item of GET /account/permissions: the level that the caller's roles allow in one category.
type UserPermission struct {
	// ResourceType is the category, such as "channel" or "channel.group".
	ResourceType string `json:"resource_type"`
	// Action is the category's name again; it is there for compatibility.
	Action string `json:"action"`
	// Permissions is the highest level.
	Permissions Level `json:"permissions"`
}
