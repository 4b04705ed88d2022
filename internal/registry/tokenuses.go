package registry

import (
	"cmp"
	"context"
	"slices"
	"time"

	"kingsnake/internal/access"
)

// Where says what a row of a token's uses is about.
type Where string

// The places of uses.
const (
	// WhereResource is one channel or package, which the row names.
	WhereResource Where = "resource"
	// WhereGeneral is what is asked of no one channel: the site, an account, a list of all that the token reaches.
	WhereGeneral Where = "general"
	// WhereOthers are channels that are not noted one by one, since the token has used very many.
	WhereOthers Where = "others"
	// WhereGone are channels that were deleted, WhereHidden those that the caller may not see.
	WhereGone   Where = "gone"
	WhereHidden Where = "hidden"
)

// TokenUses is what a token holds, and what it used of it.
type TokenUses struct {
	Token Token
	// Since is when what is told begins.
	Since time.Time
	Rows  []TokenUseRow
}

// TokenUseRow is one right in one place. A right that the token holds and never used has a row without a use.
type TokenUseRow struct {
	// Scope is what was used, none for a resource that was never used.
	Scope access.Scope
	Where Where
	// Resource is the channel or package of WhereResource.
	Resource string
	// Granted tells whether the token still holds it. Level is what a resource token holds there, none for a scope token.
	Granted    bool
	Level      access.Level
	Uses       int64
	LastUsedAt time.Time
}

// Usage tells which of its rights a token of an account used, where, how often and when last; an empty user means the
// caller's own.
func (s *Tokens) Usage(ctx context.Context, caller *access.Caller, user, publicID string) (TokenUses, error) {
	acc, err := s.account(ctx, caller, access.UserTokenView, user)
	if err != nil {
		return TokenUses{}, err
	}
	return s.usageOf(ctx, caller, acc, publicID)
}

// Advise tells which of its rights a token of an account did not use in the last days, and what is enough for it; an empty
// user means the caller's own, and 0 days the default.
func (s *Tokens) Advise(ctx context.Context, caller *access.Caller, user, publicID string, days int) (Advice, error) {
	acc, err := s.account(ctx, caller, access.UserTokenView, user)
	if err != nil {
		return Advice{}, err
	}
	return s.adviceOf(ctx, acc, publicID, days)
}

func (s *Tokens) adviceOf(ctx context.Context, acc account, publicID string, days int) (Advice, error) {
	days, err := adviceDays(days)
	if err != nil {
		return Advice{}, err
	}
	t, uses, recorded, err := s.recorded(ctx, acc, publicID)
	if err != nil {
		return Advice{}, err
	}
	return advise(t, uses, days, recorded, s.now()), nil
}

// recorded reads a token with all that this process knows of its uses, and since when uses are noted.
func (s *Tokens) recorded(ctx context.Context, acc account, publicID string) (t Token, uses []TokenUse, since time.Time, err error) {
	if err := s.usage.Flush(ctx); err != nil {
		return t, nil, since, err
	}
	if since, err = s.usage.Since(ctx); err != nil {
		return t, nil, since, err
	}
	if t, err = s.of(ctx, nil, acc, publicID); err != nil {
		return t, nil, since, err
	}
	uses, err = s.tokens.TokenUses(ctx, nil, t.ID)
	return t, uses, since, err
}

func (s *Tokens) usageOf(ctx context.Context, caller *access.Caller, acc account, publicID string) (TokenUses, error) {
	t, uses, since, err := s.recorded(ctx, acc, publicID)
	if err != nil {
		return TokenUses{}, err
	}
	out := TokenUses{Token: t, Since: t.CreatedAt}
	if since.After(out.Since) {
		out.Since = since
	}
	report := useReport{token: t, holds: t.Access(), at: map[reportKey]int{}}
	for _, u := range uses {
		if !u.Scope.Known() {
			continue
		}
		where, err := s.where(ctx, caller, t, u)
		if err != nil {
			return TokenUses{}, err
		}
		report.add(where, u)
	}
	report.addUnused()
	out.Rows = report.sorted()
	return out, nil
}

// where says what a use was about. The channels that the token lists are no secret to who sees the token.
func (s *Tokens) where(ctx context.Context, caller *access.Caller, t Token, u TokenUse) (Where, error) {
	switch {
	case u.Channel == access.NoChannel:
		return WhereGeneral, nil
	case u.Channel == access.OtherChannels:
		return WhereOthers, nil
	case u.Path == "":
		return WhereGone, nil
	case slices.ContainsFunc(t.Resources, func(r TokenResource) bool { return r.ChannelID == u.Channel }):
		return WhereResource, nil
	}
	c, err := s.lookup.find(ctx, u.Path)
	if err != nil {
		return "", err
	}
	if c.ID != u.Channel || !access.MayRead(caller, access.OnChannel(c.Access())) {
		return WhereHidden, nil
	}
	return WhereResource, nil
}

// useReport puts the rows of a token's uses together.
type useReport struct {
	token Token
	holds *access.Token
	rows  []TokenUseRow
	at    map[reportKey]int
}

type reportKey struct {
	scope    access.Scope
	where    Where
	resource string
}

func (r *useReport) add(where Where, u TokenUse) {
	row := TokenUseRow{Scope: u.Scope, Where: where, Granted: r.holds.Opens(u.use())}
	if where == WhereResource {
		row.Resource = TokenResource{Path: u.Path, Package: u.Package}.Name()
		if u.Package == access.AnyPackage {
			row.Resource = u.Path
		}
		row.Level = r.level(u)
	}
	key := reportKey{row.Scope, row.Where, row.Resource}
	i, ok := r.at[key]
	if !ok {
		i = len(r.rows)
		r.at[key], r.rows = i, append(r.rows, row)
	}
	r.rows[i].Granted = r.rows[i].Granted || row.Granted
	r.rows[i].Uses += u.Uses
	if u.LastUsedAt.After(r.rows[i].LastUsedAt) {
		r.rows[i].LastUsedAt = u.LastUsedAt
	}
}

// level is what a resource token holds where a use was.
func (r *useReport) level(u TokenUse) access.Level {
	level := r.holds.Resources[u.Channel]
	for name, l := range r.holds.Packages[u.Channel] {
		if name == u.Package || u.Package == access.AnyPackage {
			level = max(level, l)
		}
	}
	return level
}

// addUnused adds what the token holds and never used.
func (r *useReport) addUnused() {
	for s := range r.token.Scopes.All() {
		if !slices.ContainsFunc(r.rows, func(row TokenUseRow) bool { return row.Scope == s }) {
			r.rows = append(r.rows, TokenUseRow{Scope: s, Where: WhereGeneral, Granted: true})
		}
	}
	for _, x := range r.token.Resources {
		if !slices.ContainsFunc(r.rows, func(row TokenUseRow) bool { return row.Resource == x.Name() }) {
			r.rows = append(r.rows, TokenUseRow{Where: WhereResource, Resource: x.Name(), Granted: true, Level: x.Level})
		}
	}
}

// sorted orders the rows by what the token is made of: scopes, or channels and packages.
func (r *useReport) sorted() []TokenUseRow {
	slices.SortFunc(r.rows, func(a, b TokenUseRow) int {
		byScope, byPlace := cmp.Compare(a.Scope, b.Scope), cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Where, b.Where))
		if r.token.Kind == access.ScopeToken {
			return cmp.Or(byScope, byPlace)
		}
		return cmp.Or(byPlace, byScope)
	})
	return r.rows
}
