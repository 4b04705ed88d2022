package web

import (
	"net/http"
	"strings"

	"kingsnake/internal/registry"
)

// The names of the cookies. With TLS a name binds its cookie to this very host.
const (
	sessionCookie = "kingsnake_session"
	themeCookie   = "kingsnake_theme"
	flashCookie   = "kingsnake_flash"
	hostPrefix    = "__Host-"
)

// secure tells that the browser reaches the site by https.
func (p *page) secure() bool {
	return p.r.TLS != nil || strings.HasPrefix(p.PublicURL, "https://")
}

// newCookie makes a cookie as all of ours are. It lasts until the browser is closed, or as its maker says.
func newCookie(name, value string, secure bool) *http.Cookie {
	c := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure}
	if secure {
		c.Name = hostPrefix + name
	}
	return c
}

// cookie gives the value of one of our cookies, empty for none.
func (p *page) cookie(name string) string {
	if p.secure() {
		name = hostPrefix + name
	}
	c, err := p.r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

func (p *page) setCookie(name, value string) { http.SetCookie(p.w, newCookie(name, value, p.secure())) }

func (p *page) dropCookie(name string) {
	c := newCookie(name, "", p.secure())
	c.MaxAge = -1
	http.SetCookie(p.w, c)
}

// SessionCookie is what a browser keeps of a session, for a sign-in that ends elsewhere. The browser stays signed in as
// long as it opens a page now and then; the session itself ends when its row says.
func (w *Web) SessionCookie(s registry.Session) (*http.Cookie, error) {
	return w.sessionCookie(s, strings.HasPrefix(w.PublicURL, "https://"))
}

func (w *Web) sessionCookie(s registry.Session, secure bool) (*http.Cookie, error) {
	end := w.Callers.Now().Add(w.Idle)
	if s.ExpiresAt.Before(end) {
		end = s.ExpiresAt
	}
	bearer, err := w.Keys.SignSession(s.PublicID, s.Username, end)
	return newCookie(sessionCookie, bearer, secure), err
}

// identify finds out who asks, and lets somebody who has signed in stay so for another while.
func (p *page) identify() error {
	bearer := p.cookie(sessionCookie)
	caller, err := p.Callers.Session(p.ctx(), p.r, p.Caller.RequestID, bearer)
	if err != nil {
		return err
	}
	p.Caller = caller
	if !caller.LoggedIn() {
		return nil
	}
	if renewed, ok := p.Keys.RenewSession(bearer, caller.Now, p.Idle); ok {
		p.setCookie(sessionCookie, renewed)
	}
	return nil
}

// enter signs the browser in with a new session, for the rest of this request too.
func (p *page) enter(s registry.Session) error {
	c, err := p.sessionCookie(s, p.secure())
	if err != nil {
		return err
	}
	http.SetCookie(p.w, c)
	p.me = nil
	p.Caller, err = p.Callers.Session(p.ctx(), p.r, p.Caller.RequestID, c.Value)
	return err
}

// mustChoosePassword gives the page for choosing a password to who still has the one that the server made, and nothing
// to everybody else and on that page itself.
func (p *page) mustChoosePassword() string {
	me, err := p.account()
	if err != nil || !me.PasswordIssued || p.r.URL.Path == passwordURL {
		return ""
	}
	return passwordURL
}
