package store

import (
	"context"

	"kingsnake/internal/registry"
)

// chain numbers events, ties them to the last row and to one another, and writes them. They are the last statements of
// their transaction: the row that holds the end of the chain is locked only from here to the commit, and by everybody as
// the last thing, so that writers on several machines wait for one another briefly and never in a circle.
func (s *Store) chain(ctx context.Context, tx *txn, events []registry.Event) error {
	var last int64
	var hash []byte
	err := tx.row(ctx, `UPDATE audit_chain SET seq = seq + $1 RETURNING seq, hash`, len(events)).Scan(&last, &hash)
	if err != nil {
		return err
	}
	prev := link(hash)
	rows := make([][]any, len(events))
	for i, e := range events {
		e = e.Chained(last-int64(len(events)-1-i), prev)
		rows[i] = []any{
			e.ID, millis(e.At), string(e.Type), string(e.Outcome), e.PrincipalID, e.Principal, e.Via, e.TokenID, e.SubjectID,
			e.ChannelID, e.Target, e.Scope, e.Reason, e.Address, e.Client, e.RequestID, e.Data, e.Format, e.Prev[:], e.Hash[:],
		}
		prev = e.Hash
	}
	if err := insertRows(ctx, tx, `INSERT INTO audit (id, at, event, outcome, principal_id, principal, via, token_id, subject_id, channel_id, target,
		scope, reason, address, client, request_id, data, format, prev, hash)`, rows); err != nil {
		return err
	}
	_, err = tx.exec(ctx, `UPDATE audit_chain SET hash = $1`, prev[:])
	return err
}

// oldChunk is how many rows of an older audit are chained at a time.
const oldChunk = 1000

// chainOld ties together the rows that were written before rows were chained. They stay where they are; from here on
// nobody can change them unseen.
func (s *Store) chainOld(ctx context.Context) error {
	var seq, old int64
	if err := s.reader.row(ctx, `SELECT seq, old FROM audit_chain`).Scan(&seq, &old); err != nil || seq >= old {
		return err
	}
	return s.Write(ctx, func(tx registry.Tx) error {
		q := s.q(tx)
		// The lock keeps others from chaining the same rows; who comes second finds nothing left to do.
		if err := q.row(ctx, `UPDATE audit_chain SET seq = seq RETURNING seq, old`).Scan(&seq, &old); err != nil || seq >= old {
			return err
		}
		var prev registry.Link
		for after := int64(0); after < old; {
			rows, err := s.listAudit(ctx, q, after, oldChunk)
			if err != nil {
				return err
			}
			for _, e := range rows {
				e = e.Chained(e.ID, prev)
				if err := s.rewrite(ctx, q, e); err != nil {
					return err
				}
				after, prev = e.ID, e.Hash
			}
			if len(rows) == 0 {
				break
			}
		}
		_, err := q.exec(ctx, `UPDATE audit_chain SET seq = old, hash = $1`, prev[:])
		return err
	})
}

// rewrite stores what chaining made of an older row.
func (s *Store) rewrite(ctx context.Context, q querier, e registry.Event) error {
	_, err := q.exec(ctx, `UPDATE audit SET event = $2, outcome = $3, principal = $4, token_id = $5, target = $6, scope = $7, reason = $8, address = $9,
			client = $10, request_id = $11, data = $12, format = $13, prev = $14, hash = $15 WHERE id = $1`,
		e.ID, string(e.Type), string(e.Outcome), e.Principal, e.TokenID, e.Target, e.Scope, e.Reason, e.Address, e.Client, e.RequestID, e.Data,
		e.Format, e.Prev[:], e.Hash[:])
	return err
}

// AuditState reads where the audit ends.
func (s *Store) AuditState(ctx context.Context, tx registry.Tx) (state registry.AuditState, err error) {
	var hash []byte
	err = s.q(tx).row(ctx, `SELECT seq, hash, COALESCE((SELECT MAX(id) FROM audit), 0) FROM audit_chain`).Scan(&state.Seq, &hash, &state.Last)
	state.Hash = link(hash)
	return state, s.translate(err)
}

// InsertHead adds a signed head, ErrTaken when there is one of that number.
func (s *Store) InsertHead(ctx context.Context, tx registry.Tx, h registry.Head) error {
	_, err := s.q(tx).exec(ctx, `INSERT INTO audit_heads (number, day, seq, hash, row_count, signed_at, prev, signing_key, signature)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, h.Number, h.Day, h.Seq, h.Hash[:], h.Rows, millis(h.SignedAt), h.Prev[:], h.Key, h.Signature)
	return s.translate(err)
}

const headColumns = `number, day, seq, hash, row_count, signed_at, prev, signing_key, signature`

func scanHead(r scanner) (h registry.Head, err error) {
	var at int64
	var hash, prev []byte
	err = r.Scan(&h.Number, &h.Day, &h.Seq, &hash, &h.Rows, &at, &prev, &h.Key, &h.Signature)
	h.SignedAt = fromMillis(at)
	h.Hash, h.Prev = link(hash), link(prev)
	return h, err
}

// LastHead reads the newest head, ErrNoRecord when there is none.
func (s *Store) LastHead(ctx context.Context, tx registry.Tx) (registry.Head, error) {
	h, err := scanHead(s.q(tx).row(ctx, `SELECT `+headColumns+` FROM audit_heads ORDER BY number DESC LIMIT 1`))
	return h, s.translate(err)
}

// ListHeads reads heads in order, from the one after a number on.
func (s *Store) ListHeads(ctx context.Context, after int64, limit int) ([]registry.Head, error) {
	rows, err := s.reader.query(ctx, `SELECT `+headColumns+` FROM audit_heads WHERE number > $1 ORDER BY number LIMIT $2`, after, limit)
	return collect(s, rows, err, scanHead)
}
