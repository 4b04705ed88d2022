package web

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"kingsnake/internal/registry"
)

func (w *Web) signInPages() section {
	return section{routes: []route{
		{pattern: "GET " + signInURL, handle: w.signInPage, open: true},
		{pattern: "POST " + signInURL, handle: w.signIn, open: true},
		{pattern: "POST " + signOutURL, handle: w.signOut, open: true},
	}}
}

// signInData is what the page for signing in shows.
type signInData struct {
	ReturnTo string
	// Draft and DraftPath are a form whose session had ended, which comes back after signing in.
	Draft, DraftPath string
	// SSO is the name of the other way to sign in, and SSOURL where it begins.
	SSO, SSOURL string
	// Problem is why the other way did not work.
	Problem string
}

func (p *page) signInData() signInData {
	d := signInData{ReturnTo: p.text("return_to"), Draft: p.form.Value(draftField), DraftPath: p.form.Value(draftPathField), SSO: p.SignInName}
	if d.ReturnTo == "" {
		d.ReturnTo = p.query("return_to")
	}
	if !local(d.ReturnTo) {
		d.ReturnTo = homeURL
	}
	if d.SSO != "" {
		d.SSOURL = withQuery("/api/auth/authorize", "redirect", "true", "page", d.ReturnTo)
	}
	return d
}

func (w *Web) signInPage(p *page) error {
	d := p.signInData()
	if p.Caller.LoggedIn() {
		return p.redirect(d.ReturnTo)
	}
	d.Problem = signInProblem(p.query("problem"))
	return p.show("sign_in", "Sign in", d)
}

// signInProblem words why somebody was sent back without a session.
func signInProblem(reason string) string {
	switch reason {
	case "":
		return ""
	case "sign_in_expired":
		return "Signing in took too long. Begin again."
	case "sign_in_state":
		return "This browser has not begun that sign-in. Begin again, with cookies switched on and in one window only."
	case "sign_in_replayed":
		return "That sign-in was finished before. Begin again."
	case "sign_in_refused":
		return "The sign-in service did not let you in."
	case "identity_invalid":
		return "The sign-in service said nothing that this site can go by. Ask an administrator."
	case "account_disabled":
		return "Your account is disabled. Ask an administrator."
	case "unavailable":
		return "The sign-in service does not answer. Try again later."
	case "identity_not_allowed":
		return "Your account is not admitted to this site. Ask its administrator."
	}
	return "You could not be signed in. Try again, and ask an administrator if it happens again."
}

// SignInPage is where somebody goes who did not get in, with the reason and the page that they wanted.
func (w *Web) SignInPage(returnTo, reason string) string {
	return withQuery(signInURL, "return_to", returnTo, "problem", reason)
}

// askToSignIn sends somebody without a session to sign in, and keeps what was typed.
func (p *page) askToSignIn() error {
	if p.r.Method == http.MethodGet || p.r.Method == http.MethodHead {
		to := p.here()
		if to == homeURL {
			to = ""
		}
		return p.redirect(withQuery(signInURL, "return_to", to))
	}
	if p.route.raw {
		return &registry.Error{Code: registry.CodeCredential, Message: "your session has ended; sign in and send the file again"}
	}
	kept := url.Values{}
	for name, values := range p.form.Values {
		if !strings.Contains(name, "password") && name != checkStringField && name != nonceField {
			kept[name] = values
		}
	}
	d := p.signInData()
	d.Draft, d.DraftPath = kept.Encode(), p.here()
	p.form = newForm()
	p.notice = &flash{Kind: "warning", Text: "Your session has ended. Sign in again; what you typed is kept."}
	return p.render(http.StatusUnauthorized, "sign_in", "Sign in", d)
}

func (w *Web) signIn(p *page) error {
	d := p.signInData()
	if p.pressed("continue") && p.Caller.LoggedIn() {
		return p.resume(d)
	}
	username, password := p.text("username"), p.secret("password")
	if username == "" {
		p.wrong("username", "enter your user name")
	}
	if password == "" {
		p.wrong("password", "enter your password")
	}
	err := p.try(func(ctx context.Context) error {
		var s registry.Session
		origin := p.Callers.Origin(p.r, p.Caller.RequestID)
		err := p.Callers.TryPassword(origin, username, func() (err error) {
			s, err = p.Service.Accounts.Login(ctx, registry.LoginInput{Username: username, Password: password, Origin: origin})
			return err
		})
		if err != nil {
			return err
		}
		return p.enter(s)
	})
	if err != nil {
		return p.again(err, "sign_in", "Sign in", d, "")
	}
	if d.Draft != "" {
		return p.resume(d)
	}
	return p.redirect(d.ReturnTo)
}

// resumedField tells a page that a form comes back after its session had ended.
const resumedField = "form_resumed"

// resume shows a form again, with what was typed before the session had ended. Nothing is done: it is sent to its page
// with a mark that keeps try from doing anything.
func (p *page) resume(d signInData) error {
	to, err := url.Parse(d.DraftPath)
	values, verr := url.ParseQuery(d.Draft)
	if err != nil || verr != nil || !local(d.DraftPath) {
		return p.redirect(homeURL)
	}
	values.Set(resumedField, "1")
	r := p.r.Clone(p.ctx())
	r.URL, r.RequestURI, r.Form, r.PostForm = to, to.RequestURI(), nil, nil
	r.Body = io.NopCloser(strings.NewReader(values.Encode()))
	if fresh := p.w.Header().Values("Set-Cookie"); len(fresh) > 0 {
		r.Header.Del("Cookie")
		for _, line := range fresh {
			if c, err := http.ParseSetCookie(line); err == nil {
				r.AddCookie(c)
			}
		}
	}
	if _, pattern := p.mux.Handler(r); pattern == "" {
		return p.redirect(homeURL)
	}
	p.mux.ServeHTTP(p.w, r)
	return nil
}

// signOut ends the session on the server, and in the browser too.
func (w *Web) signOut(p *page) error {
	if p.Caller.LoggedIn() {
		if err := p.Service.Accounts.Logout(p.ctx(), p.Caller); err != nil {
			return err
		}
	}
	p.dropCookie(sessionCookie)
	return p.done(signInURL, "You are signed out.")
}
