package store

import (
	"path/filepath"
	"testing"
	"time"

	"kingsnake/internal/registry"
)

// TestCopyKeepsEmptyBytes copies a package that has no version to order by, which is no bytes and not no value, to another
// database of each kind and back.
func TestCopyKeepsEmptyBytes(t *testing.T) {
	from := openTest(t, filepath.Join(t.TempDir(), "from"))
	defer closeStore(t, from)
	pg := openPostgres(t, migrated(t))
	defer closeStore(t, pg)
	back := openTest(t, filepath.Join(t.TempDir(), "back"))
	defer closeStore(t, back)

	err := from.Write(t.Context(), func(tx registry.Tx) error {
		id, err := from.InsertChannel(t.Context(), tx, registry.Channel{PublicID: "team", Name: "team", Path: "team"})
		if err != nil {
			return err
		}
		_, err = from.EnsureArtifact(t.Context(), tx, registry.Artifact{
			ChannelID: id, Family: registry.FamilyConda, Name: "alpha-é", LatestVersionKey: []byte{}, CreatedAt: time.UnixMilli(1), UpdatedAt: time.UnixMilli(1),
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]*Store{{from, pg}, {pg, back}} {
		copyAll(t, pair[0], pair[1])
	}
}

// copyAll copies one database to the other, and compares what they hold then.
func copyAll(t *testing.T, from, to *Store) {
	t.Helper()
	err := from.Write(t.Context(), func(fromTx registry.Tx) error {
		return to.Write(t.Context(), func(tx registry.Tx) error {
			_, copied, err := to.CopyRecords(t.Context(), tx, from, fromTx, func(int64) {})
			if err != nil {
				return err
			}
			_, compared, err := to.CompareRecords(t.Context(), tx, from, fromTx)
			if copied == 0 || compared != copied {
				t.Errorf("%d rows were copied and %d compared", copied, compared)
			}
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}
