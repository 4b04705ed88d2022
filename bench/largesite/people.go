package largesite

import (
	"context"
	"fmt"

	"kingsnake/internal/access"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
	"kingsnake/internal/server"
)

// Fill makes a large site of a new one. Say is told how it goes.
func Fill(ctx context.Context, site *server.Site, seed uint64, size Size, say func(string)) error {
	m := newMaker(site, seed, say)
	for _, step := range []func(context.Context, Size) error{
		m.makeUsers, m.makeGroups, m.makeChannels, m.makeTokens, m.makePackages, m.makeHistory,
	} {
		if err := step(ctx, size); err != nil {
			return err
		}
	}
	return nil
}

// makeAccounts makes the accounts that sign in.
func (m *maker) makeAccounts(ctx context.Context) error {
	caller := identity.Local(start)
	accounts := m.site.Service.Accounts
	if _, err := accounts.Bootstrap(ctx, caller, Password); err != nil {
		return err
	}
	for _, name := range []string{Author, Outsider} {
		if _, err := accounts.CreateUser(ctx, caller, registry.UserInput{Name: name, Email: name + "@example.com", Password: Password}); err != nil {
			return err
		}
	}
	author, err := m.store.UserByName(ctx, nil, Author)
	m.author = author.ID
	m.names[author.ID] = Author
	return err
}

func (m *maker) makeUsers(ctx context.Context, size Size) error {
	if err := m.makeAccounts(ctx); err != nil {
		return err
	}
	roles, err := m.store.ListRoles(ctx, nil)
	if err != nil {
		return err
	}
	var author int64
	for _, r := range roles {
		if r.Name == access.RoleAuthor {
			author = r.ID
		}
	}
	return m.each(ctx, "users", size.Users, func(tx registry.Tx, i int) error {
		at := m.time()
		u := registry.User{
			PublicID: m.id(), Kind: access.KindUser, Name: fmt.Sprintf("%s.%s%d", pick(m.rng, firstNames()), pick(m.rng, lastNames()), i),
			Disabled: m.rng.IntN(20) == 0, LastLoginAt: at, CreatedAt: at, UpdatedAt: at,
		}
		u.Email = u.Name + "@example.com"
		var err error
		if u.ID, err = m.store.InsertUser(ctx, tx, u); err != nil {
			return err
		}
		m.users = append(m.users, u.ID)
		m.names[u.ID] = u.Name
		return m.store.SetRoles(ctx, tx, u.ID, []int64{author})
	})
}

// makeGroups makes groups of some ten members; the first hundred hold the author too, the very first has a fifth of all.
func (m *maker) makeGroups(ctx context.Context, size Size) error {
	return m.each(ctx, "groups", size.Groups, func(tx registry.Tx, i int) error {
		at := m.time()
		id, err := m.store.InsertGroup(ctx, tx, registry.Group{
			PublicID: m.id(), Name: fmt.Sprintf("%s-%s-%04d", pick(m.rng, adjectives()), pick(m.rng, nouns()), i),
			Description: "People who work on " + pick(m.rng, nouns()), CreatedAt: at, UpdatedAt: at,
		})
		if err != nil {
			return err
		}
		m.groups = append(m.groups, id)
		n := 1 + m.rng.IntN(20)
		if i == 0 {
			n = size.Users / 5
		}
		for range n {
			if err := m.store.SetMember(ctx, tx, id, pick(m.rng, m.users), access.Read); err != nil {
				return err
			}
		}
		if i < 100 {
			return m.store.SetMember(ctx, tx, id, m.author, access.Manage)
		}
		return nil
	})
}

func (m *maker) makeChannels(ctx context.Context, size Size) error {
	return m.each(ctx, "channels", size.Channels+size.Subchannels, func(tx registry.Tx, i int) error {
		at := m.time()
		c := registry.Channel{
			PublicID: m.id(), Name: fmt.Sprintf("team-%04d", i), Description: "Packages of the " + pick(m.rng, nouns()) + " team",
			Privacy: m.privacy(), Type: registry.DefaultChannel, Indexing: registry.DefaultIndexing, CreatedAt: at, UpdatedAt: at,
		}
		c.Path = c.Name
		if i == 0 {
			c.Privacy = access.Authenticated // Everybody who signs in finds it.
		}
		if i >= size.Channels {
			parent := m.channels[m.rng.IntN(size.Channels)]
			c.ParentID, c.Path = parent.ID, parent.Path+"/"+c.Name
		}
		var err error
		if c.ID, err = m.store.InsertChannel(ctx, tx, c); err != nil {
			return err
		}
		m.channels = append(m.channels, c)
		if c.ParentID == 0 {
			if err := m.makeOwners(ctx, tx, c, i); err != nil {
				return err
			}
		}
		return m.grantGroups(ctx, tx, c, i)
	})
}

func (m *maker) privacy() access.Privacy {
	return pick(m.rng, []access.Privacy{access.Private, access.Private, access.Private, access.Authenticated, access.Public})
}

// makeOwners makes the group that owns a channel; the author owns every thirtieth.
func (m *maker) makeOwners(ctx context.Context, tx registry.Tx, c registry.Channel, i int) error {
	id, err := m.store.InsertGroup(ctx, tx, registry.Group{
		PublicID: m.id(), Name: registry.OwnersGroup(c.Path), Description: "Owners of channel " + c.Path, OwnersOf: c.ID, CreatedAt: c.CreatedAt, UpdatedAt: c.CreatedAt,
	})
	if err != nil {
		return err
	}
	for range 1 + m.rng.IntN(3) {
		if err := m.store.SetMember(ctx, tx, id, pick(m.rng, m.users), access.Manage); err != nil {
			return err
		}
	}
	if i%30 == 0 {
		if err := m.store.SetMember(ctx, tx, id, m.author, access.Manage); err != nil {
			return err
		}
	}
	return m.store.SetChannelGroup(ctx, tx, c.ID, id, access.Manage, c.CreatedAt.UnixMilli())
}

// grantGroups gives some groups permissions, on the first channel a hundred of them.
func (m *maker) grantGroups(ctx context.Context, tx registry.Tx, c registry.Channel, i int) error {
	n := m.rng.IntN(4)
	if i == 0 {
		n = 100
	}
	for range n {
		level := pick(m.rng, []access.Level{access.Read, access.Read, access.Write, access.Manage})
		if err := m.store.SetChannelGroup(ctx, tx, c.ID, pick(m.rng, m.groups), level, c.CreatedAt.UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}
