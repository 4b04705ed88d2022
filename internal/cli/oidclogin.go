package cli

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"time"

	"kingsnake/client"
)

// How long somebody may take to sign in, and how long the browser may take to read the last page.
const (
	signInTimeout = 15 * time.Minute
	farewell      = 5 * time.Second
)

// loginOIDC signs in with a browser: the page of the provider opens there, and the session comes back over a port of
// this machine, as a code that only this process can trade (RFC 8252).
func (a *app) loginOIDC(ctx context.Context, c *client.Client, saved credentials, browse bool) error {
	methods, err := c.SignInMethods(ctx)
	if err != nil {
		return fail(err, "could not ask %s how to sign in", c.BaseURL())
	}
	if methods.OIDC == "" {
		return &failure{what: c.BaseURL() + " has no sign-in by OpenID Connect", err: errNotLoggedIn, next: "kingsnake login " + c.BaseURL()}
	}
	ctx, cancel := context.WithTimeout(ctx, signInTimeout)
	defer cancel()
	waiter, err := listen(ctx)
	if err != nil {
		return err
	}
	defer waiter.close()
	page, err := c.SignInURL(waiter.port, waiter.challenge(), waiter.state)
	if err != nil {
		return err
	}
	a.note("Sign in at %s with this page, in a browser on this machine:\n  %s", methods.OIDC, page)
	if browse {
		a.openBrowser(ctx, page)
	}
	code, err := waiter.wait(ctx)
	if err != nil {
		return fail(err, "nobody signed in")
	}
	session, err := c.ExchangeCode(ctx, code, waiter.verifier)
	if err != nil {
		return fail(err, "could not fetch the session from %s", c.BaseURL())
	}
	account, err := c.As(client.Session(session.Token)).Account(ctx)
	if err != nil {
		return fail(err, "could not read the account after the login")
	}
	saved.Servers[c.BaseURL()] = login{Username: account.Username, Session: session.Token, ExpiresAt: session.ExpiresAt}
	return a.finishLogin(c, saved, account, session.ExpiresAt)
}

// openBrowser shows a page, with the program that the variable BROWSER names or with the system's. Where that fails the
// page is there to be opened by hand.
func (a *app) openBrowser(ctx context.Context, page string) {
	name, args := os.Getenv("BROWSER"), []string{page}
	switch {
	case name != "":
	case runtime.GOOS == "darwin":
		name = "open"
	case runtime.GOOS == "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", page}
	default:
		name = "xdg-open"
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), name, args...)
	if err := cmd.Start(); err != nil {
		a.note("No browser could be started (%v); open the page yourself.", err)
		return
	}
	go func() { _ = cmd.Wait() }() // Whether the browser ends well is its own affair.
}

// waiter is a port of this machine at which the browser ends.
type waiter struct {
	port            int
	verifier, state string
	server          *http.Server
	codes           chan string
}

// errWrongState says that some page has sent the browser here that has nothing to do with this login.
var errWrongState = errors.New("the browser came back from another sign-in; try again")

func listen(ctx context.Context) (*waiter, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("wait for the browser: %w", err)
	}
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return nil, errors.Join(fmt.Errorf("wait for the browser: %v is no port", l.Addr()), l.Close())
	}
	w := &waiter{port: address.Port, verifier: rand.Text() + rand.Text(), state: rand.Text(), codes: make(chan string, 1)}
	w.server = &http.Server{Handler: http.HandlerFunc(w.arrive), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	go func() { _ = w.server.Serve(l) }() // It ends with close.
	return w, nil
}

// challenge is what the server is told of the verifier.
func (w *waiter) challenge() string {
	sum := sha256.Sum256([]byte(w.verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// arrive answers the browser. Only the first code with the right state counts.
func (w *waiter) arrive(out http.ResponseWriter, r *http.Request) {
	code, state := r.URL.Query().Get("code"), r.URL.Query().Get("state")
	out.Header().Set("Content-Type", "text/plain; charset=utf-8")
	out.Header().Set("Cache-Control", "no-store")
	if code == "" || subtle.ConstantTimeCompare([]byte(state), []byte(w.state)) != 1 {
		http.Error(out, errWrongState.Error(), http.StatusBadRequest)
		return
	}
	select {
	case w.codes <- code:
	default:
	}
	_, _ = fmt.Fprintln(out, "You are signed in. You can close this page and go back to the command line.")
}

func (w *waiter) wait(ctx context.Context) (string, error) {
	select {
	case code := <-w.codes:
		return code, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// close lets the browser read its page and stops listening.
func (w *waiter) close() {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if w.server.Shutdown(ctx) != nil {
		_ = w.server.Close() // The process is about to end.
	}
}
