package identity

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"kingsnake/conda/channel"
	"kingsnake/internal/access"
	"kingsnake/internal/memo"
	"kingsnake/internal/registry"
)

// The bounds of the resolver's caches, in entries.
const (
	maxCachedSecrets    = 1_000_000
	maxCachedTokens     = 200_000
	maxCachedPrincipals = 100_000
	maxCachedSessions   = 100_000
)

// Resolver turns credentials into callers. What it reads it keeps until the feed says that it changed; expiry is judged
// on every request.
type Resolver struct {
	keys      *Keys
	directory *registry.Directory
	trail     *registry.Trail
	policy    TokenPolicies
	feed      *registry.Feed
	limiter   *Limiter
	now       func() time.Time
	log       *slog.Logger
	together  *together

	secrets    *memo.Cache[[32]byte, secretRef]
	tokens     *memo.Cache[int64, *token]
	principals *memo.Cache[int64, *access.Principal]
	sessions   *memo.Cache[string, registry.Session]
	everyone   *memo.Cache[struct{}, *access.Principal]
}

// secretRef is where a MAC leads. It never changes: a string belongs to one token for ever.
type secretRef struct{ secret, token int64 }

// token is a token as requests need it.
type token struct {
	owner   int64
	kind    registry.PrincipalKind
	access  *access.Token
	secrets []secretLife
	// lineage are the tokens that it was minted by; it dies with any of them.
	lineage []registry.Ancestor
}

// secretLife is how long one string works.
type secretLife struct {
	id int64
	registry.StringSpan
}

// TokenPolicies tells what the site demands of the tokens of a kind of account.
type TokenPolicies func(context.Context, registry.PrincipalKind) (registry.TokenPolicy, error)

// NewResolver makes a resolver that listens to the feed. The limiter tells it who can wait.
func NewResolver(keys *Keys, d *registry.Directory, trail *registry.Trail, policy TokenPolicies, feed *registry.Feed, limiter *Limiter, log *slog.Logger, now func() time.Time) *Resolver {
	r := &Resolver{
		keys: keys, directory: d, trail: trail, policy: policy, feed: feed, limiter: limiter, now: now, log: log,
		together: newTogether(d.Strings),
		secrets:  memo.New[[32]byte, secretRef](maxCachedSecrets), tokens: memo.New[int64, *token](maxCachedTokens),
		principals: memo.New[int64, *access.Principal](maxCachedPrincipals), sessions: memo.New[string, registry.Session](maxCachedSessions),
		everyone: memo.New[struct{}, *access.Principal](1),
	}
	feed.Subscribe(r.changed)
	return r
}

// changed forgets what is not so any more.
func (r *Resolver) changed(changes []registry.Change) {
	for _, c := range changes {
		switch c.Kind {
		case registry.ChangedToken:
			r.tokens.Drop(c.Ref)
		case registry.ChangedPrincipal:
			r.principals.Drop(c.Ref)
		case registry.ChangedSession:
			r.sessions.Drop(c.Name)
		case registry.ChangedEverything:
			r.tokens.DropAll()
			r.sessions.DropAll()
			r.principals.DropAll()
			r.everyone.DropAll()
		case registry.ChangedRole, registry.ChangedSetting:
			r.principals.DropAll()
			r.everyone.DropAll()
		}
	}
}

// Identify fills in who the caller is. What is wrong with its credential is noted in it; an error means that it could
// not be found out. While it is not known what changed of late the caller is anybody, and unsure; after some minutes of
// that nobody is let in.
func (r *Resolver) Identify(ctx context.Context, caller *access.Caller, cred Credential) error {
	caller.Now, caller.InURL = r.now(), cred.InURL
	if err := r.feed.Fresh(ctx, caller.Now); err != nil {
		everyone, known := r.everyone.Peek(struct{}{})
		if !known || ctx.Err() != nil || !r.feed.Public(caller.Now) {
			return err
		}
		caller.Principal, caller.Fallback, caller.Unsure = everyone, everyone, true
		return nil
	}
	everyone, err := r.anonymous(ctx)
	if err != nil {
		return err
	}
	caller.Principal, caller.Fallback = everyone, everyone
	switch cred.Kind {
	case TokenCredential:
		return r.identifyToken(ctx, caller, cred.Secret)
	case SessionCredential:
		return r.identifySession(ctx, caller, cred.Secret)
	case PasswordCredential:
		caller.Problem = access.ProblemPassword
	}
	return nil
}

func (r *Resolver) anonymous(ctx context.Context) (*access.Principal, error) {
	if p, ok := r.everyone.Peek(struct{}{}); ok {
		return p, nil
	}
	return r.everyone.Get(ctx, struct{}{}, r.directory.Everyone)
}

// identifyToken finds the token with this string, and judges whether the string still works.
func (r *Resolver) identifyToken(ctx context.Context, caller *access.Caller, s string) error {
	if !WellFormed(s) {
		caller.Problem = access.ProblemMalformed
		if channel.IsMasked(s) {
			caller.Problem = access.ProblemMasked
		}
		return nil
	}
	mac := r.keys.MAC(s)
	ref, ok := r.secrets.Peek(mac)
	if !ok {
		var err error
		ref, err = r.secret(ctx, caller, mac)
		switch {
		case errors.Is(err, registry.ErrNoRecord):
			caller.Problem = access.ProblemUnknown
			return nil
		case errors.Is(err, registry.ErrEnded):
			return r.dead(ctx, caller, mac)
		case err != nil:
			return err
		}
	}
	t, err := r.token(ctx, ref.token)
	if errors.Is(err, registry.ErrNoRecord) {
		return r.dead(ctx, caller, mac)
	}
	if err != nil {
		return err
	}
	return r.judge(ctx, caller, t, ref, mac)
}

// secret asks the database for a string. The request's own copy of the MAC stays where requests come by that need not ask.
func (r *Resolver) secret(ctx context.Context, caller *access.Caller, mac [32]byte) (secretRef, error) {
	return r.secrets.Get(ctx, mac, func(ctx context.Context) (secretRef, error) {
		p, err := r.place(ctx, caller, mac)
		return secretRef{p.Secret, p.Token}, err
	})
}

// place asks the database for a string: for one from an address that has sent too many bad ones together with others, since it is
// hardly good, and with its own statement for any other.
func (r *Resolver) place(ctx context.Context, caller *access.Caller, mac [32]byte) (registry.StringPlace, error) {
	if r.limiter.Flooding(caller.Address, caller.Now) {
		if p, ok, err := r.together.place(ctx, mac); ok {
			return p, err
		}
	}
	return r.directory.String(ctx, mac)
}

// judge sets the caller to the token's owner, or notes why the string does not work.
func (r *Resolver) judge(ctx context.Context, caller *access.Caller, t *token, ref secretRef, mac [32]byte) error {
	life, problem, err := r.lifeOf(ctx, t, ref.secret, caller.Now)
	if err != nil {
		return err
	}
	switch caller.Problem = problem; caller.Problem {
	case access.ProblemNone:
	case access.ProblemUnknown:
		return r.dead(ctx, caller, mac)
	case access.ProblemRotated:
		r.deadUsed(caller, registry.DeadSecret{TokenPublicID: t.access.PublicID, OwnerID: t.owner, Reason: access.ProblemRotated})
		return nil
	default:
		return nil
	}
	if caller.Problem, err = r.inherited(ctx, caller.Now, t); caller.Problem != access.ProblemNone || err != nil {
		return err
	}
	p, err := r.principal(ctx, t.owner, caller.Now)
	if err != nil {
		return err
	}
	if !p.Active {
		caller.Problem = access.ProblemDisabled
		return nil
	}
	caller.Principal, caller.Token, caller.Via, caller.SecretID = p, t.access, access.ViaToken, ref.secret
	caller.String = life
	return nil
}

// inherited tells what is wrong with a token because of those that it was minted by.
func (r *Resolver) inherited(ctx context.Context, now time.Time, t *token) (access.Problem, error) {
	if len(t.lineage) == 0 {
		return access.ProblemNone, nil
	}
	policy, err := r.policy(ctx, registry.KindUser)
	if err != nil {
		return access.ProblemNone, err
	}
	return registry.Inherited(t.lineage, t.owner, now, policy.MaxLifetime, func(account int64) (bool, error) {
		p, err := r.principal(ctx, account, now)
		return err == nil && p.Active, err
	})
}

// lifeOf tells how long one string of a token works, and what is wrong with it at a time; ProblemUnknown when the token
// has no such string any more.
func (r *Resolver) lifeOf(ctx context.Context, t *token, secret int64, now time.Time) (access.StringLife, access.Problem, error) {
	i := slices.IndexFunc(t.secrets, func(s secretLife) bool { return s.id == secret })
	if i < 0 {
		return access.StringLife{}, access.ProblemUnknown, nil
	}
	policy, err := r.policy(ctx, t.kind)
	if err != nil {
		return access.StringLife{}, access.ProblemNone, err
	}
	life, problem := t.secrets[i].Life(now, t.access.ExpiresAt, policy.MaxLifetime)
	return life, problem, nil
}

// dead tells a string that once was good from one that never was.
func (r *Resolver) dead(ctx context.Context, caller *access.Caller, mac [32]byte) error {
	d, err := r.directory.Dead(ctx, mac[:])
	if errors.Is(err, registry.ErrNoRecord) {
		caller.Problem = access.ProblemUnknown
		return nil
	}
	if err != nil {
		return err
	}
	caller.Problem = d.Reason
	r.deadUsed(caller, d)
	return nil
}

// deadUsed notes that somebody still uses a string that has ended.
func (r *Resolver) deadUsed(caller *access.Caller, d registry.DeadSecret) {
	e := registry.Event{
		At: caller.Now, Type: registry.EventDeadTokenUsed, Outcome: registry.Denial, PrincipalID: caller.Principal.ID, Principal: caller.Principal.Name,
		Via: access.ViaToken.String(), TokenID: d.TokenPublicID, SubjectID: d.OwnerID,
		Reason: string(d.Reason), Client: registry.Clip(caller.Client), RequestID: caller.RequestID, Data: "{}",
	}
	if caller.Address.IsValid() {
		e.Address = caller.Address.String()
	}
	r.trail.Note(e)
}

func (r *Resolver) token(ctx context.Context, id int64) (*token, error) {
	if t, ok := r.tokens.Peek(id); ok {
		return t, nil
	}
	return r.tokens.Get(ctx, id, func(ctx context.Context) (*token, error) {
		t, err := r.directory.Token(ctx, id)
		if err != nil {
			return nil, err
		}
		out := &token{owner: t.OwnerID, kind: t.OwnerKind, access: t.Access()}
		if out.lineage, err = r.directory.Ancestors(ctx, t); err != nil {
			return nil, err
		}
		for _, a := range out.lineage {
			out.access.Metered = out.access.Metered || a.MaxUses > 0
		}
		for _, s := range t.Secrets {
			out.secrets = append(out.secrets, secretLife{s.ID, s.Span()})
		}
		return out, nil
	})
}

// principal gives a principal as of now, which may be kept until it changes or lapses.
func (r *Resolver) principal(ctx context.Context, id int64, now time.Time) (*access.Principal, error) {
	if p, ok := r.principals.Peek(id); ok {
		if p.Lapses.IsZero() || now.Before(p.Lapses) {
			return p, nil
		}
		r.principals.Drop(id)
	}
	return r.principals.Get(ctx, id, func(ctx context.Context) (*access.Principal, error) { return r.directory.Principal(ctx, id) })
}

// identifySession finds the session that a JWT names.
func (r *Resolver) identifySession(ctx context.Context, caller *access.Caller, bearer string) error {
	publicID, err := r.keys.ReadSession(bearer, caller.Now)
	if err != nil {
		// Whatever is wrong with it, it opens nothing; the parser's words are for programmers.
		caller.Problem = access.ProblemSession
		return nil //nolint:nilerr // see above.
	}
	s, ok := r.sessions.Peek(publicID)
	if !ok {
		s, err = r.sessions.Get(ctx, publicID, func(ctx context.Context) (registry.Session, error) {
			return r.directory.Session(ctx, publicID)
		})
		if errors.Is(err, registry.ErrNoRecord) {
			caller.Problem = access.ProblemSession
			return nil
		}
		if err != nil {
			return err
		}
	}
	if !caller.Now.Before(s.ExpiresAt) {
		caller.Problem = access.ProblemSession
		return nil
	}
	p, err := r.principal(ctx, s.PrincipalID, caller.Now)
	if err != nil {
		return err
	}
	if !p.Active {
		caller.Problem = access.ProblemDisabled
		return nil
	}
	caller.Principal, caller.Via, caller.SessionID = p, access.ViaSession, s.PublicID
	return nil
}

// Local is the caller of a command that runs on the server's own machine with access to its data.
func Local(now time.Time) *access.Caller {
	return &access.Caller{Principal: access.System("local"), Via: access.ViaLocal, Now: now, Client: "kingsnake command line"}
}
