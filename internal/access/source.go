package access

// CodeSource is the code of a refusal because of what a virtual channel draws on.
const CodeSource = "source_refused"

// ClassifySource says how to answer a caller who may exercise a scope on a virtual channel, and not on one of its
// sources, about which d is. It says nothing of the source, not even its name: the caller may have no right to know it.
func ClassifySource(c *Caller, virtual Channel, d Decision, proto Protocol) Denial {
	if c.anonymous() || d.Problem != ProblemNone {
		// What these are told depends on nothing but the credential.
		return Classify(c, d.Scope, d.Target, d, proto)
	}
	return Denial{
		Status: 403, Code: CodeSource,
		Message: "Channel " + virtual.Path + " draws on a source that you may not read. Reading it needs " + d.Scope.String() +
			" on every source too; ask an owner of " + virtual.Path + " which ones those are.",
	}
}

// SourceExplanation puts into words that a virtual channel is refused because of one of its sources, about which d is.
// named tells that whoever reads it may know the source; the others learn only that there is one.
func SourceExplanation(e Explanation, virtual Channel, d Decision, named bool) Explanation {
	e.Allowed = false
	source := "a source that you may not read"
	if named {
		source = "the source " + d.Target.Channel.Path
	}
	e.Summary = "No: " + d.who() + " may exercise " + d.Scope.String() + " on the virtual channel " + virtual.Path + " itself, but not on " + source +
		", and a virtual channel asks it on every source."
	e.Change = []string{"Give " + d.who() + " that right on every source of " + virtual.Path + ", or take the source out of it."}
	if named {
		e.Steps, e.Change = d.Explanation().Steps, d.remedies()
	}
	return e
}
