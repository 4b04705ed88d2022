package oidc

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"

	"kingsnake/internal/registry"
)

// How long a provider's description is good for, and how long one that could not be had is not asked for again.
const (
	describedFor = 12 * time.Hour
	failedFor    = 5 * time.Second
)

// issuer is one provider: its description and its keys, asked for when they are first needed. A provider that is down
// keeps nobody from starting the site.
type issuer struct {
	url    string
	client *http.Client
	log    *slog.Logger

	mu       sync.Mutex
	provider *goidc.Provider
	at       time.Time
	failed   time.Time
}

// describe gives the provider as it describes itself.
func (i *issuer) describe(ctx context.Context) (*goidc.Provider, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.provider != nil && time.Since(i.at) < describedFor {
		return i.provider, nil
	}
	if time.Since(i.failed) < failedFor {
		return i.fallback()
	}
	// Others wait for the answer too: it must not depend on the patience of the first who asked.
	ctx = goidc.ClientContext(context.WithoutCancel(ctx), i.client)
	p, err := goidc.NewProvider(ctx, i.url)
	if err != nil {
		i.log.Error("the OpenID Connect provider cannot be reached or is no such provider", "issuer", i.url, "error", err)
		i.failed = time.Now()
		return i.fallback()
	}
	i.provider, i.at = p, time.Now()
	return p, nil
}

// fallback gives the last description there was.
func (i *issuer) fallback() (*goidc.Provider, error) {
	if i.provider != nil {
		return i.provider, nil
	}
	return nil, unavailable(i.url)
}

// unavailable says that a provider does not answer as one.
func unavailable(issuer string) error {
	return &registry.Error{
		Code: registry.CodeUnavailable, RetryAfter: failedFor,
		Message: fmt.Sprintf("%s does not answer as an OpenID Connect provider; try again later, and see the server's log", issuer),
	}
}

// verify checks the signature of a token of this issuer. Everything else of it is still to be judged.
func (i *issuer) verify(ctx context.Context, raw string) (*goidc.IDToken, error) {
	p, err := i.describe(ctx)
	if err != nil {
		return nil, err
	}
	// Issuer, audience and times are judged by the caller, who can say which of them is wrong.
	return p.Verifier(&goidc.Config{SkipClientIDCheck: true, SkipExpiryCheck: true, SkipIssuerCheck: true}).Verify(ctx, raw)
}
