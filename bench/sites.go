package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"kingsnake/api"
	"kingsnake/bench/largesite"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/blob"
	"kingsnake/internal/config"
	"kingsnake/internal/pgtest"
	"kingsnake/internal/s3test"
	"kingsnake/internal/server"
)

// site is a Kingsnake that is measured.
type site struct {
	process
	// dir is its data folder; database and blobs are where its data is else.
	dir, database, blobs string
	// log is where it writes what it has to say.
	log   string
	token string
	// session is the administrator's.
	session  string
	uploader *client.Client
	// most is how many small downloads a second it reaches.
	most float64
}

// start starts the program on the site's data.
func (s *site) start(ctx context.Context, program string, settings ...string) error {
	addr, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	log, err := os.Create(s.log)
	if err != nil {
		return err
	}
	s.url = "http://" + addr
	args := []string{"serve", "--data", s.dir, "--listen", addr}
	if s.database != "" {
		args = append(args, "--database", s.database, "--blobs", s.blobs)
	}
	s.cmd = exec.CommandContext(ctx, program, args...)
	s.cmd.Env = append(append(os.Environ(), "KINGSNAKE_ADMIN_PASSWORD="+largesite.Password), settings...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	return errors.Join(s.run(ctx, addr), log.Close())
}

// The channel that packages are uploaded to, and the records and names of the one whose index is downloaded: a third of
// them are in noarch.
const (
	packages     = "bench"
	indexRecords = 18_000
	indexNames   = 600
)

// fill makes the site, with the channel whose index is downloaded.
func (s *site) fill(ctx context.Context) (rerr error) {
	cfg := config.Default()
	cfg.DataDir, cfg.Database, cfg.Blobs, cfg.AdminPassword = s.dir, config.Secret(s.database), s.blobs, largesite.Password
	site, err := server.OpenSite(ctx, cfg, quiet())
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, site.Store.Close()) }()
	return largesite.FillForge(ctx, site, 1, indexRecords, indexNames, func(string) {})
}

// signIn makes the channel for packages and a token that reads all there is.
func (s *site) signIn(ctx context.Context) error {
	if err := s.signInUploader(ctx); err != nil {
		return err
	}
	token := api.TokenCreate{Name: packages}
	for _, name := range []string{packages, largesite.Forge} {
		token.Resources = append(token.Resources, api.TokenResource{ResourceType: api.ResourceTypeChannel, ResourceID: name, Permission: api.LevelRead})
	}
	t, err := s.uploader.CreateToken(ctx, token)
	s.token = t.Secret
	return err
}

// signInUploader makes the channel for packages.
func (s *site) signInUploader(ctx context.Context) error {
	c, err := client.New(s.url)
	if err != nil {
		return err
	}
	in, err := c.Login(ctx, "admin", largesite.Password)
	if err != nil {
		return err
	}
	s.session = in.Token
	s.uploader = c.As(client.Session(s.session))
	_, err = s.uploader.CreateChannel(ctx, api.ChannelCreate{Name: packages})
	return err
}

// start brings up the sites and nginx and gives them the same files.
func (b *bench) start(ctx context.Context) (err error) {
	for _, d := range []string{"www", "logs"} {
		if err := os.MkdirAll(filepath.Join(b.dir, d), 0o755); err != nil { //nolint:gosec // nginx's workers read it as another user.
			return err
		}
	}
	if b.program, err = b.build(ctx); err != nil {
		return err
	}
	b.sites = []*site{{dir: filepath.Join(b.dir, "embedded"), log: filepath.Join(b.dir, "logs", "embedded.log")}}
	if !b.floodOnly {
		if err := b.addShared(ctx); err != nil {
			return err
		}
	}
	for _, s := range b.sites {
		if err := errors.Join(s.fill(ctx), s.start(ctx, b.program)); err != nil {
			return err
		}
		if err := s.signIn(ctx); err != nil {
			return err
		}
	}
	b.nginx.dir = b.dir
	if err := b.publish(ctx); err != nil || b.floodOnly || b.replicasOnly {
		return err
	}
	return b.nginx.start(ctx)
}

// addShared starts a PostgreSQL that keeps what it acknowledged and an S3 server, as the tests do, and adds a site on them.
func (b *bench) addShared(ctx context.Context) error {
	database, stopDatabase, err := pgtest.Durable(ctx)
	if err != nil {
		return fmt.Errorf("PostgreSQL: %w; install it with: %s", err, pgtest.Remedy)
	}
	b.stops = append(b.stops, stopDatabase)
	blobs, drop, err := s3test.Make()
	if err != nil {
		return fmt.Errorf("S3: %w; install it with: %s", err, s3test.Remedy)
	}
	b.stops = append(b.stops, drop)
	b.sites = append(b.sites, &site{dir: filepath.Join(b.dir, "shared"), database: database, blobs: blobs, log: filepath.Join(b.dir, "logs", "shared.log")})
	return nil
}

// build gives the server to measure.
func (b *bench) build(ctx context.Context) (string, error) {
	if b.binary != "" {
		return filepath.Abs(b.binary)
	}
	bin := filepath.Join(b.dir, "kingsnake")
	build := exec.CommandContext(ctx, "go", "build", "-o", bin, "./cmd/kingsnake")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return bin, nil
}

// publish uploads a small and a large package, and puts copies and the index where nginx finds them.
func (b *bench) publish(ctx context.Context) (err error) {
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // Repeatable on purpose.
	if b.small, _, err = b.publishOne(ctx, rng, 2600); err != nil {
		return err
	}
	if b.big, b.bigSum, err = b.publishOne(ctx, rng, b.largeFile); err != nil {
		return err
	}
	for i, s := range b.sites {
		status, _, body, err := get(ctx, s.url+indexPath, []string{"X-Auth: " + s.token})
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%s: status %d", indexPath, status)
		}
		if err != nil {
			return err
		}
		if b.indexSize = len(body); i == 0 {
			if err := b.nginx.put(indexPath, body); err != nil {
				return err
			}
		}
	}
	return nil
}

// publishOne gives the path of a package and its hash.
func (b *bench) publishOne(ctx context.Context, rng *rand.Rand, payload int) (path, sum string, err error) {
	data, info := random.Package(rng, random.Options{NoArch: "generic", Payload: payload})
	for _, s := range b.sites {
		if err := s.upload(ctx, s.uploader, info.Filename, data); err != nil {
			return "", "", fmt.Errorf("upload of %d bytes: %w", len(data), err)
		}
	}
	path = "/" + packages + "/noarch/" + info.Filename
	fmt.Fprintf(os.Stderr, "package %s: %d bytes\n", info.Filename, len(data))
	return path, blob.Sum(data).String(), b.nginx.put(path, data)
}

func (s *site) upload(ctx context.Context, by *client.Client, filename string, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	_, err := by.Upload(ctx, packages, client.Upload{Filename: filename, Content: bytes.NewReader(data), Size: int64(len(data))})
	return err
}

// stop ends all servers, those first that use others.
func (b *bench) stop() error {
	errs := []error{b.nginx.stop()}
	for _, s := range b.sites {
		errs = append(errs, s.stop())
	}
	for _, stop := range b.stops {
		errs = append(errs, stop())
	}
	return errors.Join(errs...)
}
