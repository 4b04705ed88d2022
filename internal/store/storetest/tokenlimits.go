package storetest

import (
	"net/netip"
	"time"

	"kingsnake/internal/registry"
)

// tokenLimits: restrictions come back as they were, uses are counted up the line of those that minted, and the line is
// found in both directions.
func (s *suite) tokenLimits() {
	u := s.user("ada")
	parent := s.token(u, "parent", func(t *registry.Token) {
		t.Restrictions.Channels, t.Restrictions.Packages = []string{"team/*"}, []string{"numpy"}
		t.Restrictions.CIDRs = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
		t.Restrictions.NotBefore, t.Restrictions.MaxUses, t.ExpiresAt = at(5), 3, at(90)
	})
	child := s.token(u, "child", func(t *registry.Token) { t.MintedBy = parent.Secrets[0].ID })
	grandchild := s.token(u, "grandchild", func(t *registry.Token) { t.MintedBy, t.Restrictions.MaxUses = child.Secrets[0].ID, 2 })
	same(s, "restrictions", must[registry.Token](s, "read")(s.TokenByID(s.ctx(), nil, parent.ID)), parent)

	same(s, "below", must[[]int64](s, "below")(s.DescendantTokens(s.ctx(), nil, parent.ID)), []int64{child.ID, grandchild.ID})
	same(s, "below the last", must[[]int64](s, "below")(s.DescendantTokens(s.ctx(), nil, grandchild.ID)), nil)
	above := []registry.Ancestor{
		{TokenID: child.ID, OwnerID: u.ID, SecretCreated: at(0)},
		{TokenID: parent.ID, OwnerID: u.ID, ExpiresAt: at(90), SecretCreated: at(0), MaxUses: 3},
	}
	same(s, "above", must[[]registry.Ancestor](s, "above")(s.TokenAncestors(s.ctx(), grandchild.ID)), above)
	same(s, "above the first", must[[]registry.Ancestor](s, "above")(s.TokenAncestors(s.ctx(), parent.ID)), nil)

	debit := func(token int64, want ...registry.Debit) {
		s.Helper()
		s.write(func(tx registry.Tx) error {
			got, err := s.DebitToken(s.ctx(), tx, token)
			byID := map[int64]registry.Debit{}
			for _, d := range got {
				byID[d.TokenID] = d
			}
			wanted := map[int64]registry.Debit{}
			for _, d := range want {
				wanted[d.TokenID] = d
			}
			same(s, "debits", byID, wanted)
			return err
		})
	}
	debit(grandchild.ID, registry.Debit{TokenID: grandchild.ID, Uses: 1, MaxUses: 2}, registry.Debit{TokenID: parent.ID, Uses: 1, MaxUses: 3})
	debit(child.ID, registry.Debit{TokenID: parent.ID, Uses: 2, MaxUses: 3})
	debit(parent.ID, registry.Debit{TokenID: parent.ID, Uses: 3, MaxUses: 3})
	debit(grandchild.ID, registry.Debit{TokenID: grandchild.ID, Uses: 2, MaxUses: 2}, registry.Debit{TokenID: parent.ID, Uses: 4, MaxUses: 3})

	parent.Restrictions.MaxUses, parent.Restrictions.Channels = 9, nil
	s.write(func(tx registry.Tx) error { return s.UpdateToken(s.ctx(), tx, parent) })
	parent.Restrictions.Uses = 4
	same(s, "after an update", must[registry.Token](s, "read")(s.TokenByID(s.ctx(), nil, parent.ID)), parent)

	// A line whose string is gone is dead, and says so.
	s.write(func(tx registry.Tx) error {
		return s.KillSecret(s.ctx(), tx, child.Secrets[0], child, registry.Problem("revoked"), at(1).Add(time.Second))
	})
	same(s, "above a gap", must[[]registry.Ancestor](s, "above")(s.TokenAncestors(s.ctx(), grandchild.ID)), []registry.Ancestor{{}})
}
