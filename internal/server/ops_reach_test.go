package server_test

import "testing"

// reachOperations are those that tell who can reach a channel.
func reachOperations() []operation {
	return []operation{
		{name: "GET " + oneChannel + "/access", scopes: needs("access:explain"), both: true, call: func(_ testing.TB, _ *world, at place) call { return get(at.rest + "/access") }},
	}
}
