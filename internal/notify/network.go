package notify

import (
	"fmt"
	"net/netip"
	"syscall"
)

// reserved are networks that no public server has, beside those that netip tells by itself: shared address space, protocol
// assignments, documentation, benchmarks, the future, and translations of IPv4 addresses, which may hide any of these.
func reserved() []netip.Prefix {
	var out []netip.Prefix
	for _, text := range [...]string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

// network says to which addresses webhooks may go.
type network struct{ allowed, refused []netip.Prefix }

func newNetwork(allowed []netip.Prefix) network {
	return network{allowed: allowed, refused: reserved()}
}

// open tells whether an address is one of the public internet, or one that the configuration allows.
func (n network) open(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, p := range n.allowed {
		if p.Contains(a) {
			return true
		}
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range n.refused {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// control refuses a connection by the very address that is about to be dialled, after names have been resolved, so that no
// name can lead into a network that is not open.
func (n network) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %s: %w", address, err)
	}
	if !n.open(ap.Addr()) {
		return fmt.Errorf("%s is not a public address; webhook_allowed_networks can allow it", ap.Addr())
	}
	return nil
}
