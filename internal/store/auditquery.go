package store

import (
	"context"
	"math"
	"strings"
	"time"

	"kingsnake/internal/registry"
)

// FindAudit reads the events that match.
func (s *Store) FindAudit(ctx context.Context, f registry.AuditFilter, offset, limit int) ([]registry.Event, error) {
	w := s.auditWhere(f)
	order := " DESC"
	if f.OldestFirst {
		order = ""
	}
	q := `SELECT ` + eventColumns + ` FROM audit a` + w.sql() + ` ORDER BY a.id` + order + w.number(` LIMIT ? OFFSET ?`, limit, offset)
	rows, err := s.reader.query(ctx, q, w.args...)
	return collect(s, rows, err, scanEvent)
}

// CountAudit counts the events that match.
func (s *Store) CountAudit(ctx context.Context, f registry.AuditFilter) (int64, error) {
	w := s.auditWhere(f)
	return s.total(ctx, s.reader, ` FROM audit a`, w, f.Enough)
}

// AuditFloor gives the number of the row behind so many of those before another one that an index finds for a filter; 0 when
// there are fewer.
func (s *Store) AuditFloor(ctx context.Context, f registry.AuditFilter, rows int) (floor int64, err error) {
	var w where
	switch {
	case f.User != "":
		w.add(`a.principal = ?`, f.User)
	case f.Token != "":
		w.add(`a.token_id = ? AND a.token_id <> ''`, f.Token)
	case f.PrincipalID != 0:
		w.add(`a.principal_id = ?`, f.PrincipalID)
	case f.ChannelID != 0 && f.Channel == "":
		w.add(`a.channel_id = ?`, f.ChannelID)
	case f.Reach != nil:
		// So many of what the account did and as many of what was done to it.
		if floor, err = s.auditFloor(ctx, `a.subject_id <> 0 AND a.subject_id = ?`, f.Reach.Account, f.Before, rows); err != nil {
			return 0, err
		}
		did, err := s.auditFloor(ctx, `a.principal_id = ?`, f.Reach.Account, f.Before, rows)
		return max(floor, did), err
	default:
		return max(f.Before-1-int64(rows), 0), nil // Rows are numbered without gaps.
	}
	w.add(`a.id < ?`, f.Before)
	err = s.reader.row(ctx, `SELECT COALESCE(MAX(k.id), 0) FROM (SELECT a.id FROM audit a`+w.sql()+` ORDER BY a.id DESC`+
		w.number(` LIMIT 1 OFFSET ?`, rows)+`) k`, w.args...).Scan(&floor)
	return floor, s.translate(err)
}

// auditFloor is AuditFloor for rows that an index finds by one number.
func (s *Store) auditFloor(ctx context.Context, cond string, arg, before int64, rows int) (floor int64, err error) {
	var w where
	w.add(cond, arg)
	w.add(`a.id < ?`, before)
	err = s.reader.row(ctx, `SELECT COALESCE(MAX(k.id), 0) FROM (SELECT a.id FROM audit a`+w.sql()+` ORDER BY a.id DESC`+
		w.number(` LIMIT 1 OFFSET ?`, rows)+`) k`, w.args...).Scan(&floor)
	return floor, s.translate(err)
}

// AuditLatest gives the latest time of so many rows up to a number, the zero time for none.
func (s *Store) AuditLatest(ctx context.Context, upTo int64, rows int) (time.Time, error) {
	var at int64
	err := s.reader.row(ctx, `SELECT COALESCE(MAX(at), 0) FROM audit WHERE id <= $1 AND id > $1 - CAST($2 AS BIGINT)`, upTo, rows).Scan(&at)
	return fromMillis(at), s.translate(err)
}

// AuditSpan gives the first and the last number of the rows of a span of time, of which a zero time is no bound. Rows are
// numbered when they are written, which is not quite the order in which what they tell happened: the order of so many is made up for.
func (s *Store) AuditSpan(ctx context.Context, from, until time.Time, slack int) (first, last int64, err error) {
	first, last = 1, math.MaxInt64
	if !from.IsZero() {
		err = s.reader.row(ctx, `SELECT COALESCE(MIN(k.id), CAST($3 AS BIGINT)) FROM (SELECT a.id FROM audit a WHERE a.at >= $1 ORDER BY a.at LIMIT $2) k`,
			millis(from), slack, last).Scan(&first)
	}
	if err == nil && !until.IsZero() {
		err = s.reader.row(ctx, `SELECT COALESCE(MAX(k.id), 0) FROM (SELECT a.id FROM audit a WHERE a.at < $1 ORDER BY a.at DESC LIMIT $2) k`,
			millis(until), slack).Scan(&last)
	}
	return first, last, s.translate(err)
}

func (s *Store) auditWhere(f registry.AuditFilter) *where {
	w := &where{}
	if f.After > 0 {
		w.add("a.id > ?", f.After)
	}
	if f.Before > 0 {
		w.add("a.id < ?", f.Before)
	}
	if !f.From.IsZero() {
		w.add("a.at >= ?", millis(f.From))
	}
	if !f.Until.IsZero() {
		w.add("a.at < ?", millis(f.Until))
	}
	if len(f.Types) > 0 {
		w.add("a.event IN ("+s.d.texts("?")+")", jsonList(f.Types))
	}
	for column, value := range map[string]string{"a.outcome": string(f.Outcome), "a.principal": f.User, "a.token_id": f.Token, "a.address": f.Address} {
		if value != "" {
			w.add(column+" = ?", value)
		}
	}
	if f.PrincipalID != 0 {
		w.add("a.principal_id = ?", f.PrincipalID)
	}
	switch {
	case f.Channel != "":
		below := strings.TrimPrefix(likePattern(f.Channel+"/"), "%")
		w.add("(a.channel_id = ? AND a.channel_id <> 0 OR a.target = ? OR "+s.d.like("a.target")+")", f.ChannelID, f.Channel, below)
	case f.ChannelID != 0:
		w.add("a.channel_id = ?", f.ChannelID)
	}
	if f.Query != "" {
		w.parts = append(w.parts, s.auditHas(w, f))
	}
	if f.Reach != nil {
		s.reach(w, *f.Reach)
	}
	return w
}

// auditHas is the condition that an event has a text in what its reader sees of it.
func (s *Store) auditHas(w *where, f registry.AuditFilter) string {
	in := func(columns ...string) string {
		var ways []string
		for _, column := range columns {
			ways = append(ways, w.number(s.d.like(column), likePattern(f.Query)))
		}
		return either(ways)
	}
	if f.Shown == nil {
		return in("a.target", "a.principal", "a.data", "a.client", "a.request_id", "a.reason")
	}
	ways := []string{
		in("a.target", "a.principal", "a.reason"),
		w.number("EXISTS (SELECT 1 FROM "+s.d.members("a.data")+" WHERE member.key IN ("+s.d.texts("?")+") AND "+
			s.d.like("CAST(member.value AS TEXT)")+")", jsonList(f.Shown), likePattern(f.Query)),
	}
	if f.Reach != nil && f.Reach.Token == "" {
		ways = append(ways, both([]string{w.number("a.principal_id = ?", f.Reach.Account), in("a.data", "a.client", "a.request_id")}))
	}
	return either(ways)
}

// reach keeps what a caller may see of its account's history.
func (s *Store) reach(w *where, r registry.AccountReach) {
	w.add("(a.principal_id = ? OR a.subject_id = ?)", r.Account, r.Account)
	w.parts = append(w.parts, either([]string{
		w.number("a.outcome = ?", string(registry.Done)), w.number("a.event IN ("+s.d.texts("?")+")", jsonList(r.Warnings)),
	}))
	ways := []string{s.onVisible(w, r.Visible)}
	if r.Site {
		ways = append(ways, "a.channel_id = 0")
	}
	if r.Gone {
		ways = append(ways, w.number("(a.principal_id = ? AND NOT EXISTS (SELECT 1 FROM channels c WHERE c.id = a.channel_id))", r.Account))
	}
	if r.Token != "" {
		ways = append(ways, w.number("(a.token_id = ? AND (a.channel_id = 0 OR ", r.Token)+s.onVisible(w, r.TokenVisible)+"))")
	}
	w.parts = append(w.parts, either(ways))
}

// onVisible is the condition that an event is about a channel of the sets.
func (s *Store) onVisible(w *where, sets []registry.ChannelSet) string {
	in := &where{args: w.args}
	s.inSets(in, sets)
	w.args = in.args
	return "EXISTS (SELECT 1 FROM channels c WHERE " + strings.Join(append([]string{"c.id = a.channel_id"}, in.parts...), " AND ") + ")"
}
