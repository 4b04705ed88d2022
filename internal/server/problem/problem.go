// Package problem turns errors into the one body that all clients of Kingsnake understand (RFC 9457, with the fields
// that conda and anaconda-client show). The table from error code to HTTP status stands here and nowhere else.
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
)

// Problem is an answer: a body and what goes with it.
type Problem struct {
	api.Problem
	// RetryAfter is sent as a header when it is not zero.
	RetryAfter time.Duration `json:"-"`
}

// Error makes a Problem an error, so that frameworks can carry it.
func (p *Problem) Error() string { return p.Message }

// GetStatus is what huma asks of an error.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders is what huma asks of an error.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	p.Headers(h)
	return h
}

// ContentType is what huma asks of an error.
func (p *Problem) ContentType(string) string { return api.ProblemMediaType }

// answers says how each kind of failure is answered.
var answers = map[registry.Code]struct {
	status int
	code   api.Code
}{
	registry.CodeNotGrantable: {http.StatusForbidden, "not_grantable"},
	registry.CodeInvalid:      {http.StatusUnprocessableEntity, api.CodeInvalid},
	registry.CodeNotFound:     {http.StatusNotFound, api.CodeNotFound},
	registry.CodeConflict:     {http.StatusConflict, api.CodeConflict},
	registry.CodeBadPackage:   {http.StatusUnprocessableEntity, api.CodeInvalidPackage},
	registry.CodeHashMismatch: {http.StatusBadRequest, api.CodeHashMismatch},
	registry.CodeTooLarge:     {http.StatusRequestEntityTooLarge, api.CodeTooLarge},
	registry.CodeCredential:   {http.StatusUnauthorized, api.CodeBadCredentials},
	registry.CodeWrongKind:    {http.StatusForbidden, api.CodeForbidden},
	registry.CodeTooMany:      {http.StatusTooManyRequests, api.CodeRateLimited},
	registry.CodeNoSpace:      {http.StatusInsufficientStorage, api.CodeStorageFull},
	registry.CodeFiltered:     {http.StatusNotFound, api.CodeFiltered},
	registry.CodeQuota:        {http.StatusRequestEntityTooLarge, api.CodeQuotaExceeded},
	registry.CodeFrozen:       {http.StatusBadRequest, api.CodeFrozen},
	registry.CodeVirtual:      {http.StatusBadRequest, api.CodeVirtual},
	registry.CodeUnavailable:  {http.StatusServiceUnavailable, api.CodeUnavailable},
	registry.CodeUsedUp:       {http.StatusForbidden, api.CodeTokenUsedUp},
}

// reachRetry is when to try again what needs a storage that did not answer.
const reachRetry = 5 * time.Second

// New makes a problem of a status, a code and a message.
func New(status int, code api.Code, message string) *Problem {
	return &Problem{Problem: api.Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code,
		Reason: strings.ToUpper(strings.ReplaceAll(string(code), "_", " ")), Message: message, Detail: message, Error: message,
	}}
}

// storageRetry is when to try again what needs a disk that somebody has to mend first.
const storageRetry = 30 * time.Second

// From words an error for a protocol. What is not meant for callers is logged and answered as an internal error.
func From(ctx context.Context, err error, proto access.Protocol, requestID string, log *slog.Logger) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	e, ok := registry.AsError(err)
	switch {
	case ok && e.Denied != nil:
		return denied(e.Denied, proto, requestID)
	case ok:
		return known(e, requestID)
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		// Nobody reads the answer; 499 is what logs call it.
		return New(499, api.CodeUnavailable, "the client went away")
	case errors.Is(err, registry.ErrNoSpace), errors.Is(err, blob.ErrNoSpace):
		log.ErrorContext(ctx, "the disk is full", "error", err, "request_id", requestID)
		p = New(http.StatusInsufficientStorage, api.CodeStorageFull, "the server's disk is full; nothing was stored")
	case errors.Is(err, blob.ErrReadOnly):
		log.ErrorContext(ctx, "the storage is read-only", "error", err, "request_id", requestID)
		p = New(http.StatusServiceUnavailable, api.CodeUnavailable, "the server's storage is read-only; nothing was stored")
		p.RetryAfter = storageRetry
	case errors.Is(err, blob.ErrNotExist), errors.Is(err, blob.ErrDamaged):
		log.ErrorContext(ctx, "a file is lost; run kingsnake verify", "error", err, "request_id", requestID)
		p = New(http.StatusServiceUnavailable, api.CodeUnavailable,
			"the server has lost the content of this file, or it is damaged; its administrator finds out more with kingsnake verify")
	case errors.Is(err, registry.ErrUnavailable):
		log.WarnContext(ctx, "the database cannot be asked", "error", err, "request_id", requestID)
		p = New(http.StatusServiceUnavailable, api.CodeUnavailable, "the server cannot ask its database just now; try again")
		p.RetryAfter = time.Second
	case errors.Is(err, blob.ErrUnavailable):
		log.ErrorContext(ctx, "the blob storage cannot be asked", "error", err, "request_id", requestID)
		p = New(http.StatusServiceUnavailable, api.CodeUnavailable, "the server cannot reach its file storage just now; try again")
		p.RetryAfter = reachRetry
	case errors.Is(err, context.DeadlineExceeded):
		p = New(http.StatusServiceUnavailable, api.CodeUnavailable, "the server was too slow to answer; try again")
		p.RetryAfter = time.Second
	default:
		log.ErrorContext(ctx, "request failed", "error", err, "request_id", requestID)
		p = New(http.StatusInternalServerError, api.CodeInternal, "the server failed; its log knows more under the request id "+requestID)
	}
	p.RequestID = requestID
	return p
}

// known words a domain error.
func known(e *registry.Error, requestID string) *Problem {
	a, ok := answers[e.Code]
	if !ok {
		a.status, a.code = http.StatusInternalServerError, api.CodeInternal
	}
	code := a.code
	switch e.Code {
	case registry.CodeConflict, registry.CodeCredential, registry.CodeWrongKind:
		if e.Reason != "" {
			code = api.Code(e.Reason)
		}
	}
	p := New(a.status, code, e.Message)
	if e.Reason != "" {
		p.Reason = strings.ToUpper(strings.ReplaceAll(e.Reason, "_", " "))
	}
	if e.Field != "" {
		p.Errors = []api.FieldError{{Field: e.Field, Message: e.Message}}
	}
	p.RequestID, p.RetryAfter = requestID, e.RetryAfter
	return p
}

// denied words a refusal. For what the caller may not see, nothing is added to the words of the decision.
func denied(d *registry.Denied, proto access.Protocol, requestID string) *Problem {
	denial := access.Classify(d.Caller, d.Scope, d.Target, d.Decision, proto)
	if d.Virtual.ID != 0 {
		denial = access.ClassifySource(d.Caller, d.Virtual, d.Decision, proto)
	}
	p := New(denial.Status, api.Code(denial.Code), denial.Message)
	if denial.NotFoundLike {
		return p
	}
	p.RequestID = requestID
	if denial.Status == http.StatusForbidden {
		p.MissingScope = d.Scope.String()
		p.MissingLevel = api.Level(d.Scope.Info().Level.String())
	}
	return p
}

// Write sends a problem.
func Write(w http.ResponseWriter, r *http.Request, p *Problem) {
	h := w.Header()
	p.Headers(h)
	h.Set("Content-Type", api.ProblemMediaType)
	body, err := json.Marshal(p.Problem)
	if err != nil {
		// Texts and numbers always marshal.
		body = []byte("{}")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		// A client that has gone away is no concern of ours.
		_, _ = w.Write(body)
	}
}

// Headers sets what goes with a problem: how to authenticate, when to try again, and that nobody may keep it.
func (p *Problem) Headers(h http.Header) {
	h.Set("Cache-Control", "private, no-store")
	h.Del("Etag")
	h.Del("Last-Modified")
	if p.Status == http.StatusUnauthorized {
		challenge := `Bearer realm="kingsnake"`
		if p.Code != api.CodeAuthRequired {
			challenge += `, error="invalid_token"`
		}
		h.Set("WWW-Authenticate", challenge)
	}
	SetRetryAfter(h, p.RetryAfter)
}

// SetRetryAfter tells programs when to try again, in whole seconds, if there is something to tell.
func SetRetryAfter(h http.Header, wait time.Duration) {
	if wait > 0 {
		h.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	}
}
