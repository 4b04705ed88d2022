package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kingsnake/internal/servertest"
)

// TestChaosIsNoticed has the clients of the chaos speak to servers that do what must not be, each in a way of its own.
func TestChaosIsNoticed(t *testing.T) {
	const file = "noarch/kept-1-0.conda"
	respond := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	index := func(name, sum string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/"+chaosOpen+"/noarch/repodata.json":
				_, _ = fmt.Fprintf(w, `{"packages.conda": {%q: {"sha256": %q}}}`, name, sum)
			case strings.Contains(r.URL.Path, "repodata.json"):
				unavailable(w)
			default:
				http.NotFound(w, r)
			}
		}
	}
	for _, tc := range []struct {
		name   string
		server http.Handler
		client func(*chaos, *rand.Rand)
		want   string
	}{
		{"lost file", respond(404, ""), (*chaos).downloader, "which was acknowledged: 404"},
		{"other bytes", respond(200, "lost"), (*chaos).downloader, "which was acknowledged: 200"},
		{"error", respond(500, ""), (*chaos).downloader, "GET /open/" + file + ": 500"},
		{"no Retry-After", respond(503, ""), (*chaos).downloader, `503 with Retry-After ""`},
		{"no answer", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), (*chaos).downloader, "no answer from a server that lives"},
		{"broken index", respond(200, "{"), (*chaos).reader, "is broken"},
		{"missing file", index("kept-1-0.conda", hash([]byte("kept"))), (*chaos).reader, "an index of open names " + file + ": 404"},
		{"unknown file", index("other-1-0.conda", ""), (*chaos).reader, "which nobody uploaded"},
		{"other file", index("kept-1-0.conda", hash(nil)), (*chaos).reader, "with the hash"},
		{"deleted file", index("gone-1-0.conda", hash([]byte("gone"))), (*chaos).reader, "after its deletion"},
		{"immortal token", tokens(1000, false), (*chaos).minter, "a revoked token that is used"},
		{"token that is no good", tokens(0, true), (*chaos).minter, "a new token is answered 403"},
		{"a use too many", tokens(8, true), (*chaos).meter, "was served 8 times, and 0 answers were lost"},
		{"a use too few", tokens(6, true), (*chaos).meter, "was served 6 times, and 0 answers were lost"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(tc.server)
			defer server.Close()
			c := &chaos{http: server.Client(), secret: artifact{data: []byte("secret")}}
			for i := range c.nodes {
				c.nodes[i] = &node{process: &process{url: server.URL, errout: &servertest.Log{}}}
			}
			c.ledger.files = map[string]*entry{}
			for name, gone := range map[string]time.Time{"kept": {}, "gone": time.Now().Add(-catchUp - time.Second)} {
				e := &entry{channel: chaosOpen, file: "noarch/" + name + "-1-0.conda", name: name, sum: hash([]byte(name)), leaving: !gone.IsZero(), gone: gone}
				c.ledger.files[e.channel+"/"+e.file] = e
				c.ledger.acknowledge(e)
			}
			rng := rand.New(rand.NewPCG(1, 1))
			for range 20 { // It may look at another file or form, or channel.
				tc.client(c, rng)
				if got := strings.Join(c.tally.failures(), "\n"); got != "" {
					if !strings.Contains(got, tc.want) {
						t.Errorf("it says:\n%s\nwant %q", got, tc.want)
					}
					return
				}
			}
			t.Errorf("nobody notices, want %q; %s", tc.want, c.tally.String())
		})
	}
}

func unavailable(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
}

// TestChaosForgivesWhatIsAway: a 503 is excused while PostgreSQL or the S3 server is away, and by nothing else.
func TestChaosForgivesWhatIsAway(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { unavailable(w) }))
	defer server.Close()
	c := &chaos{http: server.Client()}
	n := &node{process: &process{url: server.URL}}
	ask := func() { c.call(n, request{method: http.MethodGet, path: "/"}) }
	ask()
	c.kills.begin()
	ask()
	c.kills.end()
	c.outages.begin()
	ask()
	c.outages.end()
	ask()
	if needless, excused := c.tally.count(needless503), c.tally.count(excused503); needless != 2 || excused != 2 {
		t.Errorf("%d needless and %d excused answers, want 2 each", needless, excused)
	}
}

// tokens is a server that makes tokens good for so many uses and knows no revocation; used up, they are refused with 403 where
// metered, else with 401.
func tokens(uses int64, metered bool) http.Handler {
	var used atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			w.WriteHeader(http.StatusCreated)
			_ = json.NewEncoder(w).Encode(map[string]string{"id": "one", "token": "ks-r-secret"})
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		case used.Add(1) > uses && metered:
			w.WriteHeader(http.StatusForbidden)
		case used.Load() > uses:
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
}
