package server_test

import (
	"net/http"

	"kingsnake/api"
)

// noticeOperations are those of what people are told of tokens that end.
func noticeOperations() []operation {
	const planned, notices = "/api/users/tokens/notices", "/api/system/notices"
	edit := needs("system.settings:edit")
	return []operation{
		{name: "GET " + planned, hides: true, scopes: needs("user:view", "user.token:view"), call: request(http.MethodGet, planned, nil)},
		{name: "POST " + notices, scopes: edit, call: request(http.MethodPost, notices, nil)},
		{name: "POST " + notices + "/test", scopes: edit, call: request(http.MethodPost, notices+"/test", nil)},
		{name: "PUT /api/account/email", session: true, call: request(http.MethodPut, "/api/account/email", api.EmailUpdate{Email: "me@example.org"})},
	}
}
