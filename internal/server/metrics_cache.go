package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"kingsnake/internal/blob/cacheblob"
)

// cacheMetrics tell how much the cache in front of S3 helps. A site without one reads nothing.
func cacheMetrics(site *Site) []prometheus.Collector {
	stats := func() cacheblob.Stats {
		if site.Cache == nil {
			return cacheblob.Stats{}
		}
		return site.Cache.Stats()
	}
	const name, help = "kingsnake_blob_reads_total", "Blobs that were read from the local cache of S3, and from S3 itself."
	return []prometheus.Collector{
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: prometheus.Labels{"from": "cache"}},
			func() float64 { return float64(stats().Hits) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: prometheus.Labels{"from": "s3"}},
			func() float64 { return float64(stats().Misses) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "kingsnake_blob_cache_bytes", Help: "Bytes in the local cache of S3."},
			func() float64 { return float64(stats().Held) }),
	}
}
