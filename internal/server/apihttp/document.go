package apihttp

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"kingsnake/api"
	"kingsnake/internal/server/callers"
	"kingsnake/internal/server/problem"
)

// documentOperations are the two forms of the API's description: for programs and for people. Both are made once, from
// the declarations of all operations, when somebody first asks.
func (a *API) documentOperations() {
	const tag = "System"
	words := sync.OnceValue(func() error { return describe(a.huma.OpenAPI().Components.Schemas.Map()) })
	described := func(make func() ([]byte, error)) func() ([]byte, error) {
		return sync.OnceValues(func() ([]byte, error) {
			if err := words(); err != nil {
				return nil, err
			}
			return make()
		})
	}
	document, page := described(a.Document), described(a.page)
	a.HandleRaw(Operation{Method: http.MethodGet, Path: "/api/openapi.json", Tag: tag, Summary: "This API as an OpenAPI 3.1 document", Open: true},
		a.fixed("application/openapi+json", document))
	a.HandleRaw(Operation{Method: http.MethodGet, Path: "/api/docs", Tag: tag, Summary: "This API as a page for people", Open: true},
		a.fixed("text/html; charset=utf-8", page))
	a.HandleRaw(Operation{Method: http.MethodGet, Path: "/api/docs.css", Tag: tag, Summary: "The style of that page", Open: true},
		a.fixed("text/css; charset=utf-8", func() ([]byte, error) { return docsFiles.ReadFile("docs/style.css") }))
}

// fixed serves what does not change while the server runs. The page needs nothing but its own style.
func (a *API) fixed(mediaType string, make func() ([]byte, error)) func(http.ResponseWriter, *http.Request, callers.Request) {
	return func(w http.ResponseWriter, r *http.Request, req callers.Request) {
		data, err := make()
		if err != nil {
			a.Log.Error("the API's description cannot be made", "error", err)
			problem.Write(w, r, problem.New(http.StatusInternalServerError, api.CodeInternal, "the server failed; its log knows more under the request id "+req.ID))
			return
		}
		h := w.Header()
		h.Set("Content-Type", mediaType)
		h.Set("Content-Length", strconv.Itoa(len(data)))
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		w.WriteHeader(http.StatusOK)
		// A client that has gone away is no concern of ours.
		_, _ = w.Write(data)
	}
}

// Document gives the OpenAPI document as JSON. In a path, "{ckey...}" of the router is "{ckey}" of OpenAPI: it takes the
// slashes too, which OpenAPI cannot say.
func (a *API) Document() ([]byte, error) {
	raw, err := json.Marshal(a.huma.OpenAPI())
	if err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	paths, ok := doc["paths"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("OpenAPI document without paths")
	}
	plain := make(map[string]any, len(paths))
	for path, item := range paths {
		plain[plainPath(path)] = item
	}
	doc["paths"] = plain
	out, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	return append(out, '\n'), nil
}

// plainPath is a path of the router in OpenAPI's words.
func plainPath(path string) string { return strings.ReplaceAll(path, "...}", "}") }
