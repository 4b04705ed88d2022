package server_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/internal/registry"
)

// rotationTime makes TestRotationUnderLoad run so long by the real clock: the token is renewed after a quarter of it, and
// the old string ends after three quarters.
var rotationTime = flag.Duration("rotation", 0, "length of the test of rotation under load by the real clock; 0 moves the server's clock instead")

// rotationClients is how many clients download at once, rotationRound how many answers of each a round waits for.
const (
	rotationClients = 8
	rotationRound   = 15
)

// rotation is a token that gets a new string while clients download with it as fast as they can.
type rotation struct {
	*stage
	old     string
	clients [rotationClients]rotationClient
	stop    atomic.Bool
	all     sync.WaitGroup
}

// rotationClient is one of the clients; only it writes answers.
type rotationClient struct {
	secret  atomic.Pointer[string]
	count   atomic.Int64
	answers []rotationAnswer
}

// rotationAnswer is one answer: when it was asked for and came, by the server's clock.
type rotationAnswer struct {
	asked, came time.Time
	old         bool
	took        time.Duration
	status      int
	code        api.Code
}

func rotationAddress(n int) string { return fmt.Sprintf("10.7.0.%d", n+1) }
func rotationName(n int) string    { return fmt.Sprintf("rotation-client/%d", n) }

// run downloads until it is stopped or was refused for a whole round.
func (r *rotation) run(t *testing.T, n int) {
	c := &r.clients[n]
	for refused := 0; !r.stop.Load() && refused < rotationRound; {
		secret := *c.secret.Load()
		asked, start := r.Clock.Now(), time.Now()
		a := get("/team/noarch/"+r.file).xAuth(secret).with("User-Agent", rotationName(n)).with("X-Forwarded-For", rotationAddress(n)).do(t, r.Site)
		x := rotationAnswer{asked: asked, came: r.Clock.Now(), old: secret == r.old, took: time.Since(start), status: a.status}
		if a.status != http.StatusOK {
			refused++
			var p api.Problem
			if err := json.Unmarshal(a.body, &p); err == nil {
				x.code = p.Code
			}
		}
		c.answers = append(c.answers, x)
		c.count.Add(1)
	}
}

// round waits until every client has had some more answers or, by the real clock, until a time has passed.
func (r *rotation) round(t *testing.T, pause time.Duration) {
	t.Helper()
	var goal [rotationClients]int64
	for n := range r.clients {
		goal[n] = r.clients[n].count.Load() + rotationRound
	}
	time.Sleep(pause)
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Millisecond) {
		behind := 0
		for n := range r.clients {
			if r.clients[n].count.Load() < goal[n] {
				behind++
			}
		}
		if behind == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d clients got no %d answers within two minutes", behind, rotationRound)
		}
	}
}

// TestRotationUnderLoad: while eight clients download, their token gets a new string with an overlap. No request fails
// before the old string ends; then whoever still uses it gets a clear 401, and the audit names address and client.
func TestRotationUnderLoad(t *testing.T) {
	r := &rotation{stage: newStage(t, behindProxy)}
	made := r.ResourceToken(r.ada, "team", api.LevelRead)
	r.old = made.Secret
	for n := range r.clients {
		r.clients[n].secret.Store(&r.old)
		r.all.Go(func() { r.run(t, n) })
	}
	defer r.all.Wait()
	defer r.stop.Store(true)
	overlap := time.Hour
	if *rotationTime > 0 {
		overlap = *rotationTime / 2
	}
	r.round(t, *rotationTime/4)
	fresh, err := r.ada.ReissueToken(t.Context(), made.ID, api.TokenUpdate{}, overlap)
	if err != nil || fresh.Secret == nil || len(fresh.Secrets) != 2 || fresh.Secrets[1].RetiresAt == nil {
		t.Fatalf("reissue = %+v, %v", fresh, err)
	}
	ends := *fresh.Secrets[1].RetiresAt
	r.round(t, *rotationTime/4)
	for n := range r.clients {
		if n%2 == 1 {
			r.clients[n].secret.Store(fresh.Secret)
		}
	}
	r.round(t, *rotationTime/8)
	if *rotationTime == 0 {
		r.Clock.Advance(overlap)
	} else {
		time.Sleep(ends.Sub(r.Clock.Now()) + 10*time.Millisecond)
	}
	r.round(t, *rotationTime/4)
	r.stop.Store(true)
	r.all.Wait()
	r.check(t, ends)
	r.checkAudit(t, made.ID)
}

// check judges every answer by when it was asked for and came.
func (r *rotation) check(t *testing.T, ends time.Time) {
	t.Helper()
	// The server keeps times in milliseconds.
	const grain = 2 * time.Millisecond
	var took []time.Duration
	served, refused, failed, between := 0, 0, 0, 0
	for n := range r.clients {
		for _, a := range r.clients[n].answers {
			ok, rotated := a.status == http.StatusOK, a.status == http.StatusUnauthorized && a.code == api.CodeTokenRotated
			switch before, after := a.came.Before(ends.Add(-grain)), a.asked.After(ends.Add(grain)); {
			case ok && (before || !a.old):
				served++
				took = append(took, a.took)
			case rotated && after && a.old:
				refused++
			case a.old && !before && !after && (ok || rotated):
				between++
			default:
				if failed++; failed <= 5 {
					t.Errorf("client %d, old string %v, asked %v and answered %v from its end: %d %s", n, a.old, a.asked.Sub(ends), a.came.Sub(ends), a.status, a.code)
				}
			}
		}
	}
	if want := rotationClients / 2 * rotationRound; refused+between < want {
		t.Errorf("%d uses of the old string were refused after its end, want at least %d", refused, want)
	}
	slices.Sort(took)
	t.Logf("%d clients: %d downloads served, %d failed; after the old string's end %d refused with token_rotated, %d asked for just then; median %v, p99 %v",
		rotationClients, served, failed, refused, between, took[len(took)/2], took[len(took)*99/100])
}

// checkAudit finds, of each client that kept the old string, an event with its address and name.
func (r *rotation) checkAudit(t *testing.T, token string) {
	t.Helper()
	filter := registry.AuditFilter{Types: []registry.EventType{registry.EventDeadTokenUsed}, Token: token, OldestFirst: true}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		// Refusals are written a moment later.
		rows, err := r.Server.Site().Store.FindAudit(t.Context(), filter, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]string{}
		for _, e := range rows {
			seen[e.Address] = e.Client
		}
		missing := 0
		for n := 0; n < rotationClients; n += 2 {
			if seen[rotationAddress(n)] != rotationName(n) {
				missing++
			}
		}
		if missing == 0 && len(seen) == rotationClients/2 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the audit names %v, want the %d clients that kept the old string", seen, rotationClients/2)
		}
	}
}
