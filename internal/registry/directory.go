package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"kingsnake/internal/access"
)

// DirectoryStore reads what is known of those who call.
type DirectoryStore interface {
	UserByID(ctx context.Context, tx Tx, id int64) (User, error)
	ListRoles(ctx context.Context, tx Tx) ([]Role, error)
	PrincipalGrants(ctx context.Context, principal int64) ([]ChannelGrant, error)
	PrincipalGroups(ctx context.Context, principal int64) (map[int64]Level, error)
	ClaimRoles(ctx context.Context, tx Tx, principal int64, now time.Time) ([]Claimed, error)
	ClaimGroups(ctx context.Context, tx Tx, principal int64, now time.Time) ([]Claimed, error)
	ClaimGrants(ctx context.Context, principal int64, now time.Time) ([]ChannelGrant, error)
	TokenByID(ctx context.Context, tx Tx, id int64) (Token, error)
	TokenAncestors(ctx context.Context, token int64) ([]Ancestor, error)
	SecretByMAC(ctx context.Context, mac []byte) (Secret, error)
	DeadSecretByMAC(ctx context.Context, mac []byte) (DeadSecret, error)
	// StringByMAC tells where a string leads: to its own number and its token's, to 0 and 0 when it has ended.
	StringByMAC(ctx context.Context, mac []byte) (secret, token int64, err error)
	// StringsByMAC tells where several strings lead, by their MACs, in no order. Of those that never were it tells nothing.
	StringsByMAC(ctx context.Context, macs [][]byte) (map[string]StringPlace, error)
	SessionByPublicID(ctx context.Context, tx Tx, publicID string) (Session, error)
}

// ChannelGrant is a level on a channel that a group gives.
type ChannelGrant struct {
	ChannelID int64
	Level     access.Level
	Group     string
}

// DeadSecret remembers a string that once was good.
type DeadSecret struct {
	TokenPublicID string
	OwnerID       int64
	Reason        access.Problem
	DiedAt        time.Time
	// ReportedAt is when it was first found where it should not be, zero for never.
	ReportedAt time.Time
}

// Directory tells who a credential belongs to. It reads and never decides.
type Directory struct {
	store DirectoryStore
	now   func() time.Time
}

// NewDirectory makes a directory over a store.
func NewDirectory(store DirectoryStore, now func() time.Time) *Directory {
	return &Directory{store: store, now: now}
}

// Principal gives a principal as of now, until it lapses. One that is gone comes back inactive.
func (d *Directory) Principal(ctx context.Context, id int64) (*access.Principal, error) {
	u, err := d.store.UserByID(ctx, nil, id)
	if errors.Is(err, ErrNoRecord) {
		return &access.Principal{ID: id, Kind: access.KindUser, Name: "deleted account"}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("principal %d: %w", id, err)
	}
	lent, err := d.lent(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("claims of %s: %w", u.Name, err)
	}
	names := lent.withRoles(u.Roles)
	roles, err := d.roles(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("roles of %s: %w", u.Name, err)
	}
	grants, err := d.store.PrincipalGrants(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("grants of %s: %w", u.Name, err)
	}
	groups, err := d.store.PrincipalGroups(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("groups of %s: %w", u.Name, err)
	}
	u.Roles = names
	p := u.principal(roles, slices.Concat(grants, lent.grants))
	p.Groups, p.Lapses = groups, lent.lapses()
	for _, g := range lent.groups {
		p.Groups[g.ID] = max(p.Groups[g.ID], access.Read)
	}
	return p, nil
}

// principal puts together who an account is for a decision: with the names of all of its roles in it, the roles of the
// site that it holds, and what its groups give. What it may do with the groups themselves is left out.
func (u User) principal(roles []access.Role, grants []ChannelGrant) *access.Principal {
	p := &access.Principal{
		ID: u.ID, Kind: u.Kind, Name: u.Name, Active: !u.Disabled, Admin: slices.Contains(u.Roles, access.RoleAdmin),
		Roles: append([]string{access.RoleEveryone}, u.Roles...), Ceiling: access.CeilingOf(roles...),
		Channels: make(map[int64]access.Grant, len(grants)),
	}
	for _, g := range grants {
		if g.Level > p.Channels[g.ChannelID].Level {
			p.Channels[g.ChannelID] = access.Grant{Level: g.Level, Group: g.Group}
		}
	}
	return p
}

// roles gives the named roles and everyone, which all hold.
func (d *Directory) roles(ctx context.Context, names []string) ([]access.Role, error) {
	all, err := d.store.ListRoles(ctx, nil)
	if err != nil {
		return nil, err
	}
	return heldRoles(all, names), nil
}

// heldRoles are the named ones and everyone, which all hold.
func heldRoles(all []Role, names []string) []access.Role {
	var out []access.Role
	for _, r := range all {
		if r.Name == access.RoleEveryone || slices.Contains(names, r.Name) {
			out = append(out, r.Role)
		}
	}
	return out
}

// Everyone gives the anonymous principal with the site's role everyone.
func (d *Directory) Everyone(ctx context.Context) (*access.Principal, error) {
	roles, err := d.roles(ctx, nil)
	if err != nil {
		return nil, err
	}
	p := access.Anonymous()
	p.Ceiling = access.CeilingOf(roles...)
	return p, nil
}

// ErrEnded says that a string once was good; Dead knows more.
var ErrEnded = errors.New("the string has ended")

// StringPlace is where a string leads: to its own number and its token's. That of one that has ended leads nowhere.
type StringPlace struct {
	Secret, Token int64
	Ended         bool
}

// Known fails with ErrEnded for a string that has ended, and with ErrNoRecord for one that never was.
func (p StringPlace) Known() (StringPlace, error) {
	switch {
	case p.Ended:
		return p, ErrEnded
	case p.Secret == 0:
		return p, ErrNoRecord
	}
	return p, nil
}

// String finds the string with this MAC and its token. It fails as Known does, and asks once for all of that: most strings that
// lead nowhere never were good.
func (d *Directory) String(ctx context.Context, mac [32]byte) (StringPlace, error) {
	secret, token, err := d.store.StringByMAC(ctx, mac[:])
	if err != nil {
		return StringPlace{}, err
	}
	return StringPlace{Secret: secret, Token: token, Ended: secret == 0}.Known()
}

// Strings finds those of several strings that are, or were once, and asks once for all.
func (d *Directory) Strings(ctx context.Context, macs [][32]byte) (map[[32]byte]StringPlace, error) {
	list := make([][]byte, len(macs))
	for i := range macs {
		list[i] = macs[i][:]
	}
	places, err := d.store.StringsByMAC(ctx, list)
	if err != nil {
		return nil, err
	}
	out := make(map[[32]byte]StringPlace, len(places))
	for _, mac := range macs {
		if p, ok := places[string(mac[:])]; ok {
			out[mac] = p
		}
	}
	return out, nil
}

// Secret finds the string with this MAC.
func (d *Directory) Secret(ctx context.Context, mac []byte) (Secret, error) {
	return d.store.SecretByMAC(ctx, mac)
}

// Dead finds a string that once was good.
func (d *Directory) Dead(ctx context.Context, mac []byte) (DeadSecret, error) {
	return d.store.DeadSecretByMAC(ctx, mac)
}

// Token gives a token with its strings.
func (d *Directory) Token(ctx context.Context, id int64) (Token, error) {
	return d.store.TokenByID(ctx, nil, id)
}

// Ancestors gives the tokens that a token was minted by, the nearest first.
func (d *Directory) Ancestors(ctx context.Context, t Token) ([]Ancestor, error) {
	if t.MintedBy == 0 {
		return nil, nil
	}
	return d.store.TokenAncestors(ctx, t.ID)
}

// Session gives a session by the name that its bearer carries.
func (d *Directory) Session(ctx context.Context, publicID string) (Session, error) {
	return d.store.SessionByPublicID(ctx, nil, publicID)
}
