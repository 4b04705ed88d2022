package api

// Authorization answers GET /auth/authorize.
type Authorization struct {
	// RedirectURL is the page of the OpenID Connect provider at which to sign in.
	RedirectURL string `json:"redirect_url"`
}

// CodeExchange is the body of POST /auth/exchange: what a command line trades for a session.
type CodeExchange struct {
	// Code is what came to the loopback address.
	Code string `json:"code" minLength:"1" maxLength:"4096"`
	// Verifier is the text whose S256 challenge began the sign-in (RFC 7636).
	Verifier string `json:"verifier" minLength:"43" maxLength:"128"`
}

// SignIn answers GET /auth/methods: how people can sign in at this site.
type SignIn struct {
	// Password tells that POST /auth/login takes passwords.
	Password bool `json:"password"`
	// OIDC is the name of the OpenID Connect provider, empty where there is none.
	OIDC string `json:"oidc"`
}
