package access

// Decide answers whether the caller may exercise the scope on the target. It is the only place where that is decided.
// It allocates nothing and touches no state.
//
// All gates are judged even after one has refused, so that an explanation can name everything that is missing at once.
func Decide(c *Caller, s Scope, t Target) Decision {
	d := Decision{Scope: s, Target: t, caller: c}
	d.decide(c, s, &t)
	return d
}

func (d *Decision) decide(c *Caller, s Scope, t *Target) {
	d.Problem = c.EffectiveProblem()
	if !s.Known() {
		d.Gates[GateRole] = refused(ReasonNoScope, None, None, SourceNone)
		return
	}
	r := &catalogue[s]
	if d.Problem == ProblemNone {
		d.Gates[GateCredential] = passed(None, None, SourceNone)
		var p *Principal
		if !c.anonymous() {
			p = c.Principal
		}
		d.Gates[GateRole] = c.roleGate(p, r, t)
		d.Gates[GateResource] = p.resourceGate(s, r, t)
		if p != nil {
			d.Gates[GateToken], d.Gates[GateRestriction] = c.tokenGates(s, r, t)
		}
	} else {
		d.Gates[GateCredential] = refused(ReasonProblem, None, None, SourceNone)
	}
	d.Allowed = d.Reason() == ReasonNone
	if d.Allowed || c.anonymous() {
		return
	}
	d.Gates[GateAnonymous] = c.anonymousGate(s, r, t)
	d.AsAnonymous = d.Gates[GateAnonymous].State == Passed
	d.Allowed = d.AsAnonymous
}

// roleGate is gate 1: the level that the principal's roles give for the scope's category.
func (c *Caller) roleGate(p *Principal, r *row, t *Target) Gate {
	needed := r.level
	if p.owns(t) {
		needed = r.lowest()
	}
	held, from := c.ceiling(p, r.category), SourceRoles
	if p.isAdmin() {
		from = SourceAdmin
	} else if r.flags.has(adminOnly) || r.on == PlaceAnything && t.Kind == TargetSystem {
		return refused(ReasonAdminOnly, needed, held, from)
	}
	if held < needed {
		return refused(ReasonRole, needed, held, from)
	}
	return passed(needed, held, from)
}

// owns reports whether the target is the principal's own account.
func (p *Principal) owns(t *Target) bool {
	return t.Kind == TargetAccount && p.loggedIn() && t.Account != 0 && t.Account == p.ID
}

// resourceGate is gate 2: the principal's level on the very thing. The system has no such gate. A thing of another kind
// than the scope is meant for is refused here, but not before a channel that does not exist, whose kind is not known.
func (p *Principal) resourceGate(s Scope, r *row, t *Target) Gate {
	if t.onChannel() && t.Channel.ID == 0 {
		return refused(ReasonNoChannel, r.level, None, SourceNone)
	}
	if !r.on.fits(s, t) {
		return refused(ReasonWrongTarget, r.level, None, SourceNone)
	}
	switch t.Kind {
	case TargetChannel, TargetPackage:
		return p.channelGate(s, r, t)
	case TargetAccount:
		if p.owns(t) {
			return passed(r.lowest(), Manage, SourceOwn)
		}
		if p.isAdmin() {
			return passed(r.level, Manage, SourceAdmin)
		}
		return refused(ReasonAccount, r.level, None, SourceNone)
	case TargetGroup:
		return p.groupGate(s, r, t)
	}
	return Gate{}
}

func (p *Principal) channelGate(s Scope, r *row, t *Target) Gate {
	var held Level
	var from Source
	if s == SubchannelMirrorEdit && t.Channel.ParentID != 0 {
		// The level is needed on the parent. Its privacy does not matter, since none gives more than Read.
		parent := Channel{ID: t.Channel.ParentID}
		held, from = p.channelLevel(&parent)
	} else {
		held, from = p.channelLevel(&t.Channel)
	}
	if held < r.level {
		return refused(ReasonLevel, r.level, held, from)
	}
	return passed(r.level, held, from)
}

func (p *Principal) groupGate(s Scope, r *row, t *Target) Gate {
	switch {
	case p.isAdmin():
		return passed(r.level, Manage, SourceAdmin)
	case !p.loggedIn():
		return refused(ReasonGroup, r.level, None, SourceNone)
	case t.Group == 0 && s == GroupEdit:
		return Gate{} // A group yet to be created belongs to nobody: there is no level to ask for.
	}
	held := known(p.Groups[t.Group])
	if t.Group == 0 || held < r.level {
		return refused(ReasonGroup, r.level, held, SourceGroup)
	}
	return passed(r.level, held, SourceGroup)
}

// tokenGates are gate 3 and the token's restrictions. A caller without a token has neither, except that no credential
// of any sort writes when it stands in a URL.
func (c *Caller) tokenGates(s Scope, r *row, t *Target) (token, restriction Gate) {
	if c.Token == nil {
		if c.InURL && r.level > Read {
			restriction = refused(ReasonURLWrite, r.level, Read, SourceNone)
		}
		return token, restriction
	}
	why, held := c.Token.judge(c.Principal, s, r, t)
	token = Gate{State: Passed, Needed: r.level, Held: held, From: SourceToken}
	if why != ReasonNone {
		token.State, token.Reason = Refused, why
	}
	restriction = Gate{State: Passed}
	if why := c.Token.Restrictions.judge(c, s, r, t); why != ReasonNone {
		restriction.State, restriction.Reason = Refused, why
	}
	return token, restriction
}

// anonymousGate asks both gates of a principal again for nobody in particular.
func (c *Caller) anonymousGate(s Scope, r *row, t *Target) Gate {
	if g := c.roleGate(nil, r, t); g.State == Refused {
		return g
	}
	g := (*Principal)(nil).resourceGate(s, r, t)
	if g.State == NotAsked {
		g.State = Passed
	}
	return g
}
