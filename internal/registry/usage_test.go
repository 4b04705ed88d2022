package registry_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/store"
)

// brittle is a store of which the write after some others fails, once.
type brittle struct {
	*store.Store
	after  int
	failed bool
}

var errBroken = errors.New("the disk is gone")

func (b *brittle) Write(ctx context.Context, fn func(registry.Tx) error) error {
	if b.after--; b.after < 0 && !b.failed {
		b.failed = true
		return errBroken
	}
	return b.Store.Write(ctx, fn)
}

// newUsage is a count over a database.
func newUsage(db registry.UsageStore) *registry.Usage {
	return registry.NewUsage(db, slog.New(slog.DiscardHandler), time.Now)
}

// oneToken is a real database with one token.
func oneToken(t *testing.T) (db *store.Store, token, secret int64) {
	t.Helper()
	var err error
	db, err = store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "kingsnake.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	err = db.Write(t.Context(), func(tx registry.Tx) error {
		owner, err := db.InsertUser(t.Context(), tx, registry.User{PublicID: "u", Name: "ada", Kind: access.KindUser, CreatedAt: noon, UpdatedAt: noon})
		if err != nil {
			return err
		}
		token, err = db.InsertToken(t.Context(), tx, registry.Token{
			PublicID: "t", OwnerID: owner, Kind: access.ScopeToken, Name: "ci", Metadata: []byte("{}"), CreatedAt: noon, UpdatedAt: noon,
		})
		if err != nil {
			return err
		}
		secret, err = db.InsertSecret(t.Context(), tx, registry.Secret{TokenID: token, MAC: []byte("mac"), CreatedAt: noon})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return db, token, secret
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func usesOf(t *testing.T, db *store.Store, token int64) []registry.TokenUse {
	t.Helper()
	uses, err := db.TokenUses(t.Context(), nil, token)
	if err != nil {
		t.Fatal(err)
	}
	return uses
}

// TestUsesOfATokenAreBounded: a token that uses a right on very many channels, be it between two flushes or over many, has
// so many rows and one for the rest, and no use is lost.
func TestUsesOfATokenAreBounded(t *testing.T) {
	const channels = registry.MaxTokenUses + 200
	for _, everyUse := range []bool{false, true} {
		db, token, _ := oneToken(t)
		u := newUsage(db)
		for i := range channels {
			registry.NoteUse(u, token, access.Use{Scope: access.ChannelView, Channel: int64(i + 1)}, noon)
			if everyUse && i >= registry.MaxTokenUses-2 {
				if err := u.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		registry.NoteUse(u, token, access.Use{Scope: access.ChannelCreate}, noon)
		if err := u.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		var all, rest, site int64
		uses := usesOf(t, db, token)
		for _, use := range uses {
			all += use.Uses
			switch use.Channel {
			case access.OtherChannels:
				rest += use.Uses
			case access.NoChannel:
				site += use.Uses
			}
		}
		single := int64(len(uses) - 2)
		if single < registry.MaxTokenUses-2 || single > registry.MaxTokenUses || single+rest != channels || all != channels+1 || site != 1 {
			t.Errorf("flushing each time = %v: %d channels one by one, %d uses in all, of which %d are on further channels and %d on none, want about %d, %d, the rest, 1",
				everyUse, single, all, rest, site, registry.MaxTokenUses, channels+1)
		}
	}
}

// TestUsesAreKeptUntilStored: what could not be written is written by the next flush, each use once, whichever of the
// transactions failed.
func TestUsesAreKeptUntilStored(t *testing.T) {
	db, token, secret := oneToken(t)
	// The strings are one transaction, and so many rights two.
	const transactions, rights = 3, registry.RightsBatch + 1
	for after := range transactions {
		u := newUsage(&brittle{Store: db, after: after})
		u.Token(&access.Caller{SecretID: secret}, noon)
		for i := range rights {
			registry.NoteUse(u, token, access.Use{Scope: access.ChannelView, Channel: int64(i + 1)}, noon)
		}
		if err := u.Flush(t.Context()); !errors.Is(err, errBroken) {
			t.Fatalf("a flush of which a write fails after %d = %v", after, err)
		}
		if err := u.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, use := range usesOf(t, db, token) {
		if use.Uses != transactions {
			t.Fatalf("%+v, want %d uses", use, transactions)
		}
	}
	stored, err := db.TokenByID(t.Context(), nil, token)
	if err != nil || stored.Secrets[0].Uses != transactions || len(usesOf(t, db, token)) != rights {
		t.Errorf("%d rights and %d uses of the string were stored, %v, want %d and %d", len(usesOf(t, db, token)), stored.Secrets[0].Uses, err, rights, transactions)
	}
}

// TestUsesOfATokenThatIsGone: they are dropped, and keep nothing else from being written.
func TestUsesOfATokenThatIsGone(t *testing.T) {
	db, token, _ := oneToken(t)
	u := newUsage(db)
	registry.NoteUse(u, token+1, access.Use{Scope: access.ChannelView, Channel: 1}, noon)
	registry.NoteUse(u, token, access.Use{Scope: access.ChannelView, Channel: 1}, noon)
	if err := u.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []registry.TokenUse{{Scope: access.ChannelView, Channel: 1, Uses: 1, LastUsedAt: noon}}
	if diff := cmp.Diff(want, usesOf(t, db, token)); diff != "" {
		t.Errorf("uses (-want +got):\n%s", diff)
	}
	if got := usesOf(t, db, token+1); len(got) != 0 {
		t.Errorf("uses of a token that is gone: %v", got)
	}
}

// TestClip: what a client says of itself is cut to a length, and is text whatever bytes were sent.
func TestClip(t *testing.T) {
	for in, want := range map[string]string{"conda/26.7": "conda/26.7", "a\xffb": "a\uFFFDb", "": ""} {
		if got := registry.Clip(in); got != want {
			t.Errorf("Clip(%q) = %q, want %q", in, got, want)
		}
	}
	long := make([]byte, 0, 400)
	for range 200 {
		long = append(long, "é"...)
	}
	if got := registry.Clip("x" + string(long)); len(got) > 204 || !utf8.ValidString(got) {
		t.Errorf("Clip of a long text = %q", got)
	}
}
