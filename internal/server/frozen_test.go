package server_test

import (
	"bytes"
	"net/http"
	"testing"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
	"kingsnake/internal/servertest"
)

// TestFrozenMeanwhile freezes a channel between the beginning of an upload and its end, which can lie far apart: nothing comes
// into a frozen channel.
func TestFrozenMeanwhile(t *testing.T) {
	s := newStage(t)
	packages, caller := s.Server.Site().Service.Packages, identity.Local(s.Clock.Now())
	up, err := packages.BeginUpload(t.Context(), caller, "team")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ada.UpdateChannel(t.Context(), "team", api.ChannelUpdate{IndexingBehavior: new(api.IndexingFrozen)}); err != nil {
		t.Fatal(err)
	}
	data, info := servertest.Package(77, random.Options{NoArch: "generic"})
	got, err := up.Receive(t.Context(), bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := got.Discard(); err != nil {
			t.Error(err)
		}
	}()
	_, err = got.Publish(t.Context(), registry.UploadInput{Filename: info.Filename, Size: -1})
	if e, ok := registry.AsError(err); !ok || e.Code != registry.CodeFrozen {
		t.Errorf("publish = %v, want that the channel is frozen", err)
	}
	get("/team/noarch/"+info.Filename).xAuth(s.session(t, "ada")).do(t, s.Site).refused(t, "the file", http.StatusNotFound, api.CodeNotFound)
}
