package server

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics counts what the server does. No name of a channel, a user or a token is among the labels, since anybody who
// reaches the server may read them.
type metrics struct {
	http.Handler
	requests *prometheus.CounterVec
	duration prometheus.Histogram
	sent     prometheus.Counter
	// statuses are those that there are, written down.
	statuses [600]string
	// gets are the counters of requests with the method GET that are in use: finding one by its labels takes longer than counting.
	gets [600]atomic.Pointer[prometheus.Counter]
}

func newMetrics(site *Site, expiries prometheus.Collector) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kingsnake_http_requests_total", Help: "Requests by method and status.",
		}, []string{"method", "status"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "kingsnake_http_request_duration_seconds", Help: "Time from the first byte of a request to the last of its answer.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 10),
		}),
		sent: prometheus.NewCounter(prometheus.CounterOpts{Name: "kingsnake_http_sent_bytes_total", Help: "Bytes of answers' bodies."}),
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		m.requests, m.duration, m.sent, expiries, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "kingsnake_audit_dropped_total", Help: "Denials that could not be written to the audit.",
		}, func() float64 { return float64(site.Service.Trail.Dropped()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "kingsnake_kept_corrections_total", Help: "Kept counts and packages' search words that were wrong and are mended.",
		}, func() float64 { return float64(site.Upkeep.Corrections()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "kingsnake_password_hashes_total", Help: "Password hashes computed, which are slow on purpose.",
		}, func() float64 { return float64(site.Passwords.Computed()) }),
	)
	reg.MustRegister(cacheMetrics(site)...)
	for i := range m.statuses {
		m.statuses[i] = strconv.Itoa(i)
	}
	m.Handler = promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true})
	return m
}

// methods are the ones that are told apart; a client may invent others without end.
var methods = map[string]bool{"GET": true, "HEAD": true, "POST": true, "PUT": true, "DELETE": true, "PATCH": true, "OPTIONS": true}

func (m *metrics) observe(method string, status int, took time.Duration, bytes int64) {
	if !methods[method] {
		method = "other"
	}
	m.counter(method, min(max(0, status), len(m.statuses)-1)).Inc()
	m.duration.Observe(took.Seconds())
	m.sent.Add(float64(bytes))
}

// counter gives the counter of requests with a method and a status.
func (m *metrics) counter(method string, status int) prometheus.Counter {
	if method != http.MethodGet {
		return m.requests.WithLabelValues(method, m.statuses[status])
	}
	known := m.gets[status].Load()
	if known == nil {
		known = new(m.requests.WithLabelValues(method, m.statuses[status]))
		m.gets[status].Store(known)
	}
	return *known
}
