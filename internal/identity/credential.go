package identity

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// Kind is what sort of credential a request carries.
type Kind uint8

// The kinds of credentials.
const (
	// NoCredential is a request without any.
	NoCredential Kind = iota
	// TokenCredential is a string that should be one of our tokens.
	TokenCredential
	// SessionCredential is a JWT that should be one of our sessions.
	SessionCredential
	// PasswordCredential is a password where only tokens are taken.
	PasswordCredential
)

// Credential is what a request carries to say who sends it. Secret is never logged.
type Credential struct {
	Kind   Kind
	Secret string
	// InURL tells that it came as /t/<TOKEN>/ in the path.
	InURL bool
}

// tokenPassword is what pip and twine send as the password beside a token as the user.
const tokenPassword = "x-auth-token"

// FromRequest finds the credential of a request. The token that the outermost handler cut from the URL wins, then
// X-Auth, X-API-Key and Authorization; the first that is present decides, even if it is bad.
func FromRequest(h http.Header, urlToken string, inURL bool) Credential {
	if inURL {
		return Credential{Kind: TokenCredential, Secret: urlToken, InURL: true}
	}
	for _, name := range []string{"X-Auth", "X-Api-Key"} {
		if v := h[name]; len(v) > 0 {
			return bearer(strings.TrimSpace(v[0]))
		}
	}
	v := h["Authorization"]
	if len(v) == 0 {
		return Credential{}
	}
	return authorization(v[0])
}

// authorization reads an Authorization header: Bearer T, token T, or Basic.
func authorization(value string) Credential {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
	rest = strings.TrimSpace(rest)
	switch strings.ToLower(scheme) {
	case "bearer", "token":
		return bearer(rest)
	case "basic":
		return basic(rest)
	}
	return Credential{Kind: TokenCredential, Secret: rest}
}

// bearer tells a session from a token: only the former has dots.
func bearer(s string) Credential {
	if strings.Count(s, ".") == 2 {
		return Credential{Kind: SessionCredential, Secret: s}
	}
	return Credential{Kind: TokenCredential, Secret: s}
}

// basic reads user and password: a token as the user with the password x-auth-token, or as the password of any user.
// Real passwords are not taken here, and never reach a hash.
func basic(encoded string) Credential {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return Credential{Kind: TokenCredential}
	}
	user, password, _ := strings.Cut(string(raw), ":")
	switch {
	case password == tokenPassword:
		return Credential{Kind: TokenCredential, Secret: user}
	case strings.HasPrefix(password, tokenPrefix):
		return Credential{Kind: TokenCredential, Secret: password}
	case strings.HasPrefix(user, tokenPrefix) && password == "":
		return Credential{Kind: TokenCredential, Secret: user}
	}
	return Credential{Kind: PasswordCredential}
}
