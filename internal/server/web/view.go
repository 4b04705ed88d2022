package web

import (
	"net"
	"net/netip"
	"strings"
	"time"
)

// view is what a template is given: what every page shows around its content, and the page's own data.
type view struct {
	// Title is the heading, and stands in the title of the window.
	Title string
	Data  any
	Form  form

	Nav    []navItem
	Admin  []navItem
	Crumbs []crumb
	Flash  *flash
	// User is the name of who has signed in, empty for nobody; HasPassword tells whether they sign in with one here.
	User        string
	HasPassword bool
	Theme       string
	// Here is the address of the page itself.
	Here    string
	Version string
	// Insecure tells that what is sent can be read on the way.
	Insecure bool
	Now      time.Time
	// RequestID finds the request in the server's log.
	RequestID string
}

// navItem is an entry of the navigation as a page shows it.
type navItem struct {
	Label, URL, Icon string
	Current          bool
}

func (p *page) view(title string, data any) *view {
	v := &view{
		Title: title, Data: data, Form: p.form, Crumbs: p.crumbs, Theme: p.theme(), Here: p.here(), Version: p.Version,
		Insecure: p.insecure(), Now: p.Callers.Now(), RequestID: p.Caller.RequestID,
	}
	if v.Flash = p.notice; v.Flash == nil {
		v.Flash = p.takeFlash()
	}
	if !p.Caller.LoggedIn() {
		return v
	}
	v.User = p.Caller.Principal.Name
	if me, err := p.account(); err == nil {
		v.HasPassword = me.PasswordHash != ""
	}
	for _, e := range p.nav {
		if !p.offers(p, e.needs) {
			continue
		}
		item := navItem{Label: e.label, URL: e.path, Icon: e.icon, Current: p.within(e.path) || len(p.crumbs) > 0 && p.crumbs[0].URL == e.path}
		if e.admin {
			v.Admin = append(v.Admin, item)
		} else {
			v.Nav = append(v.Nav, item)
		}
	}
	return v
}

// within tells whether the page is the one at path or below it.
func (p *page) within(path string) bool {
	here := p.r.URL.Path
	return here == path || path != homeURL && strings.HasPrefix(here, strings.TrimSuffix(path, "/")+"/")
}

// insecure tells that the browser talks to the site in clear over a network.
func (p *page) insecure() bool {
	if p.secure() {
		return false
	}
	host, _, err := net.SplitHostPort(p.r.Host)
	if err != nil {
		host = p.r.Host
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host != "localhost" && (err != nil || !ip.IsLoopback())
}
