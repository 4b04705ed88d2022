package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long anything may take: a machine under load is slow, and nothing here measures time.
const patience = 60 * time.Second

// submit is the button that sends the form of a page.
const submit = "main form .actions button[type=submit]"

// tab is a tab with cookies of its own, at a site.
type tab struct {
	t    testing.TB
	site string
	ctx  context.Context
	// noise is what the browser complained of.
	noise *noise
}

// open opens a tab that closes with the test.
func open(t testing.TB, site string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	return settle(ctx, t, site)
}

// settle makes the tab of a context one of these tests'.
func settle(ctx context.Context, t testing.TB, site string) *tab {
	t.Helper()
	b := &tab{t: t, site: site, ctx: ctx}
	// The first call makes the tab, which must outlive the time that one action may take.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	b.hear()
	// Each tab takes itself for the one that somebody looks at, however many are open.
	b.do("focus", command(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}))
	b.size(1280, 900)
	return b
}

// command is a command of the browser as an action.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// signedIn opens a tab in which somebody has signed in.
func signedIn(t testing.TB, site, username, password string) *tab {
	t.Helper()
	b := open(t, site)
	b.visit("/-/sign-in")
	b.signIn(username, password)
	b.see("nav.side")
	return b
}

// signIn fills in the page for signing in.
func (b *tab) signIn(username, password string) {
	b.t.Helper()
	b.fill("#f-username", username)
	b.fill("#f-password", password)
	b.press(submit)
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

// html is the whole page as it is now.
func (b *tab) html() string {
	b.t.Helper()
	return eval[string](b, `document.documentElement.outerHTML`)
}

// visit opens a page and waits until it is loaded.
func (b *tab) visit(path string) {
	b.t.Helper()
	b.do("visit "+path, chromedp.Navigate(b.site+path))
}

// answers opens a page and gives the status with which the server answers, wherever it sends the browser.
func (b *tab) answers(path string) int {
	b.t.Helper()
	return int(get(b, "visit "+path, chromedp.NavigateResponse(b.site+path)).Status)
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
	b.until(selector+" says "+text, `[...document.querySelectorAll(`+quoted(selector)+`)].some((e) => e.innerText.includes(`+quoted(text)+`))`)
}

// eventually opens a page again and again until something there says a text: what the server does in the background.
func (b *tab) eventually(path, selector, text string) {
	b.t.Helper()
	js := `[...document.querySelectorAll(` + quoted(selector) + `)].some((e) => e.innerText.includes(` + quoted(text) + `))`
	for deadline := time.Now().Add(patience); ; {
		b.visit(path)
		if eval[bool](b, js) {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%s never says %s at %s\n%s", selector, text, b.address(), b.source())
		}
	}
}

// until waits until an expression is true. It asks from here, so that it goes on from page to page, with scripts or without.
func (b *tab) until(what, js string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		// While the browser goes to another page there is nothing to ask.
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](js))
		if ok {
			return
		}
		select {
		case <-ctx.Done():
			b.t.Fatalf("wait until %s: %v, %v\nat %s\n%s", what, ctx.Err(), err, b.address(), b.source())
		case <-tick.C:
		}
	}
}

// quoted is a text as a script has it.
func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		return fmt.Sprintf("%q", text)
	}
	return string(out)
}

// fill empties a field, types into it, and leaves it, so that no list of suggestions lies over the page.
func (b *tab) fill(selector, text string) {
	b.t.Helper()
	b.see(selector)
	eval[bool](b, `document.querySelector(`+quoted(selector)+`).value = "", true`)
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
	b.leave("press "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// leave does what leads to another page, and waits until that is loaded.
func (b *tab) leave(what string, act chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, act); err != nil {
		b.t.Fatalf("%s: %v\nat %s\n%s", what, err, b.address(), b.source())
	}
}

// script runs a script that gives nothing.
func script(js string) chromedp.Action[chromedp.Void] {
	return command(runtime.Evaluate, runtime.EvaluateParams{Expression: js})
}

// size makes the window as large.
func (b *tab) size(width, height int64) {
	b.t.Helper()
	b.do("resize", chromedp.EmulateViewport(width, height))
}

// scheme makes the browser ask for light or dark colours, without any motion.
func (b *tab) scheme(name string) {
	b.t.Helper()
	b.prefer("prefers-color-scheme", name, "prefers-reduced-motion", "reduce")
}

// prefer makes the browser ask pages for what somebody prefers: names and values in turn.
func (b *tab) prefer(features ...string) {
	b.t.Helper()
	var params emulation.SetEmulatedMediaParams
	for i := 0; i+1 < len(features); i += 2 {
		params.Features = append(params.Features, &emulation.MediaFeature{Name: features[i], Value: features[i+1]})
	}
	b.do("prefer "+strings.Join(features, " "), command(emulation.SetEmulatedMedia, params))
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
