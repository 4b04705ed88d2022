package web

import (
	"errors"
	"net/http"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/problem"
)

// Requests that reach no page.
var (
	errNoPage      = errors.New("there is no such page")
	errCrossOrigin = errors.New("the form comes from another site")
)

// notAllowed is a request by a method that a path does not take; it takes the one named.
type notAllowed struct{ method string }

func (e *notAllowed) Error() string { return "this path takes " + e.method }

// failure is what an error page shows.
type failure struct {
	Status  int
	Message string
	// Remedy says what to do.
	Remedy string
	// RequestID finds the failure in the server's log, empty where that would not help.
	RequestID string
}

// fail shows what went wrong. A page that does not exist and one that this person may not know of look the same.
func (p *page) fail(err error) {
	f, title := p.failure(err)
	p.crumbs, p.form = nil, newForm()
	if err := p.render(f.Status, "error", title, f); err != nil {
		p.Log.Error("an error page could not be shown", "error", err, "request_id", p.Caller.RequestID)
		http.Error(p.w, "The server failed; its log knows more under the request id "+p.Caller.RequestID, http.StatusInternalServerError)
	}
}

func (p *page) failure(err error) (f failure, title string) {
	var method *notAllowed
	switch {
	case errors.Is(err, errNoPage):
		return noPage(), "Page not found"
	case errors.Is(err, errCrossOrigin):
		return failure{
			Status: http.StatusForbidden, Message: "This form was sent from another site, so nothing was done.",
			Remedy: "Open the page here and fill it in again. If this is the right site, its administrator should check the setting public_url.",
		}, "Not from here"
	case errors.As(err, &method):
		p.w.Header().Set("Allow", method.method)
		return failure{
			Status: http.StatusMethodNotAllowed, Message: "This address does not work that way.",
			Remedy: "Go back to the page you came from and use its buttons.",
		}, "Not possible here"
	}
	return p.worded(err)
}

func noPage() failure {
	return failure{
		Status: http.StatusNotFound, Message: "There is nothing here, or nothing that you may see.",
		Remedy: "Check the address. If somebody gave you the link to a channel, ask them to let you in: its owners do that on its page, under Groups, and need your user name.",
	}
}

// worded explains an error of the domain in the same words as the REST API, with what to do about it.
func (p *page) worded(err error) (f failure, title string) {
	if errors.Is(err, errResumed) || errors.Is(err, errAlready) {
		return failure{Status: http.StatusConflict, Message: "Nothing was done.", Remedy: "Go back to the page you came from and look whether it is done already."}, "Nothing was done"
	}
	pr := problem.From(p.ctx(), err, access.ProtocolREST, p.Caller.RequestID, p.Log)
	f = failure{Status: pr.Status, Message: sentence(pr.Message)}
	e, known := registry.AsError(err)
	switch {
	case pr.Status == http.StatusNotFound && known && e.Denied != nil, pr.Status == http.StatusNotFound && !known:
		return noPage(), "Page not found"
	case pr.Status == http.StatusNotFound:
		f.Remedy = "It may have been deleted or renamed meanwhile."
		return f, "Not found"
	case pr.Status == http.StatusForbidden:
		f.Remedy = "Ask an owner of the channel or an administrator; the page Check access shows what is missing."
		return f, "Not allowed"
	case pr.Status == http.StatusTooManyRequests:
		f.Remedy = "Wait a minute and try again."
		return f, "Too many tries"
	case pr.Status >= http.StatusInternalServerError:
		f.Remedy, f.RequestID = "Try again in a moment. If it happens again, tell an administrator the number of this request.", p.Caller.RequestID
		return f, "Something went wrong"
	}
	f.Remedy = "Go back, change what you asked for and try again."
	return f, "That did not work"
}
