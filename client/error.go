package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"kingsnake/api"
)

// maxProblemBytes bounds how much of a refusal is read.
const maxProblemBytes = 1 << 20

// Error is a refusal by the server.
type Error struct {
	// Method and URL say which request was refused; the URL holds no credential.
	Method, URL string
	// Status is the HTTP status.
	Status int
	// Problem is the server's explanation. Where a proxy answered in the server's place, only Status, Title and Message
	// are set.
	Problem api.Problem
	// RetryAfter is how long the server asked to wait, zero if it did not.
	RetryAfter time.Duration
}

// Error says the status, the server's message, and what it adds for single fields.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", e.Status, http.StatusText(e.Status))
	if e.Problem.Message != "" {
		b.WriteString(": " + e.Problem.Message)
	}
	for _, f := range e.Problem.Errors {
		if f.Message == e.Problem.Message {
			continue
		}
		fmt.Fprintf(&b, "; %s: %s", f.Field, f.Message)
	}
	return b.String()
}

// CodeOf is the code of the refusal in err's chain, empty if there is none.
func CodeOf(err error) api.Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Problem.Code
	}
	return ""
}

// StatusOf is the HTTP status of the refusal in err's chain, 0 if there is none.
func StatusOf(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Status
	}
	return 0
}

// readError turns an answer that is not a success into an *Error. It reads the body and leaves closing it to the caller.
func readError(resp *http.Response) *Error {
	e := &Error{
		Method:     resp.Request.Method,
		URL:        resp.Request.URL.Redacted(),
		Status:     resp.StatusCode,
		RetryAfter: retryAfter(resp.Header.Get("Retry-After"), time.Now()),
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxProblemBytes))
	if !isJSON(resp.Header.Get("Content-Type")) || json.Unmarshal(body, &e.Problem) != nil {
		e.Problem = api.Problem{Message: "the answer has no explanation; it may come from a proxy before the server"}
	}
	if location, err := resp.Location(); err == nil {
		e.Problem = api.Problem{Message: "the server redirects to " + location.Redacted() + "; use its final address"}
	}
	e.Problem.Status = resp.StatusCode
	if e.Problem.Title == "" {
		e.Problem.Title = http.StatusText(resp.StatusCode)
	}
	if e.Problem.Message == "" {
		e.Problem.Message = e.Problem.Detail
	}
	if e.Problem.RequestID == "" {
		e.Problem.RequestID = resp.Header.Get("X-Request-Id")
	}
	return e
}

// isJSON accepts application/json and everything that ends in +json.
func isJSON(contentType string) bool {
	mt, _, err := mime.ParseMediaType(contentType)
	return err == nil && (mt == "application/json" || strings.HasSuffix(mt, "+json"))
}

// retryAfter reads both forms of the header (RFC 9110, 10.2.3); what cannot be read counts as absent.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
