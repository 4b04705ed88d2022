// Package servertest runs a whole Kingsnake server for tests: the real SQLite, or PostgreSQL where pgtest.Wanted, the real
// blob folder, or a bucket where s3test.Wanted, and the real HTTP stack in the test's own process, with a clock that the test can move.
package servertest

import (
	"bytes"
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/config"
	"kingsnake/internal/identity"
	"kingsnake/internal/pgtest"
	"kingsnake/internal/s3test"
	"kingsnake/internal/server"
	"kingsnake/internal/server/wire"
)

// AdminPassword is the password of the first account.
const AdminPassword = "correct horse battery staple"

// UserPassword is the password of every account that User makes.
const UserPassword = "a password of a user"

// Site is a running server.
type Site struct {
	URL    string
	Server *server.Server
	// Admin is signed in as the first account.
	Admin *client.Client
	Clock *Clock
	Log   *Log
	Dir   string
	// Config is what the server was started with.
	Config config.Config
	t      testing.TB
}

// Clock is the server's clock: the real time, moved by what the test adds, until it is stopped.
type Clock struct {
	mu      sync.Mutex
	ahead   time.Duration
	stopped time.Time
}

// Now gives the server's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped.IsZero() {
		return c.stopped.Add(c.ahead)
	}
	return time.Now().Add(c.ahead)
}

// Stop ends the passing of time but for Advance, for tests of rates, whatever the speed of the machine.
func (c *Clock) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = time.Now()
}

// Advance moves the server's time.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// Log collects what the server logs.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write takes a line.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String gives all that was logged.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// New starts a server that ends with the test. Options change its configuration.
func New(t testing.TB, options ...func(*config.Config)) *Site {
	t.Helper()
	return Open(t, t.TempDir(), options...)
}

// Open is New on a folder of the test's own, so that a site can be closed and opened again.
func Open(t testing.TB, dir string, options ...func(*config.Config)) *Site {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	cfg := config.Default()
	cfg.Listen = web.Listener.Addr().String()
	web.Listener, web.Config.ConnContext = wire.Listen(web.Listener), wire.WithConn
	cfg.DataDir, cfg.AdminPassword, cfg.IndexDebounce = dir, AdminPassword, config.Duration(20*time.Millisecond)
	if pgtest.Wanted() {
		cfg.Database = config.Secret(database(t, dir))
	}
	if s3test.Wanted() {
		cfg.Blobs = blobs(t, dir)
	}
	for _, o := range options {
		o(&cfg)
	}
	s := &Site{Clock: &Clock{}, Log: &Log{}, Dir: dir, Config: cfg, t: t}
	log := slog.New(slog.NewTextHandler(s.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	s.Server, err = server.New(t.Context(), cfg, server.Options{
		Log: log, Now: s.Clock.Now, Argon2: identity.Argon2{Memory: 64, Time: 1, Threads: 1},
		NoChores:      true,        // The clocks of tests go by hours, and then they would come due in the middle of something.
		IndexPatience: time.Minute, // What tests compare is not to depend on the speed of the machine.
	})
	if err != nil {
		web.Close()
		t.Fatalf("start server: %v", err)
	}
	web.Config.Handler = s.Server
	web.Start()
	t.Cleanup(func() {
		web.Close()
		if err := s.Server.Close(); err != nil {
			t.Errorf("close server: %v", err)
		}
	})
	s.URL = web.URL
	password := AdminPassword
	if made := s.Server.FirstLogin; made != nil && made.Password != "" {
		password = made.Password
	}
	s.Admin = s.Login("admin", password)
	return s
}

// Anonymous gives a client without a credential.
func (s *Site) Anonymous() *client.Client {
	s.t.Helper()
	c, err := client.New(s.URL, client.WithMaxAttempts(1))
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// Login gives a client that is signed in.
func (s *Site) Login(username, password string) *client.Client {
	s.t.Helper()
	c := s.Anonymous()
	in, err := c.Login(context.Background(), username, password)
	if err != nil {
		s.t.Fatalf("login as %s: %v", username, err)
	}
	return c.As(client.Session(in.Token))
}

// Token gives a client that sends a token.
func (s *Site) Token(token string) *client.Client { return s.Anonymous().As(client.Token(token)) }

// User makes an account with the given roles, author when there are none, and signs it in.
func (s *Site) User(name string, roles ...string) *client.Client {
	s.t.Helper()
	if len(roles) == 0 {
		roles = []string{"author"}
	}
	if _, err := s.Admin.CreateUser(context.Background(), api.UserCreate{Username: name, Password: UserPassword, Roles: roles}); err != nil {
		s.t.Fatalf("create user %s: %v", name, err)
	}
	return s.Login(name, UserPassword)
}

// Channel makes a channel owned by the client's account.
func (s *Site) Channel(c *client.Client, name string, privacy api.Privacy) {
	s.t.Helper()
	if _, err := c.CreateChannel(context.Background(), api.ChannelCreate{Name: name, Privacy: privacy}); err != nil {
		s.t.Fatalf("create channel %s: %v", name, err)
	}
}

// ResourceToken makes a token of the client's account for one channel.
func (s *Site) ResourceToken(c *client.Client, channel string, level api.Level) api.TokenCreated {
	s.t.Helper()
	return s.mint(c, api.TokenCreate{Name: "for " + channel, Resources: []api.TokenResource{
		{ResourceType: api.ResourceTypeChannel, ResourceID: channel, Permission: level},
	}})
}

// ScopeToken makes a token of the client's account with these scopes.
func (s *Site) ScopeToken(c *client.Client, scopes ...string) api.TokenCreated {
	s.t.Helper()
	return s.mint(c, api.TokenCreate{Name: "scopes", Scopes: scopes})
}

func (s *Site) mint(c *client.Client, in api.TokenCreate) api.TokenCreated {
	s.t.Helper()
	t, err := c.CreateToken(context.Background(), in)
	if err != nil {
		s.t.Fatalf("create token: %v", err)
	}
	return t
}

// Package makes a small package; equal seeds make equal packages.
func Package(seed uint64, o random.Options) (data []byte, info random.Info) {
	return random.Package(rand.New(rand.NewPCG(seed, 1)), o)
}

// Upload puts a package into a channel and gives what the server said of it.
func (s *Site) Upload(c *client.Client, channel string, data []byte, filename string) api.UploadResult {
	s.t.Helper()
	out, err := c.Upload(context.Background(), channel, client.Upload{Filename: filename, Content: bytes.NewReader(data), Size: int64(len(data))})
	if err != nil {
		s.t.Fatalf("upload %s: %v", filename, err)
	}
	return out
}
