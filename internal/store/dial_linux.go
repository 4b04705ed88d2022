package store

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// control ends a connection on which what was sent is not confirmed for unconfirmed, as when the other machine is gone. By
// itself Linux sends it again for a quarter of an hour.
func control(network, _ string, c syscall.RawConn) error {
	if !overTCP(network) {
		return nil
	}
	var err error
	cerr := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unconfirmed.Milliseconds()))
	})
	if cerr != nil {
		return cerr
	}
	return err
}
