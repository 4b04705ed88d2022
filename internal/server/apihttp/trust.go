package apihttp

import (
	"context"
	"errors"
	"net/http"
	"time"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// TrustPath names a trust rule of a channel.
type TrustPath struct {
	ChannelPath
	Rule string `path:"rule_id" maxLength:"100"`
}

type trustInput struct {
	ChannelPath
	Body api.TrustRuleWrite
}

type editTrustInput struct {
	TrustPath
	Body api.TrustRuleWrite
}

type listTrustInput struct {
	ChannelPath
	Page
}

func (a *API) trustOperations() {
	const tag = "Trusted publishing"
	const all = "/api/channels/{channel}/trust"
	const one = all + "/{rule_id}"
	edit := []access.Scope{access.TrustEdit}
	addBoth(a, Operation{Method: http.MethodGet, Path: all, Tag: tag, Summary: "List whom a channel trusts to publish", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *listTrustInput) (*body[api.List[api.TrustRule]], error) {
			rules, total, err := a.Service.Trust.List(ctx, caller, in.Channel, in.registry())
			return list(rules, total, trustOut), err
		})
	addBoth(a, Operation{Method: http.MethodPost, Path: all, Tag: tag, Summary: "Trust jobs of a CI system", Scopes: edit, Status: http.StatusCreated},
		func(ctx context.Context, caller *access.Caller, in *trustInput) (*body[api.TrustRule], error) {
			r, err := a.Service.Trust.Create(ctx, caller, in.Channel, trustIn(in.Body))
			return &body[api.TrustRule]{trustOut(r)}, err
		})
	addBoth(a, Operation{Method: http.MethodGet, Path: one, Tag: tag, Summary: "Show a trust rule", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *TrustPath) (*body[api.TrustRule], error) {
			r, err := a.Service.Trust.Get(ctx, caller, in.Channel, in.Rule)
			return &body[api.TrustRule]{trustOut(r)}, err
		})
	addBoth(a, Operation{Method: http.MethodPut, Path: one, Tag: tag, Summary: "Replace a trust rule", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *editTrustInput) (*body[api.TrustRule], error) {
			r, err := a.Service.Trust.Edit(ctx, caller, in.Channel, in.Rule, trustIn(in.Body))
			return &body[api.TrustRule]{trustOut(r)}, err
		})
	addBoth(a, Operation{Method: http.MethodDelete, Path: one, Tag: tag, Summary: "Trust no longer", Scopes: edit, Status: http.StatusNoContent},
		func(ctx context.Context, caller *access.Caller, in *TrustPath) (*nothing, error) {
			return nil, a.Service.Trust.Delete(ctx, caller, in.Channel, in.Rule)
		})
	add(a, Operation{Method: http.MethodPost, Path: "/api/oidc/mint_token", Tag: tag, Summary: "Trade a CI job's assertion for a token", Open: true}, a.mintToken)
}

func trustIn(b api.TrustRuleWrite) registry.TrustInput {
	return registry.TrustInput{
		Issuer: b.Issuer, Claims: b.Claims, Level: string(b.Permission), Packages: b.Packages, Minutes: b.Minutes, Description: b.Description,
	}
}

func trustOut(r registry.TrustRule) api.TrustRule {
	return api.TrustRule{
		ID: r.PublicID, Channel: r.Channel, CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		LastUsedAt: instant(r.LastUsedAt), Uses: r.Uses,
		TrustRuleWrite: api.TrustRuleWrite{
			Issuer: r.Issuer, Claims: r.Claims, Permission: api.Level(r.Level.String()), Packages: r.Packages,
			Minutes: int(r.Lifetime / time.Minute), Description: r.Description,
		},
	}
}

type mintInput struct{ Body api.MintRequest }

// plainText is an answer that clients take as it is.
type plainText struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

// mintToken answers the bare token, as rattler-build and pixi expect it. A refused assertion counts as a bad token does.
func (a *API) mintToken(ctx context.Context, origin *access.Caller, in *mintInput) (*plainText, error) {
	if a.Assertions == nil {
		return nil, &registry.Error{Code: registry.CodeNotFound, Message: "this site has no trusted publishing; use a token"}
	}
	said, err := a.Assertions.Verify(ctx, in.Body.Token)
	if err != nil {
		var e *registry.Error
		if errors.As(err, &e) && e.Code == registry.CodeCredential {
			a.Service.Trust.Refused(origin, e)
		}
		return nil, a.slowDown(origin, err)
	}
	made, err := a.Service.Trust.Mint(ctx, registry.MintInput{Assertion: said, Channel: in.Body.Channel, Origin: origin})
	if err != nil {
		return nil, a.slowDown(origin, err)
	}
	return &plainText{ContentType: "text/plain; charset=utf-8", CacheControl: noStore, Body: []byte(made.String)}, nil
}

// slowDown counts a refusal against the address that it goes to.
func (a *API) slowDown(origin *access.Caller, err error) error {
	if wait, ok := a.Callers.Limiter.BadToken(origin.Address, a.Callers.Now()); !ok {
		return &registry.Error{Code: registry.CodeTooMany, RetryAfter: wait, Message: "too many assertions from your address were refused; try again later"}
	}
	return err
}
