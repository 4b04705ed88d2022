package web

import (
	"encoding/json"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// suggestPages are what type-ahead asks while somebody types. Without JavaScript nobody asks, and the whole is typed.
func (w *Web) suggestPages() section {
	return section{routes: []route{
		{pattern: "GET " + suggestURL + "channels", handle: w.suggestChannels},
		{pattern: "GET " + suggestURL + "groups", handle: w.suggestGroups},
		{pattern: "GET " + suggestURL + "users", handle: w.suggestUsers, needs: access.UserView},
	}}
}

// maxSuggestions is how many are shown at once.
const maxSuggestions = 12

// suggestion is one of them: what is filled in, and what is shown beside it.
type suggestion struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

func (w *Web) suggestChannels(p *page) error {
	f := registry.ChannelFilter{Query: p.query("q"), IncludeSubchannels: true}
	list, _, err := p.Service.Channels.List(p.ctx(), p.Caller, f, registry.Page{Limit: maxSuggestions})
	if err != nil {
		return err
	}
	out := make([]suggestion, len(list))
	for i, c := range list {
		out[i] = suggestion{c.Path, privacyOf(c.Privacy).Label}
	}
	return p.suggest(out)
}

func (w *Web) suggestGroups(p *page) error {
	list, _, err := p.Service.Groups.List(p.ctx(), p.Caller, p.query("q"), registry.Page{Limit: maxSuggestions})
	if err != nil {
		return err
	}
	out := make([]suggestion, len(list))
	for i, g := range list {
		out[i] = suggestion{g.Name, plural(g.Members, "member")}
	}
	return p.suggest(out)
}

func (w *Web) suggestUsers(p *page) error {
	list, _, err := p.Service.Accounts.ListUsers(p.ctx(), p.Caller, registry.UserFilter{Query: p.query("q")}, registry.Page{Limit: maxSuggestions})
	if err != nil {
		return err
	}
	out := make([]suggestion, len(list))
	for i, u := range list {
		out[i] = suggestion{u.Name, u.Email}
	}
	return p.suggest(out)
}

// suggest answers a question of type-ahead.
func (p *page) suggest(list []suggestion) error {
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	p.w.Header().Set("Content-Type", "application/json")
	_, err = p.w.Write(text)
	return err
}
