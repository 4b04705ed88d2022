package server_test

import "net/http"

// auditOperations are those of the audit and of histories.
func auditOperations() []operation {
	view := needs("audit-logs:view")
	return []operation{
		{name: "GET /api/audit", scopes: view, call: request(http.MethodGet, "/api/audit", nil)},
		{name: "GET /api/audit/export", scopes: view, call: request(http.MethodGet, "/api/audit/export", nil)},
		{name: "GET /api/audit/heads", scopes: view, call: request(http.MethodGet, "/api/audit/heads", nil)},
		{name: "POST /api/audit/heads", scopes: view, call: request(http.MethodPost, "/api/audit/heads", nil)},
		{name: "GET /api/system/history", scopes: view, call: request(http.MethodGet, "/api/system/history", nil)},
		{name: "GET /api/account/history", call: request(http.MethodGet, "/api/account/history", nil)},
		{name: "GET /api/account/history/ws", call: request(http.MethodGet, "/api/account/history/ws", nil)},
		{name: "GET " + oneChannel + "/history", scopes: needs("channel:history"), both: true, call: below(http.MethodGet, "/history", nil)},
	}
}
