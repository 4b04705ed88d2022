package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"kingsnake/api"
	"kingsnake/internal/config"
	"kingsnake/internal/server/problem"
)

// acmeRetry is how long after a certificate could not be got it is asked for again.
const acmeRetry = 5 * time.Minute

// authority gets certificates by ACME (RFC 8555) and renews them a month before they end. They are kept in the data folder.
type authority struct {
	*autocert.Manager
	hosts []string
	log   *slog.Logger
}

func newAuthority(cfg config.Config, log *slog.Logger) (*authority, error) {
	client := &acme.Client{DirectoryURL: cfg.ACMEDirectory, UserAgent: "kingsnake"}
	if cfg.ACMECAFile != "" {
		pem, err := os.ReadFile(cfg.ACMECAFile)
		if err != nil {
			return nil, fmt.Errorf("acme_ca_file: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("acme_ca_file: no certificate is in %s", cfg.ACMECAFile)
		}
		transport, ok := http.DefaultTransport.(*http.Transport)
		if !ok {
			return nil, errors.New("acme_ca_file: the transport of the process was replaced")
		}
		transport = transport.Clone()
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		client.HTTPClient = &http.Client{Transport: transport, Timeout: time.Minute}
	}
	return &authority{hosts: cfg.ACMEHosts, log: log, Manager: &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(filepath.Join(cfg.DataDir, "acme")),
		HostPolicy: autocert.HostWhitelist(cfg.ACMEHosts...), Email: cfg.ACMEEmail, Client: client,
	}}, nil
}

// config is how the server shows the certificates, and answers challenges within TLS (RFC 8737).
func (a *authority) config() *tls.Config {
	c := a.TLSConfig()
	c.MinVersion = tls.VersionTLS12
	return c
}

// challenges answers what the authority asks without TLS, and sends people on to https.
func (a *authority) challenges() http.Handler {
	answer := a.HTTPHandler(http.HandlerFunc(sendOn))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The manager knows its hosts by their names alone.
		if host, _, err := net.SplitHostPort(r.Host); err == nil {
			r.Host = host
		}
		answer.ServeHTTP(w, r)
	})
}

// sendOn sends browsers on to https. A client is refused: it would send its token in clear with each request, and nobody
// would notice.
func sendOn(w http.ResponseWriter, r *http.Request) {
	page := r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, "/-/")
	if !page || r.Method != http.MethodGet && r.Method != http.MethodHead {
		problem.Write(w, r, problem.New(http.StatusForbidden, api.CodeForbidden,
			"this address has no TLS, so what you sent could be read on its way; write https:// in place of http:// in your configuration, and issue a new string for a token that you sent here"))
		return
	}
	http.Redirect(w, r, "https://"+r.Host+r.URL.RequestURI(), http.StatusFound)
}

// prepare gets the certificate of each host, so that the first client does not wait for it, and says why where it cannot be
// got. From then on the manager renews it.
func (a *authority) prepare(ctx context.Context) {
	for _, host := range a.hosts {
		for {
			// Clients that know elliptic curves, which all do, get a certificate of their own kind.
			hello := &tls.ClientHelloInfo{ServerName: host, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
			cert, err := a.GetCertificate(hello)
			if err == nil {
				a.log.Info("the certificate is there", "host", host, "until", cert.Leaf.NotAfter)
				break
			}
			if ctx.Err() == nil {
				a.log.Error("no certificate could be got, so nobody can connect to this host; trying again", "host", host, "in", acmeRetry, "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(acmeRetry):
			}
		}
	}
}
