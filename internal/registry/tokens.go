package registry

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"kingsnake/internal/access"
)

// TokenStore keeps tokens and the MACs of their strings.
type TokenStore interface {
	InsertToken(ctx context.Context, tx Tx, t Token) (int64, error)
	UpdateToken(ctx context.Context, tx Tx, t Token) error
	SetTokenScopes(ctx context.Context, tx Tx, t Token) error
	TokenUses(ctx context.Context, tx Tx, token int64) ([]TokenUse, error)
	DeleteToken(ctx context.Context, tx Tx, id int64) error
	SetTokenResources(ctx context.Context, tx Tx, token int64, resources []TokenResource) error
	TokenByPublicID(ctx context.Context, tx Tx, publicID string) (Token, error)
	TokenByID(ctx context.Context, tx Tx, id int64) (Token, error)
	ListTokens(ctx context.Context, f TokenFilter, p Page) ([]Token, int64, error)
	InsertSecret(ctx context.Context, tx Tx, s Secret) (int64, error)
	RetireSecret(ctx context.Context, tx Tx, id int64, at time.Time) error
	KillSecret(ctx context.Context, tx Tx, s Secret, t Token, reason Problem, at time.Time) error
	// MarkDeadReported notes that a string which has ended was found somewhere; ErrNoRecord where that was noted before.
	MarkDeadReported(ctx context.Context, tx Tx, mac []byte, at time.Time) error
	OwnedTokens(ctx context.Context, tx Tx, owner int64) ([]int64, error)
	ChildTokens(ctx context.Context, tx Tx, secret int64) ([]int64, error)
	// DescendantTokens gives the tokens that a token's strings minted, those that these minted, and so on.
	DescendantTokens(ctx context.Context, tx Tx, token int64) ([]int64, error)
	// TokenAncestors gives the tokens that a token was minted by, the nearest first.
	TokenAncestors(ctx context.Context, token int64) ([]Ancestor, error)
}

// TokenFilter narrows a list of tokens.
type TokenFilter struct {
	// Owners are the accounts whose tokens are meant.
	Owners []int64
	// Query finds a part of the name or the description.
	Query string
	Kind  access.TokenKind
	// State keeps one state as of Now.
	State TokenState
	Now   time.Time
	// MaxLifetime ends the strings of the listed tokens at that age, 0 at none.
	MaxLifetime time.Duration
}

// Minted is a new string: what its holder gets, and what is kept of it.
type Minted struct {
	String      string
	MAC         []byte
	Fingerprint string
}

// Mint makes token strings, and knows them again. The letter is the kind in the string.
type Mint interface {
	Mint(letter byte) Minted
	// Recognize gives what is kept of a string, and false for one that no server like this one can have made.
	Recognize(s string) (Minted, bool)
}

// Tokens is the service for tokens.
type Tokens struct {
	*core
	tokens    TokenStore
	people    UserFinder
	directory *Directory
	lookup    *channelLookup
	mint      Mint
	settings  *Settings
}

// TokenInput is what somebody asks of a new token. It has scopes or resources, never both.
type TokenInput struct {
	Name, Description string
	Metadata          json.RawMessage
	ExpiresAt         string
	Scopes            []string
	Resources         []ResourceInput
	Restrictions      RestrictionsInput
	// OneTime asks for a token that is good for one use.
	OneTime bool
}

// ResourceInput is one asked-for grant, by names.
type ResourceInput struct {
	Type, Path, Level string
}

// Issued is a token together with its new string, which nobody can read again.
type Issued struct {
	Token  Token
	String string
}

var tokenSortColumns = []string{"name", "created_at", "expires_at", "last_used_at"}

// PolicyFor is what the site demands of the tokens of a kind of account.
func (s *Tokens) PolicyFor(ctx context.Context, kind PrincipalKind) (TokenPolicy, error) {
	p, err := s.settings.Policies(ctx)
	return p.For(kind), err
}

// Create makes a token for an account, named by public id or name; empty means the caller's own.
func (s *Tokens) Create(ctx context.Context, caller *access.Caller, user string, in TokenInput) (Issued, error) {
	acc, err := s.account(ctx, caller, access.UserTokenEdit, user)
	if err != nil {
		return Issued{}, err
	}
	return s.createOf(ctx, caller, acc, in)
}

// createOf makes a token for an account, for which the caller may make tokens.
func (s *Tokens) createOf(ctx context.Context, caller *access.Caller, acc account, in TokenInput) (Issued, error) {
	t := Token{
		PublicID: uuid.NewString(), OwnerID: acc.id, OwnerPublicID: acc.publicID, Owner: acc.name, OwnerKind: acc.kind(), MintedBy: caller.SecretID,
		Name: in.Name, Description: in.Description, Metadata: in.Metadata, CreatedAt: s.now(), UpdatedAt: s.now(),
	}
	if len(t.Metadata) == 0 {
		t.Metadata = json.RawMessage("{}")
	}
	if err := t.validateTexts(); err != nil {
		return Issued{}, err
	}
	policy, err := s.PolicyFor(ctx, t.OwnerKind)
	if err != nil {
		return Issued{}, err
	}
	if t.ExpiresAt, err = policy.expiry(in.ExpiresAt, s.now()); err != nil {
		return Issued{}, err
	}
	if t.ExpiresAt, err = withinMinter(caller, t.ExpiresAt, in.ExpiresAt == ""); err != nil {
		return Issued{}, err
	}
	if t.Restrictions, err = in.restrictions(caller); err != nil {
		return Issued{}, err
	}
	if err := t.validateRestrictions(); err != nil {
		return Issued{}, err
	}
	if err := s.grant(ctx, caller, acc, &t, in); err != nil {
		return Issued{}, err
	}
	if err := s.limitDepth(ctx, caller); err != nil {
		return Issued{}, err
	}
	return s.issue(ctx, caller, acc, t)
}

// withinMinter keeps a token minted by another token within the other's life.
func withinMinter(caller *access.Caller, at time.Time, byDefault bool) (time.Time, error) {
	if caller.Token == nil || caller.Token.ExpiresAt.IsZero() {
		return at, nil
	}
	limit := caller.Token.ExpiresAt
	if !at.IsZero() && !at.After(limit) {
		return at, nil
	}
	if byDefault {
		return limit, nil
	}
	return at, invalid("expires_at", "a token made by another token cannot outlive it; choose a time until %s", limit.Format(time.RFC3339))
}

// issue writes a new token with its first string.
func (s *Tokens) issue(ctx context.Context, caller *access.Caller, acc account, t Token) (Issued, error) {
	var out Issued
	err := s.write(ctx, caller, func(w *work) error {
		var err error
		if out, err = s.insert(ctx, w, t); err != nil {
			return err
		}
		return acc.settle(ctx, w)
	})
	return out, err
}

// insert writes a new token with its first string inside a transaction.
func (s *Tokens) insert(ctx context.Context, w *work, t Token) (_ Issued, err error) {
	if t.ID, err = s.tokens.InsertToken(ctx, w.tx, t); err != nil {
		return Issued{}, err
	}
	if err := s.tokens.SetTokenResources(ctx, w.tx, t.ID, t.Resources); err != nil {
		return Issued{}, err
	}
	m := s.mint.Mint(t.letter())
	secret := Secret{TokenID: t.ID, MAC: m.MAC, Fingerprint: m.Fingerprint, CreatedAt: t.CreatedAt}
	if secret.ID, err = s.tokens.InsertSecret(ctx, w.tx, secret); err != nil {
		return Issued{}, err
	}
	t.Secrets = []Secret{secret}
	w.changed(ChangedToken, t.ID, "")
	return Issued{Token: t, String: m.String}, t.record(ctx, w, EventTokenCreated, t.facts())
}

// facts are what the audit keeps of a token.
func (t Token) facts() map[string]any {
	m := map[string]any{"name": t.Name, "type": t.Kind.String(), "owner": t.Owner}
	if t.restricted() {
		m["restrictions"] = t.Restrictions
	}
	if !t.ExpiresAt.IsZero() {
		m["expires_at"] = t.ExpiresAt
	}
	if t.Kind == access.ScopeToken {
		m["scopes"] = t.Scopes.Names()
		return m
	}
	resources := map[string]string{}
	for _, r := range t.Resources {
		resources[r.Name()] = r.Level.String()
	}
	m["resources"] = resources
	return m
}

// restrictions gives what a new token is to be restricted to.
func (in TokenInput) restrictions(caller *access.Caller) (access.Restrictions, error) {
	if in.OneTime {
		if in.Restrictions.MaxUses > 1 {
			return access.Restrictions{}, invalid("one_time", "a one-time token has one use, and max_uses says %d", in.Restrictions.MaxUses)
		}
		in.Restrictions.MaxUses = 1
	}
	r, err := in.Restrictions.parse()
	return inherited(r, caller.Token), err
}

// letter is the kind of a token as its string shows it.
func (t Token) letter() byte {
	switch {
	case t.OneTime():
		return 'b'
	case t.OwnerKind == access.KindServiceAccount:
		return 'a'
	case t.Kind == access.ScopeToken:
		return 's'
	}
	return 'r'
}

// List gives the tokens of an account; an empty user means the caller's own.
func (s *Tokens) List(ctx context.Context, caller *access.Caller, user string, f TokenFilter, p Page) ([]Token, int64, error) {
	acc, err := s.account(ctx, caller, access.UserTokenView, user)
	if err != nil {
		return nil, 0, err
	}
	if err := p.Validate(tokenSortColumns...); err != nil {
		return nil, 0, err
	}
	return s.listOf(ctx, acc, f, p)
}

// listOf gives the tokens of an account, whose tokens the caller may see.
func (s *Tokens) listOf(ctx context.Context, acc account, f TokenFilter, p Page) ([]Token, int64, error) {
	policy, err := s.PolicyFor(ctx, acc.kind())
	if err != nil {
		return nil, 0, err
	}
	f.Owners, f.Now, f.MaxLifetime = []int64{acc.id}, s.now(), policy.MaxLifetime
	return s.tokens.ListTokens(ctx, f, p)
}

// Get gives one token of an account; an empty user means the caller's own.
func (s *Tokens) Get(ctx context.Context, caller *access.Caller, user, publicID string) (Token, error) {
	acc, err := s.account(ctx, caller, access.UserTokenView, user)
	if err != nil {
		return Token{}, err
	}
	return s.of(ctx, nil, acc, publicID)
}

// of finds a token of an account.
func (s *Tokens) of(ctx context.Context, tx Tx, acc account, publicID string) (Token, error) {
	t, err := s.tokens.TokenByPublicID(ctx, tx, publicID)
	if errors.Is(err, ErrNoRecord) || err == nil && t.OwnerID != acc.id {
		if acc.other != nil || acc.home != nil {
			return Token{}, notFound("%s has no token %s", acc.name, clip(publicID, 64))
		}
		return Token{}, notFound("you have no token %s", clip(publicID, 64))
	}
	return t, err
}

// Info gives the token that the caller came with.
func (s *Tokens) Info(ctx context.Context, caller *access.Caller) (Token, error) {
	if caller.Token == nil {
		return Token{}, &Error{Code: CodeWrongKind, Reason: "token_required", Message: "this call describes the token it is made with; send one as X-Auth"}
	}
	return s.tokens.TokenByID(ctx, nil, caller.Token.ID)
}

// Delete ends a token of an account at once; an empty user means the caller's own. A token may delete itself whatever
// else it may do.
func (s *Tokens) Delete(ctx context.Context, caller *access.Caller, user, publicID string) error {
	if user == "" && caller.Token != nil && caller.Token.PublicID == publicID {
		return s.deleteSelf(ctx, caller)
	}
	acc, err := s.account(ctx, caller, access.UserTokenEdit, user)
	if err != nil {
		return err
	}
	return s.deleteOf(ctx, caller, acc, publicID)
}

// deleteOf ends a token of an account, whose tokens the caller may end.
func (s *Tokens) deleteOf(ctx context.Context, caller *access.Caller, acc account, publicID string) error {
	return s.write(ctx, caller, func(w *work) error {
		t, err := s.of(ctx, w.tx, acc, publicID)
		if err != nil {
			return err
		}
		if err := s.mayRevoke(ctx, caller, acc, t); err != nil {
			return err
		}
		if err := s.revoke(ctx, w, t); err != nil {
			return err
		}
		return acc.settle(ctx, w)
	})
}

// deleteSelf ends the token that the caller came with, which costs no use of it.
func (s *Tokens) deleteSelf(ctx context.Context, caller *access.Caller) error {
	free := *caller
	free.Spent = true
	return s.write(ctx, &free, func(w *work) error {
		t, err := s.tokens.TokenByID(ctx, w.tx, caller.Token.ID)
		if errors.Is(err, ErrNoRecord) {
			return notFound("this token was deleted meanwhile")
		}
		if err != nil {
			return err
		}
		return s.revoke(ctx, w, t)
	})
}

// revoke deletes a token, remembering its strings as dead, with all tokens that they minted.
func (s *Tokens) revoke(ctx context.Context, w *work, t Token) error {
	for _, secret := range t.Secrets {
		if err := s.kill(ctx, w, t, secret, access.ProblemRevoked); err != nil {
			return err
		}
	}
	if err := s.tokens.DeleteToken(ctx, w.tx, t.ID); err != nil {
		return err
	}
	w.changed(ChangedToken, t.ID, "")
	return t.record(ctx, w, EventTokenRevoked, t.facts())
}

// kill ends one string and the tokens that it minted.
func (s *Tokens) kill(ctx context.Context, w *work, t Token, secret Secret, reason access.Problem) error {
	children, err := s.tokens.ChildTokens(ctx, w.tx, secret.ID)
	if err != nil {
		return err
	}
	for _, id := range children {
		child, err := s.tokens.TokenByID(ctx, w.tx, id)
		if err != nil {
			return err
		}
		if err := s.revoke(ctx, w, child); err != nil {
			return err
		}
	}
	return s.tokens.KillSecret(ctx, w.tx, secret, t, reason, s.now())
}
