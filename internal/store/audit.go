package store

import (
	"context"
	"errors"

	"kingsnake/internal/registry"
)

// InsertAudit adds a row to the audit. It is numbered, tied to the row before it and written when the transaction ends,
// and not at all when the write fails.
func (s *Store) InsertAudit(_ context.Context, tx registry.Tx, e registry.Event) error {
	t, ok := tx.(*txn)
	if !ok {
		return errors.New("an event is recorded outside of a write")
	}
	t.events = append(t.events, e)
	return nil
}

// eventColumns are what scanEvent reads.
const eventColumns = `a.id, a.at, a.event, a.outcome, a.principal_id, a.principal, a.via, a.token_id, a.subject_id, a.channel_id, a.target, a.scope,
	a.reason, a.address, a.client, a.request_id, a.data, a.format, a.prev, a.hash`

func scanEvent(r scanner) (e registry.Event, err error) {
	var at int64
	var prev, hash []byte
	err = r.Scan(&e.ID, &at, &e.Type, &e.Outcome, &e.PrincipalID, &e.Principal, &e.Via, &e.TokenID, &e.SubjectID, &e.ChannelID, &e.Target, &e.Scope,
		&e.Reason, &e.Address, &e.Client, &e.RequestID, &e.Data, &e.Format, &prev, &hash)
	e.At = fromMillis(at)
	e.Prev, e.Hash = link(prev), link(hash)
	return e, err
}

// link reads a hash. Bytes that are none give the hash of nothing, which fits no row but the first one's predecessor.
func link(b []byte) (l registry.Link) {
	if len(b) == len(l) {
		l = registry.Link(b)
	}
	return l
}

// ListAudit reads events in order, oldest first, from a row on.
func (s *Store) ListAudit(ctx context.Context, after int64, limit int) ([]registry.Event, error) {
	return s.listAudit(ctx, s.reader, after, limit)
}

func (s *Store) listAudit(ctx context.Context, q querier, after int64, limit int) ([]registry.Event, error) {
	rows, err := q.query(ctx, `SELECT `+eventColumns+` FROM audit a WHERE a.id > $1 ORDER BY a.id LIMIT $2`, after, limit)
	return collect(s, rows, err, scanEvent)
}
