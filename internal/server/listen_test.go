package server

import (
	"net"
	"strings"
	"testing"
)

// TestListener takes what is handed over in its order, and listens where nothing is.
func TestListener(t *testing.T) {
	one, two := listen(t), listen(t)
	for _, ln := range []net.Listener{one, two} {
		t.Cleanup(func() {
			if err := ln.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	got, rest, err := listener(t.Context(), []net.Listener{one, two}, "not asked")
	if err != nil || got != one || len(rest) != 1 || rest[0] != two {
		t.Errorf("of two: %v, %v, %v, want the first", got, rest, err)
	}
	if _, _, err := listener(t.Context(), []net.Listener{nil}, "not asked"); err == nil || !strings.Contains(err.Error(), "systemd") {
		t.Errorf("what is no socket for connections: %v", err)
	}
	own, rest, err := listener(t.Context(), nil, "127.0.0.1:0")
	if err != nil || len(rest) != 0 {
		t.Fatalf("an address: %v, %v", rest, err)
	}
	if err := own.Close(); err != nil {
		t.Error(err)
	}
}
