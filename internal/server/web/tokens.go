package web

import (
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) tokenPages() section {
	edit := access.UserTokenEdit
	return section{
		nav: &navEntry{label: "Tokens", path: tokensURL, icon: "key", needs: access.UserTokenView},
		routes: []route{
			{pattern: "GET " + tokensURL, handle: w.tokens, needs: access.UserTokenView},
			{pattern: "GET " + newTokenURL, handle: w.newToken, needs: edit},
			{pattern: "POST " + newTokenURL, handle: w.createToken},
			{pattern: "GET " + tokensURL + "/{token}", handle: w.token, needs: edit},
			{pattern: "POST " + tokensURL + "/{token}", handle: w.editToken},
			{pattern: "GET " + tokensURL + "/{token}/delete", handle: w.askToDeleteToken, needs: edit},
			{pattern: "POST " + tokensURL + "/{token}/delete", handle: w.deleteToken},
			{pattern: "GET " + tokensURL + "/{token}/narrow", handle: w.askToNarrowToken, needs: edit},
			{pattern: "POST " + tokensURL + "/{token}/narrow", handle: w.narrowToken},
		},
	}
}

// tokensData is what the list of tokens shows.
type tokensData struct {
	List   *listing
	Tokens []tokenView
	// Kinds and States are what the list can be narrowed to.
	Kinds, States []option
	MayCreate     bool
}

func (w *Web) tokens(p *page) error {
	d := tokensData{
		List: p.listing("-created_at", "name", "expires_at", "last_used_at"), MayCreate: w.offers(p, access.UserTokenEdit),
		Kinds:  []option{choice("", "All", ""), choice("resource", "Resources", ""), choice("scope", "Scopes", "")},
		States: []option{choice("", "All", "")},
	}
	for _, s := range []registry.TokenState{registry.TokenActive, registry.TokenExpiring, registry.TokenExpired, registry.TokenLeaked} {
		d.States = append(d.States, choice(string(s), stateBadge(s).Label, ""))
	}
	p.preset("kind", p.query("kind"))
	p.preset("state", p.query("state"))
	filter := registry.TokenFilter{Query: p.query("q"), State: tokenState(p.query("state"))}
	switch p.query("kind") {
	case "resource":
		filter.Kind = access.ResourceToken
	case "scope":
		filter.Kind = access.ScopeToken
	}
	list, total, err := p.Service.Tokens.List(p.ctx(), p.Caller, "", filter, d.List.page())
	if err != nil {
		return err
	}
	d.List.Total = total
	policy, err := p.Service.Tokens.PolicyFor(p.ctx(), access.KindUser)
	if err != nil {
		return err
	}
	for _, t := range list {
		d.Tokens = append(d.Tokens, viewToken(t, p.Callers.Now(), policy.MaxLifetime))
	}
	return p.show("tokens", "Tokens", d)
}

// tokenState is a state by its name, none for another word.
func tokenState(name string) registry.TokenState {
	switch s := registry.TokenState(name); s {
	case registry.TokenActive, registry.TokenExpiring, registry.TokenExpired, registry.TokenLeaked:
		return s
	}
	return ""
}

// tokenView is a token as pages show it.
type tokenView struct {
	registry.Token
	Type  string
	State badge
	// May is what it may do, Limits what narrows it further, in words.
	May, Limits []string
	// More is how many lines of May a list leaves out.
	More int
	// End is when its string stops working, the zero time for never.
	End time.Time
	// Used is its last use, by any of its strings.
	Used tokenUse
	// Old are its older strings that still work.
	Old []oldString
	// Uses counts all uses.
	Uses int64
}

// tokenLine is a token in a list, with the page that it stands on.
type tokenLine struct {
	View *view
	tokenView
}

func newTokenLine(v *view, t tokenView) tokenLine { return tokenLine{v, t} }

// badge is a word in a coloured field.
type badge struct{ Class, Label string }

// tokenUse is when a string was used last, from where and by what. The zero time is never.
type tokenUse struct {
	At              time.Time
	Address, Client string
}

// oldString is a string that a newer one has replaced and that still works.
type oldString struct {
	Fingerprint string
	Retires     time.Time
	Used        tokenUse
	// StillUsed tells that somebody used it after the newer one was made.
	StillUsed bool
}

// maxListed is how many lines a list shows of what a token may do.
const maxListed = 3

func viewToken(t registry.Token, now time.Time, maxLifetime time.Duration) tokenView {
	v := tokenView{
		Token: t, Type: "Scopes", State: stateBadge(t.State(now, maxLifetime)), May: tokenMay(t), Limits: tokenLimits(t.Restrictions), End: t.End(maxLifetime),
	}
	if t.Kind == access.ResourceToken {
		v.Type = "Resources"
	}
	v.More = max(0, len(v.May)-maxListed)
	for _, s := range t.Secrets {
		use := tokenUse{s.LastUsedAt, s.LastUsedAddress, s.LastUsedClient}
		if use.At.After(v.Used.At) {
			v.Used = use
		}
		v.Uses += s.Uses
		if !s.RetiresAt.IsZero() && now.Before(s.RetiresAt) {
			v.Old = append(v.Old, oldString{
				Fingerprint: s.Fingerprint, Retires: s.RetiresAt, Used: use, StillUsed: use.At.After(t.Secrets[0].CreatedAt),
			})
		}
	}
	return v
}

// Renewed is when its present string took the place of another, the zero time for one that has had no other. How the
// strings before it were used is gone with them.
func (v tokenView) Renewed() time.Time {
	if len(v.Secrets) == 0 || !v.Secrets[0].CreatedAt.After(v.CreatedAt) {
		return time.Time{}
	}
	return v.Secrets[0].CreatedAt
}

// Awaited tells that its present string took the place of another and has not been used yet.
func (v tokenView) Awaited() bool { return v.Used.At.IsZero() && !v.Renewed().IsZero() }

// lastUse says when the token was last used, for those who are about to end it.
func (v tokenView) lastUse(now time.Time) string {
	switch {
	case !v.Used.At.IsZero():
		return "It was last used " + relative(now, v.Used.At) + v.Used.by() + "."
	case v.Awaited():
		return "Its present string was issued " + relative(now, v.Renewed()) + " and has not been used yet. What used the string before it may be waiting for it."
	}
	return "It has never been used."
}

// losses are what goes with the token, for those who are about to end it.
func (v tokenView) losses() []string {
	if len(v.May) == 0 {
		return []string{"The token, which may do nothing any more"}
	}
	return v.May
}

// by says from where and by what a string was used, as far as that is known.
func (u tokenUse) by() string {
	out := ""
	if u.Address != "" {
		out += " from " + u.Address
	}
	if u.Client != "" {
		out += " by " + u.Client
	}
	return out
}

// Listed are the first lines of what the token may do.
func (v tokenView) Listed() []string { return v.May[:min(len(v.May), maxListed)] }

// Fingerprint is that of its current string, empty where it has none.
func (v tokenView) Fingerprint() string {
	if len(v.Secrets) == 0 {
		return ""
	}
	return v.Secrets[0].Fingerprint
}

func stateBadge(s registry.TokenState) badge {
	switch s {
	case registry.TokenExpiring:
		return badge{"warning", "Expires soon"}
	case registry.TokenExpired:
		return badge{"danger", "Expired"}
	case registry.TokenLeaked:
		return badge{"danger", "Leaked"}
	}
	return badge{"success", "Active"}
}
