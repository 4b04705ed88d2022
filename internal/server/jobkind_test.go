package server_test

import (
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/internal/registry"
	"kingsnake/internal/servertest"
)

// TestJobOfALaterVersion: a server that is about to be replaced by a newer one leaves it the jobs that it does not know.
func TestJobOfALaterVersion(t *testing.T) {
	s := servertest.New(t)
	store, now := s.Server.Site().Store, s.Clock.Now()
	j := registry.Job{PublicID: "later", Kind: "of_a_later_version", Arguments: []byte(`{}`), State: registry.JobQueued, DueAt: now, CreatedAt: now, UpdatedAt: now}
	err := store.Write(t.Context(), func(tx registry.Tx) error {
		_, err := store.InsertJob(t.Context(), tx, j)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		got, err := s.Admin.Job(t.Context(), j.PublicID)
		if err != nil {
			t.Fatal(err)
		}
		if got.State.Over() {
			t.Fatalf("the job is over: %+v", got)
		}
		if got.Attempts > 0 && got.State == api.JobQueued {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody has taken the job: %+v", got)
		}
	}
}
