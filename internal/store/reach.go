package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"kingsnake/internal/registry"
)

// reachable are the accounts that were given anything on the channels $1 and have it at the time $2, and the administrators.
func (s *Store) reachable() string {
	channels := `(` + s.d.numbers("$1") + `)`
	return `SELECT m.principal_id FROM channel_groups cg JOIN group_members m ON m.group_id = cg.group_id WHERE cg.channel_id IN ` + channels + `
		UNION SELECT x.principal_id FROM channel_groups cg JOIN claim_members x ON x.group_id = cg.group_id
			WHERE cg.channel_id IN ` + channels + ` AND x.expires_at > $2
		UNION SELECT pr.principal_id FROM roles r JOIN principal_roles pr ON pr.role_id = r.id WHERE r.name = 'admin'
		UNION SELECT x.principal_id FROM roles r JOIN claim_roles x ON x.role_id = r.id WHERE r.name = 'admin' AND x.expires_at > $2
		UNION SELECT sa.principal_id FROM service_accounts sa WHERE sa.channel_id IN ` + channels
}

// ReachAccounts reads accounts that could reach some channels, with their roles, also by claims.
func (s *Store) ReachAccounts(ctx context.Context, f registry.ReachAccountFilter, now time.Time) ([]registry.User, error) {
	var in string
	var args []any
	switch {
	case f.Every:
	case len(f.IDs) > 0:
		in, args = s.d.numbers("$1"), []any{jsonList(f.IDs)}
	case f.Naming:
		in = `SELECT t.owner_id FROM token_resources tr JOIN tokens t ON t.id = tr.token_id WHERE tr.channel_id IN (` + s.d.numbers("$1") + `)`
		args = []any{jsonList(f.Channels)}
	default:
		in, args = s.reachable(), []any{jsonList(f.Channels), millis(now)}
	}
	if in != "" {
		in = ` WHERE p.id IN (` + in + `)`
	}
	rows, err := s.reader.query(ctx, `SELECT `+userColumns+` FROM principals p`+in+` ORDER BY p.id`, args...)
	users, err := collect(s, rows, err, scanUser)
	if err != nil {
		return nil, err
	}
	return users, s.addAllRoles(ctx, users, now)
}

// addAllRoles fills in the names of the roles of some accounts, also of those that claims lend.
func (s *Store) addAllRoles(ctx context.Context, users []registry.User, now time.Time) (rerr error) {
	at := make(map[int64]int, len(users))
	ids := make([]int64, len(users))
	for i, u := range users {
		at[u.ID], ids[i] = i, u.ID
	}
	rows, err := s.reader.query(ctx, `SELECT pr.principal_id, r.name FROM principal_roles pr JOIN roles r ON r.id = pr.role_id
			WHERE pr.principal_id IN (`+s.d.numbers("$1")+`)
		UNION SELECT x.principal_id, r.name FROM claim_roles x JOIN roles r ON r.id = x.role_id
			WHERE x.principal_id IN (`+s.d.numbers("$1")+`) AND x.expires_at > $2
		ORDER BY 1, 2`, jsonList(ids), millis(now))
	if err != nil {
		return s.translate(err)
	}
	defer func() { rerr = errors.Join(rerr, rows.Close()) }()
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return err
		}
		users[at[id]].Roles = append(users[at[id]].Roles, name)
	}
	return rows.Err()
}

// ReachGrants reads what groups have on some channels, for each of their members.
func (s *Store) ReachGrants(ctx context.Context, channels []int64, now time.Time) ([]registry.ReachGrant, error) {
	const columns = `SELECT m.principal_id, cg.channel_id, cg.permission, g.name, g.owners_of, `
	const from = ` FROM channel_groups cg JOIN user_groups g ON g.id = cg.group_id JOIN `
	where := ` m ON m.group_id = g.id WHERE cg.channel_id IN (` + s.d.numbers("$1") + `)`
	rows, err := s.reader.query(ctx, columns+`0`+from+`group_members`+where+`
		UNION ALL `+columns+`m.expires_at`+from+`claim_members`+where+` AND m.expires_at > $2 ORDER BY 1, 2, 4, 6`, jsonList(channels), millis(now))
	return collect(s, rows, err, func(r scanner) (g registry.ReachGrant, err error) {
		var level string
		var owners, until int64
		err = r.Scan(&g.PrincipalID, &g.ChannelID, &level, &g.Group, &owners, &until)
		g.Level, g.Owners, g.Until = registry.ParseLevel(level), owners == g.ChannelID, fromMillis(until)
		return g, err
	})
}

// reachTokenColumns are those of tokenColumns, without the texts that can be long and say nothing of rights, and those of
// one string of the token.
func reachTokenColumns() string {
	return strings.NewReplacer("t.description", "''", "t.metadata", "'{}'").Replace(tokenColumns) +
		`, COALESCE(j.expires_at, 0), x.id, x.retires_at, x.created_at, x.last_used_at, x.last_used_address, x.last_used_client`
}

// ReachTokens calls fn with each token that names one of some channels, and with each scope token of some accounts, or with
// the tokens that are asked for.
func (s *Store) ReachTokens(ctx context.Context, f registry.ReachTokenFilter, fn func(registry.ReachToken)) (rerr error) {
	resources, err := s.reachResources(ctx, f)
	if err != nil {
		return err
	}
	var w where
	if len(f.IDs) > 0 {
		w.add(`t.id IN (`+s.d.numbers("?")+`)`, jsonList(f.IDs))
	} else {
		w.add(`t.id IN (SELECT tr.token_id FROM token_resources tr WHERE tr.channel_id IN (`+s.d.numbers("?")+`)
			UNION SELECT st.id FROM tokens st WHERE st.kind = 'scope' AND st.owner_id IN (`+s.d.numbers("?")+`))`, jsonList(f.Channels), jsonList(f.Owners))
	}
	rows, err := s.reader.query(ctx, `SELECT `+reachTokenColumns()+tokenFrom+` JOIN token_secrets x ON x.token_id = t.id
		LEFT JOIN minted_tokens j ON j.token_id = t.id`+w.sql()+` ORDER BY t.id, x.id DESC`, w.args...)
	if err != nil {
		return s.translate(err)
	}
	defer func() { rerr = errors.Join(rerr, rows.Close()) }()
	var last registry.ReachToken
	for rows.Next() {
		t, err := scanReachToken(rows)
		if err != nil {
			return err
		}
		if t.ID == last.ID {
			last.Secrets = append(last.Secrets, t.Secrets...)
			continue
		}
		if last.ID != 0 {
			fn(last)
		}
		last = t
		last.Resources = resources[t.ID]
	}
	if last.ID != 0 {
		fn(last)
	}
	return rows.Err()
}

// scanReachToken reads a token with one of its strings.
func scanReachToken(r scanner) (t registry.ReachToken, err error) {
	var minted, retires, created, used int64
	var x registry.Secret
	t.Token, err = scanToken(withMore{r, []any{&minted, &x.ID, &retires, &created, &used, &x.LastUsedAddress, &x.LastUsedClient}})
	x.TokenID, x.RetiresAt, x.CreatedAt, x.LastUsedAt = t.ID, fromMillis(retires), fromMillis(created), fromMillis(used)
	t.Minted, t.Secrets = minted != 0, []registry.Secret{x}
	return t, err
}

// withMore is a row with further columns behind those of a record.
type withMore struct {
	scanner
	more []any
}

// Scan reads the record's columns into dest and the others into more.
func (w withMore) Scan(dest ...any) error { return w.scanner.Scan(append(dest, w.more...)...) }

// reachResources reads what tokens name of some channels, by the tokens' numbers.
func (s *Store) reachResources(ctx context.Context, f registry.ReachTokenFilter) (map[int64][]registry.TokenResource, error) {
	var w where
	w.add(`r.channel_id IN (`+s.d.numbers("?")+`)`, jsonList(f.Channels))
	if len(f.IDs) > 0 {
		w.add(`r.token_id IN (`+s.d.numbers("?")+`)`, jsonList(f.IDs))
	}
	type named struct {
		token int64
		registry.TokenResource
	}
	rows, err := s.reader.query(ctx, `SELECT r.token_id, r.channel_id, c.path, r.package, r.level FROM token_resources r
		JOIN channels c ON c.id = r.channel_id`+w.sql()+` ORDER BY r.token_id, c.path, r.package`, w.args...)
	list, err := collect(s, rows, err, func(r scanner) (n named, err error) {
		var level string
		err = r.Scan(&n.token, &n.ChannelID, &n.Path, &n.Package, &level)
		n.Level = registry.ParseLevel(level)
		return n, err
	})
	out := make(map[int64][]registry.TokenResource, len(list))
	for _, n := range list {
		out[n.token] = append(out[n.token], n.TokenResource)
	}
	return out, err
}

// TokenLines reads by which tokens some tokens were minted, the nearest first. A string that is gone ends the line, and
// stands in it without a number.
func (s *Store) TokenLines(ctx context.Context, tokens []int64) (map[int64][]registry.LineToken, error) {
	type above struct {
		root int64
		registry.LineToken
	}
	rows, err := s.reader.query(ctx, `WITH RECURSIVE chain (root, depth, secret) AS (
			SELECT id, 1, minted_by_secret FROM tokens WHERE id IN (`+s.d.numbers("$1")+`) AND minted_by_secret <> 0
			UNION
			SELECT c.root, c.depth + 1, t.minted_by_secret FROM chain c JOIN token_secrets x ON x.id = c.secret
				JOIN tokens t ON t.id = x.token_id WHERE t.minted_by_secret <> 0)
		SELECT c.root, COALESCE(t.id, 0), COALESCE(t.public_id, ''), COALESCE(t.owner_id, 0), COALESCE(t.expires_at, 0), COALESCE(t.max_uses, 0),
			COALESCE(t.used, 0), COALESCE(x.created_at, 0), COALESCE(x.retires_at, 0), COALESCE(p.disabled, FALSE)
		FROM chain c LEFT JOIN token_secrets x ON x.id = c.secret LEFT JOIN tokens t ON t.id = x.token_id LEFT JOIN principals p ON p.id = t.owner_id
		ORDER BY c.root, c.depth`, jsonList(tokens))
	list, err := collect(s, rows, err, func(r scanner) (a above, err error) {
		var expires, created, retires int64
		err = r.Scan(&a.root, &a.TokenID, &a.PublicID, &a.OwnerID, &expires, &a.MaxUses, &a.Uses, &created, &retires, &a.Disabled)
		a.ExpiresAt, a.SecretCreated, a.SecretRetires = fromMillis(expires), fromMillis(created), fromMillis(retires)
		return a, err
	})
	out := map[int64][]registry.LineToken{}
	for _, a := range list {
		out[a.root] = append(out[a.root], a.LineToken)
	}
	return out, err
}

// ReachUses reads what some tokens used on a channel.
func (s *Store) ReachUses(ctx context.Context, channel int64, tokens []int64) (map[int64]registry.ReachUse, error) {
	type use struct {
		token int64
		registry.ReachUse
	}
	rows, err := s.reader.query(ctx, `SELECT u.token_id, CAST(SUM(u.uses) AS BIGINT), MAX(u.last_used_at) FROM token_uses u
		WHERE u.token_id IN (`+s.d.numbers("$1")+`) AND u.channel_id = $2 GROUP BY u.token_id`, jsonList(tokens), channel)
	list, err := collect(s, rows, err, func(r scanner) (u use, err error) {
		var at int64
		err = r.Scan(&u.token, &u.Uses, &at)
		u.LastUsedAt = fromMillis(at)
		return u, err
	})
	out := make(map[int64]registry.ReachUse, len(list))
	for _, u := range list {
		out[u.token] = u.ReachUse
	}
	return out, err
}
