package server

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// expiries tells monitoring of tokens that end soon. Its labels are the id of the token, which is no secret, and its kind.
type expiries struct {
	tokens *registry.Notifications
	desc   *prometheus.Desc
	log    *slog.Logger
	now    func() time.Time

	mu    sync.Mutex
	asked time.Time
	last  []registry.Ending
}

// The bounds of the metric: how many tokens it tells of, and how often and how long the database is asked for them.
const (
	maxExpiries   = 500
	expiriesEvery = time.Minute
	expiriesTime  = 5 * time.Second
)

func newExpiries(tokens *registry.Notifications, log *slog.Logger, now func() time.Time) *expiries {
	return &expiries{tokens: tokens, log: log, now: now, desc: prometheus.NewDesc(
		"kingsnake_token_expires_seconds", "Seconds until a token ends, of those that end within 30 days or ended within one.",
		[]string{"token", "kind"}, nil,
	)}
}

// Describe implements prometheus.Collector.
func (e *expiries) Describe(to chan<- *prometheus.Desc) { to <- e.desc }

// Collect implements prometheus.Collector.
func (e *expiries) Collect(to chan<- prometheus.Metric) {
	now := e.now()
	for _, t := range e.soonest(now) {
		to <- prometheus.MustNewConstMetric(e.desc, prometheus.GaugeValue, t.Ends.Sub(now).Seconds(), t.PublicID, kindOf(t))
	}
}

// soonest gives the tokens, from memory when the database was asked a moment ago.
func (e *expiries) soonest(now time.Time) []registry.Ending {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.asked.IsZero() && now.Sub(e.asked) < expiriesEvery {
		return e.last
	}
	ctx, cancel := context.WithTimeout(context.Background(), expiriesTime)
	defer cancel()
	last, err := e.tokens.Soonest(ctx, maxExpiries)
	if err != nil {
		e.log.Error("the metric of tokens that end cannot be read", "error", err)
	}
	e.last, e.asked = last, now
	return e.last
}

// kindOf is the kind of a token as the REST API names it.
func kindOf(t registry.Ending) string {
	switch {
	case t.OneTime:
		return "one_time"
	case t.OwnerKind == access.KindServiceAccount:
		return "service"
	}
	return t.Kind.String()
}
