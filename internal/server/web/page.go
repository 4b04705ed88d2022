package web

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strconv"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/callers"
)

// page is one request for a page while it is being answered.
type page struct {
	*Web
	// Caller is who asks: somebody who has signed in, on all pages but the open ones.
	Caller *access.Caller
	// form is what was typed, and what is wrong with it.
	form form

	w     http.ResponseWriter
	r     *http.Request
	route route
	// me is the caller's account, once it was asked for.
	me *registry.User
	// resumed tells that the form comes back after its session had ended: it is shown again and nothing is done.
	resumed bool
	crumbs  []crumb
	notice  *flash
}

// crumb is one step of the way to a page.
type crumb struct{ Label, URL string }

func (w *Web) page(rw http.ResponseWriter, r *http.Request) *page {
	id := callers.ID(r.Context())
	return &page{Web: w, w: rw, r: r, Caller: w.Callers.Origin(r, id), form: newForm()}
}

func (p *page) ctx() context.Context { return p.r.Context() }

// path gives a part of the request's path by its name in the route's pattern.
func (p *page) path(name string) string { return p.r.PathValue(name) }

// query gives a part of the request's query, empty if it is missing.
func (p *page) query(name string) string { return p.r.URL.Query().Get(name) }

// under says where the page is: label and address in turn.
func (p *page) under(labelsAndURLs ...string) *page {
	for i := 0; i+1 < len(labelsAndURLs); i += 2 {
		p.crumbs = append(p.crumbs, crumb{labelsAndURLs[i], labelsAndURLs[i+1]})
	}
	return p
}

// account gives the caller's account.
func (p *page) account() (registry.User, error) {
	if p.me == nil {
		me, err := p.Service.Accounts.Me(p.ctx(), p.Caller)
		if err != nil {
			return registry.User{}, err
		}
		p.me = &me
	}
	return *p.me, nil
}

// show answers with a page. Name is that of its template, title what the browser's window and the heading say.
func (p *page) show(name, title string, data any) error {
	return p.render(http.StatusOK, name, title, data)
}

// render is show with a status. Nothing is sent unless the whole page could be made.
func (p *page) render(status int, name, title string, data any) error {
	v := p.view(title, data)
	var out bytes.Buffer
	if err := p.templates.ExecuteTemplate(&out, pageTemplate(name), v); err != nil {
		return err
	}
	h := p.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(out.Len()))
	p.w.WriteHeader(status)
	// net/http drops the body of an answer to HEAD; a browser that has gone away is no concern of ours.
	_, _ = p.w.Write(out.Bytes())
	return nil
}

// redirect sends the browser to another page of this site, which it asks for by GET.
func (p *page) redirect(to string) error {
	http.Redirect(p.w, p.r, to, http.StatusSeeOther)
	return nil
}

// done sends the browser on after something was done, and says so there.
func (p *page) done(to, message string) error {
	p.setFlash(flash{Kind: "success", Text: message})
	return p.redirect(to)
}

// here is the address of the page, with its query.
func (p *page) here() string {
	u := url.URL{Path: p.r.URL.Path, RawPath: p.r.URL.RawPath, RawQuery: p.r.URL.RawQuery}
	return u.String()
}
