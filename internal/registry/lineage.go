package registry

import (
	"context"
	"time"

	"kingsnake/internal/access"
)

// Ancestor is a token that minted another one, and the string that did it: the other one lives no longer than that.
type Ancestor struct {
	// TokenID is 0 when the string is gone; what it minted is then dead.
	TokenID, OwnerID int64
	// ExpiresAt is the end of the token, SecretCreated and SecretRetires are the life of the string; zero for no end.
	ExpiresAt, SecretCreated, SecretRetires time.Time
	// MaxUses is not 0 where a child's uses are debited.
	MaxUses int64
}

// Dead tells whether the string works no more, and with it all that it minted.
func (a Ancestor) Dead(now time.Time, maxLifetime time.Duration) bool {
	ended := func(at time.Time) bool { return !at.IsZero() && !now.Before(at) }
	return a.TokenID == 0 || ended(a.ExpiresAt) || ended(a.SecretRetires) || maxLifetime > 0 && ended(a.SecretCreated.Add(maxLifetime))
}

// Inherited tells what is wrong with a token of an owner because of those that it was minted by. active says whether an
// account is not disabled, and is asked of other owners only.
func Inherited(line []Ancestor, owner int64, now time.Time, maxLifetime time.Duration, active func(account int64) (bool, error)) (access.Problem, error) {
	for _, a := range line {
		if a.Dead(now, maxLifetime) {
			return access.ProblemRevoked, nil
		}
		if a.OwnerID == owner {
			continue
		}
		switch ok, err := active(a.OwnerID); {
		case err != nil:
			return access.ProblemNone, err
		case !ok:
			return access.ProblemDisabled, nil
		}
	}
	return access.ProblemNone, nil
}

// StringSpan is how long one string of a token works by itself; a zero RetiresAt is no end.
type StringSpan struct {
	CreatedAt, RetiresAt time.Time
}

// Life tells how long a string works, as one of a token that ends at expires, and what is wrong with it at a time.
// maxLifetime bounds the age of a string, 0 for no bound.
func (s StringSpan) Life(now, expires time.Time, maxLifetime time.Duration) (access.StringLife, access.Problem) {
	life, problem := access.StringLife{Since: s.CreatedAt, Replaced: !s.RetiresAt.IsZero()}, access.ProblemNone
	end := func(at time.Time, why access.Problem) {
		if at.IsZero() {
			return
		}
		if problem == access.ProblemNone && !now.Before(at) {
			problem = why
		}
		if life.Ends.IsZero() || at.Before(life.Ends) {
			life.Ends = at
		}
	}
	end(s.RetiresAt, access.ProblemRotated)
	end(expires, access.ProblemExpired)
	if maxLifetime > 0 {
		end(s.CreatedAt.Add(maxLifetime), access.ProblemTooOld)
	}
	return life, problem
}

// maxMintDepth bounds how many tokens can have minted one another in a row, since a request asks all of them.
const maxMintDepth = 8

// limitDepth refuses to mint by a token that was itself minted in too long a row.
func (s *Tokens) limitDepth(ctx context.Context, caller *access.Caller) error {
	if caller.Token == nil {
		return nil
	}
	above, err := s.tokens.TokenAncestors(ctx, caller.Token.ID)
	if err != nil {
		return err
	}
	if len(above)+1 >= maxMintDepth {
		return invalid("", "a token can be minted by a token that was minted by another one, but not more than %d in a row", maxMintDepth)
	}
	return nil
}

// touch tells the caches of a changed token and of those that it minted, whose life and uses depend on it.
func (s *Tokens) touch(ctx context.Context, w *work, token int64) error {
	w.changed(ChangedToken, token, "")
	below, err := s.tokens.DescendantTokens(ctx, w.tx, token)
	for _, id := range below {
		w.changed(ChangedToken, id, "")
	}
	return err
}

// restrict gives the token with other restrictions, if the caller may set them: in a session of one's own anything, for a
// token only what lies within its own.
func (s *Tokens) restrict(ctx context.Context, caller *access.Caller, acc account, t Token, in RestrictionsInput) (Token, error) {
	r, err := in.parse()
	if err != nil {
		return t, err
	}
	r.Uses = t.Restrictions.Uses
	t.Restrictions = r
	return t, s.mayReissue(ctx, caller, acc, t)
}
