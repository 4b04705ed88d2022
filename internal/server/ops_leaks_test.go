package server_test

import (
	"net/http"
	"testing"

	"kingsnake/api"
)

// leakOperations are those about strings that were found where they should not be.
func leakOperations() []operation {
	return []operation{
		{name: "POST /api/tokens/revoke-leaked", open: true, call: func(t testing.TB, _ *world, _ place) call {
			return call{method: http.MethodPost, path: "/api/tokens/revoke-leaked", body: api.LeakReport{Tokens: []string{foreignToken(t)}}}
		}},
	}
}
