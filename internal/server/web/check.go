package web

import (
	"context"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) checkPages() section {
	return section{
		nav: &navEntry{label: "Check access", path: checkURL, icon: "check"},
		routes: []route{
			{pattern: "GET " + checkURL, handle: w.check},
			{pattern: "POST " + checkURL, handle: w.checkAccess},
		},
	}
}

// checkStringField holds the string of a token. It is never sent back, and not kept while somebody signs in again.
const checkStringField = "token_string"

// Whom a question is about.
const (
	aboutMe     = "me"
	aboutPerson = "person"
	aboutToken  = "token"
)

// checkData is what the page shows.
type checkData struct {
	// Suggest is where type-ahead asks for people, empty for who may not list them.
	Suggest string
	Abouts  []option
	Actions []scopeGroup
	// Answer is nil until something was asked.
	Answer *registry.Answer
	Gates  []gateRow
}

// gateRow is one gate of a decision in words.
type gateRow struct {
	access.Step
	Name, State, Badge string
}

const checkTitle = "Check access"

// checkForm is the form as it stands.
func (p *page) checkForm() checkData {
	p.preset("about", aboutMe)
	p.preset("user", p.query("user"))
	p.preset("action", p.query("action"))
	p.preset("channel", p.query("channel"))
	var all []access.Scope
	for _, info := range access.Catalogue() {
		all = append(all, info.Scope)
	}
	return checkData{
		Suggest: p.suggestsPeople(),
		Abouts: []option{
			choice(aboutMe, "Myself", ""),
			choice(aboutPerson, "Another person", "For those who manage the channel, and administrators."),
			choice(aboutToken, "A token", "By its string, which is not stored, shown or counted as a use."),
		},
		Actions: append(oftenAsked(), scopeGroups(all, p.form.Value("action"))...),
	}
}

// oftenAsked are the actions that people ask about, in their words. All scopes follow them, where the chosen one is marked.
func oftenAsked() []scopeGroup {
	return []scopeGroup{{Label: "Often asked", Scopes: []option{
		choice(access.ArtifactDownload.String(), "Install or download packages", ""),
		choice(access.ArtifactCreate.String(), "Upload packages", ""),
		choice(access.ArtifactDelete.String(), "Delete packages", ""),
		choice(access.ChannelGroupEdit.String(), "Let others in", ""),
	}}}
}

func (w *Web) check(p *page) error {
	if p.query("user") != "" {
		p.preset("about", aboutPerson)
	}
	return p.show("check", checkTitle, p.checkForm())
}

func (w *Web) checkAccess(p *page) error {
	d := p.checkForm()
	q := p.question()
	var answer registry.Answer
	err := p.try(func(ctx context.Context) (err error) {
		answer, err = p.Service.Access.Explain(ctx, p.Caller, q)
		return beside(err, access.AccessExplain, "about", "about others you may ask on channels that you manage; name one of them")
	})
	if err != nil {
		return p.again(err, "check", checkTitle, d, "")
	}
	d.Answer, d.Gates = &answer, gateRows(answer.Explanation.Steps)
	return p.show("check", checkTitle, d)
}

// question is what the form asks.
func (p *page) question() registry.Question {
	q := registry.Question{Action: p.text("action"), Channel: p.text("channel"), Package: p.text("package")}
	switch p.text("about") {
	case aboutMe:
	case aboutPerson:
		if q.User = p.text("user"); q.User == "" {
			p.wrong("user", "name the person")
		}
	case aboutToken:
		if q.String = p.text(checkStringField); q.String == "" && !p.resumed {
			p.wrong(checkStringField, "paste the string of the token")
		}
	default:
		p.wrong("about", "choose whom you ask about")
	}
	if q.Action == "" {
		p.wrong("action", "choose an action")
	}
	switch s, known := access.ParseScope(q.Action); {
	case q.Channel != "":
	case q.Package != "":
		p.wrong("channel", "name the channel of the package")
	case known && s.Info().On.Channels():
		p.wrong("channel", "name the channel that this is to be done on")
	}
	return q
}

// gateRows words the gates of a decision.
func gateRows(steps []access.Step) []gateRow {
	out := make([]gateRow, len(steps))
	for i, s := range steps {
		row := gateRow{Step: s, Name: gateWords(s.Gate), State: "Not asked"}
		switch s.State {
		case access.Passed:
			row.State, row.Badge = "Passed", "success"
		case access.Refused:
			row.State, row.Badge = "Refused", "danger"
		}
		out[i] = row
	}
	return out
}

// gateWords says what a gate is about.
func gateWords(g access.GateKind) string {
	switch g {
	case access.GateCredential:
		return "Sign-in or token"
	case access.GateRole:
		return "Roles"
	case access.GateResource:
		return "Permission there"
	case access.GateToken:
		return "What the token carries"
	case access.GateRestriction:
		return "Limits of the token"
	}
	return "What everybody may"
}
