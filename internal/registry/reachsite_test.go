package registry_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
	"kingsnake/internal/store"
)

// reachWorld is one database in which random sites are made and removed again, and the domain on it as the server has it.
type reachWorld struct {
	testing.TB
	db       *store.Store
	svc      *registry.Service
	keys     *identity.Keys
	resolver *identity.Resolver
	feed     *registry.Feed
	now      time.Time
}

// The issuers of CI jobs: the site trusts one, and trusted the other.
const (
	goodIssuer = "https://good.test"
	badIssuer  = "https://bad.test"
)

// reachLifetime is the greatest age of a string.
const reachLifetime = 300 * 24 * time.Hour

func newReachWorld(t testing.TB) *reachWorld {
	t.Helper()
	// Nothing here is about what survives a power cut.
	dir, err := os.MkdirTemp("/dev/shm", "kingsnake-test-")
	if err != nil {
		dir = t.TempDir()
	}
	w := &reachWorld{TB: t, feed: &registry.Feed{}, now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	log, now := slog.New(slog.DiscardHandler), func() time.Time { return w.now }
	if w.keys, err = identity.LoadKeys(filepath.Join(dir, "site.key")); err != nil {
		t.Fatal(err)
	}
	if w.db, err = store.OpenSQLite(t.Context(), filepath.Join(dir, "kingsnake.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.db.Close(); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	policy := registry.TokenPolicy{MaxLifetime: reachLifetime}
	w.svc = registry.New(registry.Options{
		Store: w.db, Feed: w.feed, Mint: w.keys, Heads: w.keys, Tokens: registry.TokenPolicies{People: policy, Services: policy}, TrustedIssuers: []string{goodIssuer}, Log: log, Now: now,
	})
	w.resolver = identity.NewResolver(w.keys, w.svc.Directory, w.svc.Trail, w.svc.Tokens.PolicyFor, w.feed, identity.NewLimiter(), log, now)
	return w
}

// reachSite is a random site: everything in it that can be given a right, or gives one.
type reachSite struct {
	*reachWorld
	rng      *rand.Rand
	seed     uint64
	n        int
	roles    []int64
	admin    int64
	channels []registry.Channel
	users    []registry.User
	groups   []registry.Group
	accounts []registry.ServiceAccount
	tokens   []siteToken
	rules    []registry.TrustRule
	// in says who is in a group now, has what a group has on a channel.
	in  map[[2]int64]bool
	has map[[2]int64]access.Level
}

// siteToken is a token with its strings.
type siteToken struct {
	registry.Token
	strings []string
}

// some tells whether something that happens in so many of a hundred cases does.
func (s *reachSite) some(percent int) bool { return s.rng != nil && s.rng.IntN(100) < percent }

func pick[T any](s *reachSite, list []T) T { return list[s.rng.IntN(len(list))] }

// name makes a name that nothing else has.
func (s *reachSite) name(kind string) string {
	s.n++
	return fmt.Sprintf("%s%d", kind, s.n)
}

// site makes a random site in one transaction.
func (w *reachWorld) site(seed uint64) *reachSite {
	w.Helper()
	s := &reachSite{reachWorld: w, seed: seed, rng: rand.New(rand.NewPCG(seed, 0)), in: map[[2]int64]bool{}, has: map[[2]int64]access.Level{}}
	err := w.db.Write(w.Context(), func(tx registry.Tx) error {
		for _, step := range []func(context.Context, registry.Tx) error{s.makeRoles, s.makeChannels, s.makeUsers, s.makeGroups, s.makeAccounts, s.makeTokens, s.makeRules} {
			if err := step(w.Context(), tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.Fatalf("seed %d: %v", seed, err)
	}
	return s
}

// remove takes the site out of the database and of all caches.
func (s *reachSite) remove() {
	s.Helper()
	ctx := s.Context()
	err := s.db.Write(ctx, func(tx registry.Tx) error {
		for _, u := range s.users {
			if err := s.db.DeleteUser(ctx, tx, u.ID); err != nil {
				return err
			}
		}
		for _, g := range s.groups {
			if err := s.db.DeleteGroup(ctx, tx, g.ID); err != nil {
				return err
			}
		}
		for _, c := range s.channels {
			if err := s.db.DeleteChannel(ctx, tx, c.ID); err != nil {
				return err
			}
		}
		for _, r := range s.roles {
			if err := s.db.DeleteRole(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.Fatalf("seed %d: %v", s.seed, err)
	}
	changes := []registry.Change{{Kind: registry.ChangedRole}}
	for _, c := range s.channels {
		changes = append(changes, registry.Change{Kind: registry.ChangedChannel, Name: c.Path})
	}
	s.feed.Publish(changes)
}

// makeRoles makes the built-in roles, sometimes changed, and others with random levels.
func (s *reachSite) makeRoles(ctx context.Context, tx registry.Tx) error {
	everyone, author := access.Everyone(), access.Author()
	for _, r := range []access.Role{everyone, author} {
		if s.some(25) {
			r.Levels[pick(s, access.Categories())] = access.Level(s.rng.IntN(4))
			r.Levels[access.CategoryChannel] = access.Level(s.rng.IntN(4))
		}
	}
	for _, r := range []access.Role{everyone, author, access.Admin(), s.randomRole(), s.randomRole()} {
		id, err := s.db.InsertRole(ctx, tx, registry.Role{PublicID: s.name("role-"), Role: r})
		if err != nil {
			return err
		}
		if s.roles = append(s.roles, id); r.Name == access.RoleAdmin {
			s.admin = id
		}
	}
	return nil
}

func (s *reachSite) randomRole() access.Role {
	r := access.Role{Name: s.name("custom"), Levels: map[access.Category]access.Level{}}
	for _, c := range access.Categories() {
		if s.some(60) {
			r.Levels[c] = access.Level(s.rng.IntN(4))
		}
	}
	return r
}

func (s *reachSite) privacy() access.Privacy {
	return pick(s, []access.Privacy{access.Private, access.Private, access.Authenticated, access.Public})
}

// makeChannels makes channels, subchannels, and a virtual channel over some of them.
func (s *reachSite) makeChannels(ctx context.Context, tx registry.Tx) error {
	for range 1 + s.rng.IntN(2) {
		top, err := s.makeChannel(ctx, tx, registry.Channel{Name: s.name("c"), Privacy: s.privacy()})
		for err == nil && s.some(50) {
			name := s.name("s")
			_, err = s.makeChannel(ctx, tx, registry.Channel{Name: name, Path: top.Path + "/" + name, ParentID: top.ID, Privacy: s.privacy()})
		}
		if err != nil {
			return err
		}
	}
	if s.some(50) {
		var sources []registry.Channel
		for _, i := range s.rng.Perm(len(s.channels))[:1+s.rng.IntN(min(2, len(s.channels)))] {
			sources = append(sources, s.channels[i])
		}
		v, err := s.makeChannel(ctx, tx, registry.Channel{Name: s.name("v"), Privacy: s.privacy(), Type: registry.VirtualChannel})
		if err != nil {
			return err
		}
		return s.db.SetChannelSources(ctx, tx, v.ID, sources)
	}
	return nil
}

func (s *reachSite) makeChannel(ctx context.Context, tx registry.Tx, c registry.Channel) (registry.Channel, error) {
	if c.Path == "" {
		c.Path = c.Name
	}
	if c.Type == "" {
		c.Type = registry.DefaultChannel
	}
	c.PublicID, c.Indexing, c.CreatedAt, c.UpdatedAt = "channel-"+c.Path, registry.DefaultIndexing, s.now, s.now
	var err error
	c.ID, err = s.db.InsertChannel(ctx, tx, c)
	s.channels = append(s.channels, c)
	return c, err
}

// until is a time that is over, or is not, by which what claims give ends.
func (s *reachSite) until() time.Time {
	return s.now.Add(time.Duration(s.rng.IntN(5)-2) * time.Hour)
}

// makeUsers makes people with roles of their own and by claims; some are disabled.
func (s *reachSite) makeUsers(ctx context.Context, tx registry.Tx) error {
	for range 3 + s.rng.IntN(3) {
		u := registry.User{Kind: access.KindUser, Name: s.name("user"), Disabled: s.some(15), CreatedAt: s.now, UpdatedAt: s.now}
		var err error
		if u, err = s.makeUser(ctx, tx, u); err != nil {
			return err
		}
		var roles []int64
		for _, r := range s.roles[1:] {
			if r == s.admin && s.some(15) || r != s.admin && s.some(45) {
				roles = append(roles, r)
			}
		}
		if err := s.db.SetRoles(ctx, tx, u.ID, roles); err != nil {
			return err
		}
		if s.some(20) {
			if err := s.db.SetClaimRoles(ctx, tx, u.ID, []int64{pick(s, s.roles[1:])}, s.until()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *reachSite) makeUser(ctx context.Context, tx registry.Tx, u registry.User) (registry.User, error) {
	u.PublicID = "id-" + u.Name
	var err error
	u.ID, err = s.db.InsertUser(ctx, tx, u)
	s.users = append(s.users, u)
	return u, err
}

// makeGroups makes owners of the channels and other groups, with members for good and by claims, and permissions.
func (s *reachSite) makeGroups(ctx context.Context, tx registry.Tx) error {
	for _, c := range s.channels {
		if c.ParentID == 0 {
			if _, err := s.makeGroup(ctx, tx, registry.Group{Name: registry.OwnersGroup(c.Path), OwnersOf: c.ID}, c.ID, access.Manage); err != nil {
				return err
			}
		}
	}
	for range 1 + s.rng.IntN(3) {
		g, err := s.makeGroup(ctx, tx, registry.Group{Name: s.name("group")}, 0, access.None)
		if err != nil {
			return err
		}
		for _, c := range s.channels {
			if s.some(40) {
				if err := s.permit(ctx, tx, g.ID, c.ID, access.Level(1+s.rng.IntN(3))); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *reachSite) permit(ctx context.Context, tx registry.Tx, group, channel int64, level access.Level) error {
	s.has[[2]int64{group, channel}] = level
	return s.db.SetChannelGroup(ctx, tx, channel, group, level, 1)
}

// makeGroup makes a group with random members that, where channel is not 0, has a level there.
func (s *reachSite) makeGroup(ctx context.Context, tx registry.Tx, g registry.Group, channel int64, level access.Level) (registry.Group, error) {
	g.PublicID = "id-" + g.Name
	var err error
	if g.ID, err = s.db.InsertGroup(ctx, tx, g); err != nil {
		return g, err
	}
	s.groups = append(s.groups, g)
	if channel != 0 {
		err = s.permit(ctx, tx, g.ID, channel, level)
	}
	for _, u := range s.users {
		if err == nil && s.some(25) {
			s.in[[2]int64{g.ID, u.ID}] = true
			err = s.db.SetMember(ctx, tx, g.ID, u.ID, access.Read)
		}
		if err == nil && s.some(8) {
			until := s.until()
			s.in[[2]int64{g.ID, u.ID}] = s.in[[2]int64{g.ID, u.ID}] || until.After(s.now)
			err = s.db.LendMembership(ctx, tx, g.ID, u.ID, until)
		}
	}
	return g, err
}

// makeAccounts makes service accounts, each with its group, which may have been given something on any channel.
func (s *reachSite) makeAccounts(ctx context.Context, tx registry.Tx) error {
	for _, c := range s.channels {
		if c.Type == registry.VirtualChannel || !s.some(40) {
			continue
		}
		name := registry.ServiceAccountName(c.Path)
		u, err := s.makeUser(ctx, tx, registry.User{Kind: access.KindServiceAccount, Name: name, CreatedAt: s.now, UpdatedAt: s.now})
		if err != nil {
			return err
		}
		g := registry.Group{PublicID: "id-of-group-" + name, Name: name}
		if g.ID, err = s.db.InsertGroup(ctx, tx, g); err != nil {
			return err
		}
		s.groups, s.in[[2]int64{g.ID, u.ID}] = append(s.groups, g), true
		if err := s.db.SetMember(ctx, tx, g.ID, u.ID, access.Read); err != nil {
			return err
		}
		a := registry.ServiceAccount{ID: u.ID, PublicID: u.PublicID, Name: name, ChannelID: c.ID, ChannelPath: c.Path, GroupID: g.ID}
		if err := s.db.InsertServiceAccount(ctx, tx, a); err != nil {
			return err
		}
		s.accounts = append(s.accounts, a)
		for _, on := range s.channels {
			if on.ID == c.ID && s.some(90) || s.some(20) {
				if err := s.permit(ctx, tx, g.ID, on.ID, access.Level(1+s.rng.IntN(3))); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// makeTokens makes tokens of every kind; the later ones may be minted by an earlier one.
func (s *reachSite) makeTokens(ctx context.Context, tx registry.Tx) error {
	for range 8 + s.rng.IntN(6) {
		owner := pick(s, s.users)
		t := registry.Token{
			OwnerID: owner.ID, Owner: owner.Name, OwnerKind: owner.Kind, Kind: access.ScopeToken, Name: s.name("token"), Metadata: []byte("{}"),
			CreatedAt: s.now, UpdatedAt: s.now, Restrictions: s.restrictions(),
		}
		t.PublicID = "id-" + t.Name
		if owner.Kind == access.KindServiceAccount && s.some(90) || s.some(50) {
			t.Kind, t.Resources = access.ResourceToken, s.resources()
		} else {
			t.Scopes = s.scopes()
		}
		if s.some(25) {
			t.ExpiresAt = s.until()
		}
		if len(s.tokens) > 0 && s.some(30) {
			t.MintedBy = pick(s, pick(s, s.tokens).Secrets).ID
		}
		if err := s.makeToken(ctx, tx, t); err != nil {
			return err
		}
	}
	for _, t := range s.tokens {
		if s.some(8) {
			// A string that ended, with what it minted.
			if err := s.db.KillSecret(ctx, tx, t.Secrets[0], t.Token, access.ProblemRevoked, s.now); err != nil {
				return err
			}
		}
	}
	return nil
}

// makeToken writes a token with one or two strings, some of its uses spent.
func (s *reachSite) makeToken(ctx context.Context, tx registry.Tx, t registry.Token) error {
	var err error
	if t.ID, err = s.db.InsertToken(ctx, tx, t); err != nil {
		return err
	}
	if err := s.db.SetTokenResources(ctx, tx, t.ID, t.Resources); err != nil {
		return err
	}
	made := siteToken{Token: t}
	for i := range 1 + s.rng.IntN(2) {
		m := s.keys.Mint('s')
		x := registry.Secret{TokenID: t.ID, MAC: m.MAC, Fingerprint: m.Fingerprint, CreatedAt: s.now.Add(-time.Hour)}
		if s.some(15) {
			x.CreatedAt = s.now.Add(-reachLifetime - time.Hour)
		}
		if x.ID, err = s.db.InsertSecret(ctx, tx, x); err != nil {
			return err
		}
		if i > 0 || s.some(10) {
			if err := s.db.RetireSecret(ctx, tx, x.ID, s.until()); err != nil {
				return err
			}
		}
		made.Secrets, made.strings = append(made.Secrets, x), append(made.strings, m.String)
	}
	s.tokens = append(s.tokens, made)
	for s.some(50) {
		if _, err := s.db.DebitToken(ctx, tx, t.ID); err != nil {
			return err
		}
	}
	if t.OwnerKind == access.KindServiceAccount && s.some(30) {
		return s.db.InsertMinted(ctx, tx, t.ID, s.now.Add(time.Hour))
	}
	return nil
}

// scopes are those of a token: often such as belong together.
func (s *reachSite) scopes() access.ScopeSet {
	set := access.ScopeSet(0)
	for _, i := range access.Catalogue() {
		if s.some(15) || i.Level == access.Read && s.some(30) {
			set = set.Add(i.Scope)
		}
	}
	return set
}

// sitePackages are the packages that tokens name, and that requests are about.
func sitePackages() []string { return []string{"conda/alpha", "conda/beta", "conda/gamma"} }

func (s *reachSite) resources() []registry.TokenResource {
	var all []registry.TokenResource
	for _, c := range s.channels {
		if s.some(45) {
			all = append(all, registry.TokenResource{ChannelID: c.ID, Path: c.Path, Level: access.Level(1 + s.rng.IntN(3))})
		}
		if s.some(30) {
			all = append(all, registry.TokenResource{ChannelID: c.ID, Path: c.Path, Package: pick(s, sitePackages()), Level: access.Level(1 + s.rng.IntN(3))})
		}
	}
	return all
}

// restrictions narrow a few tokens in each way.
func (s *reachSite) restrictions() (r access.Restrictions) {
	if s.some(15) {
		r.Channels = []string{pick(s, []string{"c*", "c*/*", "v*", "x*"}), pick(s, s.channels).Path}[:1+s.rng.IntN(2)]
	}
	if s.some(15) {
		r.Packages = []string{pick(s, []string{"alpha", "a*", "*ta", "*"})}
	}
	if s.some(15) {
		r.CIDRs = []netip.Prefix{netip.MustParsePrefix(pick(s, []string{"10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"}))}
	}
	if s.some(15) {
		r.NotBefore = s.until()
	}
	if s.some(20) {
		r.MaxUses = 1 + s.rng.Int64N(3)
	}
	return r
}

// makeRules makes rules by which jobs get tokens, each about jobs of its own.
func (s *reachSite) makeRules(ctx context.Context, tx registry.Tx) error {
	for _, c := range s.channels {
		for s.some(40) {
			r := registry.TrustRule{
				PublicID: s.name("rule"), ChannelID: c.ID, Channel: c.Path, Issuer: pick(s, []string{goodIssuer, goodIssuer, badIssuer}),
				Level: access.Level(1 + s.rng.IntN(2)), Lifetime: time.Minute, CreatedAt: s.now, UpdatedAt: s.now,
			}
			r.Claims = map[string]string{"repository_id": r.PublicID}
			if s.some(30) {
				r.Packages = []string{"alpha"}
			}
			var err error
			if r.ID, err = s.db.InsertTrustRule(ctx, tx, r); err != nil {
				return err
			}
			s.rules = append(s.rules, r)
		}
	}
	return nil
}
