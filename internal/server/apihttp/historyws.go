package apihttp

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/callers"
	"kingsnake/internal/server/problem"
)

// The bounds of following a history: how often it is looked at, how long one connection lives before the client has to
// come again, and how many an account can hold.
const (
	minFollow     = time.Second
	maxFollow     = time.Minute
	defaultFollow = 5 * time.Second
	followLife    = time.Hour
	maxFollowers  = 8
	followBatch   = 100
	followWrite   = 10 * time.Second
)

// followers counts the connections of each account.
type followers struct {
	mu   sync.Mutex
	held map[int64]int
}

// enter takes a place, if the account has one left; leave gives it back.
func (f *followers) enter(account int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held[account] >= maxFollowers {
		return false
	}
	f.held[account]++
	return true
}

func (f *followers) leave(account int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held[account]--; f.held[account] == 0 {
		delete(f.held, account)
	}
}

// followOperation pushes the events of the caller's history over a WebSocket. A client that asks without one gets the
// events that there are.
func (a *API) followOperation() {
	places := &followers{held: map[int64]int{}}
	a.HandleRaw(Operation{Method: http.MethodGet, Path: "/api/account/history/ws", Tag: "Audit", Summary: "Follow the caller's history over a WebSocket", Self: true},
		func(w http.ResponseWriter, r *http.Request, req callers.Request) {
			if err := a.follow(w, r, req, places); err != nil {
				problem.Write(w, r, problem.From(r.Context(), err, access.ProtocolREST, req.ID, a.Log))
			}
		})
}

// follow answers one request. Its error is to be sent; once the connection is a WebSocket there is none.
func (a *API) follow(w http.ResponseWriter, r *http.Request, req callers.Request, places *followers) error {
	caller, err := a.caller(r, Operation{Self: true})
	if err != nil {
		return err
	}
	f, every, err := followInput(r)
	if err != nil {
		return err
	}
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		h, err := a.Service.Audit.AccountHistory(r.Context(), caller, f, registry.Page{Limit: followBatch})
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "private, no-store")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(followMessage(h.Items))
		return nil
	}
	if !places.enter(caller.Principal.ID) {
		return &registry.Error{Code: registry.CodeTooMany, RetryAfter: every, Message: "this account follows its history on " + strconv.Itoa(maxFollowers) + " connections already; close one"}
	}
	defer places.leave(caller.Principal.ID)
	seen, err := a.newest(r.Context(), caller, f)
	if err != nil {
		return err
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return nil // Accept has answered.
	}
	a.push(r, req, conn, f, every, seen)
	return nil
}

// followInput reads the query.
func followInput(r *http.Request) (f registry.HistoryFilter, every time.Duration, err error) {
	q := r.URL.Query()
	f.Types, every = eventTypes(q["event_types"]), defaultFollow
	if text := q.Get("timeout"); text != "" {
		ms, err := strconv.Atoi(text)
		if err != nil || ms < 0 || ms > int(maxFollow.Milliseconds()) {
			return f, 0, &registry.Error{Code: registry.CodeInvalid, Field: "timeout", Message: "timeout is a number of milliseconds up to " + strconv.FormatInt(maxFollow.Milliseconds(), 10)}
		}
		every = max(time.Duration(ms)*time.Millisecond, minFollow)
	}
	return f, every, nil
}

// newest is the last event that there is, empty for none.
func (a *API) newest(ctx context.Context, caller *access.Caller, f registry.HistoryFilter) (string, error) {
	h, err := a.Service.Audit.AccountHistory(ctx, caller, f, registry.Page{Limit: 1})
	if err != nil || len(h.Items) == 0 {
		return "", err
	}
	return h.Items[0].Hash.String(), nil
}

// push sends what is new until the client goes, its credential ends or the connection has lived long enough.
func (a *API) push(r *http.Request, req callers.Request, conn *websocket.Conn, f registry.HistoryFilter, every time.Duration, seen string) {
	ctx, cancel := context.WithTimeout(r.Context(), followLife)
	defer cancel()
	ctx = conn.CloseRead(ctx)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			_ = conn.Close(websocket.StatusGoingAway, "come again") // The client may be gone already.
			return
		case <-tick.C:
		}
		caller, err := a.Callers.Again(ctx, r, req)
		if err != nil {
			_ = conn.Close(websocket.StatusTryAgainLater, "the server cannot ask its database") // As above.
			return
		}
		if caller.Problem != access.ProblemNone || !caller.LoggedIn() {
			_ = conn.Close(websocket.StatusPolicyViolation, "the credential is no longer good") // As above.
			return
		}
		if seen, err = a.pushNew(ctx, conn, caller, f, seen); err != nil {
			_ = conn.Close(websocket.StatusInternalError, "the history cannot be read") // As above.
			return
		}
	}
}

// pushNew sends the events after the one last seen, if there are any, and gives the one that is now last.
func (a *API) pushNew(ctx context.Context, conn *websocket.Conn, caller *access.Caller, f registry.HistoryFilter, seen string) (string, error) {
	h, err := a.Service.Audit.AccountHistory(ctx, caller, f, registry.Page{Limit: followBatch})
	if err != nil {
		return seen, err
	}
	items := h.Items
	if i := slices.IndexFunc(items, func(e registry.HistoryItem) bool { return e.Hash.String() == seen }); i >= 0 {
		items = items[:i]
	}
	if len(items) == 0 {
		return seen, nil
	}
	ctx, cancel := context.WithTimeout(ctx, followWrite)
	defer cancel()
	return items[0].Hash.String(), conn.Write(ctx, websocket.MessageText, followMessage(items))
}

// followMessage is a history as one message.
func followMessage(items []registry.HistoryItem) []byte {
	out := struct {
		Items []api.HistoryItem `json:"items"`
	}{Items: make([]api.HistoryItem, len(items))}
	for i, h := range items {
		out.Items[i] = historyItemOut(h)
	}
	message, err := json.Marshal(out)
	if err != nil {
		return []byte(`{"items":[]}`) // Texts, numbers and stored JSON always marshal.
	}
	return message
}
