package browser

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// patience is how long anything may take: a machine under load is slow, and nothing here measures time.
const patience = 60 * time.Second

// tab is a tab with cookies of its own, at a site.
type tab struct {
	t    testing.TB
	site string
	ctx  context.Context
}

// open opens a tab that closes with the test.
func open(t testing.TB, site string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	b := &tab{t: t, site: site, ctx: ctx}
	// The first call makes the tab, which must outlive the time that one action may take.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	b.size(1280, 900)
	return b
}

// signedIn opens a tab in which somebody has signed in.
func signedIn(t testing.TB, site, username, password string) *tab {
	t.Helper()
	b := open(t, site)
	b.visit("/-/sign-in")
	b.fill("#f-username", username)
	b.fill("#f-password", password)
	b.press("main form button[type=submit]")
	b.see("nav.side")
	return b
}

// do runs actions, and fails the test unless they end in time.
func (b *tab) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("%s: %v\nat %s\n%s", what, err, b.address(), b.source())
	}
}

// address and source tell where a tab is and what it shows, for messages.
func (b *tab) address() string {
	where, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return where
}

func (b *tab) source() string {
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText.slice(0, 3000)`))
	if err != nil {
		return err.Error()
	}
	return text
}

// get runs an action that gives something, and fails the test unless it ends in time.
func get[T any](b *tab, what string, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("%s: %v\nat %s\n%s", what, err, b.address(), b.source())
	}
	return v
}

// eval gives the value of an expression.
func eval[T any](b *tab, js string) T {
	b.t.Helper()
	return get(b, "evaluate "+js, chromedp.Evaluate[T](js, chromedp.EvalAsValue))
}

// path is where the tab is, without the site.
func (b *tab) path() string {
	b.t.Helper()
	return strings.TrimPrefix(b.address(), b.site)
}

// visit opens a page and waits until it is loaded.
func (b *tab) visit(path string) {
	b.t.Helper()
	b.do("visit "+path, chromedp.Navigate(b.site+path))
}

// see waits until something shows.
func (b *tab) see(selector string) {
	b.t.Helper()
	b.do("see "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// gone waits until something is not there any more.
func (b *tab) gone(selector string) {
	b.t.Helper()
	b.do("wait until there is no "+selector, chromedp.WaitNotPresent(chromedp.CSS(selector)))
}

// read waits until something shows and gives its text.
func (b *tab) read(selector string) string {
	b.t.Helper()
	return get(b, "read "+selector, chromedp.Text(chromedp.CSS(selector), chromedp.NodeVisible))
}

// value gives what is in a field.
func (b *tab) value(selector string) string {
	b.t.Helper()
	return get(b, "value of "+selector, chromedp.Value(chromedp.CSS(selector)))
}

// expect waits until something shows a text.
func (b *tab) expect(selector, text string) {
	b.t.Helper()
	const js = `(selector, text) => [...document.querySelectorAll(selector)].some((e) => e.innerText.includes(text))`
	get(b, "wait until "+selector+" says "+text, chromedp.PollFunction[bool](js, chromedp.WithPollingArgs(selector, text), chromedp.WithPollingTimeout(patience)))
}

// fill empties a field, types into it, and leaves it, so that no list of suggestions lies over the page.
func (b *tab) fill(selector, text string) {
	b.t.Helper()
	b.see(selector)
	eval[bool](b, `document.querySelector(`+strconv.Quote(selector)+`).value = "", true`)
	b.do("fill in "+selector, chromedp.SendKeys(chromedp.CSS(selector), text), chromedp.Blur(chromedp.CSS(selector)))
}

// typing is what fill does without leaving the field.
func typing(selector, text string) chromedp.Action[chromedp.Void] {
	return chromedp.SendKeys(chromedp.CSS(selector), text)
}

// present waits until something is there, seen or not.
func (b *tab) present(selector string) {
	b.t.Helper()
	b.do("wait for "+selector, chromedp.WaitReady(chromedp.CSS(selector)))
}

// choose sets a select or a date, of which every browser has a picker of its own.
func (b *tab) choose(selector, value string) {
	b.t.Helper()
	b.do("choose "+value, chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.SetValue(chromedp.CSS(selector), value))
}

// click presses something that does not leave the page.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.do("click "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// press presses what leads to another page, and waits until that is loaded.
func (b *tab) press(selector string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible)); err != nil {
		b.t.Fatalf("press %s: %v\nat %s\n%s", selector, err, b.address(), b.source())
	}
}

// size makes the window as large.
func (b *tab) size(width, height int64) {
	b.t.Helper()
	b.do("resize", chromedp.EmulateViewport(width, height))
}

// scheme makes the browser ask for light or dark colours, without any motion.
func (b *tab) scheme(name string) {
	b.t.Helper()
	b.do("scheme "+name, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return err
	}))
}

// picture writes what the whole page looks like. The window is made as high as the page for it, so that nothing scrolls and
// what sticks to the top of the window is at the top of the page.
func (b *tab) picture(file string) {
	b.t.Helper()
	width, height := eval[int64](b, `innerWidth`), eval[int64](b, `innerHeight`)
	b.size(width, max(height, eval[int64](b, `document.documentElement.scrollHeight`)))
	get(b, "scroll to the top", chromedp.PollFunction[bool](`() => { scrollTo(0, 0); return scrollY === 0 && (document.querySelector("header.top")?.getBoundingClientRect().top ?? 0) === 0; }`, chromedp.WithPollingTimeout(patience)))
	png := get(b, "picture", chromedp.FullScreenshot(100))
	b.size(width, height)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
