package access

// GateKind names a gate and is its place in Decision.Gates.
type GateKind uint8

// The gates in the order in which they are passed.
const (
	GateCredential  GateKind = iota // the credential is good
	GateRole                        // the roles reach the scope's level
	GateResource                    // the level on that very channel, account or group does
	GateToken                       // the token carries the scope, or the level on that channel
	GateRestriction                 // the token's restrictions are met
	GateAnonymous                   // what was refused, asked again for an anonymous caller
	numGates
)

// String names the gate as explanations do.
func (k GateKind) String() string {
	switch k {
	case GateCredential:
		return "credential"
	case GateRole:
		return "role"
	case GateResource:
		return "resource"
	case GateToken:
		return "token"
	case GateRestriction:
		return "restriction"
	case GateAnonymous:
		return "anonymous"
	}
	return "unknown"
}

// State is what became of a gate.
type State uint8

// The states. The zero value is a gate that this question does not have.
const (
	NotAsked State = iota
	Passed
	Refused
)

// String names the state as explanations do.
func (s State) String() string {
	switch s {
	case NotAsked:
		return "not asked"
	case Passed:
		return "passed"
	case Refused:
		return "refused"
	}
	return "unknown"
}

// Source says where a level that somebody holds comes from.
type Source uint8

// The sources.
const (
	SourceNone          Source = iota
	SourceRoles                // the principal's roles
	SourceAdmin                // the role admin, which passes everywhere
	SourcePublic               // the channel is public
	SourceAuthenticated        // the channel is open to every logged-in principal
	SourceGroup                // a group that has the level on the channel, or the level over the group itself
	SourceParent               // Manage on the channel that holds the subchannel
	SourceOwn                  // it is the principal's own account
	SourceToken                // the token's list
)

// Reason says why a gate refused.
type Reason uint8

// The reasons, by the gate that gives them.
const (
	ReasonNone Reason = iota

	ReasonProblem // credential: Decision.Problem says which

	ReasonNoScope   // role: there is no such scope
	ReasonRole      // role: the roles give less than the scope needs
	ReasonAdminOnly // role: only the role admin opens it

	ReasonWrongTarget // resource: the scope is not asked of such things
	ReasonNoChannel   // resource: there is no such channel
	ReasonLevel       // resource: the level on the channel is too low
	ReasonAccount     // resource: it is another's account
	ReasonGroup       // resource: the level over the group is too low

	ReasonTokenKind         // token: the token is neither a scope token nor a resource token, or not one for its owner
	ReasonTokenScope        // token: the scope is not in its list
	ReasonTokenResourceless // token: no resource token opens such things
	ReasonTokenLevel        // token: its level on the channel is too low
	ReasonTokenParent       // token: it lacks the channel that holds the subchannel
	ReasonTokenChild        // token: it lacks a subchannel that the action touches

	ReasonURLWrite       // restriction: a credential in a URL may only read
	ReasonNotBefore      // restriction: it is too early
	ReasonAddress        // restriction: the client's address
	ReasonUses           // restriction: it is used up
	ReasonChannelPattern // restriction: the channel's name
	ReasonPackagePattern // restriction: the package's name
)

// Gate is the result of one gate.
type Gate struct {
	State  State
	Reason Reason // why it refused; ReasonNone otherwise
	Needed Level  // the level that was asked, where the gate is about levels
	Held   Level  // the level that was held
	From   Source // what gave it
}

func passed(needed, held Level, from Source) Gate {
	return Gate{State: Passed, Needed: needed, Held: held, From: from}
}

func refused(why Reason, needed, held Level, from Source) Gate {
	return Gate{State: Refused, Reason: why, Needed: needed, Held: held, From: from}
}

// Decision is the answer to one question, with what each gate said.
type Decision struct {
	Allowed bool
	// AsAnonymous says that it is allowed, but to an anonymous caller: the credential itself did not open it.
	AsAnonymous bool
	Scope       Scope
	Target      Target
	// Problem is what is wrong with the credential, if anything.
	Problem Problem
	Gates   [numGates]Gate

	caller *Caller
}

// Reason is why the first gate that refused did so; ReasonNone when the caller's own rights were enough.
func (d *Decision) Reason() Reason {
	for i := range d.Gates {
		if d.Gates[i].State == Refused {
			return d.Gates[i].Reason
		}
	}
	return ReasonNone
}
