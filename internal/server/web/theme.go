package web

import "net/http"

func (w *Web) themePages() section {
	return section{routes: []route{{pattern: "POST " + themeURL, handle: w.setTheme, open: true}}}
}

// themeKept is how long a browser remembers the colours that were chosen, in seconds.
const themeKept = 365 * 24 * 60 * 60

// theme is the colours that were chosen, empty for those that the browser asks for.
func (p *page) theme() string {
	switch t := p.cookie(themeCookie); t {
	case "light", "dark":
		return t
	}
	return ""
}

func (w *Web) setTheme(p *page) error {
	c := newCookie(themeCookie, p.text("theme"), p.secure())
	c.MaxAge = themeKept
	if c.Value != "light" && c.Value != "dark" {
		c.Value, c.MaxAge = "", -1
	}
	http.SetCookie(p.w, c)
	to := p.text("return_to")
	if !local(to) {
		to = homeURL
	}
	return p.redirect(to)
}
