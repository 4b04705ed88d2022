package registry

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"kingsnake/internal/access"
)

// TokenUse is how often a token used one of its rights in one place, and when last.
type TokenUse struct {
	Scope access.Scope
	// Channel and Package say where, as those of access.Use do.
	Channel int64
	Package string
	// Path is the channel's, empty where there is no one channel and where it is gone.
	Path       string
	Uses       int64
	LastUsedAt time.Time
}

// use is what the decision knows of it.
func (u TokenUse) use() access.Use {
	return access.Use{Scope: u.Scope, Channel: u.Channel, Package: u.Package}
}

// DecodeScope sets the scope from its name; one that is not known any more is none.
func (u *TokenUse) DecodeScope(name string) { u.Scope, _ = access.ParseScope(name) }

// The bounds of what is noted of the uses of rights.
const (
	// maxTokenUses is how many pairs of right and channel are noted of one token. Further channels are noted as one.
	maxTokenUses = 1000
	// maxRights is how many of them are held in memory. What comes beyond it while the database takes none is not noted.
	maxRights = 4 * maxPending
	// rightsBatch is how many of them are written in one transaction, which others have to wait for.
	rightsBatch = 500
)

// KeepTokenUses is how long it is remembered that a token used a right. No advice looks back further.
const KeepTokenUses = 400 * 24 * time.Hour

type rightKey struct {
	token int64
	use   access.Use
}

type rightCount struct {
	n    int64
	last time.Time
}

// right counts one use of a right of a token. It is on the path of every request that sends one.
func (u *Usage) right(token int64, use access.Use, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.addRight(rightKey{token, use}, 1, at)
}

// addRight adds to the count of a right. The caller holds the lock.
func (u *Usage) addRight(key rightKey, n int64, at time.Time) {
	r := u.pending.rights[key]
	if r == nil {
		if r = u.newRight(key); r == nil {
			return
		}
	}
	r.n += n
	if at.After(r.last) {
		r.last = at
	}
}

// newRight makes the count of a right, or gives the one for all further channels of a token that has used many.
func (u *Usage) newRight(key rightKey) *rightCount {
	c := &u.pending
	if c.perToken[key.token] >= maxTokenUses {
		key.use = elsewhere(key.use)
		if r := c.rights[key]; r != nil {
			return r
		}
	}
	if len(c.rights) >= maxRights {
		return nil
	}
	r := &rightCount{}
	c.rights[key] = r
	c.perToken[key.token]++
	u.wake()
	return r
}

// elsewhere is the use as one on channels that are not noted one by one.
func elsewhere(use access.Use) access.Use {
	if use.Channel == access.NoChannel {
		return use
	}
	return access.Use{Scope: use.Scope, Channel: access.OtherChannels}
}

// writeRights writes the counts of rights in batches, and takes out those that are written.
func (u *Usage) writeRights(ctx context.Context, c *counts) error {
	keys := slices.SortedFunc(maps.Keys(c.rights), func(a, b rightKey) int {
		return cmp.Or(cmp.Compare(a.token, b.token), cmp.Compare(a.use.Scope, b.use.Scope),
			cmp.Compare(a.use.Channel, b.use.Channel), cmp.Compare(a.use.Package, b.use.Package))
	})
	for batch := range slices.Chunk(keys, rightsBatch) {
		err := u.store.Write(ctx, func(tx Tx) error {
			for _, key := range batch {
				if err := u.writeRight(ctx, tx, key, *c.rights[key]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, key := range batch {
			delete(c.rights, key)
		}
	}
	return nil
}

// writeRight adds the count of one right to what is stored.
func (u *Usage) writeRight(ctx context.Context, tx Tx, key rightKey, r rightCount) error {
	limit := maxTokenUses
	if key.use.Channel == access.NoChannel || key.use.Channel == access.OtherChannels {
		// There are no more of these than there are scopes.
		limit += maxTokenUses
	}
	stored, err := u.store.AddTokenUse(ctx, tx, key.token, r.of(key.use), limit)
	if err != nil || stored {
		return err
	}
	// The token has used many channels already, or is gone, and then this writes nothing either.
	_, err = u.store.AddTokenUse(ctx, tx, key.token, r.of(elsewhere(key.use)), limit+maxTokenUses)
	return err
}

// of is the count as one of a use.
func (r rightCount) of(use access.Use) TokenUse {
	return TokenUse{Scope: use.Scope, Channel: use.Channel, Package: use.Package, Uses: r.n, LastUsedAt: r.last}
}

// Since tells since when uses of rights have been noted on this site.
func (u *Usage) Since(ctx context.Context) (time.Time, error) {
	u.mu.Lock()
	since := u.since
	u.mu.Unlock()
	if !since.IsZero() {
		return since, nil
	}
	err := u.store.Write(ctx, func(tx Tx) error {
		var err error
		since, err = u.store.TokenUsesSince(ctx, tx, u.now())
		return err
	})
	if err != nil {
		return time.Time{}, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.since = since
	return since, nil
}

// used notes the right of the caller's token on which a decision rests, if any.
func (c *core) used(caller *access.Caller, d *access.Decision) {
	use, ok := d.Use()
	if !ok {
		return
	}
	at := c.asked(caller)
	c.usage.right(caller.Token.ID, use, at)
	for _, id := range d.Besides() {
		c.usage.right(caller.Token.ID, access.Use{Scope: use.Scope, Channel: id}, at)
	}
}

// asked is when the caller asked.
func (c *core) asked(caller *access.Caller) time.Time {
	if caller.Now.IsZero() {
		return c.now()
	}
	return caller.Now
}

// gave notes scopes that a token used in no particular place: those that it gave to somebody, and those of lists.
func (c *core) gave(caller *access.Caller, scopes access.ScopeSet) {
	if caller == nil || caller.Token == nil {
		return
	}
	for s := range scopes.All() {
		if use := (access.Use{Scope: s}); caller.Token.Opens(use) {
			c.usage.right(caller.Token.ID, use, c.asked(caller))
		}
	}
}

// mayRead tells whether the caller may know that the target exists, where something depends on that.
func (c *core) mayRead(caller *access.Caller, target access.Target) bool {
	d := access.Reading(caller, target)
	c.used(caller, &d)
	return d.Allowed
}

// listed is visible for a list that is not about one channel: a token that has the scopes uses them for it.
func (c *core) listed(caller *access.Caller, scopes ...access.Scope) []ChannelSet {
	if caller != nil && caller.Token != nil {
		for _, s := range scopes {
			if v := access.VisibleChannels(caller, s); v.Own() {
				c.gave(caller, access.Scopes(s))
			}
		}
	}
	return visible(caller, scopes...)
}
