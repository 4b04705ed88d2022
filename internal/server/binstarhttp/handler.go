// Package binstarhttp speaks the protocol of anaconda.org, so that anaconda-client and the tools that upload like it work
// unmodified. Its accounts and organizations are channels here: an owner is the name of a channel, or channel:subchannel.
// It decodes, calls the domain, and encodes; it decides nothing. Whatever is not about conda packages is out of scope.
package binstarhttp

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/callers"
	"kingsnake/internal/server/problem"
	"kingsnake/internal/server/wire"
)

// Prefix is where the protocol is spoken in any case. At the root of the site it is spoken with who sends VersionHeader,
// as the tools do, so that people can give them the plain address of the site.
const (
	Prefix        = "/api/binstar"
	VersionHeader = "X-Binstar-Api-Version"
)

// maxBody bounds a JSON body, in bytes. The tools send what the package says of itself, its icon included.
const maxBody = 4 << 20

// Options are what the handler is made of.
type Options struct {
	Service *registry.Service
	Callers *callers.Maker
	Log     *slog.Logger
	// Progress ends an upload in which nothing moves.
	Progress time.Duration
	// URL gives the address under which a client reaches the server.
	URL func(*http.Request) string
}

// Handler answers the requests of the protocol.
type Handler struct {
	Options
	mux *http.ServeMux
	ops []Operation
}

// Operation is one request of the protocol, as the access rules see it.
type Operation struct {
	Method, Path string
	// Scopes are what the caller must hold, all of them.
	Scopes []access.Scope
	// Open tells that nobody is asked who they are; Self that it is about the caller, who must be somebody.
	Open, Self bool
	// Password tells that a password is taken too.
	Password bool
	do       func(*request) error
}

// request is a request on its way.
type request struct {
	*http.Request
	w      http.ResponseWriter
	h      *Handler
	id     string
	caller *access.Caller
	// signedIn tells that the caller's session was opened for this request and ends with it.
	signedIn bool
}

// New makes the handler.
func New(o Options) *Handler {
	h := &Handler{Options: o, mux: http.NewServeMux()}
	for _, ops := range [][]Operation{accountOperations(), packageOperations(), uploadOperations(), labelOperations()} {
		for _, op := range ops {
			h.ops = append(h.ops, op)
			h.mux.HandleFunc(op.Method+" "+op.Path, func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, op) })
		}
	}
	return h
}

// Operations lists what is answered.
func (h *Handler) Operations() []Operation { return h.ops }

// Speaks tells whether a request for a path is one of the protocol. The list of scopes is asked for without the header;
// of a channel of that name it hides nothing but what a browser shows of it.
func Speaks(r *http.Request, escaped string) bool {
	return r.Header.Get(VersionHeader) != "" || escaped == "/scopes" || escaped == Prefix || strings.HasPrefix(escaped, Prefix+"/")
}

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if rest, ok := strings.CutPrefix(r.URL.Path, Prefix); ok && (rest == "" || rest[0] == '/') {
		r = at(r, rest, strings.TrimPrefix(r.URL.RawPath, Prefix))
	}
	r = withOwner(r)
	if r.URL.Path == "/" && (r.Method == http.MethodHead || r.Method == http.MethodGet) {
		// The tools ask for it, without a credential, to see that the server is there.
		h.json(w, r, http.StatusOK, map[string]string{"api": "binstar"})
		return
	}
	if clean := path.Clean(r.URL.Path); clean == strings.TrimSuffix(r.URL.Path, "/") {
		if _, pattern := h.mux.Handler(r); pattern != "" {
			h.mux.ServeHTTP(w, r)
			return
		}
	}
	wire.Refuse(w, r, func() {
		problem.Write(w, r, problem.New(http.StatusNotFound, api.CodeNotFound, "this server does not have that operation of anaconda.org; it takes conda packages, their labels, and tokens"))
	})
}

// at is the request with another path.
func at(r *http.Request, path, raw string) *http.Request {
	if path == "" {
		path = "/"
	}
	out, u := *r, *r.URL
	u.Path, u.RawPath = path, raw
	out.URL = &u
	return &out
}

// lengths are how many segments the paths of operations have that name one owner, by their first segment.
var lengths = map[string]int{"user": 2, "packages": 2, "package": 3, "release": 4, "dist": 6, "stage": 6, "commit": 6}

// withOwner is the request with an owner in one segment where it was written as channel/subchannel, which makes the path
// longer by one.
func withOwner(r *http.Request) *http.Request {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if r.URL.RawPath != "" || len(parts) < 3 || len(parts) != lengths[parts[0]]+1 {
		return r
	}
	parts[1] += ":" + parts[2]
	return at(r, "/"+strings.Join(slices.Delete(parts, 2, 3), "/"), "")
}

// serve finds out who asks, which is judged before the body is read, and does what is asked.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, op Operation) {
	q := &request{Request: r, w: w, h: h, id: callers.ID(r.Context())}
	err := q.authenticate(op)
	if err == nil {
		q.caller.Warn = callers.Warn(w, q.caller, access.ProtocolREST)
		err = op.do(q)
	}
	if err != nil {
		p := problem.From(r.Context(), err, access.ProtocolREST, q.id, h.Log)
		wire.Refuse(w, r, func() { problem.Write(w, r, p) })
	}
}

func (q *request) authenticate(op Operation) (err error) {
	if op.Open {
		q.caller = q.h.Callers.Origin(q.Request, q.id)
		return nil
	}
	if op.Password {
		if user, password, ok := passwordOf(q.Request); ok {
			return q.signIn(user, password)
		}
	}
	if q.caller, err = q.h.Callers.Caller(q.Context(), q.Request, callers.Request{ID: q.id}); err != nil {
		return err
	}
	if q.caller.Problem != access.ProblemNone {
		return callers.BadCredential(q.caller, access.ProtocolREST)
	}
	if op.Self && !q.caller.LoggedIn() {
		return problem.New(http.StatusUnauthorized, api.CodeAuthRequired, "this is about the caller itself; send a token, which anaconda login gets you")
	}
	return nil
}

// channel is the channel that the path's owner stands for.
func (q *request) channel() (string, error) {
	return q.channelOf(q.PathValue("channel"))
}

// channelOf is the channel that an owner stands for. No name of a channel has a colon in it, and the tools split what
// people write at slashes.
func (q *request) channelOf(owner string) (string, error) {
	return q.h.Service.Accounts.Home(q.Context(), q.caller, strings.Replace(owner, ":", "/", 1))
}

// owner is a channel as the tools name it.
func owner(path string) string { return strings.Replace(path, "/", ":", 1) }

// decode reads a JSON body. Fields that the server does not know are none of its business.
func (q *request) decode(v any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(q.w, wire.NewBody(q.w, q.Request, q.h.Progress), maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return problem.New(http.StatusRequestEntityTooLarge, api.CodeTooLarge, "what is said of the package is larger than this server takes")
	case err != nil:
		return problem.New(http.StatusBadRequest, api.CodeBadRequest, "the request was cut off")
	case len(raw) == 0:
		return nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return problem.New(http.StatusBadRequest, api.CodeBadRequest, "the body is not the JSON that this operation takes")
	}
	return nil
}

// answer sends JSON.
func (q *request) answer(status int, v any) error {
	q.h.json(q.w, q.Request, status, v)
	return nil
}

func (h *Handler) json(w http.ResponseWriter, r *http.Request, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		h.Log.ErrorContext(r.Context(), "an answer cannot be written", "error", err)
		status, body = http.StatusInternalServerError, []byte("{}")
	}
	w.Header().Set("Cache-Control", "private, no-store")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		// A client that has gone away is no concern of ours.
		_, _ = w.Write(body)
	}
}
