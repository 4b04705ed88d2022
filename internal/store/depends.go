package store

import (
	"context"

	"kingsnake/internal/registry"
)

// UnknownDepends gives packages of a channel that changed since it was noted what they depend on.
func (s *Store) UnknownDepends(ctx context.Context, channel int64, limit int) ([]registry.Artifact, error) {
	rows, err := s.reader.query(ctx, `SELECT `+artifactColumns+artifactFrom+` WHERE `+artifactJoin+` AND a.channel_id = $1 AND a.depends_known = FALSE ORDER BY a.id LIMIT $2`, channel, limit)
	return collect(s, rows, err, scanArtifact)
}

// SetDepends notes what a package depends on, provided that it has not changed since it was read.
func (s *Store) SetDepends(ctx context.Context, tx registry.Tx, a registry.Artifact, names []string) error {
	if _, err := s.q(tx).exec(ctx, `DELETE FROM artifact_depends WHERE artifact_id = $1`, a.ID); err != nil {
		return s.translate(err)
	}
	for _, name := range names {
		_, err := s.q(tx).exec(ctx, `INSERT INTO artifact_depends (artifact_id, channel_id, name) SELECT id, channel_id, $2 FROM artifacts WHERE id = $1`, a.ID, name)
		if err != nil {
			return s.translate(err)
		}
	}
	_, err := s.q(tx).exec(ctx, `UPDATE artifacts SET depends_known = TRUE WHERE id = $1 AND updated_at = $2`, a.ID, millis(a.UpdatedAt))
	return s.translate(err)
}
