package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"kingsnake/api"
)

// TestFollowHistory: what the account does arrives on its WebSocket, what others do does not, and the connection ends
// with the credential.
func TestFollowHistory(t *testing.T) {
	s := newStage(t)
	session := s.session(t, "ada")
	dial := func(token string) (*websocket.Conn, int) {
		conn, resp, err := websocket.Dial(t.Context(), strings.Replace(s.URL, "http", "ws", 1)+"/api/account/history/ws?timeout=1000&event_types=channel_created", &websocket.DialOptions{
			HTTPHeader: http.Header{"X-Auth": {token}},
		})
		if err != nil {
			if resp == nil {
				t.Fatal(err)
			}
			return nil, resp.StatusCode
		}
		return conn, resp.StatusCode
	}
	if _, status := dial("ks-s-nonsense"); status != http.StatusUnauthorized {
		t.Errorf("with a bad token: status = %d, want 401", status)
	}
	conn, _ := dial(session)
	defer conn.CloseNow()
	s.Channel(s.bob, "bobsnew", api.PrivacyPrivate)
	s.Channel(s.ada, "adasnew", api.PrivacyPrivate)
	_, message, err := conn.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Items []api.HistoryItem }
	if err := json.Unmarshal(message, &got); err != nil || len(got.Items) != 1 || got.Items[0].Data["target"] != "adasnew" {
		t.Errorf("message = %s, %v, want the one channel of ada's", message, err)
	}
	for range 7 {
		other, status := dial(session)
		if status != http.StatusSwitchingProtocols {
			t.Fatalf("status = %d, want a second connection", status)
		}
		t.Cleanup(func() { _ = other.CloseNow() }) // The server may have closed it already.
	}
	if _, status := dial(session); status != http.StatusTooManyRequests {
		t.Errorf("a ninth connection: status = %d, want 429", status)
	}
	call{method: http.MethodPost, path: "/api/auth/logout"}.xAuth(session).do(t, s.Site).ok(t, "log out")
	ended := time.Now()
	if _, _, err := conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusPolicyViolation || time.Since(ended) > time.Minute {
		t.Errorf("after the logout: %v, want the connection closed for the credential", err)
	}
}
