package registry

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"kingsnake/internal/access"
)

// External is the service for accounts of people whom a provider elsewhere vouches for.
type External struct {
	*core
	store    ExternalStore
	accounts *Accounts
	policy   ExternalPolicy
}

// ExternalLogin is somebody whom a provider has just vouched for, and where they come from.
type ExternalLogin struct {
	Person Person
	// Origin is the request's caller before the login: its address, client and request id.
	Origin *access.Caller
}

// maxNamesakes bounds how many numbers are tried behind a name that is taken.
const maxNamesakes = 10_000

// Login opens a session for the account of a person, which it makes at the first login. The account is found by issuer
// and subject and by nothing else: whoever gets somebody's name or address at the provider does not get the account.
// What the claims give replaces what those of the last login gave.
func (s *External) Login(ctx context.Context, in ExternalLogin) (Session, error) {
	if in.Person.Issuer == "" || in.Person.Subject == "" || len(in.Person.Subject) > 1000 {
		return Session{}, invalid("sub", "the provider does not say who this is")
	}
	var session Session
	err := s.policy.admit(in.Person)
	if err == nil {
		err = s.write(ctx, in.Origin, func(w *work) error {
			session, err = s.login(ctx, w, in)
			return err
		})
	}
	if errors.Is(err, ErrTaken) {
		return Session{}, conflict("an account of that name was made at the same moment; sign in again")
	}
	if e, ok := AsError(err); ok && e.Code == CodeCredential {
		s.Refused(in.Origin, e)
	}
	if err == nil && session.First {
		s.accounts.welcome(ctx, in.Origin, session.PrincipalID)
	}
	return session, err
}

// login does it within a transaction.
func (s *External) login(ctx context.Context, w *work, in ExternalLogin) (Session, error) {
	u, made, err := s.account(ctx, w, in.Person)
	if err != nil {
		return Session{}, err
	}
	if u.Disabled || u.Kind != access.KindUser {
		return Session{}, &Error{Code: CodeCredential, Reason: string(access.ProblemDisabled), Message: "this account is disabled; ask an administrator of the site"}
	}
	w.caller = loginCaller(in.Origin, u)
	if made {
		if err := w.recordAbout(ctx, u.ID, EventUserCreated, 0, u.Name, map[string]any{"roles": u.Roles, "issuer": in.Person.Issuer}); err != nil {
			return Session{}, err
		}
	}
	facts, err := s.claim(ctx, w, u, in.Person)
	if err != nil {
		return Session{}, err
	}
	if in.Person.EmailVerified && validateEmail(in.Person.Email) == nil {
		u.Email = in.Person.Email
	}
	facts["issuer"] = in.Person.Issuer
	return s.accounts.open(ctx, w, u, facts)
}

// loginCaller is the origin of a login as the account that logs in.
func loginCaller(origin *access.Caller, u User) *access.Caller {
	c := *origin
	c.Principal = &access.Principal{ID: u.ID, Name: u.Name, Kind: u.Kind, Active: true}
	return &c
}

// account finds the person's account, or makes one.
func (s *External) account(ctx context.Context, w *work, who Person) (u User, made bool, err error) {
	id, err := s.store.IdentityBySubject(ctx, w.tx, who.Issuer, who.Subject)
	if err == nil {
		if err := s.store.UpdateIdentity(ctx, w.tx, id.ID, s.now()); err != nil {
			return User{}, false, err
		}
		u, err = s.accounts.accounts.UserByID(ctx, w.tx, id.PrincipalID)
		return u, false, err
	}
	if !errors.Is(err, ErrNoRecord) {
		return User{}, false, err
	}
	u = User{PublicID: uuid.NewString(), Kind: access.KindUser, CreatedAt: s.now(), UpdatedAt: s.now()}
	if u.Name, err = s.freeName(ctx, w.tx, derivedName(who.Names)); err != nil {
		return User{}, false, err
	}
	if u.ID, err = s.accounts.accounts.InsertUser(ctx, w.tx, u); err != nil {
		return User{}, false, err
	}
	if u.Roles, err = s.firstRoles(ctx, w, u); err != nil {
		return User{}, false, err
	}
	_, err = s.store.InsertIdentity(ctx, w.tx, Identity{
		PublicID: uuid.NewString(), PrincipalID: u.ID, Issuer: who.Issuer, Subject: who.Subject, CreatedAt: s.now(), LastLoginAt: s.now(),
	})
	return u, true, err
}

// freeName puts a number behind a name that is taken.
func (s *External) freeName(ctx context.Context, tx Tx, name string) (string, error) {
	for n := 1; n <= maxNamesakes; n++ {
		try := name
		if n > 1 {
			try += strconv.Itoa(n)
		}
		_, err := s.accounts.accounts.UserByName(ctx, tx, try)
		if errors.Is(err, ErrNoRecord) {
			return try, nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", conflict("more than %d accounts are called %s", maxNamesakes, name)
}

// firstRoles gives a new account what every account begins with.
func (s *External) firstRoles(ctx context.Context, w *work, u User) ([]string, error) {
	settings, err := s.accounts.settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	ids, err := s.roleIDs(ctx, w.tx, settings.NewRoles())
	if err != nil {
		return nil, err
	}
	return settings.NewRoles(), s.accounts.accounts.SetRoles(ctx, w.tx, u.ID, ids)
}

// roleIDs gives the numbers of roles. A role that does not exist gives nothing, which an administrator must know.
func (s *External) roleIDs(ctx context.Context, tx Tx, names []string) ([]int64, error) {
	if len(names) == 0 {
		return nil, nil
	}
	all, err := s.accounts.accounts.ListRoles(ctx, tx)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, name := range names {
		i := slices.IndexFunc(all, func(r Role) bool { return r.Name == name })
		if i < 0 || name == access.RoleEveryone {
			s.log.Error("the configuration gives people a role that does not exist", "role", name)
			continue
		}
		ids = append(ids, all[i].ID)
	}
	return ids, nil
}

// claim replaces what claims gave the account, and says what it has by them now.
func (s *External) claim(ctx context.Context, w *work, u User, who Person) (map[string]any, error) {
	until := s.now().Add(s.policy.ClaimsLifetime)
	roles, err := s.roleIDs(ctx, w.tx, given(who.Values, s.policy.Roles))
	if err != nil {
		return nil, err
	}
	groups, err := s.groupIDs(ctx, w, who.Values)
	if err != nil {
		return nil, err
	}
	before, err := s.claims(ctx, w.tx, u.ID)
	if err != nil {
		return nil, err
	}
	if err := s.store.SetClaimRoles(ctx, w.tx, u.ID, roles, until); err != nil {
		return nil, err
	}
	if err := s.store.SetClaimGroups(ctx, w.tx, u.ID, groups, until); err != nil {
		return nil, err
	}
	w.changed(ChangedPrincipal, u.ID, "")
	after, err := s.claims(ctx, w.tx, u.ID)
	if err != nil {
		return nil, err
	}
	if !before.equal(after) {
		err = w.recordAbout(ctx, u.ID, EventClaimsChanged, 0, u.Name, map[string]any{"from": before.facts(), "to": after.facts(), "until": until})
	}
	return after.facts(), err
}

// groupIDs gives the numbers of the groups that values stand for. A group that the configuration names is made when it is
// first needed.
func (s *External) groupIDs(ctx context.Context, w *work, values []string) ([]int64, error) {
	named := given(values, s.policy.Groups)
	wanted := named
	if s.policy.EveryGroup {
		wanted = slices.Concat(named, values)
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	found, err := s.store.GroupsByName(ctx, w.tx, wanted)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, g := range found {
		if g.OwnersOf != 0 || strings.HasPrefix(g.Name, "service-account-") {
			s.log.Warn("claims put nobody into a group that the system has made", "group", g.Name)
			continue
		}
		ids = append(ids, g.ID)
	}
	for _, name := range named {
		if slices.ContainsFunc(found, func(g Group) bool { return g.Name == name }) {
			continue
		}
		id, err := s.store.InsertGroup(ctx, w.tx, Group{
			PublicID: uuid.NewString(), Name: name, Description: "Made at the first sign-in of a member", CreatedAt: s.now(), UpdatedAt: s.now(),
		})
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// claimed is what an account has by claims.
type claimed struct{ roles, groups []Claimed }

func (c claimed) facts() map[string]any {
	return map[string]any{"roles": claimedNames(c.roles), "groups": claimedNames(c.groups)}
}

func (c claimed) equal(d claimed) bool {
	return slices.Equal(claimedNames(c.roles), claimedNames(d.roles)) && slices.Equal(claimedNames(c.groups), claimedNames(d.groups))
}

func (s *External) claims(ctx context.Context, tx Tx, principal int64) (c claimed, err error) {
	if c.roles, err = s.store.ClaimRoles(ctx, tx, principal, s.now()); err != nil {
		return c, err
	}
	c.groups, err = s.store.ClaimGroups(ctx, tx, principal, s.now())
	return c, err
}

// Refused notes a login that was refused before it came to an account.
func (s *External) Refused(origin *access.Caller, why *Error) {
	e, err := newEvent(EventLoginFailed, origin, s.now())
	if err != nil {
		s.log.Error("failed login without an origin", "error", err)
		return
	}
	e.Outcome, e.Reason = Denial, why.Reason
	s.trail.Note(e)
}

// Spend makes sure that something works only once: the second call for it answers ErrTaken, also in another process and
// after a restart. It may be forgotten when until has passed.
func (s *External) Spend(ctx context.Context, kind, what string, until time.Time) error {
	return s.core.store.Write(ctx, func(tx Tx) error { return s.store.InsertSpent(ctx, tx, spentHash(kind, what), until) })
}
