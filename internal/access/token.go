package access

import "time"

// TokenKind says by what a token is narrowed.
type TokenKind uint8

// The kinds of tokens. The zero value is neither, and such a token opens nothing.
const (
	ScopeToken    TokenKind = iota + 1 // by actions, wherever the owner may take them
	ResourceToken                      // by channels, each with a level
)

// String names the kind as the API does.
func (k TokenKind) String() string {
	switch k {
	case ScopeToken:
		return "scope"
	case ResourceToken:
		return "resource"
	}
	return "unknown"
}

// Token is what a decision needs to know of a token. Like Principal it is shared between requests and never changed
// after it has been handed out. A token only ever takes away from what its owner may do.
type Token struct {
	ID       int64
	PublicID string
	Name     string
	Kind     TokenKind
	// Scopes are the actions of a scope token; not read on a resource token.
	Scopes ScopeSet
	// Resources are the levels of a resource token by channel id; not read on a scope token. A subchannel is a resource
	// of its own.
	Resources map[int64]Level
	// Packages are single packages that a resource token reaches, by channel id and PackageName.
	Packages map[int64]map[string]Level
	// Restrictions narrow either kind further.
	Restrictions Restrictions
	// Metered says that each use is to be debited: from the token itself or from one that it was minted by.
	Metered bool
	// ExpiresAt is when the token stops working; zero means never.
	ExpiresAt time.Time
}

// ByPackage reports whether the token reaches single packages of channels that it does not reach as a whole, so that
// what it is asked must name the package.
func (k *Token) ByPackage() bool {
	return k != nil && (k.Kind == ResourceToken && len(k.Packages) > 0 || len(k.Restrictions.Packages) > 0)
}

func (k *Token) expired(now time.Time) bool {
	return !k.ExpiresAt.IsZero() && !now.IsZero() && !now.Before(k.ExpiresAt)
}

// level is what a resource token holds on the target: the level on the channel or, for a package, the higher of that
// and the level on the package.
func (k *Token) level(t *Target) Level {
	level := known(k.Resources[t.Channel.ID])
	if t.Kind != TargetPackage || len(k.Packages) == 0 {
		return level
	}
	packages := k.Packages[t.Channel.ID]
	if t.Package != somePackage {
		return max(level, known(packages[t.Package]))
	}
	for _, l := range packages {
		level = max(level, known(l))
	}
	return level
}

// known makes a level that does not exist grant nothing.
func known(l Level) Level {
	if !l.Known() {
		return None
	}
	return l
}

// judge is gate 3 without the restrictions. It returns the level that the token holds where levels matter.
func (k *Token) judge(p *Principal, s Scope, r *row, t *Target) (Reason, Level) {
	if len(t.Children) > 0 && !k.Restrictions.coversChildren(t.Channel.Path) {
		return ReasonTokenChild, None
	}
	switch k.Kind {
	case ScopeToken:
		if p.Kind == KindServiceAccount {
			return ReasonTokenKind, None
		}
		if !k.Scopes.Has(s) {
			return ReasonTokenScope, None
		}
		return ReasonNone, r.level
	case ResourceToken:
		return k.judgeResource(s, r, t)
	}
	return ReasonTokenKind, None
}

func (k *Token) judgeResource(s Scope, r *row, t *Target) (Reason, Level) {
	if !r.flags.has(resource) || !t.onChannel() || t.Channel.ID == 0 {
		return ReasonTokenResourceless, None
	}
	held := k.level(t)
	if held < r.level {
		return ReasonTokenLevel, held
	}
	if s == SubchannelMirrorEdit {
		// The action is asked of the parent and touches a subchannel: the token must hold both, however it was asked.
		if t.Channel.ParentID != 0 && known(k.Resources[t.Channel.ParentID]) < r.level {
			return ReasonTokenParent, held
		}
		if t.Channel.ParentID == 0 && len(t.Children) == 0 {
			return ReasonTokenChild, held
		}
	}
	for _, child := range t.Children {
		if known(k.Resources[child]) < r.level {
			return ReasonTokenChild, held
		}
	}
	return ReasonNone, held
}
