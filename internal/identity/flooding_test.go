package identity

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// unknowing is a store that knows no string, and counts the statements by which it is asked for some.
type unknowing struct {
	registry.DirectoryStore
	mu             sync.Mutex
	alone, several int
}

func (*unknowing) ListRoles(context.Context, registry.Tx) ([]registry.Role, error) { return nil, nil }

func (u *unknowing) StringByMAC(context.Context, []byte) (secret, token int64, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.alone++
	return 0, 0, registry.ErrNoRecord
}

func (u *unknowing) StringsByMAC(context.Context, [][]byte) (map[string]registry.StringPlace, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.several++
	return map[string]registry.StringPlace{}, nil
}

func nobodysPolicy(context.Context, registry.PrincipalKind) (registry.TokenPolicy, error) {
	return registry.TokenPolicy{}, nil
}

// TestFloodSharesStatements: unknown strings from an address that has sent too many bad ones wait for one another. Those from
// elsewhere are asked for at once, and strings that are known already, wherever they come from, wait for nothing.
func TestFloodSharesStatements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys, err := NewKeys(make([]byte, siteKeyBytes))
		if err != nil {
			t.Fatal(err)
		}
		store, limiter := &unknowing{}, NewLimiter()
		r := NewResolver(keys, registry.NewDirectory(store, time.Now), nil, nobodysPolicy, &registry.Feed{}, limiter, slog.New(slog.DiscardHandler), time.Now)
		eve, ada := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
		identify := func(from netip.Addr, secret string) access.Problem {
			c := &access.Caller{Address: from}
			if err := r.Identify(t.Context(), c, Credential{Kind: TokenCredential, Secret: secret}); err != nil {
				t.Error(err)
			}
			return c.Problem
		}
		for range badTokensBurst {
			limiter.BadToken(eve, time.Now())
		}
		start := time.Now()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if got := identify(eve, keys.Mint('r').String); got != access.ProblemUnknown {
					t.Errorf("a string that never was: %v", got)
				}
			})
		}
		synctest.Wait()
		identify(ada, keys.Mint('r').String)
		if store.alone != 1 || store.several != 0 || time.Since(start) != 0 {
			t.Errorf("from elsewhere: %d statements of its own, %d shared, after %v", store.alone, store.several, time.Since(start))
		}
		known := keys.Mint('r').String
		r.secrets.Put(keys.MAC(known), secretRef{secret: 1, token: 2})
		r.tokens.Put(2, &token{owner: 3, access: &access.Token{}, secrets: []secretLife{{id: 1}}})
		r.principals.Put(3, &access.Principal{ID: 3, Active: true})
		if got := identify(eve, known); got != access.ProblemNone || time.Since(start) != 0 {
			t.Errorf("a string that is known: problem %v after %v", got, time.Since(start))
		}
		wg.Wait()
		if store.several != 1 {
			t.Errorf("20 strings of a flood took %d statements, want one", store.several)
		}
		time.Sleep(time.Second)
		before := time.Now()
		identify(eve, keys.Mint('r').String)
		if store.alone < 2 || !time.Now().Equal(before) {
			t.Errorf("when the flood is over it still waits: %v", time.Since(before))
		}
	})
}
