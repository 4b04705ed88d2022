package oidc

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// The bounds of what is asked of a provider.
const (
	requestTimeout = 10 * time.Second
	maxAnswer      = 1 << 20
	// fresh is how long an answer is given again without asking: whoever invents key ids cannot make the site ask the
	// provider for each.
	fresh = 15 * time.Second
	// maxFresh bounds the answers that are kept; a provider has two documents.
	maxFresh = 64
)

// newHTTPClient makes the client for all requests to providers. Redirects are not followed: a provider names its
// addresses exactly.
func newHTTPClient(next http.RoundTripper) *http.Client {
	if next == nil {
		next = &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: requestTimeout}).DialContext,
			TLSHandshakeTimeout: requestTimeout, ResponseHeaderTimeout: requestTimeout, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
		}
	}
	return &http.Client{
		Transport: &bounded{next: next, kept: map[string]answer{}}, Timeout: requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is a document that a provider gave to everybody.
type answer struct {
	at     time.Time
	header http.Header
	body   []byte
}

// bounded reads answers whole and only up to maxAnswer, and gives public ones again for a moment.
type bounded struct {
	next http.RoundTripper
	mu   sync.Mutex
	kept map[string]answer
}

var errTooLong = errors.New("the provider's answer is too long")

// RoundTrip implements http.RoundTripper.
func (b *bounded) RoundTrip(req *http.Request) (_ *http.Response, rerr error) {
	public := req.Method == http.MethodGet && req.Header.Get("Authorization") == ""
	key := req.URL.String()
	if public {
		if a, ok := b.recent(key); ok {
			return a.response(req), nil
		}
	}
	resp, err := b.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { rerr = errors.Join(rerr, resp.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxAnswer {
		return nil, errTooLong
	}
	a := answer{at: time.Now(), header: resp.Header, body: body}
	if public && resp.StatusCode == http.StatusOK {
		b.keep(key, a)
	}
	out := a.response(req)
	out.Status, out.StatusCode = resp.Status, resp.StatusCode
	return out, nil
}

func (b *bounded) recent(key string) (answer, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, ok := b.kept[key]
	return a, ok && time.Since(a.at) < fresh
}

func (b *bounded) keep(key string, a answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.kept) >= maxFresh {
		clear(b.kept)
	}
	b.kept[key] = a
}

func (a answer) response(req *http.Request) *http.Response {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header.Clone(), Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: req,
	}
}
