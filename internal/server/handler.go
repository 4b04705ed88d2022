package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"kingsnake/api"
	"kingsnake/conda/channel"
	"kingsnake/internal/access"
	"kingsnake/internal/requestlog"
	"kingsnake/internal/server/apihttp"
	"kingsnake/internal/server/binstarhttp"
	"kingsnake/internal/server/callers"
	"kingsnake/internal/server/problem"
	"kingsnake/internal/server/wire"
)

// requestIDs numbers requests: a random part for the process, then a counter.
type requestIDs struct {
	prefix string
	n      *atomic.Uint64
}

func newRequestIDs() requestIDs {
	var b [5]byte
	_, _ = rand.Read(b[:]) // It never fails.
	return requestIDs{prefix: hex.EncodeToString(b[:]) + "-", n: &atomic.Uint64{}}
}

func (r requestIDs) next() string {
	var id [32]byte
	return string(strconv.AppendUint(append(id[:0], r.prefix...), r.n.Add(1), 36))
}

// ServeHTTP is the outermost handler. It cuts a token out of the URL before anything can log, measure or route it, and
// hands the request to one of the front doors by its first path segment.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	req := callers.Request{ID: s.ids.next()}
	path := r.URL.EscapedPath()
	if token, rest, found := channel.CutToken(path); found {
		r, path = withoutToken(r, rest), rest
		req.URLToken, req.InURL = token, true
	}
	r, path = hideTokens(r, path)
	out := wire.NewWriter(w, r, time.Duration(s.cfg.ProgressTimeout))
	wire.BoundBody(out, r, time.Duration(s.cfg.ProgressTimeout))
	out.Set("X-Request-Id", req.ID)
	out.Set("Referrer-Policy", "no-referrer")
	out.Set("X-Content-Type-Options", "nosniff")
	defer s.finish(out, r, req, path, start)
	if len(path)+len(r.URL.RawQuery) > maxURL {
		wire.Refuse(out, r, func() {
			problem.Write(out, r, problem.New(http.StatusRequestURITooLong, api.CodeURLTooLong, "the URL of this request is longer than 16 KiB; send less in its path and query"))
		})
		return
	}
	s.dispatch(out, r, req, path)
}

// maxURL bounds the path and the query of a request, in bytes, so that nothing behind has to mind names and searches of any
// length: databases refuse a pattern of 50,000 bytes.
const maxURL = 16 << 10

// withoutToken is the request as if the token had not been in its URL.
func withoutToken(r *http.Request, rest string) *http.Request {
	clean := *r
	u := *r.URL
	u.RawPath = rest
	if p, err := url.PathUnescape(rest); err == nil {
		u.Path = p
	} else {
		u.Path = rest
	}
	clean.URL = &u
	clean.RequestURI = u.RequestURI()
	return &clean
}

// dispatch chooses the front door.
func (s *Server) dispatch(w *wire.Writer, r *http.Request, req callers.Request, path string) {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch {
	case !req.InURL && binstarhttp.Speaks(r, path):
		s.binstar.ServeHTTP(w, r.WithContext(callers.WithID(r.Context(), req.ID)))
	case path == "/":
		s.home(w, r)
	case first == "healthz" && path == "/healthz":
		plain(w, http.StatusOK, "ok\n")
	case first == "readyz" && path == "/readyz":
		s.ready(w, r)
	case first == "metrics" && path == "/metrics":
		s.metrics.ServeHTTP(w, r)
	case first == "api" && (!isRepo(path) || r.Method == http.MethodPatch):
		s.rest(w, r, req)
	case first == "-" && !req.InURL:
		s.web.ServeHTTP(w, r.WithContext(callers.WithID(r.Context(), req.ID)))
	case first == "-" || first == ".well-known" || first == "":
		problem.Write(w, r, problem.New(http.StatusNotFound, api.CodeNotFound, "nothing is served here"))
	default:
		s.conda.Serve(w, r, req, path)
	}
}

// isRepo tells the channels below /api/repo from the REST API.
func isRepo(path string) bool { return strings.HasPrefix(path, "/api/repo/") }

// rest hands a request to the REST API, which takes no token from a URL.
func (s *Server) rest(w *wire.Writer, r *http.Request, req callers.Request) {
	if req.InURL {
		wire.Refuse(w, r, func() {
			problem.Write(w, r, problem.New(http.StatusNotFound, api.CodeNotFound, "a token in the URL works for channels only; send it to the REST API as the header X-Auth"))
		})
		return
	}
	s.api.ServeHTTP(w, r.WithContext(callers.WithID(r.Context(), req.ID)))
}

// home answers for the site itself; upload clients ask for it, without a credential, to see that the server is there.
// Browsers are shown the pages.
func (s *Server) home(w *wire.Writer, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Vary", "Accept")
	if r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Redirect(w, r, "/-/", http.StatusSeeOther)
		return
	}
	plain(w, http.StatusOK, "Kingsnake, a conda package server.\nChannels: "+s.publicURL(r)+"/<channel>\nREST API: "+s.publicURL(r)+"/api/openapi.json\n")
}

func (s *Server) ready(w *wire.Writer, r *http.Request) {
	if problems := s.check(r.Context()); len(problems) > 0 {
		plain(w, http.StatusServiceUnavailable, strings.Join(problems, "\n")+"\n")
		return
	}
	plain(w, http.StatusOK, "ready\n")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	// net/http drops the body of an answer to HEAD; a client that has gone away is no concern of ours.
	_, _ = w.Write([]byte(text))
}

// publicURL is the address under which the client reaches the server, without a slash at the end.
func (s *Server) publicURL(r *http.Request) string {
	if s.cfg.PublicURL != "" {
		return strings.TrimSuffix(s.cfg.PublicURL, "/")
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// finish logs and counts a request, and answers for one that panicked.
func (s *Server) finish(w *wire.Writer, r *http.Request, req callers.Request, path string, start time.Time) {
	if v := recover(); v != nil {
		if v == http.ErrAbortHandler { //nolint:errorlint // It is the value itself that is panicked with.
			panic(v)
		}
		s.log.Error("a request panicked", "panic", v, "request_id", req.ID, "stack", string(debug.Stack()))
		if w.Status() == 0 {
			p := problem.New(http.StatusInternalServerError, api.CodeInternal, "the server failed; its log knows more under the request id "+req.ID)
			p.RequestID = req.ID
			problem.Write(w, r, p)
		}
	}
	w.End()
	took := time.Since(start)
	s.metrics.observe(r.Method, w.Status(), took, w.Written())
	if !s.log.Enabled(context.Background(), slog.LevelInfo) {
		return
	}
	// As with any Logger, a log that cannot be written stops nobody.
	_ = requestlog.Write(s.log.Handler(), requestlog.Line{
		At: start.Add(took), Method: r.Method, Path: path, Status: w.Status(), Bytes: w.Written(), Took: took, Address: s.callers.Address(r),
		Client: r.UserAgent(), ID: req.ID,
	})
}

// tokenLike finds what looks like one of our tokens; no name of a channel or a package does.
var tokenLike = regexp.MustCompile(`ks-[a-z]-[0-9A-Za-z]{20,}`)

// redact cuts what looks like a token out of a text.
func redact(text string) string { return tokenLike.ReplaceAllString(text, "<TOKEN>") }

// hideTokens cuts tokens out of what refusals, the log and the audit repeat of a request: the name of the client, and a
// path in which a token stands where none belongs, such as a mistyped one.
func hideTokens(r *http.Request, path string) (*http.Request, string) {
	if client := r.UserAgent(); strings.Contains(client, "ks-") && tokenLike.MatchString(client) {
		r.Header.Set("User-Agent", redact(client))
	}
	if !strings.ContainsRune(path, '%') && !strings.Contains(path, "ks-") {
		return r, path
	}
	plain, err := url.PathUnescape(path)
	if err != nil || !tokenLike.MatchString(plain) {
		return r, path
	}
	path = (&url.URL{Path: redact(plain)}).EscapedPath()
	return withoutToken(r, path), path
}

// rawOperations adds to the REST API what speaks HTTP itself: the uploads, whose bodies are streamed to disk, and the metrics.
func (s *Server) rawOperations() {
	s.api.HandleRaw(apihttp.Operation{Method: http.MethodGet, Path: "/api/system/metrics", Tag: "System", Summary: "Metrics in the OpenMetrics format", Open: true},
		func(w http.ResponseWriter, r *http.Request, _ callers.Request) { s.metrics.ServeHTTP(w, r) })
	const tag = "Artifacts"
	s.api.HandleRaw(apihttp.Operation{
		Method: http.MethodPatch, Path: "/api/repo/{channel}/{ckey...}", Tag: tag, Summary: "Edit what the index says of a file",
		Scopes: []access.Scope{access.ArtifactEdit}, Status: http.StatusNoContent,
	}, s.conda.Patch)
	create := []access.Scope{access.ArtifactCreate}
	for _, op := range []struct {
		path, summary string
		handle        func(http.ResponseWriter, *http.Request, callers.Request)
	}{
		{"/api/channels/{channel}/artifacts", "Upload a package as a multipart form", s.conda.Artifacts},
		{"/api/channels/{channel}/upload/{file}", "Upload a package as Quetz clients do", s.conda.Quetz},
		{"/api/v1/upload/{channel}", "Upload a package as prefix.dev clients do", s.conda.Prefix},
	} {
		s.api.HandleRawBoth(apihttp.Operation{
			Method: http.MethodPost, Path: op.path, Tag: tag, Summary: op.summary, Scopes: create, Status: http.StatusCreated,
		}, op.handle)
	}
}
