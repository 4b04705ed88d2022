package server_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/servertest"
)

// TestHiddenChannelInABody names a channel in a body that the caller may not see, and one that does not exist: the
// answers are the same, and those that a path gets.
func TestHiddenChannelInABody(t *testing.T) {
	site := servertest.New(t)
	site.Channel(site.User("ada"), "team", api.PrivacyPrivate)
	eve := site.User("eve")
	var problems []api.Problem
	for _, name := range []string{"team", "nope"} {
		_, err := eve.CreateToken(t.Context(), api.TokenCreate{Name: "x", Resources: []api.TokenResource{
			{ResourceType: api.ResourceTypeChannel, ResourceID: name, Permission: api.LevelRead},
		}})
		var e *client.Error
		if !errors.As(err, &e) || e.Problem.Status != http.StatusNotFound {
			t.Fatalf("token for %s: %v, want 404", name, err)
		}
		problems = append(problems, e.Problem)
	}
	if diff := cmp.Diff(problems[0], problems[1], cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "RequestID" }, cmp.Ignore())); diff != "" {
		t.Errorf("the answers tell whether the channel exists:\n%s", diff)
	}
}
