package registry_test

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kingsnake/internal/access"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
)

// TestReachersAreWhoReaches makes random sites and compares, channel by channel, the list of who can reach the channel
// with what happens when everybody and every string of every token tries to. KINGSNAKE_TEST_SEED repeats one site.
func TestReachersAreWhoReaches(t *testing.T) {
	seeds := []uint64{1}
	if text := os.Getenv("KINGSNAKE_TEST_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds[0] = seed
	} else {
		for n := uint64(2); n <= uint64(reachSites()); n++ {
			seeds = append(seeds, n)
		}
	}
	var total reachCount
	t.Run("sites", func(t *testing.T) {
		const workers = 2
		for k := range min(workers, len(seeds)) {
			t.Run(strconv.Itoa(k), func(t *testing.T) {
				t.Parallel()
				w, n := newReachWorld(t), &reachCount{}
				for i := k; i < len(seeds); i += workers {
					s := w.site(seeds[i])
					s.compare(n)
					s.remove()
					if t.Failed() {
						t.Fatalf("the site of KINGSNAKE_TEST_SEED=%d", seeds[i])
					}
				}
				total.add(n)
			})
		}
	})
	t.Logf("%d sites, %d principals, %d tokens, %d rules; %d channels, %d pairs of one of them and a channel, %d of which reach it; %d questions, %d of them answered yes",
		len(seeds), total.principals, total.tokens, total.rules, total.channels, total.pairs, total.reach, total.questions, total.yes)
	if len(seeds) > 1 && (total.reach == 0 || total.reach == total.pairs || total.yes == 0) {
		t.Error("all answers were the same: the sites prove nothing")
	}
}

func reachSites() int {
	if raced {
		return 40
	}
	return 1000
}

// reachCount is how much was compared.
type reachCount struct {
	mu                                                                sync.Mutex
	principals, tokens, rules, channels, pairs, reach, questions, yes int
}

// add adds what another goroutine counted.
func (n *reachCount) add(o *reachCount) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.principals, n.tokens, n.rules, n.channels = n.principals+o.principals, n.tokens+o.tokens, n.rules+o.rules, n.channels+o.channels
	n.pairs, n.reach, n.questions, n.yes = n.pairs+o.pairs, n.reach+o.reach, n.questions+o.questions, n.yes+o.yes
}

// compare compares two of the site's channels.
func (s *reachSite) compare(n *reachCount) {
	s.Helper()
	n.principals, n.tokens, n.rules = n.principals+len(s.users), n.tokens+len(s.tokens), n.rules+len(s.rules)
	subjects := s.subjects()
	chosen := s.rng.Perm(len(s.channels))[:min(2, len(s.channels))]
	lists := make([]map[string]registry.Reacher, len(chosen))
	for k, i := range chosen {
		c, limit := s.channels[i], 1000
		if k == 0 {
			limit = 4 + s.rng.IntN(20)
		}
		n.channels++
		lists[k] = s.list(c, limit, "open")
		s.everyAnswer(c, lists[k], subjects, n)
		if k == 0 {
			s.summary(c, s.list(c, 1000), lists[k])
			if s.seed%4 == 0 {
				s.beginnings(c)
			}
			s.inactive(c, lists[k], s.list(c, 1000, "open", "inactive"))
		}
	}
	for k, i := range chosen {
		s.rulesMint(s.channels[i], lists[k], n)
	}
}

// list asks for the list as an administrator does. Pages of a limit must fit together.
func (s *reachSite) list(c registry.Channel, limit int, include ...string) map[string]registry.Reacher {
	s.Helper()
	out := map[string]registry.Reacher{}
	admin := identity.Local(s.now)
	for offset := 0; ; offset += limit {
		page, total, err := s.svc.Access.Reachers(s.Context(), admin, c.Path, registry.ReachInput{Include: include}, registry.Page{
			Offset: offset, Limit: limit, Sort: []registry.Sort{{By: "last_used_at"}, {By: "level", Descending: true}},
		})
		if err != nil {
			s.Fatalf("seed %d: %v", s.seed, err)
		}
		for _, r := range page {
			out[string(r.Kind)+" "+r.ID] = r
		}
		if offset+limit >= int(total) {
			if len(out) != int(total) {
				s.Errorf("seed %d: %s: %d lines in pages of %d, and a total of %d", s.seed, c.Path, len(out), limit, total)
			}
			return out
		}
	}
}

// beginnings asks for pages of which only the beginning of the list is judged, which must be as pages of the whole list.
func (s *reachSite) beginnings(c registry.Channel) {
	s.Helper()
	admin := identity.Local(s.now)
	for _, in := range []registry.ReachInput{
		{},
		{Kinds: []string{"token"}, Level: pick(s, []string{"", "read", "write", "manage"})},
		{Query: pick(s, []string{"1", "N", "user", "oken1"}), Include: []string{"inactive"}},
	} {
		all, total, err := s.svc.Access.Reachers(s.Context(), admin, c.Path, in, registry.Page{Limit: 1000})
		if err != nil {
			s.Fatalf("seed %d: %v", s.seed, err)
		}
		limit := 1 + s.rng.IntN(6)
		for offset := 0; offset <= len(all); offset += limit {
			enough := offset + s.rng.IntN(8)
			got, counted, err := s.svc.Access.Reachers(s.Context(), admin, c.Path, in, registry.Page{Offset: offset, Limit: limit, Enough: max(enough, 1)})
			if err != nil {
				s.Fatalf("seed %d: %v", s.seed, err)
			}
			if diff := cmp.Diff(all[offset:min(offset+limit, len(all))], got, cmpopts.IgnoreUnexported(registry.Reacher{}), cmpopts.EquateComparable(netip.Prefix{}), cmpopts.EquateEmpty()); diff != "" {
				s.Errorf("seed %d: %s: %+v from %d on (-whole +page):\n%s", s.seed, c.Path, in, offset, diff)
			}
			if end := int64(max(enough, offset+limit, 1)); counted != total && counted != end+1 || counted > total {
				s.Errorf("seed %d: %s: %+v: %d of %d were counted, and %d are enough", s.seed, c.Path, in, counted, total, end)
			}
		}
	}
}

// subject is somebody who tries, with every credential that it has, under the name that the list gives it.
type subject struct {
	key     string
	callers []*access.Caller
	// spent tells that no use is left of a token or of one that it was minted by.
	spent bool
}

// subjects are nobody in particular, all accounts and all tokens, as the server knows them when they come in.
func (s *reachSite) subjects() []subject {
	s.Helper()
	nobody := &access.Caller{}
	s.identify(nobody, identity.Credential{})
	all := []subject{{key: "everybody ", callers: []*access.Caller{nobody}}}
	for _, u := range s.users {
		kind := registry.ReacherUser
		if u.Kind == access.KindServiceAccount {
			kind = registry.ReacherServiceAccount
		}
		c, err := s.resolver.Again(s.Context(), registry.Asker{Via: access.ViaSession.String(), PrincipalID: u.ID})
		if err != nil {
			s.Fatal(err)
		}
		all = append(all, subject{key: string(kind) + " " + u.PublicID, callers: []*access.Caller{c}})
	}
	for _, t := range s.tokens {
		x := subject{key: string(registry.ReacherToken) + " " + t.PublicID}
		for _, text := range t.strings {
			c := &access.Caller{}
			if r := t.Restrictions.CIDRs; len(r) > 0 {
				c.Address = r[0].Masked().Addr()
			}
			s.identify(c, identity.Credential{Kind: identity.TokenCredential, Secret: text})
			x.callers = append(x.callers, c)
		}
		if slices.ContainsFunc(x.callers, func(c *access.Caller) bool { return c.Token != nil && c.Token.Metered }) {
			x.spent = s.spent(t.ID)
		}
		all = append(all, x)
	}
	return all
}

func (s *reachSite) identify(c *access.Caller, cred identity.Credential) {
	s.Helper()
	if err := s.resolver.Identify(s.Context(), c, cred); err != nil {
		s.Fatal(err)
	}
}

var errUndo = errors.New("undo")

// spent takes a use of a token, as a download does, and gives it back.
func (s *reachSite) spent(token int64) (spent bool) {
	s.Helper()
	err := s.db.Write(s.Context(), func(tx registry.Tx) error {
		debits, err := s.db.DebitToken(s.Context(), tx, token)
		for _, d := range debits {
			spent = spent || d.Uses > d.MaxUses
		}
		return errors.Join(err, errUndo)
	})
	if !errors.Is(err, errUndo) {
		s.Fatal(err)
	}
	return spent
}

// costs tells whether exercising a scope takes a use of a token: one package that is fetched, or one write.
func costs(scope access.Scope) bool {
	_, action, _ := strings.Cut(scope.String(), ":")
	return action != "view" && action != "view-artifacts" && action != "history" && action != "explain"
}

// may asks the services whether any of the callers may exercise a scope on a channel or on some package of it.
func (s *reachSite) may(x subject, scope access.Scope, c registry.Channel) bool {
	s.Helper()
	if x.spent && costs(scope) {
		return false
	}
	yes := func(err error) bool {
		e, known := registry.AsError(err)
		if err != nil && (!known || e.Code != registry.CodeDenied && e.Code != registry.CodeVirtual) {
			s.Fatalf("seed %d: %v", s.seed, err)
		}
		return err == nil
	}
	for _, caller := range x.callers {
		if yes(registry.Enforce(s.Context(), s.svc, caller, scope, c.Path, "")) {
			return true
		}
		if !caller.Token.ByPackage() {
			continue
		}
		if yes(registry.EnforceSome(s.Context(), s.svc, caller, scope, c.Path)) {
			return true
		}
		if c.Type == registry.VirtualChannel && scope == access.ChannelViewArtifacts {
			continue // There is no part of a virtual channel's index: no service asks this of one package.
		}
		for _, pkg := range sitePackages() {
			if yes(registry.Enforce(s.Context(), s.svc, caller, scope, c.Path, pkg)) {
				return true
			}
		}
	}
	return false
}

// mayDo asks for every scope.
func (s *reachSite) mayDo(x subject, c registry.Channel, n *reachCount) (all access.ScopeSet) {
	s.Helper()
	for _, i := range access.Catalogue() {
		scope := i.Scope
		switch {
		case scope == access.SubchannelMirrorEdit && c.ParentID == 0:
			// It is asked of a channel and one of its subchannels together, and here is none in question.
			may := func(c0 *access.Caller) bool { return access.Decide(c0, scope, access.OnChannel(c.Access())).Allowed }
			if !x.spent && slices.ContainsFunc(x.callers, may) {
				all = all.Add(scope)
			}
			continue
		case scope.For(c.Access()) != scope:
			continue
		}
		n.questions++
		if s.may(x, scope, c) {
			n.yes++
			all = all.Add(scope)
		}
	}
	return all
}

// everyAnswer compares each line's scopes, together with those of everybody, with what the services let its bearer do;
// who has no line may do no more than everybody.
func (s *reachSite) everyAnswer(c registry.Channel, list map[string]registry.Reacher, subjects []subject, n *reachCount) {
	s.Helper()
	everybody := list["everybody "].Scopes
	for _, x := range subjects {
		n.pairs++
		r, listed := list[x.key]
		if listed {
			n.reach++
		}
		want := s.mayDo(x, c, n)
		if got := r.Scopes.Union(everybody); got != want.Union(everybody) {
			s.Errorf("seed %d: %s on %s (%s %s): the list says %v, and the services %v", s.seed, x.key, c.Path, c.Privacy, c.Type, got.Names(), want.Names())
		}
		if level := highest(r.Scopes); r.Level != level {
			s.Errorf("seed %d: %s on %s: level %s of scopes that need %s", s.seed, x.key, c.Path, r.Level, level)
		}
		if listed {
			s.paths(c, x, r)
		}
	}
	for key, r := range list {
		known := r.Kind == registry.ReacherSignedIn || r.Kind == registry.ReacherTrustRule ||
			slices.ContainsFunc(subjects, func(x subject) bool { return x.key == key })
		if !known || r.State != registry.ReachActive {
			s.Errorf("seed %d: %s has the line %+v, which is nobody's or not active", s.seed, c.Path, r)
		}
	}
}

// highest is the highest level that one of some scopes needs.
func highest(set access.ScopeSet) (level access.Level) {
	for scope := range set.All() {
		level = max(level, scope.Info().Level)
	}
	return level
}

// paths compares the groups of a line with those of the site, and the line's level with what its paths give.
func (s *reachSite) paths(c registry.Channel, x subject, r registry.Reacher) {
	s.Helper()
	if c.Type == registry.VirtualChannel || len(r.Paths) == 0 {
		if len(r.Paths) == 0 && c.Type != registry.VirtualChannel {
			s.Errorf("seed %d: %s reaches %s without a path", s.seed, x.key, c.Path)
		}
		return
	}
	if x.callers[0].Principal.Kind == access.KindAnonymous {
		return
	}
	var got, want []string
	given := access.None
	for _, p := range r.Paths {
		if given = max(given, p.Level); p.Via == registry.ViaGroup || p.Via == registry.ViaOwners || p.Via == registry.ViaParent {
			got = append(got, fmt.Sprintf("%s: %s", p.Name, p.Level))
		}
	}
	owner := x.callers[0].Principal.ID
	for _, caller := range x.callers {
		if caller.Token != nil {
			owner = caller.Principal.ID
		}
	}
	for _, g := range s.groups {
		if !s.in[[2]int64{g.ID, owner}] {
			continue
		}
		if l := s.has[[2]int64{g.ID, c.ID}]; l != access.None {
			want = append(want, fmt.Sprintf("%s: %s", g.Name, l))
		}
		if c.ParentID != 0 && s.has[[2]int64{g.ID, c.ParentID}] == access.Manage {
			want = append(want, fmt.Sprintf("%s: %s", g.Name, access.Manage))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(slices.Compact(want), slices.Compact(got)); diff != "" {
		s.Errorf("seed %d: the groups by which %s reaches %s (-want +got):\n%s", s.seed, x.key, c.Path, diff)
	}
	if given < r.Level {
		s.Errorf("seed %d: %s reaches %s with %s, and no path gives it: %v", s.seed, x.key, c.Path, r.Level, r.Paths)
	}
}

// summary compares the list without those who reach the channel only by its privacy with the one that has them: what is
// left out was given nothing there, and does no more than the two lines say that stand for all of them.
func (s *reachSite) summary(c registry.Channel, short, open map[string]registry.Reacher) {
	s.Helper()
	classes := short["everybody "].Scopes.Union(short["signed-in "].Scopes)
	for key, r := range open {
		if had, ok := short[key]; ok {
			if diff := cmp.Diff(r, had, cmp.AllowUnexported(registry.Reacher{}), cmp.Comparer(equalRestrictions)); diff != "" {
				s.Errorf("seed %d: %s on %s differs with what is open:\n%s", s.seed, key, c.Path, diff)
			}
			continue
		}
		if extra := r.Scopes.Without(classes); extra != 0 || r.Level > access.Read {
			s.Errorf("seed %d: %s may %v on %s, and is left out of the summary", s.seed, key, r.Scopes.Names(), c.Path)
		}
		for _, p := range r.Paths {
			switch p.Via {
			case registry.ViaPublic, registry.ViaAuthenticated, registry.ViaScopes:
			default:
				if owners := p.Via != registry.ViaResource && p.Via != registry.ViaPackage; owners && r.TokenKind == access.ResourceToken {
					continue // It leaves nothing of what its owner was given there.
				}
				s.Errorf("seed %d: %s was given something on %s, %v, and is left out of the summary", s.seed, key, c.Path, r.Paths)
			}
		}
	}
	for key := range short {
		if _, ok := open[key]; !ok {
			s.Errorf("seed %d: %s on %s is in the summary only", s.seed, key, c.Path)
		}
	}
}

// equalRestrictions compares restrictions by how they read.
func equalRestrictions(a, b access.Restrictions) bool {
	return fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b)
}

// inactive compares the list of what is active with the one that has all: what comes on top does not work now.
func (s *reachSite) inactive(c registry.Channel, active, all map[string]registry.Reacher) {
	s.Helper()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		r := all[key]
		_, works := active[key]
		if works != (r.State == registry.ReachActive) {
			s.Errorf("seed %d: %s on %s is %s, and in the list of what is active: %v", s.seed, key, c.Path, r.State, works)
		}
		if r.Kind == registry.ReacherUser && r.State == registry.ReachDisabled {
			i := slices.IndexFunc(s.users, func(u registry.User) bool { return u.PublicID == r.ID })
			if !s.users[i].Disabled {
				s.Errorf("seed %d: %s is called disabled", s.seed, key)
			}
		}
	}
	for key := range active {
		if _, ok := all[key]; !ok {
			s.Errorf("seed %d: %s on %s is missing where all were asked for", s.seed, key, c.Path)
		}
	}
}

// rulesMint lets jobs that the channel trusts get their tokens, and compares what these may do with the rules' lines.
func (s *reachSite) rulesMint(c registry.Channel, list map[string]registry.Reacher, n *reachCount) {
	s.Helper()
	for i, rule := range s.rules {
		r, listed := list[string(registry.ReacherTrustRule)+" "+rule.PublicID]
		if rule.ChannelID != c.ID || rule.Issuer != goodIssuer {
			if listed {
				s.Errorf("seed %d: %s has the line of a rule of %s about %s", s.seed, c.Path, rule.Channel, rule.Issuer)
			}
			continue
		}
		n.pairs++
		made, err := s.svc.Trust.Mint(s.Context(), registry.MintInput{
			Origin: &access.Caller{Principal: access.Anonymous()},
			Assertion: registry.Assertion{
				Issuer: rule.Issuer, ID: fmt.Sprintf("%d-%s-%d", s.seed, c.Path, i), Claims: rule.Claims, ExpiresAt: s.now.Add(1),
			},
		})
		if err != nil {
			if e, ok := registry.AsError(err); !ok || e.Code != registry.CodeCredential || listed {
				s.Errorf("seed %d: rule %s of %s gives no token (%v), and is listed: %v", s.seed, rule.PublicID, c.Path, err, listed)
			}
			continue
		}
		caller := &access.Caller{}
		s.identify(caller, identity.Credential{Kind: identity.TokenCredential, Secret: made.String})
		x := subject{key: r.ID, callers: []*access.Caller{caller}}
		want := s.mayDo(x, c, n)
		everybody := list["everybody "].Scopes
		if got := r.Scopes.Union(everybody); got != want.Union(everybody) {
			s.Errorf("seed %d: rule %s of %s: the list says %v, and its token may %v", s.seed, rule.PublicID, c.Path, got.Names(), want.Names())
		}
		if listed {
			n.reach++
		}
	}
}
