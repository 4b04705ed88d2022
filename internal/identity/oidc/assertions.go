package oidc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"kingsnake/internal/registry"
)

// reasonAssertion is why a job gets no token when what it hands in proves nothing.
const reasonAssertion = "assertion_invalid"

// maxAssertionLife bounds how long an assertion may be good for: it has to be remembered for as long.
const maxAssertionLife = 24 * time.Hour

// Assertions judges what CI systems say of their jobs.
type Assertions struct {
	issuers   map[string]*issuer
	audiences []string
	log       *slog.Logger
	now       func() time.Time
}

// NewAssertions takes the word of some issuers, for a site that is reached at an address.
func NewAssertions(issuers []string, publicURL string, o Options) *Assertions {
	a := &Assertions{issuers: map[string]*issuer{}, audiences: audiences(publicURL), log: o.Log, now: o.Now}
	client := newHTTPClient(o.Transport)
	for _, i := range issuers {
		a.issuers[i] = &issuer{url: i, client: client, log: o.Log}
	}
	return a
}

// audiences are the names by which an assertion can be meant for this site: the host, with its port or without, and the
// whole address.
func audiences(publicURL string) []string {
	u, err := url.Parse(publicURL)
	if err != nil || u.Host == "" {
		return nil
	}
	return []string{u.Hostname(), u.Host, strings.TrimSuffix(publicURL, "/"), strings.TrimSuffix(publicURL, "/") + "/"}
}

// Verify finds out whether one of the issuers made an assertion for this site, and not long ago.
func (a *Assertions) Verify(ctx context.Context, raw string) (registry.Assertion, error) {
	var said jwt.MapClaims
	if _, _, err := jwt.NewParser().ParseUnverified(raw, &said); err != nil {
		return registry.Assertion{}, refused(reasonAssertion, "this is no assertion of a CI system (a signed JWT)")
	}
	// A claim of another type is no issuer that is known.
	name, _ := said.GetIssuer()
	from, known := a.issuers[name]
	if !known {
		return registry.Assertion{}, refused(reasonAssertion, "this site does not trust the issuer "+clip(name, 200)+" (iss)")
	}
	t, err := from.verify(ctx, raw)
	if err != nil {
		if _, ours := registry.AsError(err); ours {
			return registry.Assertion{}, err
		}
		a.log.Warn("an assertion is not signed by its issuer", "issuer", name, "error", err)
		return registry.Assertion{}, refused(reasonAssertion, "the assertion is not signed by a key of "+name)
	}
	if len(t.Audience) != 1 || !slices.Contains(a.audiences, t.Audience[0]) {
		return registry.Assertion{}, refused(reasonAssertion, "the assertion is for "+clip(strings.Join(t.Audience, ", "), 200)+" and not for "+strings.Join(a.audiences[:min(1, len(a.audiences))], "")+" alone (aud)")
	}
	if err := judge(t, name, t.Audience[0], a.now()); err != nil {
		return registry.Assertion{}, refused(reasonAssertion, "the assertion "+err.Error())
	}
	if t.Expiry.After(a.now().Add(maxAssertionLife)) {
		return registry.Assertion{}, refused(reasonAssertion, "the assertion lives longer than a day (exp)")
	}
	claims := map[string]any{}
	if err := t.Claims(&claims); err != nil {
		return registry.Assertion{}, refused(reasonAssertion, "the assertion cannot be read")
	}
	out := registry.Assertion{Issuer: name, Claims: scalars(claims), ExpiresAt: t.Expiry.Add(skew)}
	if out.ID = out.Claims["jti"]; out.ID == "" {
		// What is signed, and not the text that came: the same signature can be written in many ways.
		var signed json.RawMessage
		if err := t.Claims(&signed); err != nil {
			return registry.Assertion{}, refused(reasonAssertion, "the assertion cannot be read")
		}
		sum := sha256.Sum256(signed)
		out.ID = hex.EncodeToString(sum[:])
	}
	return out, nil
}

// scalars gives the claims that are one text, number or truth value, as texts.
func scalars(claims map[string]any) map[string]string {
	out := map[string]string{}
	for name, value := range claims {
		switch v := value.(type) {
		case string:
			out[name] = v
		case bool:
			out[name] = strconv.FormatBool(v)
		case float64:
			out[name] = strconv.FormatFloat(v, 'f', -1, 64)
		case json.Number:
			out[name] = v.String()
		}
	}
	return out
}
