package server_test

import (
	"net/http"

	"kingsnake/api"
)

// ruleOperations are those about what a channel offers and how much it holds.
func ruleOperations() []operation {
	return []operation{
		{name: "GET " + oneChannel + "/files-filtered", scopes: needs("channel:history"), both: true, call: below(http.MethodGet, "/files-filtered", nil)},
		{name: "PUT " + oneChannel + "/quota", scopes: needs("channel:edit", "system.settings:edit"), both: true, call: below(http.MethodPut, "/quota", api.ChannelQuota{QuotaBytes: 1 << 40})},
	}
}
