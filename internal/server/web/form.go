package web

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/problem"
	"kingsnake/internal/server/wire"
)

// The bounds of a form: its size in bytes, and its number of values.
const (
	maxForm   = 1 << 20
	maxValues = 5000
)

// Names of fields that forms have besides their own.
const (
	nonceField = "form_nonce"
	// draftField and draftPathField hold a form whose session had ended, on the page for signing in.
	draftField     = "draft"
	draftPathField = "draft_path"
)

// form is what was typed into a form, and what is wrong with it.
type form struct {
	Values url.Values
	// Errors are by the name of the field, as in registry.Error; "" is about the form as a whole.
	Errors map[string]string
	// Was is, by field, what a form that changes something held when it was opened; see stale.go.
	Was map[string]string
	// Nonce is a fresh word that lets the form work once.
	Nonce string
}

func newForm() form {
	return form{Values: url.Values{}, Errors: map[string]string{}, Was: map[string]string{}, Nonce: rand.Text()}
}

// Value is what is in a field, empty if it was not sent.
func (f form) Value(name string) string { return f.Values.Get(name) }

// Has tells whether a field holds this value among others.
func (f form) Has(name, value string) bool { return slices.Contains(f.Values[name], value) }

// Problems lists what is wrong, what is about the form as a whole first.
func (f form) Problems() []fieldProblem {
	var out []fieldProblem
	for _, name := range slices.Sorted(maps.Keys(f.Errors)) {
		out = append(out, fieldProblem{name, f.Errors[name]})
	}
	return out
}

// fieldProblem is what is wrong with one field.
type fieldProblem struct{ Field, Text string }

// readForm reads the body of a POST.
func (p *page) readForm() error {
	p.r.Body = http.MaxBytesReader(p.w, wire.NewBody(p.w, p.r, p.Progress), maxForm)
	err := p.r.ParseForm()
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return &registry.Error{Code: registry.CodeTooLarge, Message: "what you sent is too large for this form; shorten it and send it again"}
	case err != nil:
		return &registry.Error{Code: registry.CodeInvalid, Message: "the browser sent a form that cannot be read"}
	case valueCount(p.r.PostForm) > maxValues:
		return &registry.Error{Code: registry.CodeTooLarge, Message: "the form has too many fields"}
	}
	p.form.Values = p.r.PostForm
	p.resumed = p.form.Values.Has(resumedField)
	return nil
}

// valueCount is how many values a form has: a field can be there many times.
func valueCount(form url.Values) int {
	n := 0
	for _, values := range form {
		n += len(values)
	}
	return n
}

// text is what was typed into a field, without blanks around it.
func (p *page) text(name string) string { return strings.TrimSpace(p.form.Values.Get(name)) }

// secret is what was typed into a field for a password, as it is.
func (p *page) secret(name string) string { return p.form.Values.Get(name) }

// texts are the values of a field that can be there more than once, without the empty ones.
func (p *page) texts(name string) []string {
	var out []string
	for _, v := range p.form.Values[name] {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// checked tells whether a box was ticked.
func (p *page) checked(name string) bool { return p.form.Values.Get(name) != "" }

// pressed tells whether the form was sent by the button of that name.
func (p *page) pressed(name string) bool { return p.form.Values.Has(name) }

// preset fills in a field of a form that is shown for the first time.
func (p *page) preset(name string, values ...string) {
	if _, typed := p.form.Values[name]; !typed {
		p.form.Values[name] = values
	}
}

// wrong notes what is wrong with a field; "" is the form as a whole.
func (p *page) wrong(field, message string) { p.form.Errors[field] = sentence(message) }

// What keeps a form from doing anything, beside the errors of the domain.
var (
	errResumed = errors.New("the form was sent without a session and is shown again")
	errAlready = errors.New("the form was sent before")
	errChecked = errors.New("the form has errors that its page found")
)

// try does what a form asks for, unless there is a reason to show the form again first: the page found something wrong
// with it, its session had ended, or it has been carried out before. A form that has a nonce works once, on every replica
// and after a restart; one that failed can be sent again. Of those who have not signed in nothing is remembered: they
// could fill the database.
func (p *page) try(do func(ctx context.Context) error) error {
	switch {
	case p.resumed:
		return errResumed
	case len(p.form.Errors) > 0:
		return errChecked
	}
	if nonce := p.form.Values.Get(nonceField); nonce != "" && p.Caller.LoggedIn() {
		p.Caller.Once = &access.Once{Name: "form " + p.Caller.SessionID + " " + nonce}
		defer func() { p.Caller.Once = nil }()
	}
	err := do(p.ctx())
	if errors.Is(err, registry.ErrSpent) {
		return errAlready
	}
	return err
}

// again shows a form after try has failed, with what was typed and what is wrong. What is no fault of the form goes on to
// the error page. Already is what to say of a form that has been sent before: where to find what it made.
func (p *page) again(err error, name, title string, data any, already string) error {
	e, known := registry.AsError(err)
	switch {
	case errors.Is(err, errResumed):
		p.notice = &flash{Kind: "info", Text: "You are signed in again. Nothing was done yet and nothing of the form is lost: look it over and send it once more."}
		return p.show(name, title, data)
	case errors.Is(err, errAlready):
		p.notice = &flash{Kind: "warning", Text: "This form was sent before, and it is carried out only once. If that succeeded: " + already}
		return p.render(http.StatusConflict, name, title, data)
	case errors.Is(err, errChecked):
	case known && e.Denied == nil && aboutForm(e.Code):
		p.wrong(e.Field, e.Message)
	default:
		return err
	}
	status := http.StatusUnprocessableEntity
	if known && e.Code == registry.CodeTooMany {
		status = http.StatusTooManyRequests
		problem.SetRetryAfter(p.w.Header(), e.RetryAfter)
	}
	return p.render(status, name, title, data)
}

// named turns a refusal of what was named in a field into an error of that field, in the words of the error pages: what
// somebody may not see and what does not exist are the same.
func (p *page) named(err error, field string) error {
	e, known := registry.AsError(err)
	if !known || e.Denied == nil {
		return err
	}
	f, _ := p.worded(err)
	if f.Status == http.StatusNotFound {
		f.Message = "there is no channel " + e.Denied.Target.Channel.Path + ", or none that you may see"
	}
	return &registry.Error{Code: registry.CodeInvalid, Field: field, Message: f.Message}
}

// aboutForm tells whether a failure is one that whoever filled in the form can mend there.
func aboutForm(c registry.Code) bool {
	switch c {
	case registry.CodeInvalid, registry.CodeConflict, registry.CodeNotGrantable, registry.CodeCredential, registry.CodeQuota,
		registry.CodeFrozen, registry.CodeVirtual, registry.CodeTooMany, registry.CodeWrongKind, registry.CodeNotFound:
		return true
	}
	return false
}

// sentence begins a message with a capital letter and ends it with a full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	if !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// words are what stands in a field between blanks, commas and ends of lines.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) })
}
