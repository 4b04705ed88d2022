package server

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/coreos/go-systemd/v22/activation"
)

// listen gives where clients come, and where challenges of ACME do, nil for nowhere. Sockets that systemd hands over
// (sd_listen_fds) take the place of the settings' addresses, in this order: who holds them open keeps clients waiting while the
// server is restarted, where otherwise they would be refused.
func (s *Server) listen(ctx context.Context) (ln, plain net.Listener, err error) {
	given, err := activation.Listeners()
	if err != nil {
		return nil, nil, fmt.Errorf("sockets from systemd: %w", err)
	}
	if ln, given, err = listener(ctx, given, s.cfg.Listen); err != nil {
		return nil, nil, fmt.Errorf("listen: %w", err)
	}
	if s.cfg.ACMEHTTPListen != "" {
		if plain, given, err = listener(ctx, given, s.cfg.ACMEHTTPListen); err != nil {
			return nil, nil, errors.Join(fmt.Errorf("listen for challenges: %w", err), ln.Close())
		}
	}
	if len(given) > 0 {
		return nil, nil, errors.Join(fmt.Errorf("systemd hands over %d sockets more than there are addresses to listen on", len(given)), ln.Close(), closeIf(plain))
	}
	return ln, plain, nil
}

// listener gives the first of the sockets that were handed over, and the rest of them; without any it listens at an address.
func listener(ctx context.Context, given []net.Listener, address string) (net.Listener, []net.Listener, error) {
	if len(given) == 0 {
		ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		return ln, nil, err
	}
	if given[0] == nil {
		return nil, nil, errors.New("what systemd hands over is not a socket for connections")
	}
	return given[0], given[1:], nil
}

func closeIf(ln net.Listener) error {
	if ln == nil {
		return nil
	}
	return ln.Close()
}
