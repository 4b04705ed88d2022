package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"kingsnake/internal/registry"
)

// Settings are what the provider and the site have agreed on.
type Settings struct {
	Issuer, ClientID, ClientSecret string
	// RedirectURL is where the provider sends people back to.
	RedirectURL string
	Scopes      []string
	// GroupsClaim names the claim for roles and groups.
	GroupsClaim string
}

// Options are what a provider needs of the program.
type Options struct {
	Log *slog.Logger
	Now func() time.Time
	// Transport is for tests; nil means the built-in one.
	Transport http.RoundTripper
}

// Provider is where people sign in.
type Provider struct {
	Settings
	issuer *issuer
	log    *slog.Logger
	now    func() time.Time
}

// NewProvider makes a provider. It asks nothing of it yet.
func NewProvider(s Settings, o Options) *Provider {
	return &Provider{
		Settings: s, log: o.Log, now: o.Now,
		issuer: &issuer{url: s.Issuer, client: newHTTPClient(o.Transport), log: o.Log},
	}
}

func (p *Provider) oauth(d *goidc.Provider) *oauth2.Config {
	return &oauth2.Config{ClientID: p.ClientID, ClientSecret: p.ClientSecret, RedirectURL: p.RedirectURL, Scopes: p.Scopes, Endpoint: d.Endpoint()}
}

// authURL is where the browser is sent to.
func (p *Provider) authURL(ctx context.Context, a attempt) (string, error) {
	d, err := p.issuer.describe(ctx)
	if err != nil {
		return "", err
	}
	return p.oauth(d).AuthCodeURL(a.state, goidc.Nonce(a.nonce), oauth2.S256ChallengeOption(a.verifier)), nil
}

// exchange trades the code that the browser came back with for who signed in.
func (p *Provider) exchange(ctx context.Context, code string, a attempt) (registry.Person, error) {
	d, err := p.issuer.describe(ctx)
	if err != nil {
		return registry.Person{}, err
	}
	ctx = goidc.ClientContext(ctx, p.issuer.client)
	token, err := p.oauth(d).Exchange(ctx, code, oauth2.VerifierOption(a.verifier))
	if refusal, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		// The error's text holds the whole answer, which may hold secrets.
		p.log.Warn("the provider refuses a code", "issuer", p.Issuer, "error", refusal.ErrorCode, "description", refusal.ErrorDescription)
		return registry.Person{}, refused(reasonRefused, "the provider does not accept the code that you came back with; begin again")
	}
	if err != nil {
		p.log.Error("the provider's token endpoint fails", "issuer", p.Issuer, "error", err)
		return registry.Person{}, unavailable(p.Issuer)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return registry.Person{}, refused(reasonInvalid, "the provider does not say who signed in: it sent no ID token")
	}
	id, err := p.verify(ctx, raw, a.nonce)
	if err != nil {
		return registry.Person{}, err
	}
	if id.AccessTokenHash != "" && id.VerifyAccessToken(token.AccessToken) != nil {
		return registry.Person{}, refused(reasonInvalid, "the provider's ID token belongs to another access token")
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return registry.Person{}, refused(reasonInvalid, "the provider's ID token cannot be read")
	}
	if err := p.complete(ctx, d, token, id.Subject, claims); err != nil {
		return registry.Person{}, err
	}
	return p.person(id.Subject, claims), nil
}

// verify judges an ID token by OpenID Connect Core, section 3.1.3.7.
func (p *Provider) verify(ctx context.Context, raw, nonce string) (*goidc.IDToken, error) {
	id, err := p.issuer.verify(ctx, raw)
	if err != nil {
		if _, ours := registry.AsError(err); ours {
			return nil, err
		}
		p.log.Warn("an ID token is not signed by the provider", "issuer", p.Issuer, "error", err)
		return nil, refused(reasonInvalid, "the ID token is not signed by a key of the provider")
	}
	if err := judge(id, p.Issuer, p.ClientID, p.now()); err != nil {
		return nil, refused(reasonInvalid, "the ID token "+err.Error())
	}
	var more struct {
		AuthorizedParty string `json:"azp"`
	}
	if err := id.Claims(&more); err != nil {
		return nil, refused(reasonInvalid, "the provider's ID token cannot be read")
	}
	switch {
	case more.AuthorizedParty == "" && len(id.Audience) > 1, more.AuthorizedParty != "" && more.AuthorizedParty != p.ClientID:
		return nil, refused(reasonInvalid, "the ID token was issued to another site (azp)")
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1:
		return nil, refused(reasonInvalid, "the ID token belongs to another sign-in (nonce)")
	case id.Subject == "":
		return nil, refused(reasonInvalid, "the ID token names nobody (sub)")
	}
	return id, nil
}

// complete asks the provider for what the ID token leaves out: many put all but the subject there.
func (p *Provider) complete(ctx context.Context, d *goidc.Provider, token *oauth2.Token, subject string, claims map[string]any) error {
	_, groups := lookUp(claims, p.GroupsClaim)
	if d.UserInfoEndpoint() == "" || groups && claims["email"] != nil && claims["preferred_username"] != nil {
		return nil
	}
	info, err := d.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		p.log.Error("the provider's userinfo endpoint fails", "issuer", p.Issuer, "error", err)
		return unavailable(p.Issuer)
	}
	if info.Subject != subject {
		return refused(reasonInvalid, "the provider's user information is about somebody else (sub)")
	}
	more := map[string]any{}
	if err := info.Claims(&more); err != nil {
		return refused(reasonInvalid, "the provider's user information cannot be read")
	}
	for name, value := range more {
		if _, known := claims[name]; !known {
			claims[name] = value
		}
	}
	return nil
}

// person reads the claims.
func (p *Provider) person(subject string, claims map[string]any) registry.Person {
	text := func(name string) string {
		s, ok := claims[name].(string)
		if !ok {
			return ""
		}
		return s
	}
	who := registry.Person{
		Issuer: p.Issuer, Subject: subject, Email: text("email"),
		EmailVerified: claims["email_verified"] == true || claims["email_verified"] == "true",
	}
	for _, name := range []string{text("preferred_username"), who.Email, text("nickname"), text("name")} {
		if name != "" {
			who.Names = append(who.Names, name)
		}
	}
	value, _ := lookUp(claims, p.GroupsClaim)
	who.Values = texts(value)
	return who
}

// lookUp finds a claim by its name or, where there is none, by the path that the dots of the name make.
func lookUp(claims map[string]any, name string) (any, bool) {
	if v, ok := claims[name]; ok {
		return v, true
	}
	first, rest, nested := strings.Cut(name, ".")
	if below, ok := claims[first].(map[string]any); ok && nested {
		return lookUp(below, rest)
	}
	return nil, false
}

// texts gives the texts of a claim that is one or a list of them, each once.
func texts(value any) []string {
	var all []string
	switch v := value.(type) {
	case string:
		all = append(all, v)
	case []any:
		for _, item := range v {
			if s, ok := item.(string); ok {
				all = append(all, s)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
