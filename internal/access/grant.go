package access

import (
	"fmt"
	"time"
)

// Resource is one line of a resource token that is to be made.
type Resource struct {
	Channel Channel
	Package string // a PackageName, or empty for the whole channel
	Level   Level
}

// Draft is a token that is to be made or, for changes of an existing one, what that token carries.
type Draft struct {
	Kind         TokenKind
	Scopes       ScopeSet
	Resources    []Resource
	Restrictions Restrictions
	ExpiresAt    time.Time // zero means never
}

// Refusal is one item that may not be granted, and why.
type Refusal struct {
	Item   string // the scope, the channel or package, or the field
	Reason string // a clause that can stand after "Item: "
	// NotFound says that the item is answered like one that does not exist.
	NotFound bool
}

// Verdict is the answer to a question about giving rights to somebody: the decision on the action itself and, item by
// item, what may not be given. Allowed only if neither refuses.
type Verdict struct {
	Allowed  bool
	Decision Decision
	Refusals []Refusal
	// Gives are the scopes that whoever gets the rights could exercise by them. A caller that is a token must hold them.
	Gives ScopeSet
}

func (v *Verdict) refuse(item, format string, args ...any) {
	v.Refusals = append(v.Refusals, Refusal{Item: item, Reason: fmt.Sprintf(format, args...)})
}

func (v Verdict) close() Verdict {
	v.Allowed = v.Decision.Allowed && !v.Decision.AsAnonymous && len(v.Refusals) == 0
	return v
}

// Grantable is exactly what the caller may put into a scope token of its own; empty if it may make none.
func Grantable(c *Caller) ScopeSet {
	if d := mintDecision(c, nil); !d.Allowed {
		return 0
	}
	return within(c)
}

// mintDecision decides user.token:edit on the owner's account; nil is one's own.
func mintDecision(c *Caller, owner *Principal) Decision {
	var account int64
	switch {
	case owner != nil:
		account = owner.ID
	case c != nil && c.Principal != nil:
		account = c.Principal.ID
	}
	return Decide(c, UserTokenEdit, OnAccount(account))
}

// within is every scope that the caller's roles open on something, and its token where it has one.
func within(c *Caller) ScopeSet {
	if !c.LoggedIn() {
		return 0
	}
	var set ScopeSet
	for s := Scope(1); s < scopeEnd; s++ {
		r := &catalogue[s]
		if r.flags.has(adminOnly) && !c.Principal.isAdmin() {
			continue
		}
		if c.ceiling(c.Principal, r.category) >= r.lowest() {
			set = set.Add(s)
		}
	}
	if c.Token == nil {
		return set
	}
	if c.Token.Kind != ScopeToken {
		return 0
	}
	return set.Intersect(c.Token.Scopes)
}

// CanGrantScopes judges a scope token of one's own with these scopes.
func CanGrantScopes(c *Caller, want ScopeSet) Verdict {
	v := Verdict{Decision: mintDecision(c, nil)}
	v.scopes(c, want)
	return v.close()
}

// CanGrantResource judges one line of a resource token of one's own.
func CanGrantResource(c *Caller, ch Channel, level Level) Verdict {
	v := Verdict{Decision: mintDecision(c, nil)}
	v.resource(c, Resource{Channel: ch, Level: level}, true)
	return v.close()
}

// draft judges all of a token: its items and, where the caller is a token, restrictions and expiry.
func (v *Verdict) draft(c *Caller, draft *Draft) {
	v.items(c, draft, true)
	if c == nil || c.Token == nil {
		return
	}
	v.restrictions(&c.Token.Restrictions, &draft.Restrictions)
	if end := c.Token.ExpiresAt; !end.IsZero() && (draft.ExpiresAt.IsZero() || draft.ExpiresAt.After(end)) {
		v.refuse("expires_at", "token %q ends %s and can give nothing that lives longer", c.Token.Name, instant(end))
	}
}

// items judges what the token lists against the rights of c. Where c is the one who asks, hide keeps from it what it may
// not know to exist.
func (v *Verdict) items(c *Caller, draft *Draft, hide bool) {
	switch draft.Kind {
	case ScopeToken:
		v.scopes(c, draft.Scopes)
		if len(draft.Resources) > 0 {
			v.refuse("resources", "a token holds scopes or resources, never both")
		}
	case ResourceToken:
		for _, r := range draft.Resources {
			v.resource(c, r, hide)
		}
		if draft.Scopes != 0 {
			v.refuse("scopes", "a token holds scopes or resources, never both")
		}
	default:
		v.refuse("kind", "a token holds scopes or resources")
	}
}

func (v *Verdict) scopes(c *Caller, want ScopeSet) {
	v.Gives = v.Gives.Union(want)
	for s := range want.Without(within(c)).All() {
		r := &catalogue[s]
		switch {
		case !c.LoggedIn():
			v.refuse(s.String(), "an anonymous caller has nothing to give")
		case c.Token != nil && (c.Token.Kind != ScopeToken || !c.Token.Scopes.Has(s)):
			v.refuse(s.String(), "token %q does not hold it, and a token gives only what it holds", c.Token.Name)
		case r.flags.has(adminOnly) && !c.Principal.isAdmin():
			v.refuse(s.String(), "only administrators have it")
		default:
			v.refuse(s.String(), "it needs %s on %q, and the roles of %s give %s",
				r.lowest(), string(categories[r.category]), c.Principal.Name, c.ceiling(c.Principal, r.category))
		}
	}
}

func (v *Verdict) resource(c *Caller, r Resource, hide bool) {
	item := r.item()
	if r.Level == None || !r.Level.Known() {
		v.refuse(item, "the level must be read, write or manage")
		return
	}
	if r.Channel.ID == 0 || hide && !MayRead(c, OnChannel(r.Channel)) {
		v.Refusals = append(v.Refusals, Refusal{Item: item, Reason: notFound, NotFound: true})
		return
	}
	if !c.LoggedIn() {
		v.refuse(item, "an anonymous caller has nothing to give")
		return
	}
	if held, _ := c.Principal.channelLevel(&r.Channel); held < r.Level {
		v.refuse(item, "%s holds %s there and cannot give %s", c.Principal.Name, amount(held), r.Level)
	}
	opened := r.opens()
	v.Gives = v.Gives.Union(opened)
	if c.Token == nil {
		return
	}
	if missing := opened.Without(within(c)); missing != 0 {
		v.refuse(item, "%s there includes %s, which token %q does not hold", r.Level, list(missing.Names()), c.Token.Name)
	}
}

// item names the line.
func (r *Resource) item() string {
	if r.Package != "" {
		return r.Channel.Path + "/" + r.Package
	}
	return r.Channel.Path
}

// opens is every scope that a resource token with this line could exercise because of it.
func (r *Resource) opens() ScopeSet {
	t := OnChannel(r.Channel)
	var set ScopeSet
	for s := Scope(1); s < scopeEnd; s++ {
		row := &catalogue[s]
		if row.flags.has(resource) && row.level <= r.Level && row.on.fits(s, &t) && (r.Package == "" || aboutPackages(s)) {
			set = set.Add(s)
		}
	}
	return set
}

// restrictions judges whether the child is at least as narrow as its parent.
func (v *Verdict) restrictions(parent, child *Restrictions) {
	v.patterns("channels", parent.Channels, child.Channels)
	v.patterns("packages", parent.Packages, child.Packages)
	if len(parent.CIDRs) > 0 && !cidrsWithin(parent.CIDRs, child.CIDRs) {
		v.refuse("allowed_cidrs", "must lie within those of the token that grants them")
	}
	if child.NotBefore.Before(parent.NotBefore) {
		v.refuse("not_before", "must not be before %s", instant(parent.NotBefore))
	}
	if parent.MaxUses > 0 && (child.MaxUses == 0 || child.MaxUses-child.Uses > parent.MaxUses-parent.Uses) {
		v.refuse("max_uses", "must be at most %d, what is left of the token that grants them", max(0, parent.MaxUses-parent.Uses))
	}
}

func (v *Verdict) patterns(field string, parent, child []string) {
	if len(parent) == 0 {
		return
	}
	if len(child) == 0 {
		v.refuse(field, "must be within %s, as the token that grants it is", list(parent))
	}
	for _, p := range child {
		if !matchAny(parent, p) {
			v.refuse(field, "%s is not within %s", p, list(parent))
		}
	}
}
