package config

import (
	"net/url"
	"strings"
)

// maxACMEHosts bounds how many certificates are asked for.
const maxACMEHosts = 100

func (c *Config) validateACME(require func(ok bool, key, want string)) {
	require(len(c.ACMEHosts) == 0 || c.TLSCertFile == "", "acme_hosts", "set either this or tls_cert_file")
	require(len(c.ACMEHosts) <= maxACMEHosts, "acme_hosts", "name at most 100 hosts")
	for _, host := range c.ACMEHosts {
		require(validHost(host), "acme_hosts", "write names such as conda.example.org, in small letters, without port and wildcard")
	}
	u, err := url.Parse(c.ACMEDirectory)
	require(err == nil && u.Scheme == "https" && u.Host != "", "acme_directory", "write an https address")
	require(c.ACMEHTTPListen == "" || validListen(c.ACMEHTTPListen), "acme_http_listen", `write host:port, such as ":80", or leave it empty`)
	require(c.ACMEHTTPListen == "" || len(c.ACMEHosts) > 0, "acme_http_listen", "set acme_hosts together with it")
}

// validHost wants a name of the DNS with a dot in it.
func validHost(name string) bool {
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return len(labels) > 1 && len(name) <= 253
}
