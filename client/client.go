package client

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Client calls one server. Make one with New.
type Client struct {
	base      *url.URL
	transport http.RoundTripper
	userAgent string
	log       *slog.Logger
	// calls never follows a redirect: one would turn a POST into a GET or carry a password elsewhere. files follows
	// them, because a server may answer a download with an address in its object storage.
	calls, files *http.Client

	// callTimeout bounds one attempt of a JSON call, stallTimeout the silence during a transfer.
	callTimeout, stallTimeout time.Duration
	// maxAttempts counts the first try too; backoff is the pause after it where the server names none.
	maxAttempts int
	backoff     time.Duration
	// maxRetryAfter is the longest Retry-After that a call waits for.
	maxRetryAfter time.Duration
}

// Option sets up a Client.
type Option func(*options)

type options struct {
	credential Credential
	userAgent  string
	log        *slog.Logger
	transport  http.RoundTripper
	caFile     string
	attempts   int
}

// WithCredential sets what the calls are made with.
func WithCredential(c Credential) Option { return func(o *options) { o.credential = c } }

// WithUserAgent sets the User-Agent header.
func WithUserAgent(s string) Option { return func(o *options) { o.userAgent = s } }

// WithLogger logs each call at debug level: method, URL, status and duration, never a header or a body.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.log = l } }

// WithCAFile trusts the certificates of a PEM file besides those of the system.
func WithCAFile(path string) Option { return func(o *options) { o.caFile = path } }

// WithTransport sends requests through rt in place of the built-in transport; WithCAFile then has no effect.
func WithTransport(rt http.RoundTripper) Option { return func(o *options) { o.transport = rt } }

// WithMaxAttempts bounds how often a call is tried when the server answers 429 or 503; 1 never tries again.
func WithMaxAttempts(n int) Option { return func(o *options) { o.attempts = max(n, 1) } }

// New makes a client for the server at baseURL, such as "https://conda.example.org". A trailing "/api" is accepted and
// dropped. The proxy is taken from the environment.
func New(baseURL string, opts ...Option) (*Client, error) {
	base, err := parseBase(baseURL)
	if err != nil {
		return nil, err
	}
	o := options{userAgent: "kingsnake-client", log: slog.New(slog.DiscardHandler), attempts: 4}
	for _, opt := range opts {
		opt(&o)
	}
	if o.transport == nil {
		if o.transport, err = newTransport(o.caFile); err != nil {
			return nil, err
		}
	}
	c := &Client{
		base:          base,
		transport:     o.transport,
		userAgent:     o.userAgent,
		log:           o.log,
		callTimeout:   time.Minute,
		stallTimeout:  2 * time.Minute,
		maxAttempts:   o.attempts,
		backoff:       500 * time.Millisecond,
		maxRetryAfter: 30 * time.Second,
	}
	return c.As(o.credential), nil
}

// As answers a copy of the client that uses another credential and shares its connections.
func (c *Client) As(cred Credential) *Client {
	clone := *c
	rt := &originTransport{next: c.transport, scheme: c.base.Scheme, host: c.base.Host, credential: cred}
	clone.files = &http.Client{Transport: rt}
	clone.calls = &http.Client{Transport: rt, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	return &clone
}

// BaseURL is the address of the server, without a trailing slash.
func (c *Client) BaseURL() string { return c.base.String() }

// ChannelURL is the address of a channel for conda and its kin; it holds no credential.
func (c *Client) ChannelURL(channel string) (string, error) {
	u, err := c.path(strings.Split(channel, "/")...)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

// parseBase accepts an http or https address that holds no credential.
func parseBase(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		// The error of url.Parse repeats its input, which may hold a password.
		return nil, errors.New("the server address is not a URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("the server address must begin with http:// or https:// and name a host")
	}
	if u.User != nil || slices.Contains(strings.Split(u.Path, "/"), "t") {
		return nil, errors.New("the server address must not hold a user name, password or token")
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the server address must not have a query or a fragment")
	}
	path := strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/api")
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(path, "/")}, nil
}
