package registry

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"kingsnake/internal/access"
)

// TrustStore keeps trust rules and what was minted by them.
type TrustStore interface {
	InsertTrustRule(ctx context.Context, tx Tx, r TrustRule) (int64, error)
	UpdateTrustRule(ctx context.Context, tx Tx, r TrustRule) error
	DeleteTrustRule(ctx context.Context, tx Tx, id int64) error
	TrustRule(ctx context.Context, tx Tx, channel int64, publicID string) (TrustRule, error)
	ListTrustRules(ctx context.Context, tx Tx, channel int64, p Page) ([]TrustRule, int64, error)
	IssuerTrustRules(ctx context.Context, tx Tx, issuer string) ([]TrustRule, error)
	UseTrustRule(ctx context.Context, tx Tx, id int64, at time.Time) error
	InsertMinted(ctx context.Context, tx Tx, token int64, until time.Time) error
	InsertSpent(ctx context.Context, tx Tx, hash []byte, until time.Time) error
	// LendMembership puts an account into a group until a time, or until later if it is lent already.
	LendMembership(ctx context.Context, tx Tx, group, principal int64, until time.Time) error
}

// Trust is the service for trusted publishing: whom channels trust, and the tokens that jobs get.
type Trust struct {
	*core
	rules    TrustStore
	tokens   *Tokens
	services *ServiceAccounts
	lookup   *channelLookup
	issuers  []string
}

// List gives the rules of a channel.
func (s *Trust) List(ctx context.Context, caller *access.Caller, channel string, p Page) ([]TrustRule, int64, error) {
	c, err := s.lookup.on(ctx, s.core, caller, access.TrustEdit, channel)
	if err != nil {
		return nil, 0, err
	}
	if err := p.Validate("created_at", "last_used_at"); err != nil {
		return nil, 0, err
	}
	return s.rules.ListTrustRules(ctx, nil, c.ID, p)
}

// Issuers gives the issuers that the rules of a channel can name: those whose word the site takes.
func (s *Trust) Issuers(ctx context.Context, caller *access.Caller, channel string) ([]string, error) {
	if _, err := s.lookup.on(ctx, s.core, caller, access.TrustEdit, channel); err != nil {
		return nil, err
	}
	return slices.Clone(s.issuers), nil
}

// Get gives one rule of a channel.
func (s *Trust) Get(ctx context.Context, caller *access.Caller, channel, id string) (TrustRule, error) {
	c, err := s.lookup.on(ctx, s.core, caller, access.TrustEdit, channel)
	if err != nil {
		return TrustRule{}, err
	}
	return s.find(ctx, nil, c, id)
}

func (s *Trust) find(ctx context.Context, tx Tx, c Channel, id string) (TrustRule, error) {
	r, err := s.rules.TrustRule(ctx, tx, c.ID, id)
	if errors.Is(err, ErrNoRecord) {
		return TrustRule{}, notFound("channel %s has no trust rule %s", c.Path, clip(id, 100))
	}
	return r, err
}

// Create makes a rule. The caller must hold all that its tokens will.
func (s *Trust) Create(ctx context.Context, caller *access.Caller, channel string, in TrustInput) (TrustRule, error) {
	c, r, err := s.judged(ctx, caller, channel, in)
	if err != nil {
		return TrustRule{}, err
	}
	r.PublicID, r.CreatedBy, r.CreatedAt = uuid.NewString(), caller.Principal.Name, s.now()
	err = s.write(ctx, caller, func(w *work) error {
		_, n, err := s.rules.ListTrustRules(ctx, w.tx, c.ID, Page{Limit: 1})
		if err != nil {
			return err
		}
		if n >= maxTrustRules {
			return conflict("channel %s has %d trust rules already, the most that a channel can have", c.Path, n)
		}
		if r.ID, err = s.rules.InsertTrustRule(ctx, w.tx, r); err != nil {
			return err
		}
		if err := s.empower(ctx, w, c, r.Level); err != nil {
			return err
		}
		return w.record(ctx, EventTrustCreated, c.ID, c.Path, r.facts())
	})
	return r, err
}

// judged reads a rule and asks whether the caller may make it.
func (s *Trust) judged(ctx context.Context, caller *access.Caller, channel string, in TrustInput) (Channel, TrustRule, error) {
	c, err := s.lookup.on(ctx, s.core, caller, access.TrustEdit, channel)
	if err != nil {
		return c, TrustRule{}, err
	}
	if caller.Token != nil {
		// A rule outlives every token, and gives to others what a token would only have for a while.
		return c, TrustRule{}, &Error{Code: CodeWrongKind, Reason: "session_required", Message: "trust rules are made and changed only by somebody who has signed in; a token cannot do it"}
	}
	r, err := in.rule(s.issuers)
	if err != nil {
		return c, r, err
	}
	r.ChannelID, r.Channel, r.UpdatedAt = c.ID, c.Path, s.now()
	draft := access.Draft{Kind: access.ResourceToken, Resources: []access.Resource{{Channel: c.Access(), Level: r.Level}}}
	return c, r, s.tokens.judge(caller, access.CanTrust(caller, c.Access(), draft))
}

// Edit replaces what a rule says.
func (s *Trust) Edit(ctx context.Context, caller *access.Caller, channel, id string, in TrustInput) (TrustRule, error) {
	c, next, err := s.judged(ctx, caller, channel, in)
	if err != nil {
		return TrustRule{}, err
	}
	err = s.write(ctx, caller, func(w *work) error {
		had, err := s.find(ctx, w.tx, c, id)
		if err != nil {
			return err
		}
		next.ID, next.PublicID, next.CreatedBy, next.CreatedAt = had.ID, had.PublicID, had.CreatedBy, had.CreatedAt
		next.LastUsedAt, next.Uses = had.LastUsedAt, had.Uses
		if err := s.rules.UpdateTrustRule(ctx, w.tx, next); err != nil {
			return err
		}
		if err := s.empower(ctx, w, c, next.Level); err != nil {
			return err
		}
		return w.record(ctx, EventTrustUpdated, c.ID, c.Path, map[string]any{"from": had.facts(), "to": next.facts()})
	})
	return next, err
}

// Delete removes a rule. The service account loses what neither another rule nor a token needs, and the tokens that jobs
// have got lose it too.
func (s *Trust) Delete(ctx context.Context, caller *access.Caller, channel, id string) error {
	c, err := s.lookup.on(ctx, s.core, caller, access.TrustEdit, channel)
	if err != nil {
		return err
	}
	return s.write(ctx, caller, func(w *work) error {
		r, err := s.find(ctx, w.tx, c, id)
		if err != nil {
			return err
		}
		if err := s.rules.DeleteTrustRule(ctx, w.tx, r.ID); err != nil {
			return err
		}
		if err := s.weaken(ctx, w, c); err != nil {
			return err
		}
		return w.record(ctx, EventTrustDeleted, c.ID, c.Path, r.facts())
	})
}

// facts are what the audit keeps of a rule.
func (r TrustRule) facts() map[string]any {
	m := map[string]any{"id": r.PublicID, "issuer": r.Issuer, "claims": r.Claims, "permission": r.Level.String(), "minutes": int(r.Lifetime / time.Minute)}
	if len(r.Packages) > 0 {
		m["packages"] = r.Packages
	}
	return m
}

// MintInput is what a job hands in for a token.
type MintInput struct {
	Assertion Assertion
	// Channel narrows the token to one channel; empty means all that trust the job.
	Channel string
	// Origin is where the request comes from.
	Origin *access.Caller
}

// The reasons for which a job gets no token.
const (
	reasonUntrusted         = "assertion_untrusted"
	reasonAssertionReplayed = "assertion_replayed"
)

// Mint makes a token for a job that rules trust: all that they give, for the shortest of their lives. An assertion works
// once. Nothing is said of rules but which claim of the caller's own does not match.
func (s *Trust) Mint(ctx context.Context, in MintInput) (Issued, error) {
	out, err := s.mint(ctx, in)
	if e, ok := AsError(err); ok && e.Code == CodeCredential {
		s.refused(in, e)
	}
	return out, err
}

func (s *Trust) mint(ctx context.Context, in MintInput) (Issued, error) {
	if in.Assertion.Issuer == "" || in.Assertion.ID == "" {
		return Issued{}, invalid("token", "the assertion says neither who made it nor which one it is")
	}
	var out Issued
	err := s.write(ctx, in.Origin, func(w *work) error {
		rules, err := s.matching(ctx, w.tx, in)
		if err != nil {
			return err
		}
		reaches, err := combine(rules)
		if err != nil {
			return err
		}
		err = s.rules.InsertSpent(ctx, w.tx, spentHash("assertion of "+in.Assertion.Issuer, in.Assertion.ID), in.Assertion.ExpiresAt)
		if errors.Is(err, ErrTaken) {
			return &Error{Code: CodeCredential, Reason: reasonAssertionReplayed, Message: "this assertion has been used before; ask the CI system for a new one"}
		}
		if err != nil {
			return err
		}
		out, err = s.issue(ctx, w, in, rules, reaches)
		return err
	})
	return out, err
}

// matching gives the rules that trust the job.
func (s *Trust) matching(ctx context.Context, tx Tx, in MintInput) ([]TrustRule, error) {
	rules, err := s.rules.IssuerTrustRules(ctx, tx, in.Assertion.Issuer)
	if err != nil {
		return nil, err
	}
	var trusted []TrustRule
	var nearest []string
	for _, r := range rules {
		if in.Channel != "" && r.Channel != in.Channel {
			continue
		}
		wrong := r.mismatches(in.Assertion)
		if len(wrong) == 0 {
			trusted = append(trusted, r)
		} else if nearest == nil || len(wrong) < len(nearest) {
			nearest = wrong
		}
	}
	if len(trusted) == 0 {
		return nil, untrusted(in.Assertion, nearest)
	}
	return trusted, nil
}

// untrusted words the refusal in the caller's own claims.
func untrusted(a Assertion, wrong []string) error {
	message := "no channel trusts jobs of " + a.Issuer + "; ask its managers for a trust rule"
	if len(wrong) > 0 {
		said := make([]string, len(wrong))
		for i, name := range wrong {
			said[i] = name + " is missing"
			if value, ok := a.Claims[name]; ok {
				said[i] = name + " is " + clip(value, 200)
			}
		}
		message = "no trust rule matches this job: its claim " + strings.Join(said, ", its claim ")
	}
	return &Error{Code: CodeCredential, Reason: reasonUntrusted, Message: message}
}

// combine adds the rules up, channel by channel. What one token cannot hold is refused rather than widened.
func combine(rules []TrustRule) ([]reach, error) {
	var all []reach
	for _, r := range rules {
		i := slices.IndexFunc(all, func(g reach) bool { return g.rule.ChannelID == r.ChannelID })
		if i < 0 {
			all = append(all, reach{rule: r, level: r.Level})
			i = len(all) - 1
		}
		all[i].add(r)
	}
	for _, g := range all[1:] {
		if !slices.Equal(g.patterns(), all[0].patterns()) {
			return nil, invalid("channel", "several channels trust this job, each for other packages, which one token cannot hold; name the channel in the request")
		}
	}
	return all, nil
}

// issue makes the token. It belongs to the service account of the first channel, which is lent what the accounts of the
// others hold, for as long as the token lives.
func (s *Trust) issue(ctx context.Context, w *work, in MintInput, rules []TrustRule, reaches []reach) (Issued, error) {
	life := rules[0].Lifetime
	for _, r := range rules {
		life = min(life, r.Lifetime)
	}
	now := s.now()
	home, err := s.account(ctx, w.tx, reaches[0].rule)
	if err != nil {
		return Issued{}, err
	}
	t := Token{
		PublicID: uuid.NewString(), OwnerID: home.ID, Owner: home.Name, OwnerKind: access.KindServiceAccount, Kind: access.ResourceToken, Name: in.Assertion.title(),
		Description: "Made for a job by trusted publishing", ExpiresAt: now.Add(life), CreatedAt: now, UpdatedAt: now,
	}
	if t.Metadata, err = json.Marshal(map[string]any{"issuer": in.Assertion.Issuer, "rules": ruleIDs(rules)}); err != nil {
		return Issued{}, err
	}
	t.Restrictions.Packages = reaches[0].patterns()
	for i, g := range reaches {
		t.Resources = append(t.Resources, TokenResource{ChannelID: g.rule.ChannelID, Path: g.rule.Channel, Level: g.level})
		if i == 0 {
			continue
		}
		other, err := s.account(ctx, w.tx, g.rule)
		if err != nil {
			return Issued{}, err
		}
		if err := s.rules.LendMembership(ctx, w.tx, other.GroupID, home.ID, t.ExpiresAt); err != nil {
			return Issued{}, err
		}
		w.changed(ChangedPrincipal, home.ID, "")
	}
	w.caller = loginCaller(in.Origin, User{ID: home.ID, Name: home.Name, Kind: access.KindServiceAccount})
	return s.store(ctx, w, t, rules)
}

// store stores the token and its string.
func (s *Trust) store(ctx context.Context, w *work, t Token, rules []TrustRule) (Issued, error) {
	m := s.tokens.mint.Mint('o')
	var err error
	if t.ID, err = s.tokens.tokens.InsertToken(ctx, w.tx, t); err != nil {
		return Issued{}, err
	}
	if err := s.tokens.tokens.SetTokenResources(ctx, w.tx, t.ID, t.Resources); err != nil {
		return Issued{}, err
	}
	secret := Secret{TokenID: t.ID, MAC: m.MAC, Fingerprint: m.Fingerprint, CreatedAt: t.CreatedAt}
	if secret.ID, err = s.tokens.tokens.InsertSecret(ctx, w.tx, secret); err != nil {
		return Issued{}, err
	}
	if err := s.rules.InsertMinted(ctx, w.tx, t.ID, t.ExpiresAt); err != nil {
		return Issued{}, err
	}
	for _, r := range rules {
		if err := s.rules.UseTrustRule(ctx, w.tx, r.ID, t.CreatedAt); err != nil {
			return Issued{}, err
		}
	}
	t.Secrets = []Secret{secret}
	facts := t.facts()
	facts["rules"] = ruleIDs(rules)
	return Issued{Token: t, String: m.String}, w.record(ctx, EventTokenMinted, rules[0].ChannelID, t.PublicID, facts)
}

func ruleIDs(rules []TrustRule) []string {
	ids := make([]string, len(rules))
	for i, r := range rules {
		ids[i] = r.PublicID
	}
	return ids
}

// refused notes a job that got no token.
func (s *Trust) refused(in MintInput, why *Error) {
	e, err := newEvent(EventMintRefused, in.Origin, s.now())
	if err != nil {
		s.log.Error("refused job without an origin", "error", err)
		return
	}
	e.Outcome, e.Reason, e.Target = Denial, why.Reason, clip(in.Assertion.title(), 300)
	s.trail.Note(e)
}

// Refused notes a job whose assertion proves nothing.
func (s *Trust) Refused(origin *access.Caller, why *Error) {
	s.refused(MintInput{Origin: origin}, why)
}
