package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// The times that the server is given.
const (
	answerTime = 15 * time.Second
	logTime    = 3 * time.Second
	patience   = 5 * time.Second
	driftTime  = 30 * time.Second
)

// server asks the server itself, the way clients do.
func (e *examination) server(ctx context.Context) {
	web := &http.Client{
		Timeout:       answerTime,
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	w := &waiting{examination: e, web: web}
	got, err := w.ask(ctx, http.MethodGet, "/readyz", nil, nil)
	switch {
	case err != nil && !e.Asked:
		e.add("server", Warning, "start it, or name its address with --url", "no server answers at %s: %v", e.URL, err)
		return
	case err != nil:
		e.add("server", Error, "see whether the server and the proxy run, and whether the address is right", "no answer: %v", err)
		return
	case got.code != http.StatusOK:
		e.add("server", Error, "see the other findings and the server's log", "%s answers %s: %s", e.URL, got.status, oneLine(got.body))
	default:
		e.ok("server", "%s is ready", e.URL)
	}
	if got.tls != nil && len(got.tls.PeerCertificates) > 0 {
		e.lifetime("certificate at the address", got.tls.PeerCertificates[0])
	}
	w.clock(got.header)
	w.credentials(ctx)
	w.buffering(ctx)
	if e.Site != nil {
		w.addresses(ctx)
	}
}

// waiting asks a server.
type waiting struct {
	*examination
	web *http.Client
}

// answer is what a server answered. Of the body it is the beginning.
type answer struct {
	code   int
	status string
	header http.Header
	tls    *tls.ConnectionState
	body   []byte
}

// ask makes a request and reads some of the answer.
func (w *waiting) ask(ctx context.Context, method, path string, header http.Header, body io.Reader) (got answer, err error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(w.URL, "/")+path, body)
	if err != nil {
		return got, err
	}
	req.Header.Set("User-Agent", "kingsnake-doctor")
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := w.web.Do(req)
	if err != nil {
		return got, err
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return answer{resp.StatusCode, resp.Status, resp.Header, resp.TLS, data}, errors.Join(err, resp.Body.Close())
}

func oneLine(body []byte) string {
	return strings.Join(strings.Fields(string(body[:min(len(body), 300)])), " ")
}

// clock compares this machine's clock with the one of who answers.
func (w *waiting) clock(header http.Header) {
	theirs, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return
	}
	if d := w.Now().Sub(theirs).Abs(); d > driftTime {
		w.add("clock", Warning, "have both clocks kept by NTP; tokens end by them", "this machine's clock and that of %s differ by %s", w.URL, d.Round(time.Second))
		return
	}
	w.ok("clock", "it agrees with that of the server")
}

// form is a way in which clients send a token.
type form struct {
	name string
	path func(token string) string
	head func(token string) http.Header
}

// forms are all of them. The channel in the address is a mark to find the request by, in a log that has its path.
func forms(mark string) []form {
	const account = "/api/account"
	header := func(name, before string) func(string) http.Header {
		return func(token string) http.Header { return http.Header{name: {before + token}} }
	}
	fixed := func(path string) func(string) string { return func(string) string { return path } }
	return []form{
		{"in the address", func(token string) string { return "/t/" + token + "/" + mark + "/noarch/repodata.json" }, func(string) http.Header { return nil }},
		{"in Authorization: Bearer", fixed(account), header("Authorization", "Bearer ")},
		{"as the password of Authorization: Basic", fixed(account), func(token string) http.Header {
			return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("doctor:"+token))}}
		}},
		{"in X-Auth", fixed(account), header("X-Auth", "")},
	}
}

// canary makes what looks like a token and is none.
func canary() string { return "ks-u-" + (rand.Text() + rand.Text())[:43] }

// credentials sends a bad token in each form: the server has to say that it is bad, which it cannot say of one that did not
// arrive, and no log may hold it afterwards.
func (w *waiting) credentials(ctx context.Context) {
	logs := startLogs(w.Logs)
	sent := map[string]string{}
	marks := []string{"kingsnake-doctor-" + strings.ToLower(rand.Text())}
	var lost []string
	for _, f := range forms(marks[0]) {
		token := canary()
		sent[f.name] = token
		if encoded, ok := strings.CutPrefix(f.head(token).Get("Authorization"), "Basic "); ok {
			sent[f.name+", in base64"] = encoded
		}
		got, err := w.ask(ctx, http.MethodGet, f.path(token), f.head(token), nil)
		if id := got.header.Get("X-Request-Id"); id != "" {
			marks = append(marks, id)
		}
		switch {
		case err != nil:
			w.add("tokens", Error, "see the log of the proxy", "a request with a token %s was not answered: %v", f.name, err)
		case !strings.Contains(got.header.Get("WWW-Authenticate"), "invalid_token"):
			lost = append(lost, f.name)
		}
	}
	if len(lost) > 0 {
		w.add("tokens", Error, "let the proxy pass the path and these headers on as they are", "tokens do not reach the server when they are sent %s", strings.Join(lost, ", "))
	} else {
		w.ok("tokens", "they reach the server in each form")
	}
	if len(w.Logs) > 0 {
		w.leaks(ctx, logs, sent, marks)
	}
}

// leaks looks for the canaries in the logs, after a while: logs are written late. That none is there says something only of a
// log that has the requests, which it shows by a mark of theirs.
func (w *waiting) leaks(ctx context.Context, logs *logs, sent map[string]string, marks []string) {
	const todo = "have the proxy leave out or cut the path below /t/, and these headers; what is in the log is to be removed"
	wait, cancel := context.WithTimeout(ctx, logTime)
	defer cancel()
	<-wait.Done()
	found, read, marked, err := logs.find(sent, marks)
	if err != nil {
		w.add("logs", Error, "name files and folders that this account may read", "they cannot be read: %v", err)
		return
	}
	for _, f := range found {
		w.add("logs", Error, todo, "%s shows a token that was sent %s", f.file, f.text)
	}
	switch {
	case len(found) > 0:
	case read == 0:
		w.add("logs", Warning, "name the logs that are written now, or wait for the proxy to write them", "nothing was written to them meanwhile, so nothing is known")
	case !marked:
		w.add("logs", Warning, "name the log of this address, have it written at once, and have the X-Request-Id of answers in it",
			"no token shows in the %d bytes that were written meanwhile, but neither does anything else of the requests that were sent", read)
	default:
		w.ok("logs", "no token shows in the %d bytes that were written meanwhile", read)
	}
}

// buffering begins an upload and sends no more: the server refuses it at once, unless somebody in between waits for the
// whole of it.
func (w *waiting) buffering(ctx context.Context) {
	const check = "buffering"
	ctx, cancel := context.WithTimeout(ctx, w.Patience)
	defer cancel()
	body, feed := io.Pipe()
	// Whoever still waits for the body learns that there is no more of it.
	context.AfterFunc(ctx, func() { _ = feed.CloseWithError(context.Canceled) })
	go func() {
		// It ends with the request.
		_, _ = feed.Write(bytes.Repeat([]byte("x"), 512))
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(w.URL, "/")+"/api/channels/doctor/artifacts", body)
	if err != nil {
		w.add(check, Error, "", "%v", err)
		return
	}
	req.ContentLength = 1 << 20
	req.Header.Set("X-Auth", canary())
	req.Header.Set("User-Agent", "kingsnake-doctor")
	resp, err := w.web.Do(req)
	if err != nil {
		w.add(check, Warning, "switch off the buffering of request bodies in the proxy (nginx: proxy_request_buffering off)",
			"an upload is not answered before all of it was sent: somebody keeps whole packages on the way, or refuses them (%v)", err)
		return
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode == http.StatusRequestEntityTooLarge {
		w.add(check, Error, "raise the proxy's limit of request bodies (nginx: client_max_body_size 0)", "a body of 1 MiB is refused: %s", resp.Status)
		return
	}
	w.ok(check, "uploads reach the server while they are sent")
}

// spoofed is an address that nobody has (RFC 5737).
const spoofed = "203.0.113.77"

// addresses has a login refused, and reads in the audit whom the server took for the client.
func (w *waiting) addresses(ctx context.Context) {
	const check = "client address"
	marker := "kingsnake-doctor-" + rand.Text()
	login, err := json.Marshal(map[string]string{"username": marker, "password": rand.Text()})
	if err != nil {
		return
	}
	header := http.Header{"User-Agent": {marker}, "Content-Type": {"application/json"}, "X-Forwarded-For": {spoofed}}
	if _, err := w.ask(ctx, http.MethodPost, "/api/auth/login", header, bytes.NewReader(login)); err != nil {
		w.add(check, Warning, "", "a login was not answered: %v", err)
		return
	}
	for end := time.Now().Add(w.Patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		event, err := w.Site.Refused(ctx, marker)
		if err != nil {
			w.add(check, Warning, "", "the audit could not be read: %v", err)
			return
		}
		if event != nil {
			w.judgeAddress(check, event.Address)
			return
		}
	}
	w.add(check, Warning, "see whether the address and the data folder are of one site", "a refused login at %s is not in the audit of this site", w.URL)
}

func (w *waiting) judgeAddress(check, address string) {
	behind := !strings.Contains(w.URL, "://127.") && !strings.Contains(w.URL, "://localhost") && !strings.Contains(w.URL, "://[::1]")
	switch {
	case address == spoofed:
		w.add(check, Error, "have the proxy append to X-Forwarded-For, or set it, and name only the proxy in trusted_proxies",
			"clients can choose the address that they seem to have")
	case behind && (strings.HasPrefix(address, "127.") || address == "::1"):
		w.add(check, Warning, "name the proxy in trusted_proxies, and have it append to X-Forwarded-For",
			"the server takes this machine for %s: all clients of the proxy seem to have that address, and share its limits", address)
	default:
		w.ok(check, "the server takes this machine for %s; if that is a proxy, name it in trusted_proxies", address)
	}
}

// leak is where a canary shows in a log, and how it had been sent.
type leak struct{ file, text string }

func (l leak) String() string { return fmt.Sprintf("%s: %s", l.file, l.text) }
