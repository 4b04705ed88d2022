package access

// Protocol is the language that the caller speaks, since the answers to refusals differ.
type Protocol uint8

// The protocols.
const (
	ProtocolREST Protocol = iota
	ProtocolConda
	// ProtocolCondaStrict is the conda protocol on a site with strict_tokens: a bad token is refused on public channels
	// too.
	ProtocolCondaStrict
)

// Denial is how a refusal is answered. The zero Denial means that the request is served.
type Denial struct {
	Status  int    // 401, 403 or 404; 0: served
	Code    string // stable, for programs
	Message string // for people: what is missing and whom to ask
	// NotFoundLike says that the answer is the one that is given for what does not exist. It depends on nothing but the
	// protocol, and nothing may be added to it.
	NotFoundLike bool
	// Warning is the code of what kept the credential from counting, on an answer that is served as to anybody; Message
	// then says so in the words for a Conda-Token-Warning header.
	Warning string
}

// The codes of refusals beyond those of Problem.
const (
	CodeLogin    = "auth_required"
	CodeNotFound = "not_found"
)

// Classify says how to answer the decision d on the caller's question. It is also asked for decisions that allow: a bad
// credential is refused by REST even where anybody may read, and conda clients are warned.
//
// What it says of a target that the caller may not read depends only on the names in the request and on the caller,
// never on whether the target exists.
func Classify(c *Caller, s Scope, t Target, d Decision, proto Protocol) Denial {
	if d.Allowed {
		return classifyAllowed(&d, proto)
	}
	switch {
	case c.anonymous():
		return Denial{
			Status: 401, Code: CodeLogin,
			Message: "This needs a login or a token, and the request had neither. (What does not exist answers the same.)",
		}
	case d.Problem != ProblemNone:
		return badCredential(&d)
	case d.Gates[GateRestriction].State == Refused:
		g := d.Gates[GateRestriction]
		return Denial{Status: 403, Code: g.Reason.Code(), Message: upper(d.refusal(g.Reason, g)) + ". " + d.remedy(g)}
	case hidden(c, &t):
		return notFoundLike(proto)
	}
	denial := Denial{Status: 403, Code: d.Reason().Code(), Message: upper(d.why()) + "."}
	for _, remedy := range d.remedies() {
		denial.Message += " " + remedy
	}
	return denial
}

func classifyAllowed(d *Decision, proto Protocol) Denial {
	switch restriction := d.Gates[GateRestriction]; {
	case d.Problem != ProblemNone && proto != ProtocolConda:
		return badCredential(d)
	case d.Problem != ProblemNone:
		return Denial{Warning: string(d.Problem), Message: badCredential(d).Message}
	case d.AsAnonymous && restriction.State == Refused:
		return Denial{Warning: restriction.Reason.Code(), Message: upper(d.refusal(restriction.Reason, restriction)) + ". " + d.remedy(restriction)}
	}
	return Denial{}
}

func badCredential(d *Decision) Denial {
	return Denial{
		Status: 401, Code: string(d.Problem),
		Message: upper(problemText(d.Problem)) + ". " + problemRemedy(d.Problem),
	}
}

func notFoundLike(proto Protocol) Denial {
	denial := Denial{
		Status: 404, Code: CodeNotFound, NotFoundLike: true,
		Message: "There is no such thing, or this credential may not see it. " +
			"Check the name, or ask an owner of the channel or an administrator for access.",
	}
	if proto != ProtocolREST {
		denial.Status = 403
	}
	return denial
}

// hidden reports whether the caller must not learn if the target exists. The system, one's own account and a group yet to
// be created are no secret to anybody who is logged in.
func hidden(c *Caller, t *Target) bool {
	if t.Kind == TargetSystem || t.Kind == TargetGroup && t.Group == 0 || c.Principal.owns(t) {
		return false
	}
	return !MayRead(c, *t)
}

// Code is the reason's stable name, for programs.
func (r Reason) Code() string {
	switch r {
	case ReasonProblem:
		return "credential"
	case ReasonNoScope, ReasonWrongTarget:
		return "scope_unknown"
	case ReasonRole:
		return "role_level"
	case ReasonAdminOnly, ReasonAccount:
		return "admin_only"
	case ReasonNoChannel:
		return CodeNotFound
	case ReasonLevel:
		return "channel_level"
	case ReasonGroup:
		return "group_level"
	case ReasonTokenKind:
		return "token_kind"
	case ReasonTokenScope, ReasonTokenResourceless:
		return "token_scope"
	case ReasonTokenLevel:
		return "token_level"
	case ReasonTokenParent, ReasonTokenChild:
		return "token_resource"
	case ReasonURLWrite:
		return "token_in_url"
	case ReasonNotBefore:
		return "token_not_yet_valid"
	case ReasonAddress:
		return "token_address"
	case ReasonUses:
		return "token_used_up"
	case ReasonChannelPattern:
		return "token_channel"
	case ReasonPackagePattern:
		return "token_package"
	}
	return ""
}
