package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"time"

	"kingsnake/internal/config"
	"kingsnake/internal/registry"
)

// Run serves a site until ctx ends. It tells people on out where the site is and, once, its first login.
func Run(ctx context.Context, cfg config.Config, o Options, out io.Writer) (rerr error) {
	if err := makeDataDir(cfg.DataDir); err != nil {
		return err
	}
	lock, err := lockFolder(cfg.DataDir, cfg.Database != "")
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, lock.Close()) }()
	s, err := New(ctx, cfg, o)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, s.Close()) }()
	if cfg.Database == "" {
		if err := s.sweep(ctx); err != nil {
			return err
		}
	}
	ln, plain, err := s.listen(ctx)
	if err != nil {
		return err
	}
	s.announce(out, ln.Addr())
	defer runtime.KeepAlive(ballast(os.Getenv))
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
