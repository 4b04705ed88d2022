// Package server puts Kingsnake together: storage, domain, background work and the HTTP front doors, and starts and
// stops them. Nothing here decides anything.
package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/cacheblob"
	"kingsnake/internal/blob/s3blob"
	"kingsnake/internal/config"
	"kingsnake/internal/identity"
	"kingsnake/internal/index"
	"kingsnake/internal/jobs"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/apihttp"
	"kingsnake/internal/server/binstarhttp"
	"kingsnake/internal/server/callers"
	"kingsnake/internal/server/channelhttp"
	"kingsnake/internal/server/web"
	"kingsnake/internal/store"
	"kingsnake/internal/upkeep"
	"kingsnake/internal/version"
)

// Options are what a server is started with besides its configuration.
type Options struct {
	Log *slog.Logger
	// Now is the clock; nil means the real one.
	Now func() time.Time
	// Argon2 is the cost of password hashes; zero means the default.
	Argon2 identity.Argon2
	// Hash computes them; nil computes them in this process.
	Hash identity.Compute
	// NoChores leaves it to others to queue what the site does by itself every so often.
	NoChores bool
	// IndexPatience is how long a reader waits for repodata.json to be rebuilt before it gets the last one; 0 means a second.
	IndexPatience time.Duration
}

// Server is a running site.
type Server struct {
	cfg  config.Config
	log  *slog.Logger
	site *Site

	callers *callers.Maker
	conda   *channelhttp.Handler
	api     *apihttp.API
	web     *web.Web
	binstar *binstarhttp.Handler
	metrics *metrics
	jobs    *jobs.Runner
	ids     requestIDs

	now      func() time.Time
	follower *registry.Follower

	stop    context.CancelFunc
	workers sync.WaitGroup
	// FirstLogin is the account that was made because the site is new, nil otherwise.
	FirstLogin *registry.NewUser
}

// Site is what a data folder holds, opened.
type Site struct {
	Store *store.Store
	Blobs blob.Store
	// Bucket is what Blobs reads from where that is not the data folder; nil otherwise.
	Bucket *s3blob.Store
	// Cache has copies of blobs in Bucket, nil for none.
	Cache   *cacheblob.Store
	Keys    *identity.Keys
	Feed    *registry.Feed
	Index   *index.Builder
	Service *registry.Service
	Upkeep  *upkeep.Keeper
	// Passwords is what hashes passwords for Service.
	Passwords *identity.Passwords
}

// The files of a data folder.
const (
	databaseFile = "kingsnake.db"
	keyFile      = "site.key"
	blobFolder   = "blobs"
	lockFile     = "server.lock"
	// restoreFile marks a folder in which a restore has begun and not ended.
	restoreFile = "restore.unfinished"
)

// OpenSite opens a data folder, making what is missing.
func OpenSite(ctx context.Context, cfg config.Config, o Options) (_ *Site, rerr error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Argon2 == (identity.Argon2{}) {
		o.Argon2 = identity.DefaultArgon2()
	}
	if err := makeDataDir(cfg.DataDir); err != nil {
		return nil, err
	}
	if err := refuseHalfMoved(cfg.DataDir); err != nil {
		return nil, err
	}
	gate := &upkeep.Gate{}
	s := &Site{Feed: &registry.Feed{}, Passwords: identity.NewPasswords(o.Argon2, cfg.PasswordConcurrency, o.Hash)}
	var err error
	if s.Store, s.Keys, err = openRecords(ctx, cfg, o.Now); err != nil {
		return nil, err
	}
	defer func() {
		if rerr != nil {
			rerr = errors.Join(rerr, s.Store.Close())
		}
	}()
	stored, err := s.openBlobs(ctx, cfg, o.Log)
	if err != nil {
		return nil, err
	}
	ways, err := notifications(cfg, o)
	if err != nil {
		return nil, err
	}
	s.Index = index.New(index.Options{
		Store: s.Store, Blobs: s.Blobs, Feed: s.Feed, Gate: gate, Log: o.Log, Debounce: time.Duration(cfg.IndexDebounce), Now: o.Now,
		Patience: o.IndexPatience,
	})
	s.Upkeep = upkeep.New(upkeep.Options{Store: s.Store, Blobs: stored, Gate: gate, Shared: cfg.Database != "", Log: o.Log, Now: o.Now})
	s.Service = registry.New(registry.Options{
		Store: s.Store, Blobs: s.Blobs, Index: s.Index, Feed: s.Feed, Gate: gate, Shared: cfg.Database != "", Mint: s.Keys, Cleaner: s.Upkeep, Heads: s.Keys,
		Passwords: s.Passwords,
		Limits:    registry.UploadLimits{MaxSize: int64(cfg.MaxUploadSize)},
		Tokens:    tokenPolicies(cfg),
		Sessions:  registry.SessionPolicy{Lifetime: time.Duration(cfg.SessionLifetime)},
		External:  externalPolicy(cfg), TrustedIssuers: cfg.TrustedIssuers,
		Notify: ways, Chores: s.Upkeep.Chores(),
		Log: o.Log, Now: o.Now,
	})
	return s, nil
}

// serviceTokenLifetime is the life of a service account's token whose maker names no end.
const serviceTokenLifetime = 30 * 24 * time.Hour

// tokenPolicies are what the configuration demands of tokens.
func tokenPolicies(cfg config.Config) registry.TokenPolicies {
	return registry.TokenPolicies{
		People:   registry.TokenPolicy{DefaultLifetime: time.Duration(cfg.TokenDefaultLifetime), MaxLifetime: time.Duration(cfg.TokenMaxLifetime)},
		Services: registry.TokenPolicy{DefaultLifetime: serviceTokenLifetime, MaxLifetime: time.Duration(cfg.ServiceAccountMaxLifetime)},
	}
}

// New opens the site and starts its background work. Close ends it.
func New(ctx context.Context, cfg config.Config, o Options) (_ *Server, rerr error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	site, err := OpenSite(ctx, cfg, o)
	if err != nil {
		return nil, err
	}
	if err := site.claimBlobs(ctx, o.Now()); err != nil {
		return nil, errors.Join(err, site.Store.Close())
	}
	s := &Server{cfg: cfg, log: o.Log, site: site, metrics: newMetrics(site, newExpiries(site.Service.Notifications, o.Log, o.Now)), ids: newRequestIDs(), now: o.Now}
	if s.follower, err = s.follow(ctx, o.Now); err != nil {
		return nil, errors.Join(err, site.Store.Close())
	}
	limiter := identity.NewLimiter()
	s.callers = &callers.Maker{
		Resolver: identity.NewResolver(site.Keys, site.Service.Directory, site.Service.Trail, site.Service.Tokens.PolicyFor, site.Feed, limiter, o.Log, o.Now),
		Limiter:  limiter, Proxies: cfg.TrustedProxies, Usage: site.Service.Usage, Now: o.Now,
	}
	s.jobs = jobs.New(jobs.Options{Queue: site.Service.Jobs, Callers: s.callers.Resolver.Again, Feed: site.Feed, Log: o.Log, Now: o.Now})
	s.conda = channelhttp.New(channelhttp.Options{
		Service: site.Service, Blobs: site.Blobs, Links: site.links(cfg), Callers: s.callers, Log: o.Log, Strict: cfg.StrictTokens,
		Progress: time.Duration(cfg.ProgressTimeout), URL: s.publicURL,
	})
	s.binstar = binstarhttp.New(binstarhttp.Options{
		Service: site.Service, Callers: s.callers, Log: o.Log, Progress: time.Duration(cfg.ProgressTimeout), URL: s.publicURL,
	})
	flow, signInName := s.signIn(o)
	if s.web, err = web.New(web.Options{
		Service: site.Service, Callers: s.callers, Keys: site.Keys, Log: o.Log, Version: version.Get().Version, PublicURL: cfg.PublicURL,
		Check: s.check, URL: s.publicURL, SignInName: signInName, Idle: time.Duration(cfg.SessionIdle), Progress: time.Duration(cfg.ProgressTimeout),
	}); err != nil {
		return nil, errors.Join(err, site.Store.Close())
	}
	s.api = apihttp.New(apihttp.Options{
		PageSession: s.web.SessionCookie, SignInPage: s.web.SignInPage,
		SignIn: flow, SignInName: signInName, Assertions: s.assertions(o), Secure: strings.HasPrefix(cfg.PublicURL, "https://"),
		Service: site.Service, Callers: s.callers, Log: o.Log, Version: version.Get().Version, Check: s.check, URL: s.publicURL,
		Sessions: func(x registry.Session) (string, error) {
			return site.Keys.SignSession(x.PublicID, x.Username, x.ExpiresAt)
		},
	})
	s.rawOperations()
	s.FirstLogin, err = site.Service.Accounts.Bootstrap(ctx, identity.Local(o.Now()), string(cfg.AdminPassword))
	if err != nil {
		return nil, errors.Join(err, site.Store.Close())
	}
	s.start(context.WithoutCancel(ctx), o)
	return s, nil
}

// start runs what works in the background.
func (s *Server) start(ctx context.Context, o Options) {
	ctx, s.stop = context.WithCancel(ctx)
	svc := s.site.Service
	if !o.NoChores {
		s.workers.Go(func() { svc.Chores.Run(ctx) })
	}
	for _, run := range []func(context.Context){
		svc.Trail.Run,
		svc.Audit.Run,
		func(ctx context.Context) { svc.Usage.Run(ctx, usageInterval) },
		s.site.Index.Run,
		svc.Filtering.Run,
		svc.Searching.Run,
		s.jobs.Run,
		s.follower.Run,
		svc.Notifications.Run,
	} {
		s.workers.Go(func() { run(ctx) })
	}
}

// How often counts are written, how often changes by other processes are looked for, and how long ago that may have been
// where there are other servers. Beside a server with a database of its own there are only commands.
const (
	usageInterval = 2 * time.Second
	pollInterval  = 300 * time.Millisecond
	freshBound    = 900 * time.Millisecond
)

// follow makes the caches follow what other processes change.
func (s *Server) follow(ctx context.Context, now func() time.Time) (*registry.Follower, error) {
	o := registry.FollowOptions{Every: pollInterval, Now: now, Failed: func(err error) {
		s.log.Error("changes of other processes cannot be read", "error", err)
	}}
	if s.cfg.Database != "" {
		o.Bound = freshBound
	}
	return registry.Follow(ctx, s.site.Feed, s.site.Store, o)
}

// Site gives what the server serves.
func (s *Server) Site() *Site { return s.site }

// Close ends the background work, which writes what it still holds, and closes the site.
func (s *Server) Close() error {
	s.stop()
	s.workers.Wait()
	return errors.Join(s.site.close(), s.site.Store.Close())
}

// check tells what is wrong with the server.
func (s *Server) check(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var problems []string
	if err := s.site.Store.Ping(ctx); err != nil {
		s.log.Error("the database does not answer", "error", err)
		problems = append(problems, "the database does not answer")
	}
	if err := s.site.Feed.Fresh(ctx, s.now()); err != nil {
		s.log.Error("changes of other servers are not heard of", "error", err)
		problems = append(problems, "changes of other servers are not heard of; what is not public is refused")
	}
	if err := s.site.Blobs.Check(ctx); err != nil {
		s.log.Error("the blob storage does not work", "error", err)
		problem := "the blob storage cannot be written to"
		if errors.Is(err, blob.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
			problem = "the blob storage does not answer, or refuses to"
		}
		problems = append(problems, problem)
	}
	return problems
}

// makeDataDir makes the data folder, for nobody else to read.
func makeDataDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if err := hasFile(dir, restoreFile); !errors.Is(err, ErrNoSite) {
		return cmp.Or(err, fmt.Errorf("data folder %s: %w", dir, ErrUnfinished))
	}
	return nil
}
