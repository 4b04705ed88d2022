package browser

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"kingsnake/internal/servertest"
)

// noise is what the browser complains of on a tab: what the content policy forbids, scripts that fail, files that are
// missing.
type noise struct {
	mu    sync.Mutex
	lines []string
}

func (n *noise) add(line string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, line)
}

// take gives what was heard, and forgets it.
func (n *noise) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	lines := n.lines
	n.lines = nil
	return lines
}

// hear notes what the browser complains of about pages of the site, and fails the test for it in the end: no page that
// any test opens may break the content policy or let a script fail.
func (b *tab) hear() {
	b.t.Helper()
	b.noise = &noise{}
	err := chromedp.Listen(b.ctx, func(ev any) {
		switch ev := ev.(type) {
		case *log.EventEntryAdded:
			if e := ev.Entry; complaint(e, b.site) {
				b.noise.add(e.Source.String() + ": " + e.Text + " (" + e.URL + ")")
			}
		case *runtime.EventExceptionThrown:
			d := ev.ExceptionDetails
			text := d.Text
			if d.Exception != nil {
				text += " " + d.Exception.Description
			}
			b.noise.add("exception: " + text + " (" + d.URL + ")")
		case *runtime.EventConsoleAPICalled:
			if ev.Type == runtime.ConsoleAPICalledTypeError || ev.Type == runtime.ConsoleAPICalledTypeAssert {
				b.noise.add("a script writes an error to the console")
			}
		}
	})
	if err != nil {
		b.t.Fatalf("listen to the browser: %v", err)
	}
	b.t.Cleanup(func() {
		for _, line := range b.noise.take() {
			b.t.Errorf("the browser complains: %s", line)
		}
	})
}

// complaint tells whether an entry of the browser's log is about a fault of a page of the site. A page that answers 404
// or 422 is none; a file that a page needs and that does not come is.
func complaint(e *log.Entry, site string) bool {
	switch {
	case e.Source == log.EntrySourceSecurity:
		return true
	case e.Level != log.EntryLevelError || e.URL != "" && !strings.HasPrefix(e.URL, site):
		return false
	case e.Source == log.EntrySourceNetwork:
		return strings.HasPrefix(e.URL, site+"/-/static/")
	}
	return true
}

// waitForNoise waits for a complaint, and forgets it.
func (b *tab) waitForNoise(text string) {
	b.t.Helper()
	var heard []string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		heard = append(heard, b.noise.take()...)
		if strings.Contains(strings.Join(heard, "\n"), text) {
			return
		}
		// Events of the browser come with its answers.
		eval[bool](b, "true")
	}
	b.t.Fatalf("no complaint that says %s; heard: %q", text, heard)
}

// TestComplaintsAreHeard plants what no page may do.
func TestComplaintsAreHeard(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	b := open(t, s.URL)
	for what, js := range map[string]string{
		"security: ":      `document.body.insertAdjacentHTML("beforeend", "<p style='color: red'>x</p>"), true`,
		"exception: ":     `setTimeout(() => { throw new Error("planted"); }, 0), true`,
		"network: ":       `document.head.append(Object.assign(document.createElement("script"), {src: "/-/static/missing.js"})), true`,
		"a script writes": `console.error("planted"), true`,
	} {
		b.visit("/-/sign-in")
		if heard := b.noise.take(); len(heard) > 0 {
			t.Errorf("the page itself is not quiet: %q", heard)
		}
		eval[bool](b, js)
		b.waitForNoise(what)
	}
}
