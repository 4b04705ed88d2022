package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"kingsnake/api"
)

// SignInMethods answers how people can sign in at the server.
func (c *Client) SignInMethods(ctx context.Context) (api.SignIn, error) {
	var out api.SignIn
	err := c.As(Credential{}).call(ctx, http.MethodGet, nil, nil, &out, "auth", "methods")
	return out, err
}

// SignInURL is the page at which a browser begins to sign in by OpenID Connect for a program that listens on a port of
// 127.0.0.1. The browser ends there, with the query parameters code and state; the challenge is the S256 challenge
// (RFC 7636) of the verifier that ExchangeCode then takes.
func (c *Client) SignInURL(port int, challenge, state string) (string, error) {
	u, err := c.path("api", "auth", "authorize")
	if err != nil {
		return "", err
	}
	u.RawQuery = url.Values{
		"redirect": {"true"}, "loopback_port": {strconv.Itoa(port)}, "code_challenge": {challenge}, "client_state": {state},
	}.Encode()
	return u.String(), nil
}

// ExchangeCode trades the code of a sign-in for a session. Use the answered token with Session.
func (c *Client) ExchangeCode(ctx context.Context, code, verifier string) (api.LoginResponse, error) {
	var out api.LoginResponse
	in := api.CodeExchange{Code: code, Verifier: verifier}
	err := c.As(Credential{}).callAs(ctx, http.MethodPost, false, nil, in, &out, "auth", "exchange")
	return out, err
}
