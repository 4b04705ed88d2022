package access

// CanMint judges a new token, and the new shape of an edited one, for the owner; nil is the caller's own account. What
// is granted must lie within the rights of the caller and, where it is another's account, of the owner too.
func CanMint(c *Caller, owner *Principal, draft Draft) Verdict {
	v := Verdict{Decision: mintDecision(c, owner)}
	v.draft(c, &draft)
	if owner != nil && (c == nil || c.Principal == nil || owner.ID != c.Principal.ID) {
		theirs := &Caller{Principal: owner, Via: ViaSession}
		if c != nil {
			theirs.Fallback, theirs.Now = c.Fallback, c.Now
		}
		v.items(theirs, &draft, false)
	}
	return v.close()
}

// CanReissue judges a new string for an existing token. In a session one may always do so for one's own tokens, for
// they cannot exceed one's rights anyway; a token must contain what it reissues, and for another's account the rules
// of CanMint hold, because whoever reissues sees the string.
func CanReissue(c *Caller, owner *Principal, existing Draft) Verdict {
	own := owner == nil || c != nil && c.Principal != nil && owner.ID == c.Principal.ID
	if own && (c == nil || c.Token == nil) {
		return Verdict{Decision: mintDecision(c, owner)}.close()
	}
	return CanMint(c, owner, existing)
}

// CanRevoke judges the deletion of a token. A caller that is itself a token may only delete what lies within its own;
// deleting itself needs no right at all and is not asked here.
func CanRevoke(c *Caller, owner *Principal, existing Draft) Verdict {
	v := Verdict{Decision: mintDecision(c, owner)}
	if c != nil && c.Token != nil {
		v.draft(c, &existing)
	}
	return v.close()
}

// CanMintForService judges a token of the service account that belongs to the channel home: new, edited, reissued or
// adopted. It takes service-account:edit there and, now, every right that the token carries.
func CanMintForService(c *Caller, home Channel, draft Draft) Verdict {
	v := Verdict{Decision: Decide(c, ServiceAccountEdit, OnChannel(home))}
	v.service(c, &draft)
	return v.close()
}

// CanRevokeForService judges the deletion of a token of the service account that belongs to the channel home. It takes
// service-account:edit there; a caller that is itself a token may only delete what lies within its own.
func CanRevokeForService(c *Caller, home Channel, existing Draft) Verdict {
	v := Verdict{Decision: Decide(c, ServiceAccountEdit, OnChannel(home))}
	if c != nil && c.Token != nil {
		v.draft(c, &existing)
	}
	return v.close()
}

// CanTrust judges a rule by which CI jobs get tokens of the service account of the channel home. It takes trust:edit
// there and every right that the tokens will carry; those are at most Write, and on home only.
func CanTrust(c *Caller, home Channel, draft Draft) Verdict {
	v := Verdict{Decision: Decide(c, TrustEdit, OnChannel(home))}
	for _, r := range draft.Resources {
		if r.Channel.ID != home.ID || r.Level > Write {
			v.refuse(r.item(), "a trust rule gives at most write, and on its own channel only")
		}
	}
	v.service(c, &draft)
	return v.close()
}

// service judges a token of a service account. Unlike a token of the caller's own, which can never do more than the
// caller, it will be used with the roles of a service account, so the caller must have what these open.
func (v *Verdict) service(c *Caller, draft *Draft) {
	if draft.Kind != ResourceToken {
		v.refuse("kind", "service accounts hold resource tokens only")
	}
	v.draft(c, draft)
	for _, r := range draft.Resources {
		opened := r.opens().Intersect(serviceScopes())
		if missing := opened.Without(within(c)); missing != 0 && c.LoggedIn() && c.Token == nil {
			v.refuse(r.item(), "%s there includes %s, which the roles of %s do not give",
				r.Level, list(missing.Names()), c.Principal.Name)
		}
	}
}

// serviceScopes is what the fixed roles of service accounts open.
func serviceScopes() ScopeSet {
	var set ScopeSet
	for s := Scope(1); s < scopeEnd; s++ {
		if serviceAccountLevel(catalogue[s].category) >= catalogue[s].lowest() {
			set = set.Add(s)
		}
	}
	return set
}
