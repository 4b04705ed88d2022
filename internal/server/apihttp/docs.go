package apihttp

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs
var docsFiles embed.FS

// docsPage is what the page for people shows.
type docsPage struct {
	Version string
	Groups  []docsGroup
}

// docsGroup is the operations of one tag.
type docsGroup struct {
	Name       string
	Operations []docsOperation
}

// docsOperation is one operation in words.
type docsOperation struct {
	ID, Method, Path, Summary string
	// Needs says what a caller must have.
	Needs  string
	Scopes []string
	Params docsFields
	Body   docsFields
	Answer docsFields
	// BodyIs and AnswerIs name what is not an object with fields, such as a list.
	BodyIs, AnswerIs string
	Status           int
}

// docsField is a parameter or a field of a body.
type docsField struct {
	Name, In, Type, Text string
	Required             bool
}

// docsFields is a table of fields. It has a column for their meaning where one of them has any.
type docsFields []docsField

// Explained tells whether the table says what any of its fields means.
func (f docsFields) Explained() bool {
	return slices.ContainsFunc(f, func(field docsField) bool { return field.Text != "" })
}

// page renders the page for people.
func (a *API) page() ([]byte, error) {
	t, err := template.ParseFS(docsFiles, "docs/page.html")
	if err != nil {
		return nil, fmt.Errorf("docs page: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, docsPage{Version: a.Version, Groups: a.docsGroups()}); err != nil {
		return nil, fmt.Errorf("docs page: %w", err)
	}
	return out.Bytes(), nil
}

// docsGroups puts the operations under their tags, in the order in which they are declared.
func (a *API) docsGroups() []docsGroup {
	var groups []docsGroup
	for _, o := range a.ops {
		i := slices.IndexFunc(groups, func(g docsGroup) bool { return g.Name == o.Tag })
		if i < 0 {
			i = len(groups)
			groups = append(groups, docsGroup{Name: o.Tag})
		}
		groups[i].Operations = append(groups[i].Operations, a.docsOperation(o))
	}
	return groups
}

func (a *API) docsOperation(o Operation) docsOperation {
	out := docsOperation{ID: o.id(), Method: o.Method, Path: plainPath(o.Path), Summary: o.Summary, Status: max(o.Status, 200)}
	switch {
	case o.Open:
		out.Needs = "Open to all."
	case o.Self:
		out.Needs = "Any session or token: it is about the caller."
	}
	for _, s := range o.Scopes {
		out.Scopes = append(out.Scopes, s.String())
	}
	declared := a.declared(o)
	if declared == nil {
		return out
	}
	for _, p := range declared.Parameters {
		f := docsField{Name: p.Name, In: p.In, Required: p.Required, Text: p.Description}
		if p.Schema != nil {
			f.Type = a.typeOf(p.Schema)
		}
		out.Params = append(out.Params, f)
	}
	if declared.RequestBody != nil {
		out.Body, out.BodyIs = a.fieldsOf(declared.RequestBody.Content)
	}
	if r := declared.Responses[fmt.Sprint(out.Status)]; r != nil {
		out.Answer, out.AnswerIs = a.fieldsOf(r.Content)
	}
	return out
}

// declared is the operation as the OpenAPI document has it.
func (a *API) declared(o Operation) *huma.Operation {
	item := a.huma.OpenAPI().Paths[o.Path]
	if item == nil {
		return nil
	}
	return map[string]*huma.Operation{
		"GET": item.Get, "PUT": item.Put, "POST": item.Post, "DELETE": item.Delete, "PATCH": item.Patch, "HEAD": item.Head,
	}[o.Method]
}

// fieldsOf gives the fields of a JSON body, or what it is where it has none.
func (a *API) fieldsOf(content map[string]*huma.MediaType) (fields docsFields, is string) {
	media := content["application/json"]
	if media == nil || media.Schema == nil {
		return nil, ""
	}
	schema := a.resolve(media.Schema)
	if len(schema.Properties) == 0 {
		return nil, a.typeOf(media.Schema)
	}
	names := make([]string, 0, len(schema.Properties))
	for name := range schema.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		p := schema.Properties[name]
		fields = append(fields, docsField{Name: name, Type: a.typeOf(p), Text: p.Description, Required: slices.Contains(schema.Required, name)})
	}
	return fields, ""
}

// resolve follows a reference to a schema.
func (a *API) resolve(s *huma.Schema) *huma.Schema {
	if s.Ref != "" {
		if to := a.huma.OpenAPI().Components.Schemas.SchemaFromRef(s.Ref); to != nil {
			return to
		}
	}
	return s
}

// typeOf names a type: "string", "list of Artifact", "one of: read, write".
func (a *API) typeOf(s *huma.Schema) string {
	switch {
	case s.Ref != "":
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
	case s.Type == huma.TypeArray && s.Items != nil:
		return "list of " + a.typeOf(s.Items)
	case len(s.Enum) > 0:
		words := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			words[i] = fmt.Sprint(v)
		}
		return "one of: " + strings.Join(words, ", ")
	case s.Format != "":
		return s.Type + " (" + s.Format + ")"
	case s.Type == "":
		return "any"
	}
	return s.Type
}
