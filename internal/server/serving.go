package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"kingsnake/internal/server/wire"
)

const (
	// stopTime is how long transfers may go on after the server was told to stop.
	stopTime = 30 * time.Second
	// lastRequests is how long of that it waits for the requests of connections that it has accepted.
	lastRequests = 2 * time.Second
)

// serve answers requests until ctx ends, and then lets running ones finish. On plain, which may be nil, it answers the
// challenges of ACME.
func (s *Server) serve(ctx context.Context, ln, plain net.Listener) error {
	srv := s.speaker(s)
	secure, challenges, err := s.certificates(ctx)
	if err != nil {
		return errors.Join(err, ln.Close(), closeIf(plain))
	}
	failed := make(chan error, 2)
	if plain != nil {
		second := s.speaker(challenges)
		go func() { failed <- second.Serve(plain) }()
		defer second.Close() //nolint:errcheck // It holds nothing that could be lost.
	}
	var open atomic.Int64
	srv.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed, http.StateHijacked:
			open.Add(-1)
		case http.StateActive, http.StateIdle:
		}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if secure != nil {
			srv.TLSConfig = secure
			failed <- srv.ServeTLS(ln, "", "")
		} else {
			srv.ConnContext = wire.WithConn
			failed <- srv.Serve(wire.Listen(ln))
		}
	}()
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("serve: %w", err), srv.Close())
	case <-ctx.Done():
	}
	s.log.Info("stopping; running transfers may finish", "within", stopTime)
	err = ln.Close()
	<-ended
	return errors.Join(err, drain(ctx, srv, &open))
}

// certificates gives how TLS is spoken, nil for not at all, and what answers challenges of ACME, where they are used.
func (s *Server) certificates(ctx context.Context) (*tls.Config, http.Handler, error) {
	switch {
	case len(s.cfg.ACMEHosts) > 0:
		certs, err := newAuthority(s.cfg, s.log)
		if err != nil {
			return nil, nil, err
		}
		go certs.prepare(ctx)
		return certs.config(), certs.challenges(), nil
	case s.cfg.TLSCertFile != "":
		cert, err := loadCertificate(s.cfg.TLSCertFile, s.cfg.TLSKeyFile, s.log, s.now)
		if err != nil {
			return nil, nil, err
		}
		return &tls.Config{GetCertificate: cert.Get, MinVersion: tls.VersionTLS12}, nil, nil
	}
	return nil, nil, nil
}

// speaker speaks HTTP, and bounds how long others may take to.
func (s *Server) speaker(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: time.Duration(s.cfg.HeaderTimeout), IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// drain lets requests finish, of a server that accepts no more connections. Those that were accepted have a moment to send
// their request first: from Shutdown on, the server closes connections whose request it reads, and their clients would see a
// failure where the next server could have answered.
func drain(ctx context.Context, srv *http.Server, open *atomic.Int64) error {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	srv.SetKeepAlivesEnabled(false)
	for end := time.Now().Add(lastRequests); open.Load() > 0 && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	if err := srv.Shutdown(grace); err != nil {
		return errors.Join(fmt.Errorf("some transfers were cut off: %w", err), srv.Close())
	}
	return nil
}
