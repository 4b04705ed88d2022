package doctor

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// settings judges what each setting alone cannot tell.
func (e *examination) settings() {
	const check = "settings"
	c := e.Config
	before := len(e.findings)
	host, _, err := net.SplitHostPort(c.Listen)
	addr, perr := netip.ParseAddr(host)
	local := err == nil && (host == "localhost" || perr == nil && addr.IsLoopback())
	secure := c.TLS()
	if !secure && !local {
		e.add(check, Warning, "set tls_cert_file and tls_key_file, or acme_hosts, or listen on 127.0.0.1 behind a proxy that speaks TLS",
			"it listens on %s without TLS, so tokens and passwords can be read on the way", c.Listen)
	}
	if c.PublicURL == "" {
		e.add(check, Warning, "set public_url to the address that people use", "public_url is not set, so links and sign-ins go by the Host header of each request")
	} else if strings.HasPrefix(c.PublicURL, "http://") && !local {
		e.add(check, Warning, "use an https address", "public_url is %s, without TLS", c.PublicURL)
	}
	if strings.HasPrefix(c.PublicURL, "https://") && !secure && len(c.TrustedProxies) == 0 {
		e.add(check, Warning, "name the address of the proxy in trusted_proxies, such as 127.0.0.1/32",
			"there is a proxy in front, which no one trusts: all clients seem to have its address, and share its limits")
	}
	for _, p := range c.TrustedProxies {
		if p.Bits() == 0 {
			e.add(check, Error, "name only the proxies' addresses in trusted_proxies", "trusted_proxies holds %s: every client can choose the address that it seems to have", p)
		}
	}
	for _, name := range []string{"", "site.key", "kingsnake.db"} {
		info, err := os.Stat(filepath.Join(c.DataDir, name))
		if err == nil && info.Mode().Perm()&0o007 != 0 && name != "kingsnake.db" {
			e.add(check, Error, "chmod o-rwx "+filepath.Join(c.DataDir, name), "everybody on this machine may read %s", filepath.Join(c.DataDir, name))
		}
	}
	if len(e.findings) == before {
		e.ok(check, "nothing is wrong with them")
	}
}

// How long before its end a certificate is told of.
const (
	certificateSoon = 21 * 24 * time.Hour
	certificateNow  = 3 * 24 * time.Hour
)

// certificate judges the one that the server itself presents.
func (e *examination) certificate() {
	if e.Config.TLSCertFile == "" {
		return
	}
	pair, err := tls.LoadX509KeyPair(e.Config.TLSCertFile, e.Config.TLSKeyFile)
	if err != nil {
		e.add("certificate", Error, "check tls_cert_file and tls_key_file", "it cannot be used: %v", err)
		return
	}
	e.lifetime("certificate", pair.Leaf)
}

func (e *examination) lifetime(check string, cert *x509.Certificate) {
	left := cert.NotAfter.Sub(e.Now())
	switch until := cert.NotAfter.UTC().Format(time.DateTime); {
	case left <= 0:
		e.add(check, Error, "renew it", "it ended on %s", until)
	case e.Now().Before(cert.NotBefore):
		e.add(check, Error, "set the clock", "it begins only on %s; is the clock right?", cert.NotBefore.UTC().Format(time.DateTime))
	case left < certificateNow:
		e.add(check, Error, "renew it now", "it ends on %s", until)
	case left < certificateSoon:
		e.add(check, Warning, "renew it, and see why that was not done by itself", "it ends on %s", until)
	default:
		e.ok(check, "it ends on %s", until)
	}
}
