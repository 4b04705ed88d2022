// Package web is the pages for people: HTML made on the server, one Go file and one template per page, all below /-/.
// They work without JavaScript; what there is of it makes some things quicker.
//
// A page decodes its request, calls the domain as whoever has signed in, and shows what comes back. It decides nothing:
// what somebody may not do is left out where the domain says so (Service.Can), and refused by the domain in any case.
//
// Out of scope: the REST API (package apihttp), the conda protocol (package channelhttp).
package web

import (
	"context"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"

	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/callers"
	"kingsnake/internal/server/wire"
)

// Options are what the pages are made of.
type Options struct {
	Service *registry.Service
	Callers *callers.Maker
	Keys    *identity.Keys
	Log     *slog.Logger
	Version string
	// Check tells what is wrong with the server, empty when nothing is.
	Check func(context.Context) []string
	// PublicURL is the address of the site as configured, empty where each request says it; URL gives it for a request.
	PublicURL string
	URL       func(*http.Request) string
	// SignInName is what the sign-in by OpenID Connect is called, empty where the site has none.
	SignInName string
	// Idle is how long a browser stays signed in without opening a page.
	Idle time.Duration
	// Progress is how long an upload may stand still.
	Progress time.Duration
}

// Web serves the pages.
type Web struct {
	Options
	mux       *http.ServeMux
	cross     *http.CrossOriginProtection
	assets    assets
	templates *template.Template
	routes    []route
	nav       []navEntry
}

// New makes the pages.
func New(o Options) (*Web, error) {
	w := &Web{Options: o, mux: http.NewServeMux(), cross: http.NewCrossOriginProtection()}
	if o.PublicURL != "" {
		if err := w.cross.AddTrustedOrigin(strings.TrimSuffix(o.PublicURL, "/")); err != nil {
			return nil, fmt.Errorf("pages: public_url: %w", err)
		}
	}
	var err error
	if w.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if w.templates, err = w.parseTemplates(); err != nil {
		return nil, err
	}
	for _, s := range w.sections() {
		w.routes = append(w.routes, s.routes...)
		if s.nav != nil {
			w.nav = append(w.nav, *s.nav)
		}
	}
	for _, r := range w.routes {
		w.mux.HandleFunc(r.pattern, func(rw http.ResponseWriter, req *http.Request) { w.serve(rw, req, r) })
	}
	return w, nil
}

// policy is what the pages may load and where they may send what is typed: nothing but this site, and nothing inline.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// ServeHTTP answers a request below /-/. The outermost handler has set Referrer-Policy and X-Content-Type-Options.
func (w *Web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	h := rw.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.URL.Path == "/-" {
		http.Redirect(rw, r, homeURL, http.StatusSeeOther)
		return
	}
	if strings.HasPrefix(r.URL.Path, staticPath) {
		w.assets.serve(rw, r)
		return
	}
	h.Set("Cache-Control", "private, no-store")
	p := w.page(rw, r)
	if clean := path.Clean(r.URL.Path); clean != strings.TrimSuffix(r.URL.Path, "/") {
		w.answer(p, errNoPage)
		return
	}
	if err := w.cross.Check(r); err != nil {
		w.answer(p, errCrossOrigin)
		return
	}
	if _, pattern := w.mux.Handler(r); pattern == "" {
		// Whoever has signed in is shown the same page for an address that does not exist and for one that is not for them.
		err := p.identify()
		if err == nil {
			err = w.unmatched(r)
		}
		w.answer(p, err)
		return
	}
	w.mux.ServeHTTP(rw, r)
}

// unmatched tells a path that does not exist from a method that it does not take.
func (w *Web) unmatched(r *http.Request) error {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if _, pattern := w.mux.Handler(&http.Request{Method: method, URL: r.URL, Host: r.Host}); pattern != "" {
			return &notAllowed{method}
		}
	}
	return errNoPage
}

// serve answers a request for which there is a route.
func (w *Web) serve(rw http.ResponseWriter, r *http.Request, to route) {
	p := w.page(rw, r)
	p.route = to
	w.answer(p, w.run(p))
}

// run finds out who asks, reads the form, and lets the page do its work.
func (w *Web) run(p *page) error {
	if err := p.identify(); err != nil {
		return err
	}
	if p.r.Method == http.MethodPost && !p.route.raw {
		if err := p.readForm(); err != nil {
			return err
		}
	}
	if !p.route.open {
		if !p.Caller.LoggedIn() {
			return p.askToSignIn()
		}
		if turn := p.mustChoosePassword(); turn != "" {
			return p.redirect(turn)
		}
	}
	if !w.offers(p, p.route.needs) {
		return errNoPage
	}
	return p.route.handle(p)
}

// answer shows what went wrong, if something did.
func (w *Web) answer(p *page, err error) {
	switch {
	case err == nil:
	case p.route.raw:
		// The browser may still be sending a file, and reads no answer until it is through.
		wire.Refuse(p.w, p.r, func() { p.fail(err) })
	default:
		p.fail(err)
	}
}
