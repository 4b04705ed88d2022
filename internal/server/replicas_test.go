package server_test

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/config"
	"kingsnake/internal/identity"
	"kingsnake/internal/oidctest"
	"kingsnake/internal/pgtest"
	"kingsnake/internal/server"
	"kingsnake/internal/servertest"
)

// replicas are two servers of one site, of which the second reaches the database through a door.
type replicas struct {
	one, two *servertest.Site
	door     *pgtest.Door
	file     string
	token    api.TokenCreated
}

// newReplicas makes a site with a public channel and a private one, a package in each, and a token for the private one.
func newReplicas(t *testing.T) *replicas {
	t.Helper()
	url := pgtest.Copy(t, servertest.Template, servertest.Prepare)
	dir := inMemory(t)
	on := func(url string) func(*config.Config) {
		return func(cfg *config.Config) { cfg.Database = config.Secret(url) }
	}
	r := &replicas{door: pgtest.NewDoor(t, url)}
	r.one, r.two = servertest.Open(t, dir, on(url)), servertest.Open(t, dir, on(r.door.URL))
	data, info := servertest.Package(1, random.Options{NoArch: "generic"})
	r.file = info.Filename
	for name, privacy := range map[string]api.Privacy{"team": api.PrivacyPrivate, "open": api.PrivacyPublic} {
		r.one.Channel(r.one.Admin, name, privacy)
		r.one.Upload(r.one.Admin, name, data, r.file)
	}
	r.token = r.one.ResourceToken(r.one.Admin, "team", api.LevelRead)
	return r
}

func (r *replicas) get(t *testing.T, path, token string) answer {
	t.Helper()
	return get(path).xAuth(token).do(t, r.two)
}

// eventually asks until the answer has a status.
func (r *replicas) eventually(t *testing.T, path, token string, status int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		got := r.get(t, path, token)
		if got.status == status {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s still answers %d, want %d: %s", path, got.status, status, got.body)
		}
	}
}

// TestReplicas: what one server of a site does has effect at the other, whose caches knew better.
func TestReplicas(t *testing.T) {
	r := newReplicas(t)
	ctx := t.Context()
	private, public := "/team/noarch/"+r.file, "/open/noarch/"+r.file
	for range 2 {
		r.get(t, private, r.token.Secret).ok(t, "with a token")
		r.get(t, public, "").ok(t, "without one")
	}
	if err := r.one.Admin.DeleteToken(ctx, r.token.ID); err != nil {
		t.Fatal(err)
	}
	r.eventually(t, private, r.token.Secret, http.StatusUnauthorized)
	if _, err := r.one.Admin.UpdateChannel(ctx, "open", api.ChannelUpdate{Privacy: new(api.PrivacyPrivate)}); err != nil {
		t.Fatal(err)
	}
	r.eventually(t, public, "", http.StatusUnauthorized)

	// And the other way round, for an index.
	r.one.Channel(r.one.Admin, "more", api.PrivacyPublic)
	get("/more/noarch/repodata.json").do(t, r.one).ok(t, "an empty index")
	data, info := servertest.Package(2, random.Options{NoArch: "generic"})
	r.two.Upload(r.two.Admin, "more", data, info.Filename)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if strings.Contains(string(get("/more/noarch/repodata.json").do(t, r.one).body), info.Filename) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the index of one server never has what was uploaded to the other")
		}
	}
}

// TestLostDatabase: a server that has lost its database serves what anybody may have, from memory, and says of all else
// that it does not know; and it knows again as soon as it can.
func TestLostDatabase(t *testing.T) {
	r := newReplicas(t)
	private, public := "/team/noarch/"+r.file, "/open/noarch/"+r.file
	for range 2 {
		r.get(t, private, r.token.Secret).ok(t, "with a token")
		r.get(t, public, "").ok(t, "without one")
	}
	r.get(t, "/readyz", "").ok(t, "ready")

	r.door.Shut()
	r.two.Clock.Advance(time.Second)
	if err := r.one.Admin.DeleteToken(t.Context(), r.token.ID); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for what, a := range map[string]answer{
			"a private file":               r.get(t, private, r.token.Secret),
			"a private file for anybody":   r.get(t, private, ""),
			"an unknown channel":           r.get(t, "/nothing/noarch/"+r.file, ""),
			"the account":                  r.get(t, "/api/account", r.token.Secret),
			"channels, by REST":            r.get(t, "/api/channels", ""),
			"a session, which was no good": r.get(t, "/api/account", "nonsense"),
		} {
			a.refused(t, what, http.StatusServiceUnavailable, api.CodeUnavailable)
		}
		r.get(t, public, "").ok(t, "a public file")
		r.get(t, public, r.token.Secret).ok(t, "a public file with a token")
		if a := r.get(t, "/readyz", ""); a.status != http.StatusServiceUnavailable || !strings.Contains(string(a.body), "changes of other servers are not heard of") {
			t.Errorf("/readyz = %d %s", a.status, a.body)
		}
	}

	r.two.Clock.Advance(10 * time.Minute)
	r.get(t, public, "").refused(t, "what was public long ago", http.StatusServiceUnavailable, api.CodeUnavailable)

	r.door.Open()
	r.eventually(t, "/readyz", "", http.StatusOK)
	r.get(t, private, r.token.Secret).refused(t, "a token that was revoked meanwhile", http.StatusUnauthorized, api.CodeTokenRevoked)
	r.get(t, public, "").ok(t, "a public file again")
}

// TestChores: what a site does by itself is queued once, however many servers look, and again when its time has come.
func TestChores(t *testing.T) {
	r := newReplicas(t)
	queued := func(after time.Duration) map[string]int {
		t.Helper()
		var all sync.WaitGroup
		for _, s := range []*servertest.Site{r.one, r.two} {
			s.Clock.Advance(after)
			for range 4 {
				all.Go(func() {
					if err := s.Server.Site().Service.Chores.Plan(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		kinds := map[string]int{}
		jobs, err := r.one.Admin.Jobs(t.Context(), client.JobFilter{})
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs.Items {
			kinds[j.Kind]++
			done, err := r.two.Admin.WaitJob(t.Context(), j.ID, nil)
			if err != nil || done.State != api.JobDone || done.CreatedBy != "upkeep" {
				t.Errorf("%s: %+v, %v", j.Kind, done, err)
			}
		}
		return kinds
	}
	for _, step := range []struct {
		after time.Duration
		want  map[string]int
	}{
		{9 * time.Minute, map[string]int{}},
		{time.Minute, map[string]int{"upkeep": 1, "blob_cleanup": 1, "recount": 1}},
		{59 * time.Minute, map[string]int{"upkeep": 1, "blob_cleanup": 1, "recount": 1}},
		{time.Minute, map[string]int{"upkeep": 2, "blob_cleanup": 1, "recount": 1}},
		{5 * time.Hour, map[string]int{"upkeep": 3, "blob_cleanup": 2, "recount": 2}},
	} {
		if got := queued(step.after); !maps.Equal(got, step.want) {
			t.Errorf("after %s more: %v, want %v", step.after, got, step.want)
		}
	}
}

// TestReplicasStartTogether: of servers that start at once on nothing at all, one makes the site.
func TestReplicasStartTogether(t *testing.T) {
	cfg := config.Default()
	cfg.DataDir, cfg.Database = inMemory(t), config.Secret(pgtest.New(t))
	var mu sync.Mutex
	var first []string
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			s, err := server.New(t.Context(), cfg, server.Options{Log: slog.New(slog.DiscardHandler), Argon2: identity.Argon2{Memory: 64, Time: 1, Threads: 1}})
			if err != nil {
				t.Errorf("start: %v", err)
				return
			}
			if s.FirstLogin != nil {
				mu.Lock()
				first = append(first, s.FirstLogin.User.Name)
				mu.Unlock()
			}
			if err := s.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
	all.Wait()
	if !slices.Equal(first, []string{"admin"}) {
		t.Errorf("first logins of %v, want admin's, once", first)
	}
}

// TestSignInEndsAtAnotherServer: the provider sends a browser back to whichever server the load balancer chooses, and what
// that finishes nobody finishes again.
func TestSignInEndsAtAnotherServer(t *testing.T) {
	url := config.Secret(pgtest.Copy(t, servertest.Template, servertest.Prepare))
	one := newSingle(t, func(cfg *config.Config) { cfg.Database = url })
	two := servertest.Open(t, one.Dir, func(cfg *config.Config) {
		listen := cfg.Listen
		*cfg = one.Config
		cfg.Listen = listen
	})
	one.Account("grace", map[string]any{"preferred_username": "grace"})
	b := oidctest.NewBrowser(t)
	back := b.SignIn(one.Provider, one.begin(), "grace")
	if there := "http://" + back.Host; there != one.URL {
		t.Fatalf("the provider sends the browser to %s", there)
	}
	page := b.Open(two.URL + back.RequestURI())
	var in api.LoginResponse
	if err := json.Unmarshal(page.Body, &in); err != nil || page.Status != http.StatusOK {
		t.Fatalf("at the other server: status %d: %s", page.Status, page.Body)
	}
	if me, err := one.Anonymous().As(client.Session(in.Token)).Account(t.Context()); err != nil || me.Username != "grace" {
		t.Errorf("at the first one again: %+v, %v", me, err)
	}
	for _, s := range []string{one.URL, two.URL} {
		if page := b.Open(s + back.RequestURI()); page.Status == http.StatusOK {
			t.Errorf("%s finishes the sign-in again: %s", s, page.Body)
		}
	}
}
