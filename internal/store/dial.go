package store

import (
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// unconfirmed is how long a database may not confirm that it got what was sent.
	unconfirmed = 20 * time.Second
	// connectTime is how long connecting may take unless the URL says otherwise.
	connectTime = 10 * time.Second
)

// dialer makes connections that notice within half a minute that the other end is gone.
func dialer() *net.Dialer {
	return &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
		Control:         control,
	}
}

func overTCP(network string) bool { return strings.HasPrefix(network, "tcp") }

// steady makes connections of a configuration end in time, rather than hang.
func steady(cfg *pgx.ConnConfig) {
	cfg.DialFunc = dialer().DialContext
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTime
	}
	// A write waits for its turn by a statement, and must then see what the one before it did.
	cfg.RuntimeParams["default_transaction_isolation"] = "read committed"
	for name, value := range limits() {
		if cfg.RuntimeParams[name] == "" {
			cfg.RuntimeParams[name] = value
		}
	}
}
