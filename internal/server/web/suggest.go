package web

import (
	"encoding/json"
	"strings"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// suggestPages are what type-ahead asks while somebody types. Without JavaScript nobody asks, and the whole is typed.
func (w *Web) suggestPages() section {
	return section{routes: []route{
		{pattern: "GET " + suggestURL + "channels", handle: w.suggestChannels},
		{pattern: "GET " + suggestURL + "packages", handle: w.suggestPackages},
		{pattern: "GET " + suggestURL + "resources", handle: w.suggestResources},
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
	out, err := p.channelsLike(p.query("q"))
	if err != nil {
		return err
	}
	return p.suggest(out)
}

// suggestResources completes what a token can hold: a channel, a subchannel or, behind both and a family, a package.
func (w *Web) suggestResources(p *page) error {
	q := p.query("q")
	channel, name, inside := strings.Cut(q, "/"+registry.FamilyConda+"/")
	if !inside {
		return w.suggestChannels(p)
	}
	names, err := p.packagesLike(channel, name)
	if err != nil {
		return err
	}
	for i := range names {
		names[i].Value = channel + "/" + names[i].Value
	}
	return p.suggest(names)
}

// suggestPackages completes the name of a package of a channel, with its family in front.
func (w *Web) suggestPackages(p *page) error {
	out, err := p.packagesLike(p.query("channel"), strings.TrimPrefix(p.query("q"), registry.FamilyConda+"/"))
	if err != nil {
		return err
	}
	return p.suggest(out)
}

// packagesLike are packages of a channel, none of one that is not there or may not be seen: asking is no attempt to get in.
func (p *page) packagesLike(channel, name string) ([]suggestion, error) {
	out := []suggestion{}
	if channel == "" {
		return out, nil
	}
	f := registry.ChannelFilter{Path: channel, IncludeSubchannels: true}
	found, _, err := p.Service.Channels.List(p.ctx(), p.Caller, f, registry.Page{Limit: 1})
	if err != nil || len(found) == 0 || !p.can(access.ArtifactView, found[0]) {
		return out, err
	}
	list, _, err := p.Service.Packages.List(p.ctx(), p.Caller, channel, registry.ArtifactFilter{Query: name}, registry.Page{Limit: maxSuggestions, Enough: 1})
	for _, a := range list {
		out = append(out, suggestion{a.Family + "/" + a.Name, a.LatestVersion})
	}
	return out, err
}

// channelsLike are channels that have a word in their name or description.
func (p *page) channelsLike(q string) ([]suggestion, error) {
	f := registry.ChannelFilter{Query: q, IncludeSubchannels: true}
	list, _, err := p.Service.Channels.List(p.ctx(), p.Caller, f, registry.Page{Limit: maxSuggestions})
	if err != nil {
		return nil, err
	}
	out := make([]suggestion, len(list))
	for i, c := range list {
		out[i] = suggestion{c.Path, privacyOf(c.Privacy).Label}
	}
	return out, nil
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

// suggestsPeople is where type-ahead asks for people, empty for who may not list them.
func (p *page) suggestsPeople() string {
	if !p.offers(p, access.UserView) {
		return ""
	}
	return suggestURL + "users"
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
