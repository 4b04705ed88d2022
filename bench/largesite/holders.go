package largesite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	_ "modernc.org/sqlite" // The site's database is written to directly.

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// Holders says how many there are who hold rights, and what they hold them by. Groups are a multiple of the channels.
type Holders struct {
	Users, Channels, Groups, Tokens int
}

// ManyHolders is the site on which decisions are measured.
func ManyHolders() Holders {
	return Holders{Users: 50_000, Channels: 10_000, Groups: 100_000, Tokens: 1_000_000}
}

// memberships is how many groups each user is in, and firstHolder where the numbers of what is made begin.
const (
	memberships = 4
	firstHolder = 1_000_000
)

// Held is a token of which the string is known: it may read Channel, which its owner manages by a group.
type Held struct{ String, Channel string }

// holder says which numbers and texts the statements below stand for.
func (h Holders) holder() []any {
	return []any{
		sql.Named("first", firstHolder), sql.Named("users", h.Users), sql.Named("channels", h.Channels), sql.Named("groups", h.Groups),
		sql.Named("tokens", h.Tokens), sql.Named("memberships", memberships), sql.Named("now", start.UnixMilli()),
		sql.Named("author", access.RoleAuthor), sql.Named("user", access.KindUser.String()), sql.Named("private", string(access.Private)),
		sql.Named("read", access.Read.String()), sql.Named("manage", access.Manage.String()), sql.Named("resource", access.ResourceToken.String()),
	}
}

// holderSteps make a site's holders. Each row is a function of its number n from 0 on: user n is in the groups from
// memberships*n on, as many as it has memberships, and group n has channel n modulo the channels; token n belongs to user
// n modulo the users, and reads the channel of its owner's first group.
func holderSteps() []string {
	const count = `WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < `
	return []string{
		`INSERT INTO principals (id, public_id, kind, name, created_at, updated_at) ` + count + `:users)
			SELECT :first + n, 'holder-' || n, :user, 'holder-' || n, :now, :now FROM numbers`,
		`INSERT INTO principal_roles (principal_id, role_id) ` + count + `:users)
			SELECT :first + n, (SELECT id FROM roles WHERE name = :author) FROM numbers`,
		`INSERT INTO channels (id, public_id, name, path, privacy, created_at, updated_at) ` + count + `:channels)
			SELECT :first + n, 'held-' || n, 'held-' || n, 'held-' || n, :private, :now, :now FROM numbers`,
		`INSERT INTO user_groups (id, public_id, name, created_at, updated_at) ` + count + `:groups)
			SELECT :first + n, 'holders-' || n, 'holders-' || n, :now, :now FROM numbers`,
		`INSERT INTO channel_groups (channel_id, group_id, permission, created_at, updated_at) ` + count + `:groups)
			SELECT :first + n % :channels, :first + n, :manage, :now, :now FROM numbers`,
		`INSERT INTO group_members (group_id, principal_id, permission) ` + count + `:users * :memberships)
			SELECT :first + n % :groups, :first + n / :memberships, :read FROM numbers`,
		`INSERT INTO tokens (id, public_id, owner_id, kind, name, created_at, updated_at) ` + count + `:tokens)
			SELECT :first + n, 'held-' || n, :first + n % :users, :resource, 'held-' || n, :now, :now FROM numbers`,
		`INSERT INTO token_resources (token_id, channel_id, level) ` + count + `:tokens)
			SELECT :first + n, :first + n % :users * :memberships % :groups % :channels, :read FROM numbers`,
		`INSERT INTO token_secrets (token_id, mac, fingerprint, created_at) ` + count + `:tokens)
			SELECT :first + n, randomblob(32), 'held-' || n, :now FROM numbers`,
		`ANALYZE`,
	}
}

// FillHolders writes them into the database of a site that is not open, which is SQLite, by way of its tables: there are
// more than can be made one by one. Of so many tokens, evenly chosen, it makes the strings and gives them.
func FillHolders(ctx context.Context, file string, h Holders, known int, mint registry.Mint) (_ []Held, rerr error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=cache_size(-400000)&_pragma=foreign_keys(0)")
	if err != nil {
		return nil, err
	}
	defer func() { rerr = errors.Join(rerr, db.Close()) }()
	db.SetMaxOpenConns(1)
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	for _, statement := range holderSteps() {
		if _, err := tx.ExecContext(ctx, statement, h.holder()...); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", statement, err), tx.Rollback())
		}
	}
	held := make([]Held, known)
	for i := range held {
		n := i * (h.Tokens / known)
		secret := mint.Mint('r')
		held[i] = Held{secret.String, fmt.Sprintf("held-%d", n%h.Users*memberships%h.Groups%h.Channels)}
		if _, err := tx.ExecContext(ctx, `UPDATE token_secrets SET mac = ?, fingerprint = ? WHERE token_id = ?`, secret.MAC, secret.Fingerprint, firstHolder+n); err != nil {
			return nil, errors.Join(err, tx.Rollback())
		}
	}
	return held, tx.Commit()
}
