package access

import (
	"fmt"
	"strings"
)

// Step is one gate of an explanation.
type Step struct {
	Gate  GateKind
	State State
	Asked string // what the gate asked for, such as "write on channel prod"
	Held  string // what the caller had to show, such as "read"
	From  string // where that comes from: roles, a group, the privacy, the token
	Text  string // a sentence that says all of it
}

// Explanation is a Decision in words, for people who want to know why and what to do about it.
type Explanation struct {
	Allowed bool
	Summary string
	Steps   []Step
	// Change says what would have to change, each a sentence that can be sent to a colleague. It is empty where the
	// caller's own rights are enough, and names what is missing in its credential where it is allowed as anonymous.
	Change []string
}

// Explanation puts the decision into words. It names groups, roles and tokens of the caller and must be shown only to
// those who may exercise access:explain; the messages of Classify are for everyone.
func (d Decision) Explanation() Explanation {
	e := Explanation{Allowed: d.Allowed, Summary: d.summary(), Steps: make([]Step, 0, numGates)}
	for kind := GateCredential; kind < numGates; kind++ {
		e.Steps = append(e.Steps, d.step(kind))
	}
	e.Change = d.remedies()
	return e
}

func (d *Decision) summary() string {
	what := "exercise " + d.Scope.String() + " on " + d.Target.name()
	switch {
	case d.AsAnonymous:
		return fmt.Sprintf("Yes, but only because everybody may: %s itself may not %s, because %s.", d.who(), what, d.why())
	case d.Allowed:
		return fmt.Sprintf("Yes: %s may %s.", d.who(), what)
	}
	return fmt.Sprintf("No: %s may not %s, because %s.", d.who(), what, d.why())
}

// why is what the refusing gates say, joined.
func (d *Decision) why() string {
	var reasons []string
	for kind := GateCredential; kind < GateAnonymous; kind++ {
		if g := d.Gates[kind]; g.State == Refused {
			reasons = append(reasons, d.refusal(g.Reason, g))
		}
	}
	return strings.Join(reasons, "; and ")
}

// who names the caller.
func (d *Decision) who() string {
	c := d.caller
	switch {
	case c == nil || c.Principal == nil || c.Principal.Kind == KindAnonymous:
		return "an anonymous caller"
	case c.Token != nil:
		return fmt.Sprintf("token %q of %s", c.Token.Name, c.Principal.Name)
	case c.Principal.Kind == KindServiceAccount:
		return "service account " + c.Principal.Name
	}
	return c.Principal.Name
}

// owner names the principal.
func (d *Decision) owner() string {
	if c := d.caller; c != nil && c.Principal != nil && c.Principal.Kind != KindAnonymous {
		return c.Principal.Name
	}
	return "an anonymous caller"
}

// name is the target in words.
func (t *Target) name() string {
	switch t.Kind {
	case TargetSystem:
		if t.Channel.Path != "" {
			return "the system, for channel " + t.Channel.Path
		}
		return "the system"
	case TargetChannel:
		return t.channelName()
	case TargetPackage:
		if t.Package == somePackage {
			return "some package of " + t.channelName()
		}
		return "package " + t.Package + " of " + t.channelName()
	case TargetAccount:
		return "an account"
	case TargetGroup:
		return "a group"
	}
	return "nothing"
}

func (t *Target) channelName() string {
	if t.Channel.ParentID != 0 || strings.Contains(t.Channel.Path, "/") {
		return "subchannel " + t.Channel.Path
	}
	return "channel " + t.Channel.Path
}

// step puts one gate into words.
func (d *Decision) step(kind GateKind) Step {
	g := d.Gates[kind]
	s := Step{Gate: kind, State: g.State}
	if g.State == NotAsked {
		s.Text = d.notAsked(kind)
		return s
	}
	s.Asked, s.Held = d.asked(kind, g), amount(g.Held)
	s.From = d.from(kind, g)
	switch {
	case g.State == Refused:
		s.Text = upper(d.refusal(g.Reason, g)) + "."
	case kind == GateCredential && d.caller.anonymous():
		s.Text = "There is no credential, so only what everybody may is asked."
	case kind == GateCredential:
		s.Text = "The credential is good."
	case kind == GateRestriction:
		s.Text = "The token's restrictions, if any, are met."
	case kind == GateAnonymous:
		s.Text = "Everybody may do this, without any credential."
	default:
		s.Text = fmt.Sprintf("It needs %s, and %s gives %s.", s.Asked, s.From, s.Held)
	}
	if kind == GateCredential || kind == GateRestriction {
		s.Held = ""
	}
	if kind == GateAnonymous && g.State == Refused {
		s.Text = "An anonymous caller may not do it either."
	}
	return s
}

// notAsked says why a gate has no say.
func (d *Decision) notAsked(kind GateKind) string {
	early := d.Gates[GateCredential].State == Refused || d.Reason() == ReasonNoScope
	switch {
	case kind == GateAnonymous && d.Allowed:
		return "Not needed."
	case kind == GateAnonymous:
		return "There is nothing less than this caller to fall back to."
	case early:
		return "Not asked, because the question ended before it."
	case kind == GateResource:
		return "The site as a whole has no level of its own: the roles alone decide."
	case kind == GateToken || kind == GateRestriction:
		return "The caller uses no token."
	}
	return "Not asked."
}

// asked is what a gate wants to see.
func (d *Decision) asked(kind GateKind, g Gate) string {
	switch kind {
	case GateCredential:
		return "a good credential, or none"
	case GateRole:
		if g.Reason == ReasonAdminOnly {
			return "the role admin"
		}
		return fmt.Sprintf("%s on %q", g.Needed, string(d.Scope.Info().Category))
	case GateAnonymous:
		if g.From == SourceRoles {
			return d.asked(GateRole, g)
		}
		return d.asked(GateResource, g)
	case GateResource:
		return fmt.Sprintf("%s on %s", g.Needed, d.Target.name())
	case GateToken:
		if d.caller.Token.Kind == ResourceToken {
			return fmt.Sprintf("%s on %s", g.Needed, d.Target.name())
		}
		return "the scope " + d.Scope.String()
	case GateRestriction:
		return "the token's restrictions"
	}
	return ""
}

// from says what gave the level that is held.
func (d *Decision) from(kind GateKind, g Gate) string {
	switch g.From {
	case SourceRoles:
		if kind == GateAnonymous {
			return "the role everyone"
		}
		return d.roles()
	case SourceAdmin:
		return "the role admin"
	case SourcePublic:
		return "the channel's privacy (public)"
	case SourceAuthenticated:
		return "the channel's privacy (authenticated)"
	case SourceGroup:
		if d.Target.Kind == TargetGroup {
			return "the membership in the group"
		}
		id := d.Target.Channel.ID
		if d.Scope == SubchannelMirrorEdit && d.Target.Channel.ParentID != 0 {
			id = d.Target.Channel.ParentID
		}
		return "group " + d.caller.Principal.Channels[id].Group
	case SourceParent:
		return fmt.Sprintf("group %s (by managing the channel above it)",
			d.caller.Principal.Channels[d.Target.Channel.ParentID].Group)
	case SourceOwn:
		return "owning the account"
	case SourceToken:
		return fmt.Sprintf("token %q", d.caller.Token.Name)
	}
	return ""
}

// roles names the caller's roles as a subject.
func (d *Decision) roles() string {
	c := d.caller
	if c == nil || c.Principal == nil || len(c.Principal.Roles) == 0 {
		return "the role everyone"
	}
	if len(c.Principal.Roles) == 1 {
		return "the role " + c.Principal.Roles[0]
	}
	return "the best of the roles " + list(c.Principal.Roles)
}

// upper makes the first letter of a sentence a capital one, except where the sentence starts with a scope's name, which
// people copy.
func upper(s string) string {
	word, _, _ := strings.Cut(s, " ")
	if s == "" || strings.Contains(word, ":") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
