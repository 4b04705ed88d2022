package apihttp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/identity/oidc"
	"kingsnake/internal/registry"
)

// CallbackPath is where the OpenID Connect provider sends people back to.
const CallbackPath = "/api/auth/callback/kc"

// The cookie of a sign-in under way. With TLS its name binds it to this very host.
const (
	attemptCookie       = "kingsnake_sign_in"
	secureAttemptCookie = "__Host-" + attemptCookie
)

func (a *API) signInOperations() {
	const tag = "Account"
	add(a, Operation{Method: http.MethodGet, Path: "/api/auth/methods", Tag: tag, Summary: "How people sign in", Open: true},
		func(context.Context, *access.Caller, *struct{}) (*body[api.SignIn], error) {
			return &body[api.SignIn]{api.SignIn{Password: true, OIDC: a.SignInName}}, nil
		})
	add(a, Operation{Method: http.MethodGet, Path: "/api/auth/authorize", Tag: tag, Summary: "Begin to sign in by OpenID Connect", Open: true}, a.authorize)
	add(a, Operation{Method: http.MethodGet, Path: CallbackPath, Tag: tag, Summary: "Come back from the OpenID Connect provider", Open: true}, a.callback)
	add(a, Operation{Method: http.MethodPost, Path: "/api/auth/exchange", Tag: tag, Summary: "Trade a code for a session", Open: true}, a.exchange)
	add(a, Operation{Method: http.MethodGet, Path: "/api/auth/logout", Tag: tag, Summary: "End the session and go to the front page", Self: true, Status: http.StatusFound},
		func(ctx context.Context, caller *access.Caller, _ *struct{}) (*redirect[nothing], error) {
			if err := a.Service.Accounts.Logout(ctx, caller); err != nil {
				return nil, err
			}
			return &redirect[nothing]{Status: http.StatusFound, Location: "/", CacheControl: noStore}, nil
		})
}

const noStore = "private, no-store"

// redirect is an answer that may send the client elsewhere.
type redirect[T any] struct {
	Status       int
	Location     string   `header:"Location"`
	SetCookie    []string `header:"Set-Cookie"`
	CacheControl string   `header:"Cache-Control"`
	Body         *T
}

type authorizeInput struct {
	Accept        string `header:"Accept"`
	Redirect      string `query:"redirect" enum:"true,false" doc:"Whether to answer 302. Without it, who asks for JSON and not for HTML is answered 200, everybody else 302."`
	LoopbackPort  int    `query:"loopback_port" minimum:"1" maximum:"65535" doc:"For command lines: the port on 127.0.0.1 to which to send the code."`
	CodeChallenge string `query:"code_challenge" minLength:"43" maxLength:"43" pattern:"^[A-Za-z0-9_-]+$" doc:"For command lines: the S256 challenge of the verifier that trades the code."`
	Page          string `query:"page" maxLength:"2000" pattern:"^/-/([^/\\\\].*)?$" doc:"For the pages: where to go on. The session is then put into a cookie."`
	ClientState   string `query:"client_state" maxLength:"200" doc:"For command lines: handed back together with the code."`
}

// wantsRedirect decides between the two answers that clients of this operation expect: 200 with the address, or 302.
func (in *authorizeInput) wantsRedirect() bool {
	if in.Redirect != "" {
		return in.Redirect == "true"
	}
	return strings.Contains(in.Accept, "text/html") || !strings.Contains(in.Accept, "json")
}

func (a *API) authorize(ctx context.Context, _ *access.Caller, in *authorizeInput) (*redirect[api.Authorization], error) {
	flow, err := a.flow()
	if err != nil {
		return nil, err
	}
	if (in.LoopbackPort == 0) != (in.CodeChallenge == "") {
		return nil, &registry.Error{Code: registry.CodeInvalid, Field: "code_challenge", Message: "loopback_port and code_challenge go together"}
	}
	if in.Page != "" && in.LoopbackPort != 0 {
		return nil, &registry.Error{Code: registry.CodeInvalid, Field: "page", Message: "either a page waits for the sign-in or a command line, not both"}
	}
	started, err := flow.Begin(ctx, oidc.Loopback{Page: in.Page, Port: in.LoopbackPort, Challenge: in.CodeChallenge, State: in.ClientState})
	if err != nil {
		return nil, err
	}
	out := &redirect[api.Authorization]{
		Status: http.StatusOK, SetCookie: []string{a.attemptCookie(started.Cookie)}, CacheControl: noStore,
		Body: &api.Authorization{RedirectURL: started.RedirectURL},
	}
	if in.wantsRedirect() {
		out.Status, out.Location = http.StatusFound, started.RedirectURL
	}
	return out, nil
}

// flow gives the sign-in by OpenID Connect, if the site has it.
func (a *API) flow() (*oidc.Flow, error) {
	if a.SignIn == nil {
		return nil, &registry.Error{Code: registry.CodeNotFound, Message: "this site has no sign-in by OpenID Connect; sign in with a password"}
	}
	return a.SignIn, nil
}

// attemptCookie makes the cookie of a sign-in; an empty value takes it away. The provider sends the browser back by a
// link, so the cookie must be sent along with one.
func (a *API) attemptCookie(value string) string {
	c := http.Cookie{
		Name: attemptCookie, Value: value, Path: "/", MaxAge: int(oidc.Patience.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if a.Secure {
		c.Name, c.Secure = secureAttemptCookie, true
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c.String()
}

type callbackInput struct {
	PlainCookie  string `cookie:"kingsnake_sign_in"`
	SecureCookie string `cookie:"__Host-kingsnake_sign_in"`
	Code         string `query:"code" maxLength:"8192"`
	State        string `query:"state" maxLength:"200"`
	Issuer       string `query:"iss" maxLength:"2000"`
	Problem      string `query:"error" maxLength:"200"`
}

// callback ends the sign-in: the session itself for who asked as a program, a code for a command line that waits.
func (a *API) callback(ctx context.Context, origin *access.Caller, in *callbackInput) (*redirect[api.LoginResponse], error) {
	flow, err := a.flow()
	if err != nil {
		return nil, err
	}
	cookie := in.PlainCookie
	if a.Secure {
		cookie = in.SecureCookie
	}
	who, back, err := flow.Finish(ctx, cookie, oidc.Callback{Code: in.Code, State: in.State, Issuer: in.Issuer, Problem: in.Problem})
	if err != nil {
		return a.turnedAway(back, a.noteFailure(origin, err))
	}
	session, err := a.Service.External.Login(ctx, registry.ExternalLogin{Person: who, Origin: origin})
	if err != nil {
		return a.turnedAway(back, err)
	}
	out := &redirect[api.LoginResponse]{Status: http.StatusOK, SetCookie: []string{a.attemptCookie("")}, CacheControl: noStore}
	if back.Page != "" {
		return out, a.toPage(out, session, back.Page)
	}
	if back.Port == 0 {
		out.Body, err = a.bearer(session)
		return out, err
	}
	code, err := flow.Code(session, back)
	if err != nil {
		return nil, err
	}
	to := url.URL{
		Scheme: "http", Host: "127.0.0.1:" + strconv.Itoa(back.Port), Path: "/",
		RawQuery: url.Values{"code": {code}, "state": {back.State}}.Encode(),
	}
	out.Status, out.Location = http.StatusFound, to.String()
	return out, nil
}

// toPage sends a browser on to a page, with the session.
func (a *API) toPage(out *redirect[api.LoginResponse], s registry.Session, page string) error {
	cookie, err := a.PageSession(s)
	if err != nil {
		return err
	}
	out.Status, out.Location = http.StatusSeeOther, page
	out.SetCookie = append(out.SetCookie, cookie.String())
	return nil
}

// turnedAway sends somebody who did not get in back to the page for signing in, if it was a page that waited. The page
// words the reason itself.
func (a *API) turnedAway(back oidc.Loopback, err error) (*redirect[api.LoginResponse], error) {
	e, known := registry.AsError(err)
	if back.Page == "" || !known {
		return nil, err
	}
	reason := e.Reason
	if reason == "" {
		reason = string(e.Code)
	}
	return &redirect[api.LoginResponse]{
		Status: http.StatusSeeOther, Location: a.SignInPage(back.Page, reason), CacheControl: noStore,
		SetCookie: []string{a.attemptCookie("")},
	}, nil
}

// noteFailure records a sign-in that the provider or the protocol refused.
func (a *API) noteFailure(origin *access.Caller, err error) error {
	var e *registry.Error
	if errors.As(err, &e) && e.Code == registry.CodeCredential {
		a.Service.External.Refused(origin, e)
	}
	return err
}

type exchangeInput struct{ Body api.CodeExchange }

func (a *API) exchange(ctx context.Context, origin *access.Caller, in *exchangeInput) (*redirect[api.LoginResponse], error) {
	flow, err := a.flow()
	if err != nil {
		return nil, err
	}
	session, err := flow.Redeem(ctx, in.Body.Code, in.Body.Verifier)
	if err != nil {
		return nil, a.noteFailure(origin, err)
	}
	out := &redirect[api.LoginResponse]{Status: http.StatusOK, CacheControl: noStore}
	out.Body, err = a.bearer(session)
	return out, err
}

// bearer is the answer that holds a session.
func (a *API) bearer(s registry.Session) (*api.LoginResponse, error) {
	token, err := a.Sessions(s)
	if err != nil {
		return nil, err
	}
	return &api.LoginResponse{Token: token, ExpiresAt: s.ExpiresAt}, nil
}
