package apihttp

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
)

const leakPath = "/api/tokens/revoke-leaked"

// leakInput is read by hand: the body has one of two forms, and finders that add fields of their own are welcome.
type leakInput struct {
	RawBody []byte `contentType:"application/json"`
}

func (a *API) leakOperations() {
	add(a, Operation{
		Method: http.MethodPost, Path: leakPath, Tag: "Tokens", Summary: "Report strings of tokens that were found where they should not be", Open: true, ReadsBody: true,
	}, a.reportLeaks)
	a.describeLeaks()
}

// describeLeaks tells the document of the two forms of the body and of the answer.
func (a *API) describeLeaks() {
	doc := a.huma.OpenAPI()
	schema := func(t reflect.Type) *huma.Schema { return doc.Components.Schemas.Schema(t, true, "") }
	list := func(t reflect.Type) *huma.Schema {
		return &huma.Schema{Type: huma.TypeArray, Items: schema(t), MaxItems: new(api.MaxLeakReport)}
	}
	one := list(reflect.TypeFor[api.LeakedToken]())
	doc.Components.Schemas.SchemaFromRef(one.Items.Ref).AdditionalProperties = true
	op := doc.Paths[leakPath].Post
	op.RequestBody.Content = map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{
		OneOf: []*huma.Schema{schema(reflect.TypeFor[api.LeakReport]()), one},
	}}}
	op.Responses["200"].Content = map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{
		OneOf: []*huma.Schema{schema(reflect.TypeFor[api.LeakResults]()), list(reflect.TypeFor[api.LeakResult]())},
	}}}
}

// The bounds of one reported string, and of what the finder calls its type, in bytes.
const (
	maxLeakedString = 1000
	maxLeakedType   = 100
)

// reportLeaks limits reports by the number of strings, before it looks for any of them.
func (a *API) reportLeaks(ctx context.Context, finder *access.Caller, in *leakInput) (*body[any], error) {
	found, bare, err := readLeaks(in.RawBody)
	if err != nil {
		return nil, err
	}
	if wait, ok := a.Callers.Limiter.Leaks(finder.Address, len(found), a.Callers.Now()); !ok {
		return nil, &registry.Error{Code: registry.CodeTooMany, RetryAfter: wait, Message: "too many strings were reported from your address; wait and send them again"}
	}
	suspects := make([]registry.Suspect, len(found))
	for i, f := range found {
		suspects[i] = registry.Suspect{String: f.Token, URL: f.URL, Source: f.Source}
	}
	verdicts, err := a.Service.Tokens.ReportLeaks(ctx, finder, suspects)
	if err != nil {
		return nil, err
	}
	results := make([]api.LeakResult, len(found))
	for i, v := range verdicts {
		results[i] = leakResult(found[i], v)
	}
	if bare {
		return &body[any]{results}, nil
	}
	return &body[any]{api.LeakResults{Results: results}}, nil
}

// readLeaks reads either form of the body, and tells the bare array from the object.
func readLeaks(raw []byte) (found []api.LeakedToken, bare bool, err error) {
	raw = bytes.TrimSpace(raw)
	if bare = bytes.HasPrefix(raw, []byte("[")); bare {
		err = json.Unmarshal(raw, &found)
	} else {
		var report api.LeakReport
		err = json.Unmarshal(raw, &report)
		for _, s := range report.Tokens {
			found = append(found, api.LeakedToken{Token: s})
		}
	}
	if err != nil {
		return nil, bare, &registry.Error{Code: registry.CodeInvalid, Message: `send {"tokens": ["…"]}, or an array of {"token", "type", "url", "source"}`}
	}
	if len(found) == 0 || len(found) > api.MaxLeakReport {
		return nil, bare, &registry.Error{Code: registry.CodeInvalid, Field: "tokens", Message: "report between 1 and 100 strings at once"}
	}
	for _, f := range found {
		if len(f.Token) > maxLeakedString || len(f.Type) > maxLeakedType {
			return nil, bare, &registry.Error{Code: registry.CodeInvalid, Field: "tokens", Message: "a string has more than 1000 bytes, or its type more than 100"}
		}
	}
	return found, bare, nil
}

// leakResult is a verdict on the wire.
func leakResult(f api.LeakedToken, v registry.LeakVerdict) api.LeakResult {
	sum := sha256.Sum256([]byte(f.Token))
	out := api.LeakResult{
		Fingerprint: identity.Fingerprint(f.Token), Status: api.LeakStatus(v), TokenHash: hex.EncodeToString(sum[:]), TokenType: f.Type, Label: "false_positive",
	}
	if v == registry.LeakRevoked || v == registry.LeakReported {
		out.Label = "true_positive"
	}
	return out
}

// leakOut is what is known of a leak of a token.
func leakOut(t registry.Token) *api.TokenLeak {
	l := t.Leak
	if l == nil {
		return nil
	}
	return &api.TokenLeak{
		ReportedAt: l.At, Fingerprint: l.Fingerprint, URL: l.URL, Source: l.Source, ReportedFrom: l.Address,
		LastUsedAt: instant(l.LastUsedAt), LastUsedAddress: l.LastUsedAddress,
	}
}
