package largesite

import (
	"context"
	"fmt"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// makeHistory writes the audit, and jobs that have ended. A tenth of all events are about the big channel.
func (m *maker) makeHistory(ctx context.Context, size Size) error {
	kinds := []registry.EventType{
		registry.EventArtifactAdded, registry.EventArtifactAdded, registry.EventArtifactAdded, registry.EventArtifactRemoved, registry.EventTokenCreated,
		registry.EventTokenReissued, registry.EventTokenRevoked, registry.EventLogin, registry.EventDenied, registry.EventChannelUpdated,
	}
	if err := m.each(ctx, "events", size.Events, func(tx registry.Tx, i int) error {
		c, by := pick(m.rng, m.channels), pick(m.rng, m.users)
		if i%10 == 0 {
			c = m.channels[0]
		}
		if i%20 == 0 {
			by = m.author
		}
		kind := pick(m.rng, kinds)
		e := registry.Event{
			At: start.AddDate(0, 0, i*1000/size.Events), Type: kind, Outcome: registry.Done, PrincipalID: by, Principal: m.names[by],
			Via: "token", TokenID: m.id(), ChannelID: c.ID, Target: c.Path + "/noarch/" + packageName(m.rng.IntN(1000)) + "-1.0-0.conda",
			Scope: access.ArtifactCreate.String(), Address: "192.0.2.7", Client: "conda/26.9", RequestID: m.id(), Data: `{"size":4096}`,
		}
		switch kind {
		case registry.EventDenied:
			e.Outcome, e.Reason = registry.Denial, "level"
		case registry.EventLogin, registry.EventTokenCreated, registry.EventTokenReissued, registry.EventTokenRevoked:
			e.ChannelID, e.SubjectID, e.Target = 0, by, m.names[by]
		}
		return m.store.InsertAudit(ctx, tx, e)
	}); err != nil {
		return err
	}
	return m.each(ctx, "jobs", size.Users, func(tx registry.Tx, i int) error {
		by, at := pick(m.rng, m.users), m.time()
		if i%10 == 0 {
			by = m.author
		}
		_, err := m.store.InsertJob(ctx, tx, registry.Job{
			PublicID: m.id(), Kind: "artifacts_bulk", Title: fmt.Sprintf("Copy %d files", 1+m.rng.IntN(50)), Arguments: []byte("{}"), State: registry.JobDone,
			Asker:    registry.Asker{Via: "session", PrincipalID: by, Principal: m.names[by]},
			Progress: registry.Progress{Total: 10}, DueAt: at, CreatedAt: at, UpdatedAt: at,
		})
		return err
	})
}
