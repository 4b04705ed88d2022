package client

import "net/http"

// Credential is what a request proves its caller with. The zero value is no credential: the server answers as to anyone.
//
// The secret is kept in a closure, so that formatting a Credential, or a struct that holds one, never prints it.
type Credential struct {
	apply func(http.Header)
}

// Token makes a credential from the string of an access token; it is sent as X-Auth.
func Token(secret string) Credential {
	if secret == "" {
		return Credential{}
	}
	return Credential{apply: func(h http.Header) { h.Set("X-Auth", secret) }}
}

// Session makes a credential from the session token that Login answers; it is sent as "Authorization: Bearer".
func Session(token string) Credential {
	if token == "" {
		return Credential{}
	}
	return Credential{apply: func(h http.Header) { h.Set("Authorization", "Bearer "+token) }}
}

// IsZero reports whether there is no credential.
func (c Credential) IsZero() bool { return c.apply == nil }

// originTransport adds the credential to requests for one origin. It works on the transport's side of the HTTP client
// because the client copies a request's headers when it follows a redirect, and knows only some of them for secret.
type originTransport struct {
	next         http.RoundTripper
	scheme, host string
	credential   Credential
}

// RoundTrip implements http.RoundTripper.
func (t *originTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.credential.IsZero() || req.URL.Scheme != t.scheme || req.URL.Host != t.host {
		return t.next.RoundTrip(req)
	}
	clone := req.Clone(req.Context())
	t.credential.apply(clone.Header)
	return t.next.RoundTrip(clone)
}
