package oidc

import (
	"fmt"
	"slices"
	"strings"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"

	"kingsnake/internal/registry"
)

// skew is how far the clocks of a provider and of the site may be apart.
const skew = time.Minute

// The reasons of refused sign-ins, for programs.
const (
	// reasonState: this browser has begun no such sign-in.
	reasonState = "sign_in_state"
	// reasonReplayed: the sign-in has been finished before.
	reasonReplayed = "sign_in_replayed"
	// reasonExpired: the sign-in took too long.
	reasonExpired = "sign_in_expired"
	// reasonRefused: the provider says no.
	reasonRefused = "sign_in_refused"
	// reasonInvalid: what the provider sent does not prove who signed in.
	reasonInvalid = "identity_invalid"
)

func refused(reason, message string) error {
	return &registry.Error{Code: registry.CodeCredential, Reason: reason, Message: message}
}

// judge checks for whom and when a token with a good signature is good. The error continues "the token …".
func judge(t *goidc.IDToken, issuer, audience string, now time.Time) error {
	var times struct {
		NotBefore float64 `json:"nbf"`
	}
	if err := t.Claims(&times); err != nil {
		return fmt.Errorf("cannot be read")
	}
	notBefore := time.Unix(int64(times.NotBefore), 0)
	switch {
	case t.Issuer != issuer:
		return fmt.Errorf("comes from another issuer (iss)")
	case !slices.Contains(t.Audience, audience):
		return fmt.Errorf("is for %s and not for %s (aud)", clip(strings.Join(t.Audience, ", "), 200), audience)
	case t.Expiry.IsZero() || t.Expiry.Unix() == 0:
		return fmt.Errorf("has no end (exp)")
	case !now.Before(t.Expiry.Add(skew)):
		return fmt.Errorf("has expired (exp)")
	case times.NotBefore != 0 && now.Add(skew).Before(notBefore):
		return fmt.Errorf("is not good yet (nbf)")
	case !t.IssuedAt.IsZero() && now.Add(skew).Before(t.IssuedAt):
		return fmt.Errorf("comes from the future (iat); compare the clocks")
	}
	return nil
}

// clip bounds a text that somebody else chose.
func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
