package registry_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
	"kingsnake/internal/store"
	"kingsnake/internal/upkeep"
)

// slowPasswords does something between the check of a password and what depends on it, as happens while hashes queue.
type slowPasswords struct {
	registry.Passwords
	meanwhile func()
}

func (p *slowPasswords) Verify(ctx context.Context, hash, password string) (bool, error) {
	ok, err := p.Passwords.Verify(ctx, hash, password)
	if then := p.meanwhile; then != nil {
		p.meanwhile = nil
		then()
	}
	return ok, err
}

// TestSignInWhileThePasswordIsReplaced: a right password that is replaced, or whose account is disabled, while it is
// checked opens no session, and what was done meanwhile stays done.
func TestSignInWhileThePasswordIsReplaced(t *testing.T) {
	const first, second = "correct horse battery staple", "another horse entirely"
	ctx, local := t.Context(), identity.Local(time.Now())
	origin := &access.Caller{Address: netip.MustParseAddr("127.0.0.1"), Now: time.Now()}
	for name, tc := range map[string]struct {
		do func(*registry.Service) error
		// opens is the password with which signing in works afterwards, empty for none.
		opens string
	}{
		"replaced": {func(svc *registry.Service) error {
			_, err := svc.Accounts.SetPassword(ctx, local, "ada", second)
			return err
		}, second},
		"disabled": {func(svc *registry.Service) error {
			_, err := svc.Accounts.EditUser(ctx, local, "ada", registry.UserChange{Disabled: new(true)})
			return err
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			db, err := store.OpenSQLite(ctx, filepath.Join(dir, "kingsnake.db"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
			keys, err := identity.LoadKeys(filepath.Join(dir, "site.key"))
			if err != nil {
				t.Fatal(err)
			}
			passwords := &slowPasswords{Passwords: identity.NewPasswords(identity.Argon2{Memory: 64, Time: 1, Threads: 1}, 1, nil)}
			svc := registry.New(registry.Options{
				Store: db, Feed: &registry.Feed{}, Gate: &upkeep.Gate{}, Mint: keys, Log: slog.New(slog.DiscardHandler), Passwords: passwords,
				Sessions: registry.SessionPolicy{Lifetime: time.Hour},
			})
			if _, err := svc.Accounts.Bootstrap(ctx, local, first); err != nil {
				t.Fatal(err)
			}
			if _, err := svc.Accounts.CreateUser(ctx, local, registry.UserInput{Name: "ada", Password: first}); err != nil {
				t.Fatal(err)
			}
			passwords.meanwhile = func() {
				if err := tc.do(svc); err != nil {
					t.Error(err)
				}
			}
			for _, password := range []string{first, first, second} {
				want := password == tc.opens
				_, err := svc.Accounts.Login(ctx, registry.LoginInput{Username: "ada", Password: password, Origin: origin})
				var e *registry.Error
				if want && err != nil || !want && (!errors.As(err, &e) || e.Code != registry.CodeCredential) {
					t.Errorf("signing in with %q: %v, want success %v", password, err, want)
				}
			}
		})
	}
}
