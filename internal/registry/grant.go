package registry

import (
	"context"
	"fmt"
	"strings"

	"kingsnake/conda/channel"
	"kingsnake/internal/access"
)

// grant reads what a new token is to hold, and asks whether the caller may give it.
func (s *Tokens) grant(ctx context.Context, caller *access.Caller, acc account, t *Token, in TokenInput) error {
	switch {
	case len(in.Scopes) > 0 && len(in.Resources) > 0:
		return invalid("scopes", "a token holds scopes or resources, never both; make two tokens")
	case len(in.Scopes) > 0:
		set, err := parseScopes(in.Scopes)
		if err != nil {
			return err
		}
		t.Kind, t.Scopes = access.ScopeToken, set
	case len(in.Resources) > 0:
		resources, err := s.parseResources(ctx, in.Resources)
		if err != nil {
			return err
		}
		t.Kind = access.ResourceToken
		t.Resources = resources.grants
		return s.judge(caller, acc.canMint(caller, resources.draft(*t)))
	default:
		return invalid("scopes", "a token needs at least one scope or at least one resource")
	}
	return s.judge(caller, acc.canMint(caller, access.Draft{Kind: t.Kind, Scopes: t.Scopes, ExpiresAt: t.ExpiresAt, Restrictions: t.Restrictions}))
}

func parseScopes(names []string) (access.ScopeSet, error) {
	var set access.ScopeSet
	for _, n := range names {
		s, ok := access.ParseScope(n)
		if !ok {
			return set, invalid("scopes", "there is no scope %q; GET /api/system/scopes lists them", clip(n, 64))
		}
		set = set.Add(s)
	}
	return set, nil
}

// namedResources are asked-for grants with the channels that they name.
type namedResources struct {
	grants   []TokenResource
	channels []access.Channel
}

// draft is the token as the decision judges it.
func (n namedResources) draft(t Token) access.Draft {
	d := access.Draft{Kind: access.ResourceToken, ExpiresAt: t.ExpiresAt, Restrictions: t.Restrictions}
	for i, g := range n.grants {
		d.Resources = append(d.Resources, access.Resource{Channel: n.channels[i], Package: g.Package, Level: g.Level})
	}
	return d
}

// parseResources finds the channels that a resource token is to reach. One that does not exist is kept, for the
// decision to refuse it in the words that it has for hidden ones.
func (s *Tokens) parseResources(ctx context.Context, in []ResourceInput) (namedResources, error) {
	var out namedResources
	if len(in) > maxTokenResources {
		return out, invalid("resources", "a token reaches at most %d channels and packages", maxTokenResources)
	}
	seen := map[string]bool{}
	for _, r := range in {
		path, pkg, err := r.split()
		if err != nil {
			return out, err
		}
		if seen[r.Path] {
			return out, invalid("resources", "%s is named twice; give it one level", clip(r.Path, 300))
		}
		seen[r.Path] = true
		level, ok := access.ParseLevel(r.Level)
		if !ok || level == access.None {
			return out, invalid("resources", "permission %q is none of read, write, manage", clip(r.Level, 32))
		}
		c, err := s.lookup.find(ctx, path)
		if err != nil {
			return out, err
		}
		out.grants = append(out.grants, TokenResource{ChannelID: c.ID, Path: path, Package: pkg, Level: level})
		out.channels = append(out.channels, c.Access())
	}
	return out, nil
}

// split compares the type of a resource with the form of its name, and takes the name apart.
func (r ResourceInput) split() (path, pkg string, err error) {
	segments := strings.Split(r.Path, "/")
	n := len(segments)
	switch {
	case r.Type == "artifact":
		if n != 3 && n != 4 {
			return "", "", invalid("resources", "%q names no package; write channel/family/package or channel/subchannel/family/package", clip(r.Path, 300))
		}
		family, name := segments[n-2], segments[n-1]
		if family != FamilyConda {
			return "", "", invalid("resources", "there is no package family %q; the one of conda packages is %s", clip(family, 64), FamilyConda)
		}
		if err := channel.ValidatePackageName(name); err != nil {
			return "", "", invalid("resources", "%v", err)
		}
		return strings.Join(segments[:n-2], "/"), access.PackageName(family, name), nil
	case r.Type != "channel" && r.Type != "subchannel":
		return "", "", invalid("resources", "resource type %q is none of channel, subchannel, artifact", clip(r.Type, 32))
	case r.Type == "channel" && n > 1:
		return "", "", invalid("resources", "%q names no channel; the resource type of channel/subchannel is subchannel", clip(r.Path, 300))
	case r.Type == "subchannel" && n != 2:
		return "", "", invalid("resources", "%q names no subchannel, which is written channel/subchannel", clip(r.Path, 300))
	}
	return r.Path, "", nil
}

// resources judges the new reach of a resource token.
func (s *Tokens) resources(ctx context.Context, caller *access.Caller, acc account, in []ResourceInput, t Token) ([]TokenResource, error) {
	if len(in) == 0 {
		return nil, invalid("resources", "a resource token needs at least one resource")
	}
	named, err := s.parseResources(ctx, in)
	if err != nil {
		return nil, err
	}
	return named.grants, s.judge(caller, acc.canMint(caller, named.draft(t)))
}

// judge turns a verdict about giving rights into an answer.
func (c *core) judge(caller *access.Caller, v access.Verdict) error {
	if v.Allowed {
		c.gave(caller, v.Gives)
		return nil
	}
	if !v.Decision.Allowed || v.Decision.AsAnonymous {
		return c.deny(caller, v.Decision.Scope, v.Decision.Target, v.Decision)
	}
	return refusal(c, caller, v)
}

// refusal words what may not be given, item by item. A channel that the caller may not see, or that does not exist, is
// answered as if it had been named in the path.
func refusal(c *core, caller *access.Caller, v access.Verdict) error {
	items := make([]string, 0, len(v.Refusals))
	for _, r := range v.Refusals {
		if r.NotFound {
			target := access.OnChannel(unknownChannel(r.Item).Access())
			scope := access.ChannelView.For(target.Channel)
			return c.deny(caller, scope, target, access.Decide(caller, scope, target))
		}
		items = append(items, fmt.Sprintf("%s: %s", r.Item, r.Reason))
	}
	c.trail.refused(caller, v, c.now())
	return &Error{Code: CodeNotGrantable, Reason: "not_grantable", Message: "this cannot be granted: " + strings.Join(items, "; ")}
}

// mayReissue asks whether the caller may see a new string of a token, or change the token.
func (s *Tokens) mayReissue(ctx context.Context, caller *access.Caller, acc account, t Token) error {
	d, err := s.draftOf(ctx, t)
	if err != nil {
		return err
	}
	return s.judge(caller, acc.canReissue(caller, d))
}

// mayRevoke asks whether the caller may end a token.
func (s *Tokens) mayRevoke(ctx context.Context, caller *access.Caller, acc account, t Token) error {
	d, err := s.draftOf(ctx, t)
	if err != nil {
		return err
	}
	return s.judge(caller, acc.canRevoke(caller, d))
}

// draftOf is an existing token as the decision judges it.
func (s *Tokens) draftOf(ctx context.Context, t Token) (access.Draft, error) {
	d := access.Draft{Kind: t.Kind, Scopes: t.Scopes, ExpiresAt: t.ExpiresAt, Restrictions: t.Restrictions}
	for _, r := range t.Resources {
		c, err := s.lookup.find(ctx, r.Path)
		if err != nil {
			return d, err
		}
		d.Resources = append(d.Resources, access.Resource{Channel: c.Access(), Package: r.Package, Level: r.Level})
	}
	return d, nil
}

// revokeAll ends all tokens of an account.
func (s *Tokens) revokeAll(ctx context.Context, w *work, owner int64) error {
	ids, err := s.tokens.OwnedTokens(ctx, w.tx, owner)
	if err != nil {
		return err
	}
	for _, id := range ids {
		t, err := s.tokens.TokenByID(ctx, w.tx, id)
		if errorIsGone(err) {
			// A token that another one had minted went with it.
			continue
		}
		if err != nil {
			return err
		}
		if err := s.revoke(ctx, w, t); err != nil {
			return err
		}
	}
	return nil
}

// Grantable gives the scopes that the caller may put into a token.
func (s *Tokens) Grantable(caller *access.Caller) []access.Scope {
	var out []access.Scope
	for scope := range access.Grantable(caller).All() {
		out = append(out, scope)
	}
	return out
}

// mayAssign asks whether the caller may give or take a role.
func (s *Accounts) mayAssign(caller *access.Caller, r Role) error {
	return s.judge(caller, access.CanAssignRole(caller, r.Role))
}
