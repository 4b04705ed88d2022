package wire

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// sendMore sends p, which the kernel may keep until more comes.
func sendMore(c *net.TCPConn, p []byte) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Write(func(fd uintptr) bool {
		for len(p) > 0 {
			n, err := syscall.SendmsgN(int(fd), p, nil, nil, syscall.MSG_MORE)
			switch {
			case errors.Is(err, syscall.EAGAIN):
				return false
			case errors.Is(err, syscall.EINTR):
			case err != nil:
				failed = os.NewSyscallError("sendmsg", err)
				return true
			default:
				p = p[n:]
			}
		}
		return true
	})
	return errors.Join(err, failed)
}
