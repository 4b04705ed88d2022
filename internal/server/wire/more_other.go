//go:build !linux

package wire

import "net"

// sendMore sends p.
func sendMore(c *net.TCPConn, p []byte) error {
	_, err := c.Write(p)
	return err
}
