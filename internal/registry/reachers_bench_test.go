package registry_test

import (
	"strconv"
	"testing"

	"kingsnake/internal/access"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
)

// BenchmarkReachers asks who can reach a channel on a site with 100,000 tokens, of which a hundred name the channel, and on
// one where all of them do.
func BenchmarkReachers(b *testing.B) {
	const all, few = 100_000, 100
	for _, naming := range []int{few, all} {
		b.Run(strconv.Itoa(naming)+" of "+strconv.Itoa(all)+" tokens", func(b *testing.B) {
			w := newReachWorld(b)
			w.crowd(b, all, naming)
			caller := identity.Local(w.now)
			b.ReportAllocs()
			for b.Loop() {
				page, total, err := w.svc.Access.Reachers(b.Context(), caller, "team", registry.ReachInput{}, registry.Page{Limit: 100})
				// One owner has the channel besides the tokens.
				if err != nil || len(page) != 100 || total != int64(naming)+1 {
					b.Fatalf("%d of %d, %v, want %d", len(page), total, err, naming+1)
				}
			}
		})
	}
}

// crowd makes a site with a channel and many tokens, some of which name the channel and the others another one.
func (w *reachWorld) crowd(b *testing.B, all, naming int) {
	b.Helper()
	s := &reachSite{reachWorld: w, in: map[[2]int64]bool{}, has: map[[2]int64]access.Level{}}
	ctx := b.Context()
	err := w.db.Write(ctx, func(tx registry.Tx) error {
		for _, r := range []access.Role{access.Everyone(), access.Author(), access.Admin()} {
			if _, err := w.db.InsertRole(ctx, tx, registry.Role{PublicID: r.Name, Role: r}); err != nil {
				return err
			}
		}
		var channels []registry.Channel
		for _, name := range []string{"team", "other"} {
			c, err := s.makeChannel(ctx, tx, registry.Channel{Name: name, Privacy: access.Private})
			if err != nil {
				return err
			}
			channels = append(channels, c)
		}
		owner, err := s.makeUser(ctx, tx, registry.User{Kind: access.KindUser, Name: "owner", CreatedAt: w.now, UpdatedAt: w.now})
		if err != nil {
			return err
		}
		g, err := s.makeGroup(ctx, tx, registry.Group{Name: "team_owners", OwnersOf: channels[0].ID}, channels[0].ID, access.Manage)
		if err != nil {
			return err
		}
		roles, err := w.db.ListRoles(ctx, tx)
		if err != nil {
			return err
		}
		for _, r := range roles {
			if r.Name == access.RoleAuthor {
				err = w.db.SetRoles(ctx, tx, owner.ID, []int64{r.ID})
			}
		}
		if err != nil {
			return err
		}
		if err := w.db.SetMember(ctx, tx, g.ID, owner.ID, access.Read); err != nil {
			return err
		}
		for i := range all {
			c := channels[1]
			if i < naming {
				c = channels[0]
			}
			t := registry.Token{
				PublicID: "token" + strconv.Itoa(i), OwnerID: owner.ID, Kind: access.ResourceToken, Name: "token" + strconv.Itoa(i), Metadata: []byte("{}"),
				CreatedAt: w.now, UpdatedAt: w.now,
			}
			if t.ID, err = w.db.InsertToken(ctx, tx, t); err != nil {
				return err
			}
			if err := w.db.SetTokenResources(ctx, tx, t.ID, []registry.TokenResource{{ChannelID: c.ID, Level: access.Write}}); err != nil {
				return err
			}
			if _, err := w.db.InsertSecret(ctx, tx, registry.Secret{TokenID: t.ID, MAC: []byte(t.PublicID), CreatedAt: w.now}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
