package web

import (
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// tokenChange is what the form for a token asks for: only what was changed there.
type tokenChange struct{ registry.TokenChange }

// empty tells that nothing is asked for.
func (c tokenChange) empty() bool {
	return c.Name == nil && c.Description == nil && c.ExpiresAt == nil && c.Resources == nil && !c.Reissue
}

// openToken notes what a token is now, for the form that changes it.
func (p *page) openToken(t registry.Token) {
	p.opened("name", t.Name)
	p.opened("description", t.Description)
	p.preset("expires", keepEnd)
	for name, now := range map[string]string{"expires": endText(t.ExpiresAt), resourceField: grantLines(grantsOf(t))} {
		if p.form.Was[name] = now; p.form.Values.Has(wasPrefix + name) {
			p.form.Was[name] = p.form.Values.Get(wasPrefix + name)
		}
	}
}

// endText is the end of a token as a hidden field has it.
func endText(end time.Time) string {
	if end.IsZero() {
		return registry.ExpiresNever
	}
	return end.UTC().Format(time.RFC3339)
}

// setGrants fills the rows of a form.
func (p *page) setGrants(grants []grant) {
	delete(p.form.Values, resourceField)
	delete(p.form.Values, permissionField)
	for _, g := range grants {
		p.form.Values.Add(resourceField, g.Name)
		p.form.Values.Add(permissionField, g.Level)
	}
}

// tokenChange reads what the form asks for.
func (p *page) tokenChange(t registry.Token) tokenChange {
	c := tokenChange{registry.TokenChange{Reissue: p.checked("reissue")}}
	if p.edited("name") {
		c.Name = new(p.text("name"))
	}
	if p.edited("description") {
		c.Description = new(p.text("description"))
	}
	if p.text("expires") != keepEnd {
		c.ExpiresAt = new(p.expiry(p.Callers.Now()))
	}
	if t.Kind == access.ResourceToken {
		c.Resources = p.changedResources(t)
	}
	if c.Reissue {
		overlap, err := time.ParseDuration(p.text("overlap"))
		if err != nil {
			p.wrong("overlap", "choose how long the old string goes on working")
		}
		c.Overlap = overlap
	}
	c.Check = func(now registry.Token) error { return p.staleToken(c, t, now) }
	return c
}

// changedResources are the resources that the token is to have, nil where they stay as they are.
func (p *page) changedResources(t registry.Token) []registry.ResourceInput {
	if len(p.form.Values[resourceField]) != len(p.form.Values[permissionField]) {
		p.wrong(resourceField, "the browser sent a part of the resources only, so nothing was changed; open the page again")
		return nil
	}
	now := grantsOf(t)
	merged, conflicts := mergeGrants(parseGrants(p.form.Was[resourceField]), p.typedGrants(), now)
	switch {
	case p.resumed:
		return nil
	case len(conflicts) > 0:
		p.wrong(resourceField, conflictWords(conflicts))
	case len(merged) == 0:
		p.wrong(resourceField, "name at least one channel; to end the token, delete it")
		return nil
	}
	p.setGrants(merged)
	p.form.Was[resourceField] = grantLines(now)
	if grantLines(merged) == grantLines(now) {
		return nil
	}
	return resourceInputs(merged)
}

// conflictWords says which resources somebody else changed, too.
func conflictWords(conflicts []string) string {
	const most = 10
	out := "While you had this form open, somebody changed the same resources"
	for i, c := range conflicts[:min(len(conflicts), most)] {
		if i == 0 {
			out += ": " + c
		} else {
			out += "; " + c
		}
	}
	if more := len(conflicts) - most; more > 0 {
		out += "; and " + plural(int64(more), "more resource")
	}
	return out + ". Save again to have it your way."
}

// staleToken objects to a change of what somebody else has changed meanwhile. Seen is the token as the form was judged by.
func (p *page) staleToken(c tokenChange, seen, now registry.Token) error {
	stale := c.Name != nil && p.stale("name", now.Name, quoted)
	stale = c.Description != nil && p.stale("description", now.Description, quoted) || stale
	if was, end := p.form.Was["expires"], endText(now.ExpiresAt); c.ExpiresAt != nil && was != end {
		p.wrong("expires", "while you had this form open, somebody changed the end from "+was+" to "+end+". Save again to have it your way")
		p.form.Was["expires"], stale = end, true
	}
	if c.Resources != nil && grantLines(grantsOf(seen)) != grantLines(grantsOf(now)) {
		p.wrong(resourceField, "somebody changed the resources at the same moment; save again")
		stale = true
	}
	if stale {
		return errChecked
	}
	return nil
}
