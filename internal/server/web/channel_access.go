package web

import (
	"strings"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) channelAccessPages() section {
	return section{routes: []route{{pattern: "GET " + channelsURL + "/{channel}/access", handle: w.channelAccess}}}
}

// accessData is what the page about who can reach a channel shows.
type accessData struct {
	channelFrame
	List          *listing
	Rows          []reachRow
	Kinds, Levels []option
	// MayOpen tells whether to offer the list of all who get in by the channel's privacy.
	MayOpen bool
}

// reachRow is somebody or something that can reach the channel, in words.
type reachRow struct {
	registry.Reacher
	Title, Icon, May string
	// How are the ways on which it does, Limits what narrows it.
	How, Limits []string
	// Problem is what keeps it from doing so now, empty for nothing.
	Problem string
}

// reachKinds are the kinds of what can reach a channel, as a filter shows them.
func reachKinds() []option {
	return []option{
		choice("", "All kinds", ""), choice(string(registry.ReacherUser), "People", ""),
		choice(string(registry.ReacherServiceAccount), "Service accounts", ""), choice(string(registry.ReacherToken), "Tokens", ""),
		choice(string(registry.ReacherTrustRule), "Trusted publishers", ""),
	}
}

// enoughReachers is how many lines are counted at least, where there are as many.
const enoughReachers = 200

func (w *Web) channelAccess(p *page) error {
	f, err := p.frame(access.AccessExplain)
	if err != nil {
		return err
	}
	d := accessData{channelFrame: f, List: p.listing(""), Kinds: reachKinds(), Levels: []option{
		choice("", "Any", ""), choice(access.Read.String(), "Read or more", ""), choice(access.Write.String(), "Write or more", ""), choice(access.Manage.String(), "Manage", ""),
	}}
	for _, name := range []string{"q", "kind", "level", "inactive", "open"} {
		p.preset(name, p.query(name))
	}
	in := registry.ReachInput{Level: chosenOf(d.Levels, p.query("level")), Query: p.query("q")}
	if kind := chosenOf(d.Kinds, p.query("kind")); kind != "" {
		in.Kinds = []string{kind}
	}
	for _, name := range []string{"inactive", "open"} {
		if p.query(name) != "" {
			in.Include = append(in.Include, name)
		}
	}
	// Each line that is counted is judged.
	d.List.enough = max(enoughReachers, d.List.Number*d.List.per)
	list, total, err := p.Service.Access.Reachers(p.ctx(), p.Caller, f.Channel.Path, in, d.List.unsorted())
	if err != nil {
		return err
	}
	d.MayOpen = p.Service.Can(p.Caller, access.UserView, access.OnAccount(0)) && p.Service.Can(p.Caller, access.UserTokenView, access.OnAccount(0))
	d.List.Total = total
	for _, r := range list {
		d.Rows = append(d.Rows, viewReacher(r))
	}
	return p.showOf(f, "channel_access", "Access", d)
}

// chosenOf is a choice by its value, empty for what is none.
func chosenOf(options []option, value string) string {
	for _, o := range options {
		if o.Value == value {
			return value
		}
	}
	return ""
}

func viewReacher(r registry.Reacher) reachRow {
	row := reachRow{Reacher: r, Title: r.Name, Icon: "user", May: capital(r.Level.String()), Problem: reachProblem(r.State)}
	switch r.Kind {
	case registry.ReacherEverybody:
		row.Title, row.Icon = "Everybody", "globe"
	case registry.ReacherSignedIn:
		row.Title, row.Icon = "Everybody with an account", "users"
	case registry.ReacherServiceAccount:
		row.Icon = "gear"
	case registry.ReacherTrustRule:
		row.Icon = "shield"
	case registry.ReacherToken:
		row.Icon = "key"
	}
	for _, path := range r.Paths {
		row.How = append(row.How, capital(path.Text()))
	}
	if len(r.Packages) > 0 {
		row.Limits = append(row.Limits, "only for packages "+strings.Join(r.Packages, ", "))
	}
	if len(r.Restrictions.CIDRs) > 0 {
		row.Limits = append(row.Limits, "only from some networks")
	}
	if len(r.Roles) > 0 {
		row.Limits = append(row.Limits, "held down by the roles "+strings.Join(r.Roles, ", "))
	}
	return row
}

// reachProblem words what keeps something from reaching a channel.
func reachProblem(s registry.ReachState) string {
	switch s {
	case registry.ReachDisabled:
		return "Disabled"
	case registry.ReachExpired:
		return "Expired"
	case registry.ReachNotYet:
		return "Not valid yet"
	case registry.ReachRevoked:
		return "Ended with its parent"
	case registry.ReachUntrusted:
		return "Issuer no longer trusted"
	}
	return ""
}
