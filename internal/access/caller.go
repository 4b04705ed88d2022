package access

import (
	"net/netip"
	"time"
)

// Via is how a caller came in.
type Via uint8

// The ways in.
const (
	ViaNone    Via = iota // no credential
	ViaSession            // a password or OIDC login
	ViaToken              // a token; Caller.Token must be set
	ViaLocal              // a command run on the server's own machine
	ViaSystem             // a background job or the mirror
)

// String names the way in as audit entries do.
func (v Via) String() string {
	switch v {
	case ViaNone:
		return "none"
	case ViaSession:
		return "session"
	case ViaToken:
		return "token"
	case ViaLocal:
		return "local"
	case ViaSystem:
		return "system"
	}
	return "unknown"
}

// Problem says what is wrong with a credential that was presented but is no good. It is also the code of the answer.
type Problem string

// The problems. Any value but the empty one makes the caller anonymous.
const (
	ProblemNone      Problem = ""
	ProblemUnknown   Problem = "token_unknown"    // well formed, but no such token
	ProblemMalformed Problem = "token_malformed"  // not a token of this server: mistyped or of another one
	ProblemMasked    Problem = "token_masked"     // the literal <TOKEN> or ***** of a masked URL
	ProblemExpired   Problem = "token_expired"    // past its date
	ProblemTooOld    Problem = "token_too_old"    // older than the site lets the strings of tokens get
	ProblemRevoked   Problem = "token_revoked"    // deleted or revoked
	ProblemRotated   Problem = "token_rotated"    // an older string of a token that has been reissued
	ProblemLeaked    Problem = "token_leaked"     // revoked because its string was found where it should not be
	ProblemDisabled  Problem = "account_disabled" // its owner's account is disabled or gone
	ProblemSession   Problem = "session_ended"    // a session that is over
	ProblemPassword  Problem = "password_refused" // a wrong password, or one where only tokens are taken
)

// StringLife is how long one string of a token works.
type StringLife struct {
	// Since is when the string was made. Ends is when it stops working, by the token's own end, the site's policy or
	// because a newer string takes its place; the zero time is never.
	Since, Ends time.Time
	// Replaced says that the token has a newer string, which works beside this one until Ends.
	Replaced bool
}

// Once names a request that is carried out at most once, however often it is sent: the first write of its caller spends
// the name in its own transaction, so that what fails leaves the name unspent. All copies of a caller share it.
type Once struct {
	Name string
	// Done says that a write of this very request has spent the name.
	Done bool
}

// Caller is a principal and how it came in. The zero value, and nil, is an anonymous caller.
type Caller struct {
	Principal *Principal
	Token     *Token // set where the credential is a token; it only ever takes rights away
	Via       Via
	// Problem says that a credential was present and is bad. The caller is then anonymous, whatever Principal holds.
	Problem Problem
	// InURL says that the credential came in the URL, where it may read only.
	InURL bool
	// Fallback is the site's anonymous principal, for sites that changed the role everyone; nil means Anonymous(). All
	// callers hold what it holds, for every principal holds the role everyone.
	Fallback  *Principal
	Address   netip.Addr // the client's; the zero Addr is unknown
	Client    string     // the User-Agent, for audit
	RequestID string
	// SecretID numbers the string of Token that was presented, so that what it mints can die with it.
	SecretID int64
	// String is how long that string works.
	String StringLife
	// SessionID names the session that was presented, so that it can be ended.
	SessionID string
	// Spent says that a use of the token has been debited for this request, which is then not refused for want of one.
	Spent bool
	// Once names a request that is carried out at most once, nil for one that may come again.
	Once *Once
	// Warn is told of what is served as to anybody although a credential was sent; nil for nobody to tell.
	Warn func(Scope, Target, Decision)
	// Unsure says that what the caller may do cannot be asked for just now. It then counts as anybody, and a refusal only
	// says that nothing is known.
	Unsure bool
	// Now is the time of the request, against which expiry and not_before are judged. The zero time is unknown: a
	// token with not_before is then refused, and its expiry is taken as already checked.
	Now time.Time
}

// anonymous reports whether there is no credential at all, good or bad.
func (c *Caller) anonymous() bool {
	return c == nil || c.Problem == ProblemNone && c.Token == nil && c.Via != ViaToken &&
		(c.Principal == nil || c.Principal.Kind == KindAnonymous)
}

// EffectiveProblem is what is wrong with the caller's credential as of now, ProblemNone if it is good or absent. It is
// Problem, and beyond it what only shows at use: a disabled owner, an expiry that has passed.
func (c *Caller) EffectiveProblem() Problem {
	switch {
	case c == nil:
		return ProblemNone
	case c.Problem != ProblemNone:
		return c.Problem
	case c.Via == ViaToken && c.Token == nil:
		return ProblemUnknown
	case c.Token != nil && (c.Principal == nil || c.Principal.Kind == KindAnonymous):
		return ProblemUnknown
	case c.Principal != nil && c.Principal.Kind != KindAnonymous && !c.Principal.Active:
		return ProblemDisabled
	case c.Token != nil && c.Token.expired(c.Now):
		return ProblemExpired
	}
	return ProblemNone
}

// LoggedIn reports whether the caller is somebody: a good credential of an active account.
func (c *Caller) LoggedIn() bool {
	return c != nil && c.Principal != nil && c.Principal.loggedIn() && c.EffectiveProblem() == ProblemNone
}

// everyone is the level that the role everyone gives on this site.
func (c *Caller) everyone(category uint8) Level {
	if c != nil && c.Fallback != nil && c.Fallback.Kind == KindAnonymous {
		return c.Fallback.Ceiling[category]
	}
	return everyoneLevel(category)
}

// ceiling is gate 1: the level that the roles of p give. A nil p is anonymous, which never gets above Read: a site
// that raises the role everyone means its users, not the world, and what nobody signs nobody answers for.
func (c *Caller) ceiling(p *Principal, category uint8) Level {
	everyone := c.everyone(category)
	switch {
	case !p.loggedIn():
		return min(everyone, Read)
	case p.isAdmin():
		return Manage
	case p.Kind == KindServiceAccount:
		return serviceAccountLevel(category)
	}
	held := p.Ceiling[category]
	if !held.Known() {
		held = None
	}
	return max(held, everyone)
}

// Level is what the caller's roles give for a category, the ceiling of all it may do there.
func (c *Caller) Level(category Category) Level {
	i := category.index()
	if i < 0 || c == nil {
		return None
	}
	return c.ceiling(c.Principal, uint8(i))
}
