// Package callers makes the access.Caller of an HTTP request: who sends it, from where, with what. The three front doors
// (the conda protocol, the REST API, the pages) all use it, so that they cannot differ in whom they let in.
package callers

import (
	"context"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/problem"
)

// Request is what the outermost handler has found out about a request before anything else sees it.
type Request struct {
	ID       string
	URLToken string
	InURL    bool
	// Anybody says that what is asked for may be open to anybody, so that a caller of whom nothing is known just now is no
	// reason to refuse it.
	Anybody bool
}

// Maker makes callers.
type Maker struct {
	Resolver *identity.Resolver
	Limiter  *identity.Limiter
	// Proxies are the networks whose X-Forwarded-For counts.
	Proxies []netip.Prefix
	Usage   *registry.Usage
	Now     func() time.Time
}

// Origin gives where a request comes from, without asking who sends it.
func (m *Maker) Origin(r *http.Request, requestID string) *access.Caller {
	return &access.Caller{Principal: access.Anonymous(), Address: m.Address(r), Client: r.UserAgent(), RequestID: requestID, Now: m.Now()}
}

// Caller finds out who sends a request. A flood of bad tokens from one address is refused with CodeTooMany.
func (m *Maker) Caller(ctx context.Context, r *http.Request, req Request) (*access.Caller, error) {
	c := &access.Caller{Address: m.Address(r), Client: r.UserAgent(), RequestID: req.ID}
	cred := identity.FromRequest(r.Header, req.URLToken, req.InURL)
	if err := m.Resolver.Identify(ctx, c, cred); err != nil {
		return nil, err
	}
	if c.Unsure && !req.Anybody {
		return nil, registry.Unsure(nil)
	}
	if c.Problem == access.ProblemNone {
		m.Usage.Token(c, c.Now)
		return c, nil
	}
	if wait, ok := m.Limiter.BadToken(c.Address, c.Now); !ok {
		return nil, &registry.Error{
			Code: registry.CodeTooMany, RetryAfter: wait,
			Message: "too many bad credentials came from your address; mend the token in your configuration and try again later",
		}
	}
	return c, nil
}

// Session finds out who sends a request from a browser that holds this session, or none when it is empty. Whatever else
// the request carries does not count: a page is for who has signed in.
func (m *Maker) Session(ctx context.Context, r *http.Request, requestID, bearer string) (*access.Caller, error) {
	c := &access.Caller{Address: m.Address(r), Client: r.UserAgent(), RequestID: requestID}
	cred := identity.Credential{}
	if bearer != "" {
		cred = identity.Credential{Kind: identity.SessionCredential, Secret: bearer}
	}
	return c, m.sure(ctx, c, cred)
}

// TryPassword limits guesses before anything slow is done; a right password does not count as one.
func (m *Maker) TryPassword(c *access.Caller, account string, try func() error) error {
	refund, wait, ok := m.Limiter.Password(c.Address, account, m.Now())
	if !ok {
		return tooManyPasswords(wait)
	}
	err := try()
	if err == nil {
		refund()
	}
	return err
}

// MayTry refuses whoever has tried so many passwords that TryPassword would refuse the next one, whatever the account, before
// it is even read.
func (m *Maker) MayTry(c *access.Caller) error {
	if wait := m.Limiter.Passwords(c.Address, m.Now()); wait > 0 {
		return tooManyPasswords(wait)
	}
	return nil
}

func tooManyPasswords(wait time.Duration) error {
	return &registry.Error{Code: registry.CodeTooMany, RetryAfter: wait, Message: "too many passwords were tried; try again in " + waitWords(wait)}
}

// waitWords says how long to wait, in whole seconds.
func waitWords(wait time.Duration) string {
	n := int64(math.Ceil(wait.Seconds()))
	if n == 1 {
		return "one second"
	}
	return strconv.FormatInt(n, 10) + " seconds"
}

// Again finds out anew who sent a request that is still being answered: what its credential is worth now. It is not
// counted as another use.
func (m *Maker) Again(ctx context.Context, r *http.Request, req Request) (*access.Caller, error) {
	c := &access.Caller{Address: m.Address(r), Client: r.UserAgent(), RequestID: req.ID}
	return c, m.sure(ctx, c, identity.FromRequest(r.Header, req.URLToken, req.InURL))
}

// sure identifies a caller, or fails.
func (m *Maker) sure(ctx context.Context, c *access.Caller, cred identity.Credential) error {
	if err := m.Resolver.Identify(ctx, c, cred); err != nil {
		return err
	}
	if c.Unsure {
		return registry.Unsure(nil)
	}
	return nil
}

// Address is the client's: that of the connection or, behind a trusted proxy, the rightmost hop that is not trusted.
func (m *Maker) Address(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := ap.Addr().Unmap().WithZone("")
	if !m.trusted(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			if strings.TrimSpace(hops[i]) == "" && len(hops) == 1 {
				return addr
			}
			// A proxy that we trust passed on something that is no address: the client's is unknown.
			return netip.Addr{}
		}
		addr = hop.Unmap().WithZone("")
		if !m.trusted(addr) {
			return addr
		}
	}
	return addr
}

func (m *Maker) trusted(a netip.Addr) bool {
	for _, p := range m.Proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// TokenWarning is the header that anaconda-client shows as a warning.
const TokenWarning = "Conda-Token-Warning"

// WarnOfEnd warns of a token that stops working soon.
func WarnOfEnd(w http.ResponseWriter, c *access.Caller) {
	if warning := registry.EndWarning(c); warning != "" {
		w.Header().Set(TokenWarning, warning)
	}
}

// Warn warns of a token that stops working soon, and gives what puts a warning into the header of an answer that is served
// as to anybody, although the caller sent a credential. The headers are asked for only where there is something to warn of: most
// answers are quicker without (see package wire).
func Warn(w http.ResponseWriter, c *access.Caller, proto access.Protocol) func(access.Scope, access.Target, access.Decision) {
	WarnOfEnd(w, c)
	return func(s access.Scope, t access.Target, d access.Decision) {
		if denial := access.Classify(c, s, t, d, proto); denial.Warning != "" {
			w.Header().Set(TokenWarning, denial.Message)
		}
	}
}

// BadCredential is the refusal of a caller whose credential is bad.
func BadCredential(c *access.Caller, proto access.Protocol) error {
	d := access.Decision{Problem: c.Problem}
	denial := access.Classify(c, access.ChannelView, access.Target{}, d, proto)
	return problem.New(denial.Status, api.Code(denial.Code), denial.Message)
}
