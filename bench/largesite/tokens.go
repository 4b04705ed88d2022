package largesite

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// makeTokens gives the author two hundredths of all tokens and one other account, which builds, a fifth.
func (m *maker) makeTokens(ctx context.Context, size Size) error {
	if err := m.makeServices(ctx, size); err != nil {
		return err
	}
	scopes := access.Scopes(access.ChannelView, access.ChannelViewArtifacts, access.ArtifactView, access.ArtifactDownload)
	return m.each(ctx, "tokens", size.Tokens, func(tx registry.Tx, i int) error {
		t := registry.Token{
			PublicID: m.id(), OwnerID: pick(m.rng, m.users), Kind: access.ResourceToken, Name: fmt.Sprintf("%s-%06d", pick(m.rng, nouns()), i),
			Description: "Used by a " + pick(m.rng, nouns()), Metadata: []byte("{}"), CreatedAt: m.time(),
		}
		switch {
		case i%50 == 0:
			t.OwnerID = m.author
		case i%5 == 1:
			t.OwnerID = m.users[0]
		}
		if i%4 == 0 {
			t.Kind, t.Scopes = access.ScopeToken, scopes
		}
		t.UpdatedAt = t.CreatedAt
		if m.rng.IntN(3) > 0 {
			t.ExpiresAt = t.CreatedAt.Add(time.Duration(30+m.rng.IntN(2000)) * 24 * time.Hour)
		}
		return m.putToken(ctx, tx, t)
	})
}

// putToken writes a token with its resources, its string and what it was used for.
func (m *maker) putToken(ctx context.Context, tx registry.Tx, t registry.Token) (err error) {
	if t.ID, err = m.store.InsertToken(ctx, tx, t); err != nil {
		return err
	}
	channels := m.someChannels(1 + m.rng.IntN(3))
	if t.Kind == access.ResourceToken {
		for _, c := range channels {
			t.Resources = append(t.Resources, registry.TokenResource{ChannelID: c, Level: pick(m.rng, []access.Level{access.Read, access.Read, access.Write})})
		}
		if err := m.store.SetTokenResources(ctx, tx, t.ID, t.Resources); err != nil {
			return err
		}
	}
	mac := m.hash()
	secret, err := m.store.InsertSecret(ctx, tx, registry.Secret{TokenID: t.ID, MAC: mac[:], Fingerprint: hex.EncodeToString(mac[:6]), CreatedAt: t.CreatedAt})
	if err != nil || m.rng.IntN(3) == 0 {
		return err
	}
	used := t.CreatedAt.Add(time.Duration(m.rng.IntN(3000)) * time.Hour)
	if err := m.store.AddSecretUse(ctx, tx, secret, registry.SecretUse{Uses: m.rng.Int64N(10_000), At: used, Address: "192.0.2.7", Client: "conda/26.9"}); err != nil {
		return err
	}
	_, err = m.store.AddTokenUse(ctx, tx, t.ID, registry.TokenUse{Scope: access.ArtifactDownload, Channel: channels[0], Uses: 1 + m.rng.Int64N(1000), LastUsedAt: used}, 100)
	return err
}

// someChannels are different channels, one in eight of the time the big one among them.
func (m *maker) someChannels(n int) []int64 {
	seen := map[int64]bool{}
	var out []int64
	for len(out) < n {
		c := pick(m.rng, m.channels).ID
		if len(out) == 0 && m.rng.IntN(8) == 0 {
			c = m.channels[0].ID
		}
		if !seen[c] {
			seen[c] = true
			out = append(out, c)
		}
	}
	return out
}

// makeServices gives every twentieth channel a service account with five tokens.
func (m *maker) makeServices(ctx context.Context, size Size) error {
	return m.each(ctx, "service accounts", size.Channels/20, func(tx registry.Tx, i int) error {
		c := m.channels[i*20]
		name := registry.ServiceAccountName(c.Path)
		id, err := m.store.InsertUser(ctx, tx, registry.User{PublicID: m.id(), Kind: access.KindServiceAccount, Name: name, CreatedAt: c.CreatedAt, UpdatedAt: c.CreatedAt})
		if err != nil {
			return err
		}
		group, err := m.store.InsertGroup(ctx, tx, registry.Group{PublicID: m.id(), Name: name, CreatedAt: c.CreatedAt, UpdatedAt: c.CreatedAt})
		if err != nil {
			return err
		}
		if err := m.store.InsertServiceAccount(ctx, tx, registry.ServiceAccount{ID: id, ChannelID: c.ID, GroupID: group, CreatedBy: Author}); err != nil {
			return err
		}
		if err := m.store.SetMember(ctx, tx, group, id, access.Read); err != nil {
			return err
		}
		if err := m.store.SetChannelGroup(ctx, tx, c.ID, group, access.Write, c.CreatedAt.UnixMilli()); err != nil {
			return err
		}
		for range 5 {
			t := registry.Token{
				PublicID: m.id(), OwnerID: id, Kind: access.ResourceToken, Name: pick(m.rng, nouns()), Metadata: []byte("{}"),
				Resources: []registry.TokenResource{{ChannelID: c.ID, Level: access.Write}}, CreatedAt: c.CreatedAt, UpdatedAt: c.CreatedAt,
			}
			if t.ID, err = m.store.InsertToken(ctx, tx, t); err != nil {
				return err
			}
			if err := m.store.SetTokenResources(ctx, tx, t.ID, t.Resources); err != nil {
				return err
			}
			mac := m.hash()
			if _, err := m.store.InsertSecret(ctx, tx, registry.Secret{TokenID: t.ID, MAC: mac[:], Fingerprint: hex.EncodeToString(mac[:6]), CreatedAt: t.CreatedAt}); err != nil {
				return err
			}
		}
		return nil
	})
}
