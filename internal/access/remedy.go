package access

import (
	"fmt"
	"strings"
)

// remedies says what would have to change for the caller's own rights to be enough: one sentence per gate that
// refuses, since all of them must be satisfied.
func (d *Decision) remedies() []string {
	var all []string
	for kind := GateCredential; kind < GateAnonymous; kind++ {
		if g := d.Gates[kind]; g.State == Refused {
			all = append(all, d.remedy(g))
		}
	}
	return all
}

func (d *Decision) remedy(g Gate) string {
	if d.caller.anonymous() && g.Reason != ReasonNoScope && g.Reason != ReasonWrongTarget {
		return "Log in or send a token: without one only what is public can be read."
	}
	switch g.Reason {
	case ReasonProblem:
		return problemRemedy(d.Problem)
	case ReasonNoScope, ReasonWrongTarget:
		return "Ask for a scope that is meant for this target; the scopes page lists them."
	case ReasonRole:
		return fmt.Sprintf("Ask an administrator to give %s a role with %s on %q.",
			d.owner(), g.Needed, string(d.Scope.Info().Category))
	case ReasonAdminOnly, ReasonAccount:
		return "Ask an administrator to do it."
	case ReasonNoChannel:
		return fmt.Sprintf("Check the name of the channel. If it is right, ask an owner of the channel or an administrator to let %s in.", d.owner())
	case ReasonLevel:
		return fmt.Sprintf("Ask %s to give %s, or a group that %s belongs to, %s on %s.",
			owners(&d.Target), d.owner(), d.owner(), g.Needed, d.Target.holder(d.Scope))
	case ReasonGroup:
		return fmt.Sprintf("Ask a manager of the group for %s over it.", g.Needed)
	}
	return d.tokenRemedy(g)
}

// owners says whom to ask about a channel.
func owners(t *Target) string {
	top, _, _ := strings.Cut(t.Channel.Path, "/")
	return fmt.Sprintf("an owner of the channel (group %s_owners) or an administrator", top)
}

func (d *Decision) tokenRemedy(g Gate) string {
	switch g.Reason {
	case ReasonTokenKind:
		return "Make a new token."
	case ReasonTokenScope:
		return fmt.Sprintf("Use a token that holds %s; %s can make one as far as that account may do it.", d.Scope, d.owner())
	case ReasonTokenResourceless:
		return fmt.Sprintf("Log in, or use a scope token that holds %s.", d.Scope)
	case ReasonTokenLevel:
		return fmt.Sprintf("Ask %s to give the token %s on %s, or use one that has it.", d.owner(), g.Needed, d.Target.name())
	case ReasonTokenParent, ReasonTokenChild:
		return fmt.Sprintf("Ask %s for a token that also holds %s on all channels and subchannels concerned.", d.owner(), g.Needed)
	case ReasonURLWrite:
		return "Send the token in the header Authorization or X-Auth instead of the URL."
	case ReasonNotBefore:
		return "Wait until then, or ask the token's owner to change the date."
	case ReasonAddress:
		return "Use the token from an address that it allows, or ask its owner to allow this one."
	case ReasonUses:
		return "Ask the token's owner for a new one or for more uses."
	case ReasonChannelPattern, ReasonPackagePattern:
		return "Use a token that is not restricted in this way, or ask its owner to widen the patterns."
	}
	return "Ask an administrator."
}

func problemRemedy(p Problem) string {
	switch p {
	case ProblemMasked:
		return "Put the token itself into the channel's URL or the client's token file; what logs show is not usable."
	case ProblemTooOld:
		return "Issue a new string for it: kingsnake token reissue."
	case ProblemDisabled:
		return "Ask an administrator to enable the account, or use a credential of another one."
	case ProblemSession:
		return "Log in again."
	case ProblemPassword:
		return "Log in with the right password, or use a token."
	}
	return "Ask the token's owner for a valid one, or make a new one: kingsnake token create."
}
