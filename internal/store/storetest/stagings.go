package storetest

import (
	"net/netip"

	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
)

// stagings are uploads in several requests, and the blobs that they hold.
func (s *suite) stagings() {
	c, u := s.channel("team", private), s.user("ada")
	stage := func(id string, end int) registry.Staging {
		g := registry.Staging{
			PublicID: id, Ticket: []byte("ticket of " + id), ChannelID: c.ID, Path: c.Path, Name: "alpha", Version: "1.0", Subdir: "noarch",
			Filename: "alpha-1.0-0.conda", Labels: []string{"beta", "main"}, SHA256: blob.Sum([]byte(id)), CreatedAt: at(0), ExpiresAt: at(end),
			Asker: registry.Asker{
				Via: "token", PrincipalID: u.ID, Principal: u.Name, TokenID: 7, SecretID: 8, Token: "t", Address: netip.MustParseAddr("10.0.0.1"), Client: "tool", RequestID: "r",
			},
		}
		s.write(func(tx registry.Tx) error { return s.InsertStaging(s.ctx(), tx, g) })
		got := must[registry.Staging](s, "staging")(s.StagingByPublicID(s.ctx(), nil, id))
		g.ID = got.ID
		same(s, "what was announced", got, g)
		return g
	}
	one, two := stage("one", 5), stage("two", 10)
	for i, want := range map[int]int64{0: 2, 7: 1, 10: 0} {
		if n, err := s.CountStagings(s.ctx(), nil, u.ID, at(i)); n != want || err != nil {
			s.Errorf("%d uploads of the account after %d minutes, %v, want %d", n, i, err, want)
		}
	}
	s.namedIs("before it came", one.SHA256, false)
	one.Size, one.MD5, one.ReceivedAt = 3, [16]byte{1}, at(1)
	receive := func(tx registry.Tx) error { return s.ReceiveStaging(s.ctx(), tx, one) }
	s.write(receive)
	s.fails("receiving it again", s.Store.Write(s.ctx(), receive), registry.ErrNoRecord)
	same(s, "what came in", must[registry.Staging](s, "staging")(s.StagingByTicket(s.ctx(), nil, one.Ticket)), one)
	s.namedIs("when it came", one.SHA256, true)
	stagedIs := func(when string, minutes int, want int64) {
		s.Helper()
		if n, err := s.StagedBytes(s.ctx(), nil, c.ID, at(minutes)); n != want || err != nil {
			s.Errorf("%s: %d bytes are staged, %v, want %d", when, n, err, want)
		}
	}
	stagedIs("of two of which one came", 0, 3)
	stagedIs("at its end", 5, 0)
	if n, err := s.StagedBytes(s.ctx(), nil, s.channel("other", private).ID, at(0)); n != 0 || err != nil {
		s.Errorf("another channel: %d bytes are staged, %v, want none", n, err)
	}
	s.write(func(tx registry.Tx) error {
		gone, err := s.PruneStagings(s.ctx(), tx, at(6))
		same(s, "blobs of the uploads that ended", gone, []blob.Hash{one.SHA256})
		return err
	})
	s.namedIs("after its end", one.SHA256, false)
	_, err := s.StagingByTicket(s.ctx(), nil, one.Ticket)
	s.fails("after its end", err, registry.ErrNoRecord)
	s.write(func(tx registry.Tx) error { return s.DeleteStaging(s.ctx(), tx, two.ID) })
	s.fails("deleting it again", s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.DeleteStaging(s.ctx(), tx, two.ID) }), registry.ErrNoRecord)
	stage("three", 5)
	s.write(func(tx registry.Tx) error { return s.DeleteChannel(s.ctx(), tx, c.ID) })
	_, err = s.StagingByPublicID(s.ctx(), nil, "three")
	s.fails("an upload to a deleted channel", err, registry.ErrNoRecord)
}

// namedIs checks whether a blob is named.
func (s *suite) namedIs(when string, h blob.Hash, want bool) {
	s.Helper()
	if got, err := s.BlobNamed(s.ctx(), nil, h); got != want || err != nil {
		s.Errorf("%s the blob is named: %v, %v, want %v", when, got, err, want)
	}
}
