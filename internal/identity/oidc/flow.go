package oidc

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"log/slog"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"kingsnake/internal/registry"
)

// Patience is how long somebody may take to sign in at the provider, and codeLifetime how long a command line may take
// to fetch its session.
const (
	Patience     = 15 * time.Minute
	codeLifetime = 2 * time.Minute
)

// Flow takes people to the provider and back. It keeps nothing: what belongs to a sign-in under way is in a signed cookie
// of the browser that began it, and what must not happen twice is spent in the database.
type Flow struct {
	provider *Provider
	key      []byte
	spend    Spender
	log      *slog.Logger
	now      func() time.Time
}

// Spender makes sure that something works once: ErrTaken says that it was used before.
type Spender func(ctx context.Context, kind, what string, until time.Time) error

// NewFlow makes a flow. The key signs what browsers keep.
func NewFlow(p *Provider, key []byte, spend Spender) *Flow {
	return &Flow{provider: p, key: key, spend: spend, log: p.log, now: p.now}
}

// Loopback is where a command line waits for its session.
type Loopback struct {
	// Port is the port on 127.0.0.1; 0 means that no command line waits.
	Port int `json:"port,omitempty"`
	// Challenge is the S256 challenge (RFC 7636) of whoever may fetch the session.
	Challenge string `json:"challenge,omitempty"`
	// State is handed back as it came.
	State string `json:"state,omitempty"`
	// Page is where on this site a browser goes on that signs in for the pages, empty for none.
	Page string `json:"page,omitempty"`
}

// attempt is a sign-in under way. Nonce and verifier follow from the state and the key, so that they leave the server
// only towards the provider.
type attempt struct{ state, nonce, verifier string }

func (f *Flow) attempt(state string) attempt {
	return attempt{state: state, nonce: f.derive("nonce", state), verifier: f.derive("verifier", state)}
}

func (f *Flow) derive(purpose, state string) string {
	h := hmac.New(sha256.New, f.key)
	_, _ = h.Write([]byte(purpose + " " + state)) // A hash never fails to write.
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// The issuers in the two sorts of JWT that a flow signs.
const (
	attemptIssuer = "kingsnake sign-in"
	codeIssuer    = "kingsnake code"
)

type attemptClaims struct {
	jwt.RegisteredClaims
	Loopback Loopback `json:"loopback"`
}

// Started is a sign-in that has begun.
type Started struct {
	// RedirectURL is where to send the browser; Cookie is what it must come back with.
	RedirectURL, Cookie string
}

// Begin starts a sign-in.
func (f *Flow) Begin(ctx context.Context, back Loopback) (Started, error) {
	state := rand.Text()
	to, err := f.provider.authURL(ctx, f.attempt(state))
	if err != nil {
		return Started{}, err
	}
	cookie, err := f.sign(attemptClaims{
		RegisteredClaims: jwt.RegisteredClaims{Issuer: attemptIssuer, ID: state, ExpiresAt: jwt.NewNumericDate(f.now().Add(Patience))},
		Loopback:         back,
	})
	return Started{RedirectURL: to, Cookie: cookie}, err
}

// Callback is what the browser brought back from the provider.
type Callback struct {
	Code, State string
	// Issuer is the provider's own word for itself (RFC 9207), empty if it says none.
	Issuer string
	// Problem is what the provider says when nobody signed in.
	Problem string
}

// Finish ends a sign-in and says who signed in, and who waits for it; that it says of most failures too.
func (f *Flow) Finish(ctx context.Context, cookie string, cb Callback) (registry.Person, Loopback, error) {
	var claims attemptClaims
	err := f.read(cookie, attemptIssuer, &claims)
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return registry.Person{}, Loopback{}, refused(reasonExpired, "the sign-in took too long; begin again")
	case err != nil || subtle.ConstantTimeCompare([]byte(cb.State), []byte(claims.ID)) != 1:
		return registry.Person{}, Loopback{}, refused(reasonState, "this browser has begun no such sign-in; begin again, with cookies switched on and in one window only")
	case cb.Issuer != "" && cb.Issuer != f.provider.Issuer:
		return registry.Person{}, claims.Loopback, refused(reasonState, "the answer comes from another provider than the one that you were sent to (iss)")
	}
	if err := f.spend(ctx, attemptIssuer, claims.ID, claims.ExpiresAt.Time); err != nil {
		return registry.Person{}, claims.Loopback, spent(err, "this sign-in has been finished before; begin again")
	}
	if cb.Problem != "" {
		f.log.Info("the provider signs nobody in", "issuer", f.provider.Issuer, "error", clip(cb.Problem, 200))
		return registry.Person{}, claims.Loopback, refused(reasonRefused, "the provider signed nobody in ("+clip(cb.Problem, 60)+")")
	}
	who, err := f.provider.exchange(ctx, cb.Code, f.attempt(claims.ID))
	return who, claims.Loopback, err
}

func spent(err error, message string) error {
	if errors.Is(err, registry.ErrTaken) {
		return refused(reasonReplayed, message)
	}
	return err
}

type codeClaims struct {
	jwt.RegisteredClaims
	Challenge  string           `json:"challenge"`
	SessionEnd *jwt.NumericDate `json:"session_end"`
}

// Code makes the code that a command line trades for the session; it works once and only for whoever made the challenge.
func (f *Flow) Code(s registry.Session, back Loopback) (string, error) {
	return f.sign(codeClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: codeIssuer, ID: s.PublicID, Subject: s.Username, ExpiresAt: jwt.NewNumericDate(f.now().Add(codeLifetime)),
		},
		Challenge: back.Challenge, SessionEnd: jwt.NewNumericDate(s.ExpiresAt),
	})
}

// Redeem gives the session that a code stands for.
func (f *Flow) Redeem(ctx context.Context, code, verifier string) (registry.Session, error) {
	var claims codeClaims
	err := f.read(code, codeIssuer, &claims)
	sum := sha256.Sum256([]byte(verifier))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return registry.Session{}, refused(reasonExpired, "the code has expired; sign in again")
	case err != nil || claims.SessionEnd == nil || subtle.ConstantTimeCompare([]byte(challenge), []byte(claims.Challenge)) != 1:
		return registry.Session{}, refused(reasonState, "this code is not for you; sign in again")
	}
	if err := f.spend(ctx, codeIssuer, claims.ID, claims.ExpiresAt.Time); err != nil {
		return registry.Session{}, spent(err, "this code has been used before; sign in again")
	}
	return registry.Session{PublicID: claims.ID, Username: claims.Subject, ExpiresAt: claims.SessionEnd.Time}, nil
}

func (f *Flow) sign(claims jwt.Claims) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(f.key)
}

func (f *Flow) read(text, issuer string, claims jwt.Claims) error {
	_, err := jwt.ParseWithClaims(text, claims, func(*jwt.Token) (any, error) { return f.key, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuer(issuer), jwt.WithExpirationRequired(), jwt.WithTimeFunc(f.now))
	return err
}
