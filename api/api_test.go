package api_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
)

// keys are the field names of v on the wire.
func keys(t *testing.T, v any) []string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(fields))
}

// TestTokenAnswersAreFlat writes out the fields of the answers that embed others: an embedded struct must not hide a
// field of its surroundings, and the string of a token must stand only where one is issued.
func TestTokenAnswersAreFlat(t *testing.T) {
	usage := []string{"last_used_address", "last_used_at", "last_used_client", "refusals", "uses"}
	item := append([]string{
		"created_at", "description", "expires_at", "fingerprint", "id", "kind", "metadata", "name", "owner", "secrets", "state", "type",
	}, usage...)
	sorted := func(fields ...string) []string { return slices.Sorted(slices.Values(fields)) }
	for _, tc := range []struct {
		name string
		v    any
		want []string
	}{
		{"token", api.Token{}, sorted(item...)},
		{"resource token", api.Token{Resources: []api.TokenResource{{}}}, sorted(append(item, "resources")...)},
		{"scope token", api.Token{Scopes: []string{"x"}}, sorted(append(item, "scopes")...)},
		{"created", api.TokenCreated{}, sorted(append(item, "token")...)},
		{"updated", api.TokenUpdated{}, sorted(append(item, "token")...)},
		{"secret", api.TokenSecret{}, sorted(append(usage, "created_at", "current", "fingerprint", "retires_at")...)},
	} {
		if diff := cmp.Diff(tc.want, keys(t, tc.v)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// TestUpdatesLeaveOutWhatIsNil keeps a change of one field from resetting another.
func TestUpdatesLeaveOutWhatIsNil(t *testing.T) {
	for _, v := range []any{api.TokenUpdate{}, api.ChannelUpdate{}, api.UserUpdate{}, api.PasswordReset{}} {
		if got := keys(t, v); len(got) != 0 {
			t.Errorf("an empty %T sends %v", v, got)
		}
	}
}
