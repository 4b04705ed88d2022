package registry

import (
	"context"
	"slices"
	"time"

	"kingsnake/internal/access"
)

// hit is a reported string that this server issued.
type hit struct {
	Suspect
	// at is its place in the report.
	at          int
	mac         []byte
	fingerprint string
	// token and secret are the numbers of a string that is still kept; dead is one that has ended.
	token, secret int64
	dead          *DeadSecret
}

// ReportLeaks takes strings that somebody found where they should not be, and says of each what became of it. It asks
// nobody for a right: whoever holds a string could do worse with it. A string that works is revoked together with its
// token's other strings and all that they minted, unless the site only wants the owner told; of one that has ended the
// owner is told once.
func (s *Tokens) ReportLeaks(ctx context.Context, finder *access.Caller, found []Suspect) ([]LeakVerdict, error) {
	if len(found) > MaxSuspects {
		return nil, invalid("tokens", "report at most %d strings at once", MaxSuspects)
	}
	site, err := s.settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	verdicts := make([]LeakVerdict, len(found))
	var hits []hit
	for i, f := range found {
		h, err := s.recognize(ctx, f, &verdicts[i])
		if err != nil {
			return nil, err
		}
		if h.mac != nil {
			h.at = i
			hits = append(hits, h)
		}
	}
	if len(hits) == 0 {
		return verdicts, nil
	}
	if err := s.usage.Flush(ctx); err != nil {
		return nil, err
	}
	err = s.write(ctx, finder, func(w *work) error {
		for _, h := range hits {
			if verdicts[h.at], err = s.leaked(ctx, w, h, site.LeakedTokens == LeakPolicyRevoke); err != nil {
				return err
			}
		}
		return nil
	})
	return verdicts, err
}

// recognize finds out whether there is anything to do about a string, which the hit then says, and else its verdict.
func (s *Tokens) recognize(ctx context.Context, f Suspect, verdict *LeakVerdict) (hit, error) {
	m, ok := s.mint.Recognize(f.String)
	if !ok {
		*verdict = LeakMalformed
		return hit{}, nil
	}
	h := hit{Suspect: f, mac: m.MAC, fingerprint: m.Fingerprint}
	x, err := s.directory.Secret(ctx, m.MAC)
	if err == nil {
		h.token, h.secret = x.TokenID, x.ID
		return h, nil
	}
	if !errorIsGone(err) {
		return hit{}, err
	}
	d, err := s.directory.Dead(ctx, m.MAC)
	switch {
	case errorIsGone(err):
		*verdict = LeakUnknown
		return hit{}, nil
	case err != nil:
		return hit{}, err
	case !d.ReportedAt.IsZero():
		*verdict = LeakRevoked
		return hit{}, nil
	}
	h.dead = &d
	return h, nil
}

// leaked does what the site wants done about a string that was found.
func (s *Tokens) leaked(ctx context.Context, w *work, h hit, revoke bool) (LeakVerdict, error) {
	if h.dead != nil {
		return LeakRevoked, s.deadLeaked(ctx, w, h, *h.dead)
	}
	t, err := s.tokens.TokenByID(ctx, w.tx, h.token)
	if errorIsGone(err) {
		return LeakRevoked, nil // Its end came between the question and now.
	}
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(t.Secrets, func(x Secret) bool { return x.ID == h.secret })
	if i < 0 {
		// It ended meanwhile, or with another string of the same report.
		reason := access.ProblemRotated
		if t.Leaked() {
			reason = access.ProblemLeaked
		}
		return LeakRevoked, s.deadLeaked(ctx, w, h, DeadSecret{TokenPublicID: t.PublicID, OwnerID: t.OwnerID, Reason: reason})
	}
	x := t.Secrets[i]
	if !x.RetiresAt.IsZero() && !s.now().Before(x.RetiresAt) {
		return LeakRevoked, s.retiredLeaked(ctx, w, h, t, x)
	}
	known := t.Leak != nil && t.Leak.Fingerprint == h.fingerprint
	if known && !revoke {
		return LeakReported, nil
	}
	t.Leak, t.UpdatedAt = h.leak(w.caller, x, s.now()), s.now()
	verdict := LeakReported
	if revoke {
		verdict = LeakRevoked
		for _, each := range t.Secrets {
			if err := s.kill(ctx, w, t, each, access.ProblemLeaked); err != nil {
				return "", err
			}
		}
		if err := s.tokens.MarkDeadReported(ctx, w.tx, h.mac, s.now()); err != nil {
			return "", err
		}
	}
	if err := s.tokens.UpdateToken(ctx, w.tx, t); err != nil {
		return "", err
	}
	if err := s.touch(ctx, w, t.ID); err != nil {
		return "", err
	}
	return verdict, t.record(ctx, w, EventTokenLeaked, h.facts(t.facts(), verdict))
}

// retiredLeaked notes that an old string of a token was found, whose overlap is over. The token's new string lives on.
func (s *Tokens) retiredLeaked(ctx context.Context, w *work, h hit, t Token, x Secret) error {
	if err := s.kill(ctx, w, t, x, access.ProblemRotated); err != nil {
		return err
	}
	if err := s.touch(ctx, w, t.ID); err != nil {
		return err
	}
	return s.deadLeaked(ctx, w, h, DeadSecret{TokenPublicID: t.PublicID, OwnerID: t.OwnerID, Reason: access.ProblemRotated})
}

// deadLeaked notes that a string was found which had ended, the first time that it is.
func (s *Tokens) deadLeaked(ctx context.Context, w *work, h hit, d DeadSecret) error {
	err := s.tokens.MarkDeadReported(ctx, w.tx, h.mac, s.now())
	if errorIsGone(err) {
		return nil // Somebody else has told of it.
	}
	if err != nil {
		return err
	}
	return w.recordAbout(ctx, d.OwnerID, EventTokenLeaked, 0, d.TokenPublicID, h.facts(map[string]any{"ended_before": string(d.Reason)}, LeakRevoked))
}

// leak is what is kept of a live string that was found.
func (h hit) leak(finder *access.Caller, x Secret, at time.Time) *Leak {
	l := &Leak{
		At: time.UnixMilli(at.UnixMilli()).UTC(), Fingerprint: h.fingerprint, URL: told(h.URL, maxLeakURL), Source: told(h.Source, maxLeakSource),
		LastUsedAt: x.LastUsedAt, LastUsedAddress: x.LastUsedAddress,
	}
	if finder.Address.IsValid() {
		l.Address = finder.Address.String()
	}
	return l
}

// facts adds to those of the token what is known of the find.
func (h hit) facts(m map[string]any, verdict LeakVerdict) map[string]any {
	m["fingerprint"], m["verdict"] = h.fingerprint, string(verdict)
	if url := told(h.URL, maxLeakURL); url != "" {
		m["url"] = url
	}
	if source := told(h.Source, maxLeakSource); source != "" {
		m["source"] = source
	}
	return m
}
