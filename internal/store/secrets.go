package store

import (
	"context"
	"time"

	"kingsnake/internal/registry"
)

const secretColumns = `x.id, x.token_id, x.mac, x.fingerprint, x.retires_at, x.created_at, x.last_used_at, x.last_used_address,
	x.last_used_client, x.uses, x.refusals`

func scanSecret(r scanner) (x registry.Secret, err error) {
	var retires, created, used int64
	err = r.Scan(&x.ID, &x.TokenID, &x.MAC, &x.Fingerprint, &retires, &created, &used, &x.LastUsedAddress, &x.LastUsedClient, &x.Uses, &x.Refusals)
	x.RetiresAt, x.CreatedAt, x.LastUsedAt = fromMillis(retires), fromMillis(created), fromMillis(used)
	return x, err
}

// InsertSecret adds a string's MAC to a token and gives its number.
func (s *Store) InsertSecret(ctx context.Context, tx registry.Tx, x registry.Secret) (id int64, err error) {
	err = s.q(tx).row(ctx, `INSERT INTO token_secrets (token_id, mac, fingerprint, created_at) VALUES ($1, $2, $3, $4) RETURNING id`,
		x.TokenID, x.MAC, x.Fingerprint, millis(x.CreatedAt)).Scan(&id)
	return id, s.translate(err)
}

// SecretByMAC finds a live string.
func (s *Store) SecretByMAC(ctx context.Context, mac []byte) (registry.Secret, error) {
	x, err := scanSecret(s.reader.row(ctx, `SELECT `+secretColumns+` FROM token_secrets x WHERE x.mac = $1`, mac))
	return x, s.translate(err)
}

// StringByMAC tells where a string leads: to its own number and its token's, to 0 and 0 when it has ended.
func (s *Store) StringByMAC(ctx context.Context, mac []byte) (secret, token int64, err error) {
	err = s.reader.row(ctx, `SELECT id, token_id FROM token_secrets WHERE mac = $1
		UNION ALL SELECT 0, 0 FROM dead_secrets WHERE mac = $1`, mac).Scan(&secret, &token)
	return secret, token, s.translate(err)
}

// StringsByMAC tells where several strings lead, by their MACs. Of those that never were it tells nothing.
func (s *Store) StringsByMAC(ctx context.Context, macs [][]byte) (map[string]registry.StringPlace, error) {
	list := make([][]string, len(macs))
	for i, mac := range macs {
		list[i] = []string{hexText(mac)}
	}
	wanted := s.d.table("$1", kindBytes)
	rows, err := s.reader.query(ctx, `SELECT mac, id, token_id FROM token_secrets WHERE `+s.d.among("mac", wanted)+`
		UNION ALL SELECT mac, 0, 0 FROM dead_secrets WHERE `+s.d.among("mac", wanted), jsonList(list))
	type found struct {
		mac   []byte
		place registry.StringPlace
	}
	all, err := collect(s, rows, err, func(r scanner) (f found, err error) {
		err = r.Scan(&f.mac, &f.place.Secret, &f.place.Token)
		return f, err
	})
	if err != nil {
		return nil, err
	}
	out := make(map[string]registry.StringPlace, len(all))
	for _, f := range all {
		f.place.Ended = f.place.Secret == 0
		if f.place.Ended && out[string(f.mac)].Secret != 0 {
			continue
		}
		out[string(f.mac)] = f.place
	}
	return out, nil
}

// RetireSecret sets the end of a string's overlap.
func (s *Store) RetireSecret(ctx context.Context, tx registry.Tx, id int64, at time.Time) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE token_secrets SET retires_at = $2 WHERE id = $1`, id, millis(at)))
}

// KillSecret removes a string and remembers that it was once good.
func (s *Store) KillSecret(ctx context.Context, tx registry.Tx, x registry.Secret, t registry.Token, reason registry.Problem, at time.Time) error {
	if _, err := s.q(tx).exec(ctx, `INSERT INTO dead_secrets (mac, token_public_id, owner_id, reason, died_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (mac) DO NOTHING`, x.MAC, t.PublicID, t.OwnerID, string(reason), millis(at)); err != nil {
		return s.translate(err)
	}
	_, err := s.q(tx).exec(ctx, `DELETE FROM token_secrets WHERE id = $1`, x.ID)
	return s.translate(err)
}

// DeadSecretByMAC finds a string that once was good.
func (s *Store) DeadSecretByMAC(ctx context.Context, mac []byte) (registry.DeadSecret, error) {
	var d registry.DeadSecret
	var reason string
	var died, reported int64
	err := s.reader.row(ctx, `SELECT token_public_id, owner_id, reason, died_at, reported_at FROM dead_secrets WHERE mac = $1`, mac).
		Scan(&d.TokenPublicID, &d.OwnerID, &reason, &died, &reported)
	d.Reason, d.DiedAt, d.ReportedAt = registry.Problem(reason), fromMillis(died), fromMillis(reported)
	return d, s.translate(err)
}

// AddSecretUse adds counted uses of a string. Of two last uses the later one stays.
func (s *Store) AddSecretUse(ctx context.Context, tx registry.Tx, id int64, u registry.SecretUse) error {
	_, err := s.q(tx).exec(ctx, `UPDATE token_secrets SET uses = uses + $2, refusals = refusals + $3,
		last_used_at = CASE WHEN $4 > last_used_at THEN $4 ELSE last_used_at END,
		last_used_address = CASE WHEN $4 > last_used_at THEN $5 ELSE last_used_address END,
		last_used_client = CASE WHEN $4 > last_used_at THEN $6 ELSE last_used_client END WHERE id = $1`,
		id, u.Uses, u.Refusals, millis(u.At), u.Address, u.Client)
	return s.translate(err)
}

// MarkDeadReported notes the first time that a string which has ended was found where it should not be.
func (s *Store) MarkDeadReported(ctx context.Context, tx registry.Tx, mac []byte, at time.Time) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE dead_secrets SET reported_at = $2 WHERE mac = $1 AND reported_at = 0`, mac, millis(at)))
}
