package store

import (
	"context"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"kingsnake/internal/registry"
)

// BenchmarkAuditedWrites is what the chain of the audit costs: durable writes from many goroutines, each with an event,
// as concurrent uploads are.
func BenchmarkAuditedWrites(b *testing.B) {
	for _, writers := range []int{1, 16} {
		b.Run(strconv.Itoa(writers)+" writers", func(b *testing.B) {
			s, err := OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "db"))
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() {
				if err := s.Close(); err != nil {
					b.Error(err)
				}
			})
			var n atomic.Int64
			b.SetParallelism(writers)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := auditedWrite(b.Context(), s, int(n.Add(1))); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// auditedWrite writes a record and the event that tells of it.
func auditedWrite(ctx context.Context, s *Store, n int) error {
	now := time.UnixMilli(1_700_000_000_000 + int64(n))
	return s.Write(ctx, func(tx registry.Tx) error {
		if err := s.SetSetting(ctx, tx, "setting"+strconv.Itoa(n%1000), "some value", now); err != nil {
			return err
		}
		return s.InsertAudit(ctx, tx, registry.Event{
			At: now, Type: registry.EventArtifactAdded, Outcome: registry.Done, PrincipalID: 7, Principal: "ada",
			TokenID: "7d9f0f6e-4f0e-4a07-9a29-1f0f2a6f3a11", ChannelID: 3, Target: "team/noarch/package-1.0-0.conda",
			Address: "192.0.2.7", Client: "conda/25.1 python/3.12", RequestID: "0011223344-abc",
			Data: `{"name":"package","sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","size":123456}`,
		})
	})
}
