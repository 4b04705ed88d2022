package binstarhttp

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/problem"
)

// accountOperations are those of the caller and its tokens.
func accountOperations() []Operation {
	edit := []access.Scope{access.UserTokenEdit}
	const tokens = "/authentications"
	return []Operation{
		{Method: http.MethodGet, Path: "/authentication-type", Open: true, do: func(q *request) error {
			return q.answer(http.StatusOK, map[string]string{"authentication_type": "password"})
		}},
		{Method: http.MethodGet, Path: "/scopes", Open: true, do: (*request).listWords},
		{Method: http.MethodGet, Path: "/user", Self: true, do: (*request).showCaller},
		{Method: http.MethodGet, Path: "/authentication", Self: true, do: (*request).showOwnToken},
		{Method: http.MethodGet, Path: tokens, Scopes: []access.Scope{access.UserTokenView}, do: (*request).listTokens},
		{Method: http.MethodPost, Path: tokens, Scopes: edit, Password: true, do: (*request).createToken},
		{Method: http.MethodDelete, Path: tokens, Self: true, do: (*request).removeOwnToken},
		{Method: http.MethodDelete, Path: tokens + "/name/{token}", Scopes: edit, do: (*request).removeToken},
		{Method: http.MethodDelete, Path: tokens + "/org/{organization}/name/{token}", Scopes: edit, do: (*request).removeToken},
	}
}

func (q *request) listWords() error {
	out := map[string]string{}
	for _, w := range words() {
		out[w.name] = w.meaning
	}
	return q.answer(http.StatusOK, out)
}

func (q *request) showCaller() error {
	me, err := q.h.Service.Accounts.Me(q.Context(), q.caller)
	if err != nil {
		return err
	}
	if q.caller.Token != nil {
		// A token shows no more of its owner than the name, and the tools want some date: that of the token.
		t, err := q.h.Service.Tokens.Info(q.Context(), q.caller)
		if err != nil {
			return err
		}
		me.CreatedAt = t.CreatedAt
	}
	return q.answer(http.StatusOK, person{
		Login: me.Name, Name: me.Name, UserType: "user", CreatedAt: me.CreatedAt, DefaultChannel: owner(me.DefaultChannelPath),
	})
}

// passwordOf gives the user and the password of a request, unless what stands there is a token.
func passwordOf(r *http.Request) (user, password string, ok bool) {
	if identity.FromRequest(r.Header, "", false).Kind != identity.PasswordCredential {
		return "", "", false
	}
	return r.BasicAuth()
}

// signIn opens a session for the time of one request, which the request must end.
func (q *request) signIn(user, password string) error {
	origin := q.h.Callers.Origin(q.Request, q.id)
	return q.h.Callers.TryPassword(origin, user, func() error {
		s, err := q.h.Service.Accounts.Login(q.Context(), registry.LoginInput{Username: user, Password: password, Origin: origin})
		if err != nil {
			return err
		}
		q.caller, err = q.h.Callers.Resolver.Again(q.Context(), registry.Asker{
			Via: access.ViaSession.String(), PrincipalID: s.PrincipalID, Principal: s.Username, Address: origin.Address, Client: origin.Client, RequestID: q.id,
		})
		if err == nil {
			q.caller.SessionID, q.signedIn = s.PublicID, true
		}
		return err
	})
}

// tokenRequest asks for a token. Scopes are null for one of the tool's own, by which a person signs in.
type tokenRequest struct {
	Scopes      []string `json:"scopes"`
	Name        string   `json:"note"`
	URL         string   `json:"note_url"`
	Hostname    string   `json:"hostname"`
	For         string   `json:"user"`
	MaxAge      *int64   `json:"max-age"`
	FailIfExist bool     `json:"fail-if-exists"`
}

// maxAge bounds the age that can be asked for, in seconds; what is longer is no age at all.
const maxAge = 100 * 365 * 24 * 60 * 60

// createToken makes a token of the caller's. With a channel as its organization it is a token for that channel alone.
func (q *request) createToken() (err error) {
	if q.signedIn {
		defer func() { err = errors.Join(err, q.h.Service.Accounts.Logout(q.Context(), q.caller)) }()
	}
	var in tokenRequest
	if err := q.decode(&in); err != nil {
		return err
	}
	want, err := q.wanted(in)
	if err != nil {
		return err
	}
	issued, err := q.h.Service.Tokens.CreateNamed(q.Context(), q.caller, want, !in.FailIfExist)
	if e, ok := registry.AsError(err); ok && e.Code == registry.CodeConflict {
		// The tools know the name to be taken by this status.
		return problem.New(http.StatusBadRequest, api.CodeTokenExists, e.Message)
	}
	if err != nil {
		return err
	}
	return q.answer(http.StatusOK, map[string]any{"token": issued.String, "id": issued.Token.PublicID, "application": issued.Token.Name})
}

// wanted is the token that is asked for, in the server's words.
func (q *request) wanted(in tokenRequest) (registry.TokenInput, error) {
	out := registry.TokenInput{Name: in.Name}
	if in.MaxAge != nil {
		if *in.MaxAge <= 0 || *in.MaxAge > maxAge {
			return out, problem.New(http.StatusUnprocessableEntity, api.CodeInvalid, "the maximum age is a number of seconds, at most a hundred years of them")
		}
		out.ExpiresAt = q.h.Callers.Now().Add(time.Duration(*in.MaxAge) * time.Second).UTC().Format(time.RFC3339)
	}
	var err error
	if out.Metadata, err = json.Marshal(tokenNotes{in.Hostname, in.URL}); err != nil {
		return out, err
	}
	if in.For == "" {
		out.Scopes, err = q.scopesFor(in.Scopes)
		return out, err
	}
	level, err := levelFor(in.Scopes)
	if err != nil {
		return out, err
	}
	at, err := q.channelOf(in.For)
	if err != nil {
		return out, err
	}
	kind := api.ResourceTypeChannel
	if strings.Contains(at, "/") {
		kind = api.ResourceTypeSubchannel
	}
	out.Resources = []registry.ResourceInput{{Type: string(kind), Path: at, Level: string(level)}}
	return out, nil
}

// tokenNotes is what the tools say of a token besides.
type tokenNotes struct {
	Hostname string `json:"hostname,omitempty"`
	URL      string `json:"application_url,omitempty"`
}

// tokenJSON is a token as the tools list it. Resource is the channel that it is for.
type tokenJSON struct {
	ID          string     `json:"id"`
	Application string     `json:"application"`
	RemoteAddr  string     `json:"remote_addr"`
	Hostname    string     `json:"hostname"`
	Expires     *time.Time `json:"expires"`
	Scopes      []string   `json:"scopes"`
	CreatedAt   time.Time  `json:"created"`
}

func tokenOut(t registry.Token, policy registry.TokenPolicy) tokenJSON {
	out := tokenJSON{ID: t.PublicID, Application: t.Name, Scopes: t.Scopes.Names(), CreatedAt: t.CreatedAt}
	if end := t.End(policy.MaxLifetime); !end.IsZero() {
		out.Expires = &end
	}
	for _, r := range t.Resources {
		out.Scopes = append(out.Scopes, r.Level.String()+" on "+r.Name())
	}
	var notes tokenNotes
	if json.Unmarshal(t.Metadata, &notes) == nil {
		out.Hostname = notes.Hostname
	}
	var last time.Time
	for _, s := range t.Secrets {
		if s.LastUsedAt.After(last) {
			last, out.RemoteAddr = s.LastUsedAt, s.LastUsedAddress
		}
	}
	return out
}

func (q *request) listTokens() error {
	list, _, err := q.h.Service.Tokens.List(q.Context(), q.caller, "", registry.TokenFilter{}, registry.Page{Limit: maxListed, Sort: []registry.Sort{{By: "name"}}})
	if err != nil {
		return err
	}
	policy, err := q.h.Service.Tokens.PolicyFor(q.Context(), q.caller.Principal.Kind)
	if err != nil {
		return err
	}
	out := make([]tokenJSON, len(list))
	for i, t := range list {
		out[i] = tokenOut(t, policy)
	}
	return q.answer(http.StatusOK, out)
}

func (q *request) showOwnToken() error {
	t, err := q.h.Service.Tokens.Info(q.Context(), q.caller)
	if err != nil {
		return err
	}
	policy, err := q.h.Service.Tokens.PolicyFor(q.Context(), t.OwnerKind)
	if err != nil {
		return err
	}
	return q.answer(http.StatusOK, tokenOut(t, policy))
}

// removeOwnToken ends the token that the request comes with, or its session.
func (q *request) removeOwnToken() error {
	err := error(nil)
	if q.caller.Token != nil {
		err = q.h.Service.Tokens.Delete(q.Context(), q.caller, "", q.caller.Token.PublicID)
	} else {
		err = q.h.Service.Accounts.Logout(q.Context(), q.caller)
	}
	if err != nil {
		return err
	}
	return q.answer(http.StatusCreated, struct{}{})
}

// removeToken ends a token of the caller's by its name. An organization changes nothing: tokens for a channel belong to
// who made them.
func (q *request) removeToken() error {
	if err := q.h.Service.Tokens.DeleteNamed(q.Context(), q.caller, q.PathValue("token")); err != nil {
		return err
	}
	return q.answer(http.StatusCreated, struct{}{})
}
