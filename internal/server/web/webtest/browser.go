package webtest

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Browser is a browser without JavaScript.
type Browser struct {
	t    testing.TB
	site string
	http *http.Client
	// Header is sent along with every request.
	Header http.Header
}

// New makes a browser for a site that nobody has signed in with.
func New(t testing.TB, site string) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Browser{t: t, site: site, http: &http.Client{Jar: jar}, Header: http.Header{}}
}

// SignIn signs somebody in by the form.
func SignIn(t testing.TB, site, username, password string) *Browser {
	t.Helper()
	b := New(t, site)
	page := b.Get("/-/sign-in").Form("form.card").Set("username", username).Set("password", password).Submit()
	if page.Status != http.StatusOK || page.Path == "/-/sign-in" {
		t.Fatalf("sign in as %s: status %d at %s: %s", username, page.Status, page.Path, page.Problems())
	}
	return b
}

// Page is what came back, after redirects.
type Page struct {
	Node
	Status int
	// Path is where the browser ended up, with the query.
	Path   string
	Header http.Header
	Source string
	b      *Browser
}

// Get opens a page.
func (b *Browser) Get(path string) *Page {
	b.t.Helper()
	return b.do(http.MethodGet, path, nil)
}

// Post sends a form that no page shows.
func (b *Browser) Post(path string, values url.Values) *Page {
	b.t.Helper()
	return b.do(http.MethodPost, path, values)
}

// Cookies are what the browser keeps of the site.
func (b *Browser) Cookies() []*http.Cookie {
	u, err := url.Parse(b.site)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.http.Jar.Cookies(u)
}

// Send posts a body of any type, such as a form with files.
func (b *Browser) Send(path, contentType string, body io.Reader) *Page {
	b.t.Helper()
	return b.send(http.MethodPost, path, contentType, body)
}

func (b *Browser) do(method, path string, values url.Values) *Page {
	b.t.Helper()
	if values == nil {
		return b.send(method, path, "", nil)
	}
	return b.send(method, path, "application/x-www-form-urlencoded", strings.NewReader(values.Encode()))
}

func (b *Browser) send(method, path, contentType string, body io.Reader) *Page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.site+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header = b.Header.Clone()
	r.Header.Set("Accept", "text/html")
	if body != nil {
		r.Header.Set("Content-Type", contentType)
		if r.Header.Get("Sec-Fetch-Site") == "" {
			r.Header.Set("Sec-Fetch-Site", "same-origin")
		}
	}
	resp, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	source, err := io.ReadAll(resp.Body)
	if cerr := resp.Body.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		b.t.Fatal(err)
	}
	doc, err := html.Parse(strings.NewReader(string(source)))
	if err != nil {
		b.t.Fatal(err)
	}
	return &Page{
		Node: Node{doc}, Status: resp.StatusCode, Path: resp.Request.URL.RequestURI(), Header: resp.Header, Source: string(source), b: b,
	}
}

// Find gives what a selector finds first, and fails the test if there is nothing.
func (p *Page) Find(selector string) Node {
	p.b.t.Helper()
	n, ok := p.First(selector)
	if !ok {
		p.b.t.Fatalf("%s (status %d) has no %s:\n%s", p.Path, p.Status, selector, p.Source)
	}
	return n
}

// Problems is what the page says is wrong, empty for nothing.
func (p *Page) Problems() string {
	var out []string
	for _, n := range p.All(".notice.error") {
		out = append(out, n.Text())
	}
	return strings.Join(out, " ")
}

// Follow opens what a link leads to.
func (p *Page) Follow(selector string) *Page {
	p.b.t.Helper()
	return p.b.Get(p.Find(selector).Attr("href"))
}

// Form is a form that is being filled in.
type Form struct {
	Values url.Values
	Action string
	Method string
	page   *Page
}

// Form takes the first form that a selector finds, with what is in it.
func (p *Page) Form(selector string) *Form {
	p.b.t.Helper()
	n := p.Find(selector)
	f := &Form{Values: url.Values{}, Action: n.Attr("action"), Method: strings.ToUpper(n.Attr("method")), page: p}
	for _, in := range n.All("input") {
		name, kind := in.Attr("name"), in.Attr("type")
		if name == "" || (kind == "radio" || kind == "checkbox") && !in.Has("checked") {
			continue
		}
		f.Values.Add(name, in.Attr("value"))
	}
	for _, area := range n.All("textarea") {
		f.Values.Add(area.Attr("name"), area.Raw())
	}
	for _, sel := range n.All("select") {
		options := sel.All("option")
		chosen := slices.IndexFunc(options, func(o Node) bool { return o.Has("selected") })
		if len(options) > 0 {
			f.Values.Add(sel.Attr("name"), options[max(0, chosen)].Attr("value"))
		}
	}
	return f
}

// Set fills in a field, which the form must have unless it is a button.
func (f *Form) Set(name string, values ...string) *Form {
	f.Values[name] = values
	return f
}

// Submit sends the form.
func (f *Form) Submit() *Page {
	f.page.b.t.Helper()
	if f.Method == http.MethodPost {
		return f.page.b.Post(f.Action, f.Values)
	}
	return f.page.b.Get(f.Action + "?" + f.Values.Encode())
}
