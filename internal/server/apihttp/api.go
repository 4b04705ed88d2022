// Package apihttp is the REST API: it declares each operation with the scope that it needs, decodes, calls the domain,
// and encodes. The OpenAPI document is made from the same declarations.
package apihttp

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/identity/oidc"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/callers"
	"kingsnake/internal/server/problem"
)

// Options are what the API is made of.
type Options struct {
	Service  *registry.Service
	Callers  *callers.Maker
	Sessions SessionSigner
	Log      *slog.Logger
	Version  string
	// Check tells what is wrong with the server, empty when nothing is.
	Check func(context.Context) []string
	// URL gives the address under which a client reaches the server.
	URL func(*http.Request) string
	// SignIn is the sign-in by OpenID Connect, nil where the site has none; SignInName is what it is called.
	SignIn     *oidc.Flow
	SignInName string
	// Assertions judges what CI systems say of their jobs, nil where the site trusts none.
	Assertions *oidc.Assertions
	// PageSession makes what a browser keeps that has signed in for the pages, and SignInPage is where one goes that did
	// not get in.
	PageSession func(registry.Session) (cookie *http.Cookie, err error)
	SignInPage  func(returnTo, reason string) string
	// Secure tells that people reach the site by https.
	Secure bool
}

// SessionSigner makes the bearer string of a session.
type SessionSigner func(registry.Session) (string, error)

// API is the REST API.
type API struct {
	Options
	mux  *http.ServeMux
	huma huma.API
	ops  []Operation
}

// maxBody bounds a JSON body, in bytes.
const maxBody = 1 << 20

// setErrors guards the one global of huma that has to be ours: its own error repeats the refused value, which may be a
// password. It is set once, since several servers may start in one process, and always to the same.
var setErrors = sync.OnceFunc(func() { huma.NewError = newError })

// New makes the API with all its operations.
func New(o Options) *API {
	setErrors()
	a := &API{Options: o, mux: http.NewServeMux()}
	cfg := huma.DefaultConfig("Kingsnake", o.Version)
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "", "", ""
	cfg.CreateHooks = nil
	cfg.Info.Description = "Compatible with Anaconda Server 6.5 where that has the operation. Errors are application/problem+json."
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "A session of POST /auth/login."},
		"token":   {Type: "apiKey", In: "header", Name: "X-Auth", Description: "A resource or scope token."},
	}
	a.huma = humago.New(a.mux, cfg)
	a.accountOperations()
	a.signInOperations()
	a.trustOperations()
	a.tokenOperations()
	a.leakOperations()
	a.channelOperations()
	a.ruleOperations()
	a.artifactOperations()
	a.labelOperations()
	a.bulkOperations()
	a.dependencyOperations()
	a.aboutOperations()
	a.jobOperations()
	a.sourceOperations()
	a.userOperations()
	a.roleOperations()
	a.settingOperations()
	a.systemOperations()
	a.digestOperations()
	a.auditOperations()
	a.followOperation()
	a.groupOperations()
	a.channelGroupOperations()
	a.reachOperations()
	a.serviceAccountOperations()
	a.channelCareOperations()
	a.documentOperations()
	return a
}

// Operations lists what is declared.
func (a *API) Operations() []Operation { return a.ops }

// OpenAPI gives the document that describes the API.
func (a *API) OpenAPI() *huma.OpenAPI { return a.huma.OpenAPI() }

// HandleRawBoth is HandleRaw for an operation on a channel and its twin on a subchannel.
func (a *API) HandleRawBoth(op Operation, h func(http.ResponseWriter, *http.Request, callers.Request)) {
	a.HandleRaw(op, h)
	a.HandleRaw(op.forSubchannel(), h)
}

// HandleRaw adds an operation that speaks HTTP itself, such as one whose body is streamed and not read into memory.
func (a *API) HandleRaw(op Operation, h func(http.ResponseWriter, *http.Request, callers.Request)) {
	a.ops = append(a.ops, op)
	a.huma.OpenAPI().AddOperation(op.raw())
	a.mux.HandleFunc(op.Method+" "+op.Path, func(w http.ResponseWriter, r *http.Request) {
		h(w, r, callers.Request{ID: callers.ID(r.Context())})
	})
}

// ServeHTTP answers a request below /api.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if clean := path.Clean(r.URL.Path); clean != strings.TrimSuffix(r.URL.Path, "/") && r.URL.Path != "/" {
		problem.Write(w, r, problem.New(http.StatusNotFound, api.CodeNotFound, "the path has empty or dotted segments"))
		return
	}
	_, pattern := a.mux.Handler(r)
	if pattern == "" {
		a.unmatched(w, r)
		return
	}
	a.mux.ServeHTTP(w, r)
}

// unmatched answers 404 or 405 in our own words; which of them it is, the mux says.
func (a *API) unmatched(w http.ResponseWriter, r *http.Request) {
	probe := httptest.NewRecorder()
	a.mux.ServeHTTP(probe, &http.Request{Method: r.Method, URL: r.URL, Host: r.Host, Header: http.Header{}, Proto: r.Proto})
	if probe.Code == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", probe.Header().Get("Allow"))
		problem.Write(w, r, problem.New(http.StatusMethodNotAllowed, api.CodeMethodNotAllowed, "this path takes "+probe.Header().Get("Allow")))
		return
	}
	problem.Write(w, r, problem.New(http.StatusNotFound, api.CodeNotFound, "there is no such operation; /api/openapi.json lists all"))
}

// newError makes our error of huma's: where the input is wrong and why, never what it was.
func newError(status int, msg string, errs ...error) huma.StatusError {
	p := problem.New(status, codeOf(status), msg)
	for _, err := range errs {
		d, ok := err.(huma.ErrorDetailer)
		if !ok {
			continue
		}
		detail := d.ErrorDetail()
		p.Errors = append(p.Errors, api.FieldError{Field: strings.TrimPrefix(detail.Location, "body."), Message: detail.Message})
	}
	if len(p.Errors) > 0 {
		p.Message = p.Errors[0].Field + ": " + p.Errors[0].Message
		p.Detail, p.Problem.Error = p.Message, p.Message
	}
	return &humaProblem{p}
}

func codeOf(status int) api.Code {
	switch status {
	case http.StatusUnprocessableEntity:
		return api.CodeInvalid
	case http.StatusRequestEntityTooLarge:
		return api.CodeTooLarge
	case http.StatusUnsupportedMediaType:
		return api.CodeUnsupportedMediaType
	case http.StatusInternalServerError:
		return api.CodeInternal
	}
	return api.CodeBadRequest
}

type callerKey struct{}

// callerOf gives the caller that the authentication put into the context, which is the only way to an operation that
// huma offers.
func callerOf(ctx context.Context) *access.Caller {
	c, ok := ctx.Value(callerKey{}).(*access.Caller)
	if !ok {
		return &access.Caller{Principal: access.Anonymous()}
	}
	return c
}
