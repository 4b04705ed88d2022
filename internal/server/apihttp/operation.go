package apihttp

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/callers"
	"kingsnake/internal/server/problem"
)

// Operation declares one operation of the API.
type Operation struct {
	Method, Path string
	Tag, Summary string
	// Scopes are what the caller must hold, all of them; none for what is open.
	Scopes []access.Scope
	// Open tells that nobody is asked who they are.
	Open bool
	// Self tells that the operation is about the caller itself and asks only for some credential.
	Self bool
	// Status is the status of success, 200 when it is 0.
	Status int
	// ReadsBody tells that the operation reads and checks its body itself.
	ReadsBody bool
	// Password tells that the operation, which is open, takes a password: who has tried too many is refused unread.
	Password bool
}

// huma is the declaration in the framework's words.
func (o Operation) huma() *huma.Operation {
	op := &huma.Operation{
		Method: o.Method, Path: o.Path, Summary: o.Summary, Tags: []string{o.Tag}, DefaultStatus: o.Status,
		OperationID: o.id(), MaxBodyBytes: maxBody, SkipValidateBody: o.ReadsBody,
		Extensions: map[string]any{},
	}
	if strings.Contains(o.Path, subchannelPart) {
		op.Parameters = []*huma.Param{{Name: "subchannel", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}}
	}
	if o.Open {
		return op
	}
	op.Security = []map[string][]string{{"session": {}}, {"token": {}}}
	names := make([]string, len(o.Scopes))
	for i, s := range o.Scopes {
		names[i] = s.String()
	}
	op.Extensions["x-required-scope"] = names
	return op
}

// subchannelPart is what a path has where it names a subchannel.
const subchannelPart = "/subchannels/{subchannel}"

// forSubchannel is the same operation on a subchannel.
func (o Operation) forSubchannel() Operation {
	o.Path = strings.Replace(o.Path, "{channel}", "{channel}"+subchannelPart, 1)
	o.Summary += " (of a subchannel)"
	scopes := make([]access.Scope, len(o.Scopes))
	for i, s := range o.Scopes {
		scopes[i] = s.For(access.Channel{ParentID: 1})
	}
	o.Scopes = scopes
	return o
}

// raw is huma for an operation whose parameters and answers the framework does not see.
func (o Operation) raw() *huma.Operation {
	op := o.huma()
	op.Parameters = nil
	for part := range strings.SplitSeq(o.Path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			name = strings.TrimSuffix(strings.TrimSuffix(name, "}"), "...")
			op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
		}
	}
	op.Responses = map[string]*huma.Response{
		strconv.Itoa(max(o.Status, http.StatusOK)): {Description: "Success"},
		"default": {Description: "Refusal, as " + api.ProblemMediaType},
	}
	return op
}

// id names the operation in the OpenAPI document, such as "get-channels-channel".
func (o Operation) id() string {
	words := strings.FieldsFunc(strings.TrimPrefix(o.Path, "/api"), func(r rune) bool { return strings.ContainsRune("/{}._", r) })
	return strings.Join(append([]string{strings.ToLower(o.Method)}, words...), "-")
}

// nothing is the answer of an operation that has none.
type nothing struct{}

// body wraps an answer.
type body[T any] struct{ Body T }

// add declares an operation and what it does. The caller is known, and its credential good, before the body is read.
func add[I, O any](a *API, o Operation, fn func(ctx context.Context, caller *access.Caller, in *I) (*O, error)) {
	a.ops = append(a.ops, o)
	op := o.huma()
	op.Middlewares = huma.Middlewares{a.authenticate(o)}
	huma.Register(a.huma, *op, func(ctx context.Context, in *I) (*O, error) {
		out, err := fn(ctx, callerOf(ctx), in)
		if err != nil {
			return nil, &humaProblem{problem.From(ctx, err, access.ProtocolREST, callers.ID(ctx), a.Log)}
		}
		return out, nil
	})
}

// addBoth declares an operation on a channel and its twin on a subchannel. Its input embeds ChannelPath, whose Channel
// is then "channel" or "channel/subchannel".
func addBoth[I, O any](a *API, o Operation, fn func(ctx context.Context, caller *access.Caller, in *I) (*O, error)) {
	add(a, o, fn)
	add(a, o.forSubchannel(), fn)
}

// ChannelPath names a channel or a subchannel in an operation's path.
type ChannelPath struct {
	Channel string `path:"channel" maxLength:"300"`
}

// Resolve adds the subchannel that the path names; huma calls it when the input has been read.
func (p *ChannelPath) Resolve(ctx huma.Context) []error {
	if sub := ctx.Param("subchannel"); sub != "" {
		p.Channel += "/" + sub
	}
	return nil
}

// humaProblem is a problem in the framework's hands.
type humaProblem struct{ *problem.Problem }

// MarshalJSON gives the wire form.
func (p *humaProblem) MarshalJSON() ([]byte, error) { return marshal(p.Problem.Problem) }

// authenticate finds out who calls before the body is read. On this API a bad credential is refused everywhere.
func (a *API) authenticate(o Operation) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		caller, err := a.caller(r, o)
		if err != nil {
			problem.Write(w, r, problem.From(r.Context(), err, access.ProtocolREST, callers.ID(r.Context()), a.Log))
			return
		}
		if !o.Open {
			ctx.SetHeader("Cache-Control", "private, no-store")
		}
		caller.Warn = callers.Warn(w, caller, access.ProtocolREST)
		next(huma.WithValue(ctx, callerKey{}, caller))
	}
}

func (a *API) caller(r *http.Request, o Operation) (*access.Caller, error) {
	id := callers.ID(r.Context())
	if o.Open {
		origin := a.Callers.Origin(r, id)
		if o.Password {
			return origin, a.Callers.MayTry(origin)
		}
		return origin, nil
	}
	caller, err := a.Callers.Caller(r.Context(), r, callers.Request{ID: id})
	if err != nil {
		return nil, err
	}
	if caller.Problem != access.ProblemNone {
		return nil, callers.BadCredential(caller, access.ProtocolREST)
	}
	if o.Self && !caller.LoggedIn() {
		return nil, problem.New(http.StatusUnauthorized, api.CodeAuthRequired, "this is about the caller itself; send a session or a token")
	}
	return caller, nil
}

// Page is the part of a list that is asked for. Like the other types that inputs embed it is exported because huma
// leaves out fields that are not.
type Page struct {
	Offset int      `query:"offset" default:"0" minimum:"0" doc:"How many items to pass over."`
	Limit  int      `query:"limit" default:"100" minimum:"1" maximum:"1000" doc:"How many items to give at most."`
	Sort   []string `query:"sort,explode" doc:"Columns to sort by, with - in front for descending; repeated, or separated by commas."`
}

func (p Page) registry() registry.Page {
	out := registry.Page{Offset: p.Offset, Limit: p.Limit}
	for s := range strings.SplitSeq(strings.Join(p.Sort, ","), ",") {
		if s == "" {
			continue
		}
		if s[0] == '-' {
			out.Sort = append(out.Sort, registry.Sort{By: s[1:], Descending: true})
		} else {
			out.Sort = append(out.Sort, registry.Sort{By: s})
		}
	}
	return out
}

// list makes the answer of a list.
func list[T, U any](items []T, total int64, convert func(T) U) *body[api.List[U]] {
	out := make([]U, len(items))
	for i, v := range items {
		out[i] = convert(v)
	}
	return &body[api.List[U]]{api.List[U]{TotalCount: total, Items: out}}
}
