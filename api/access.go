package api

// ExplainRequest is the body of POST /access/explain: may this user or token take this action there? Without User and
// TokenID the question is about the caller.
type ExplainRequest struct {
	// User is a user name.
	User string `json:"user,omitempty"`
	// TokenID is the id of a token, not its string.
	TokenID string `json:"token_id,omitempty"`
	// Action is a scope, such as "artifact:create".
	Action string `json:"action" minLength:"1"`
	// Channel is "channel" or "channel/subchannel"; it is left out for actions on the system.
	Channel string `json:"channel,omitempty"`
	// Package narrows the question to one package of the channel.
	Package string `json:"package,omitempty"`
}

// Explanation answers POST /access/explain. It is made by the code that decides, so it cannot say anything else.
type Explanation struct {
	// Allowed is true when the action is allowed.
	Allowed bool `json:"allowed"`
	// Action is the scope that was asked about.
	Action string `json:"action"`
	// Resource is what the action would touch, as text.
	Resource string `json:"resource"`
	// As says who was asked about, such as "user ada" or "token ci (scope) of ada".
	As string `json:"as"`
	// Gates are the questions in the order in which they are asked; those after the first refusal may be missing.
	Gates []Gate `json:"gates"`
	// Advice says what would have to change; it is empty when the action is allowed.
	Advice string `json:"advice"`
}

// Gate is one question of a decision.
type Gate struct {
	// Gate names the question, such as "role", "resource" or "token".
	Gate string `json:"gate"`
	// Passed is true when the answer was yes.
	Passed bool `json:"passed"`
	// Asked is the level or scope that was needed.
	Asked string `json:"asked"`
	// Held is what was found.
	Held string `json:"held"`
	// Reason says in a sentence where it was found or why it is missing.
	Reason string `json:"reason"`
}
