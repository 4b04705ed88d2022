package oidctest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// Browser is somebody with cookies who follows links one by one.
type Browser struct {
	*http.Client
	t testing.TB
}

// NewBrowser gives a browser without any cookies.
func NewBrowser(t testing.TB) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Browser{t: t, Client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// Page is an answer, read whole.
type Page struct {
	Status int
	Header http.Header
	Body   []byte
	// Location is where the page leads at once, nil if it does not.
	Location *url.URL
}

// Open asks for an address.
func (b *Browser) Open(address string) Page {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	return b.send(req)
}

func (b *Browser) post(address string, form url.Values) Page {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(req)
}

func (b *Browser) send(req *http.Request) Page {
	b.t.Helper()
	resp, err := b.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		b.t.Fatal(err)
	}
	p := Page{Status: resp.StatusCode, Header: resp.Header, Body: body}
	if resp.Header.Get("Location") != "" {
		if p.Location, err = resp.Location(); err != nil {
			b.t.Fatal(err)
		}
	}
	return p
}

// form finds where a page's form goes, and which of the provider's questions it answers.
var form = regexp.MustCompile(`(?s)action="([^"]+)".*?name="prompt" value="(\w+)"`)

// maxSteps bounds the pages of one sign-in.
const maxSteps = 20

// SignIn begins at an address of the site, signs in at the provider with whatever the provider asks, and gives the
// address at which the provider sends the browser back to the site, without going there.
func (b *Browser) SignIn(p *Provider, address, login string) *url.URL {
	b.t.Helper()
	host := strings.TrimPrefix(p.Issuer, "http://")
	page := b.Open(address)
	for range maxSteps {
		switch {
		case page.Location != nil && page.Location.Host != host && strings.Contains(page.Location.Path, "/callback"):
			return page.Location
		case page.Location != nil:
			page = b.Open(page.Location.String())
		default:
			page = b.answer(p, page, login)
		}
	}
	b.t.Fatal("the sign-in does not end")
	return nil
}

// answer fills in the form of a page.
func (b *Browser) answer(p *Provider, page Page, login string) Page {
	b.t.Helper()
	found := form.FindSubmatch(page.Body)
	if found == nil {
		b.t.Fatalf("status %d and no form of the provider: %s", page.Status, page.Body)
	}
	values := url.Values{"prompt": {string(found[2])}}
	if values.Get("prompt") == "login" {
		values.Set("login", login)
		values.Set("password", "any")
	}
	action := string(found[1])
	if strings.HasPrefix(action, "/") {
		action = fmt.Sprintf("%s%s", p.Issuer, action)
	}
	return b.post(action, values)
}
