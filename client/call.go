package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxAnswerBytes bounds a JSON answer; a page of a list is far below.
const maxAnswerBytes = 64 << 20

// request is one call before it is sent. newBody is asked for each attempt.
type request struct {
	method string
	url    *url.URL
	header http.Header
	// body is nil for a request without one; size is its length in bytes.
	body func() io.ReadCloser
	size int64
	// via is the HTTP client to send with.
	via *http.Client
	// idempotent requests are tried again on 429 and 503.
	idempotent bool
	// timeout bounds one attempt, reading the answer included; 0 leaves it to the context.
	timeout time.Duration
}

// path builds the URL of an operation from unescaped segments, which may not be empty or lead elsewhere.
func (c *Client) path(segments ...string) (*url.URL, error) {
	escaped := make([]string, len(segments))
	for i, s := range segments {
		if s == "" || s == "." || s == ".." {
			return nil, fmt.Errorf("%q cannot be part of an address", s)
		}
		escaped[i] = url.PathEscape(s)
	}
	return c.base.JoinPath(escaped...), nil
}

// call sends a JSON request and decodes the answer into out, which is nil where no answer is of interest.
func (c *Client) call(ctx context.Context, method string, query url.Values, in, out any, segments ...string) error {
	return c.callAs(ctx, method, method != http.MethodPost, query, in, out, segments...)
}

// callAs is call for methods whose name does not tell whether they may be repeated.
func (c *Client) callAs(ctx context.Context, method string, idempotent bool, query url.Values, in, out any, segments ...string) error {
	u, err := c.path(append([]string{"api"}, segments...)...)
	if err != nil {
		return err
	}
	u.RawQuery = query.Encode()
	r := request{
		method: method, url: u, via: c.calls, idempotent: idempotent, timeout: c.callTimeout,
		header: http.Header{"Accept": {"application/json, application/problem+json"}},
	}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode the request: %w", err)
		}
		r.header.Set("Content-Type", "application/json")
		r.size = int64(len(body))
		r.body = func() io.ReadCloser { return io.NopCloser(bytes.NewReader(body)) }
	}
	return c.send(ctx, r, func(resp *http.Response) error { return decode(resp, out) })
}

// decode reads a successful JSON answer.
func decode(resp *http.Response, out any) error {
	if out == nil || resp.StatusCode == http.StatusNoContent {
		return nil
	}
	if ct := resp.Header.Get("Content-Type"); !isJSON(ct) {
		return fmt.Errorf("the answer is %q and not JSON: is this the address of a Kingsnake server?", ct)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswerBytes)).Decode(out); err != nil {
		return fmt.Errorf("decode the answer: %w", err)
	}
	return nil
}

// send sends r, again where that makes sense, and hands a successful answer to use. The body is closed for use.
func (c *Client) send(ctx context.Context, r request, use func(*http.Response) error) error {
	for attempt := 1; ; attempt++ {
		err := c.sendOnce(ctx, r, use)
		refusal, ok := errors.AsType[*Error](err)
		if !ok || !r.idempotent || attempt >= c.maxAttempts {
			return err
		}
		if refusal.Status != http.StatusTooManyRequests && refusal.Status != http.StatusServiceUnavailable {
			return err
		}
		pause := refusal.RetryAfter
		if pause > c.maxRetryAfter {
			return err
		}
		if pause == 0 {
			pause = jitter(c.backoff << (attempt - 1))
		}
		c.log.DebugContext(ctx, "trying again", "method", r.method, "url", r.url.String(), "status", refusal.Status, "pause", pause)
		if err := sleep(ctx, pause); err != nil {
			return fmt.Errorf("%w (the last answer was %w)", err, refusal)
		}
	}
}

// sendOnce is one attempt.
func (c *Client) sendOnce(ctx context.Context, r request, use func(*http.Response) error) error {
	if r.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.timeout)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, r.url.String(), nil)
	if err != nil {
		return fmt.Errorf("build the request: %w", err)
	}
	if r.header != nil {
		req.Header = r.header.Clone()
	}
	req.Header.Set("User-Agent", c.userAgent)
	if r.body != nil {
		req.Body, req.ContentLength = r.body(), r.size
		req.GetBody = func() (io.ReadCloser, error) { return r.body(), nil }
	}
	began := time.Now()
	resp, err := r.via.Do(req)
	if err != nil {
		return connectionError(ctx, err)
	}
	defer resp.Body.Close() //nolint:errcheck // The answer was read or is of no interest.
	c.log.DebugContext(ctx, "call", "method", r.method, "url", r.url.String(), "status", resp.StatusCode, "took", time.Since(began))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return readError(resp)
	}
	return use(resp)
}

// connectionError says what net/http's error says without the method and URL that the caller knows anyway, and prefers
// the reason for which a context was cancelled.
func connectionError(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("call the server: %w", cause)
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	return fmt.Errorf("call the server: %w", err)
}

// jitter spreads a pause over its upper half, so that many clients do not come back at once.
func jitter(d time.Duration) time.Duration {
	if d < 2 {
		return d
	}
	return d/2 + rand.N(d/2)
}

// sleep waits, or answers the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// channelSegments addresses "channel" or "channel/subchannel", with what comes below.
func channelSegments(channel string, below ...string) []string {
	segments := []string{"channels", channel}
	if parent, sub, ok := strings.Cut(channel, "/"); ok {
		segments = []string{"channels", parent, "subchannels", sub}
	}
	return append(segments, below...)
}
