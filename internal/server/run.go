package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"kingsnake/internal/config"
	"kingsnake/internal/registry"
)

// stopTime is how long transfers may go on after the server was told to stop.
const stopTime = 30 * time.Second

// Run serves a site until ctx ends. It tells people on out where the site is and, once, its first login.
func Run(ctx context.Context, cfg config.Config, log *slog.Logger, out io.Writer) (rerr error) {
	if err := makeDataDir(cfg.DataDir); err != nil {
		return err
	}
	lock, err := lockFolder(cfg.DataDir, cfg.Database != "")
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, lock.Close()) }()
	s, err := New(ctx, cfg, Options{Log: log})
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, s.Close()) }()
	if cfg.Database == "" {
		if err := s.sweep(ctx); err != nil {
			return err
		}
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	var plain net.Listener
	if s.cfg.ACMEHTTPListen != "" {
		if plain, err = (&net.ListenConfig{}).Listen(ctx, "tcp", s.cfg.ACMEHTTPListen); err != nil {
			return errors.Join(fmt.Errorf("listen for challenges: %w", err), ln.Close())
		}
	}
	s.announce(out, ln.Addr())
	return s.serve(ctx, ln, plain)
}

// sweep removes what is staged: the lock of the folder is ours and nothing is served yet, so it was left by a crash.
func (s *Server) sweep(ctx context.Context) error {
	n, err := s.site.Blobs.Sweep(ctx, time.Now())
	if err != nil {
		return fmt.Errorf("leftovers of interrupted uploads: %w", err)
	}
	if n > 0 {
		s.log.Info("leftovers of interrupted uploads removed", "count", n)
	}
	return nil
}

// serve answers requests until ctx ends, and then lets running ones finish. On plain, which may be nil, it answers the
// challenges of ACME.
func (s *Server) serve(ctx context.Context, ln, plain net.Listener) error {
	srv := s.speaker(s)
	failed := make(chan error, 2)
	switch {
	case len(s.cfg.ACMEHosts) > 0:
		certs, err := newAuthority(s.cfg, s.log)
		if err != nil {
			return errors.Join(err, ln.Close(), closeIf(plain))
		}
		srv.TLSConfig = certs.config()
		if plain != nil {
			challenges := s.speaker(certs.challenges())
			go func() { failed <- challenges.Serve(plain) }()
			defer challenges.Close() //nolint:errcheck // It holds nothing that could be lost.
		}
		go certs.prepare(ctx)
	case s.cfg.TLSCertFile != "":
		cert, err := loadCertificate(s.cfg.TLSCertFile, s.cfg.TLSKeyFile, s.log, s.now)
		if err != nil {
			return errors.Join(err, ln.Close())
		}
		srv.TLSConfig = &tls.Config{GetCertificate: cert.Get, MinVersion: tls.VersionTLS12}
	}
	go func() {
		if srv.TLSConfig != nil {
			failed <- srv.ServeTLS(ln, "", "")
		} else {
			failed <- srv.Serve(ln)
		}
	}()
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("serve: %w", err), srv.Close())
	case <-ctx.Done():
	}
	return s.drain(ctx, srv)
}

func closeIf(ln net.Listener) error {
	if ln == nil {
		return nil
	}
	return ln.Close()
}

// speaker speaks HTTP, and bounds how long others may take to.
func (s *Server) speaker(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: time.Duration(s.cfg.HeaderTimeout), IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// drain lets running requests finish.
func (s *Server) drain(ctx context.Context, srv *http.Server) error {
	s.log.Info("stopping; running transfers may finish", "within", stopTime)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		return errors.Join(fmt.Errorf("some transfers were cut off: %w", err), srv.Close())
	}
	return nil
}

// announce tells where the site is. The first password is written here and nowhere else.
func (s *Server) announce(out io.Writer, addr net.Addr) {
	scheme := "http"
	if s.cfg.TLS() {
		scheme = "https"
	}
	url := s.cfg.PublicURL
	if url == "" {
		url = scheme + "://" + addr.String()
	}
	text := "Kingsnake serves " + url + " from " + s.cfg.DataDir + "\n"
	if u := s.FirstLogin; u != nil {
		text += firstLogin(url, u)
	}
	if _, err := io.WriteString(out, text); err != nil {
		s.log.Error("the address could not be printed", "error", err)
	}
	s.log.Info("serving", "url", url, "data", s.cfg.DataDir)
}

func firstLogin(url string, u *registry.NewUser) string {
	password := u.Password
	if password == "" {
		password = "(as configured)"
	}
	return fmt.Sprintf("\nThis is a new site. Its first login, shown only now:\n  user name  %s\n  password   %s\n\nNext, in a browser:\n  %s/-/\nor in a terminal:\n  kingsnake login %s --username %s\n\n",
		u.User.Name, password, url, url, u.User.Name)
}
