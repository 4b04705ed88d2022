package server

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kingsnake/internal/config"
)

// renew makes a certificate with a serial number of its own, as PEM.
func renew(t *testing.T, serial int64) (chain, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// put replaces a file as programs that renew certificates do.
func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// served connects and gives the serial number of the certificate that is shown.
func served(t *testing.T, c *certificate) int64 {
	t.Helper()
	here, there := net.Pipe()
	server := tls.Server(there, &tls.Config{GetCertificate: c.Get, MinVersion: tls.VersionTLS12})
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	client := tls.Client(here, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}) //nolint:gosec // It is looked at below.
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	serial := client.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	if err := here.Close(); err != nil {
		t.Fatal(err)
	}
	<-done // The client has what it wanted, whatever the server says.
	return serial
}

// TestCertificateIsRenewed: a new certificate is taken over while the server runs, and one that cannot be used is not.
func TestCertificateIsRenewed(t *testing.T) {
	dir := t.TempDir()
	chain, key := filepath.Join(dir, "chain.pem"), filepath.Join(dir, "key.pem")
	now := time.Now()
	var log bytes.Buffer
	load := func() (*certificate, error) {
		return loadCertificate(chain, key, slog.New(slog.NewTextHandler(&log, nil)), func() time.Time { return now })
	}
	if _, err := load(); err == nil {
		t.Fatal("a certificate that is not there was taken")
	}
	firstChain, firstKey := renew(t, 1)
	secondChain, secondKey := renew(t, 2)
	put(t, chain, firstChain)
	put(t, key, firstKey)
	c, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name      string
		change    func()
		wait      time.Duration
		want      int64
		complains bool
	}{
		{"as it was", func() {}, time.Minute, 1, false},
		{"the chain without its key", func() { put(t, chain, secondChain) }, time.Minute, 1, true},
		{"the same once more", func() {}, time.Minute, 1, false},
		{"not looked at yet", func() { put(t, key, secondKey) }, certificateEvery - 1, 1, false},
		{"both", func() {}, 1, 2, false},
		{"no file", func() {
			if err := os.Remove(key); err != nil {
				t.Fatal(err)
			}
		}, time.Minute, 2, true},
		{"still none", func() {}, time.Minute, 2, false},
		{"the first again, and the clock was set back", func() { put(t, chain, firstChain); put(t, key, firstKey) }, -time.Hour, 1, false},
	} {
		step.change()
		now = now.Add(step.wait)
		log.Reset()
		if got := served(t, c); got != step.want {
			t.Errorf("%s: certificate %d is shown, want %d\n%s", step.name, got, step.want, log.String())
		}
		if got := strings.Contains(log.String(), "cannot be used"); got != step.complains {
			t.Errorf("%s: log = %q, want a complaint: %t", step.name, log.String(), step.complains)
		}
	}
}

// TestRunWithTLS serves a whole site with a certificate.
func TestRunWithTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := renew(t, 7)
	cfg := config.Default()
	cfg.DataDir, cfg.Listen, cfg.AdminPassword = filepath.Join(dir, "data"), "127.0.0.1:0", "a password of tests"
	cfg.TLSCertFile, cfg.TLSKeyFile = filepath.Join(dir, "chain.pem"), filepath.Join(dir, "key.pem")
	put(t, cfg.TLSCertFile, cert)
	put(t, cfg.TLSKeyFile, key)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, told := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := Run(ctx, cfg, Options{Log: slog.New(slog.DiscardHandler)}, told)
		ended <- errors.Join(err, told.Close())
	}()
	var url string
	if _, err := fmt.Fscanf(out, "Kingsnake serves %s from", &url); err != nil || !strings.HasPrefix(url, "https://127.0.0.1:") {
		t.Fatalf("the server says that it is at %q, %v", url, err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // The rest of what it says.
	resp, err := (&http.Client{Transport: transport}).Get(url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 {
		t.Errorf("healthz by TLS: %s by %s, %v", resp.Status, resp.Proto, err)
	}
	transport.CloseIdleConnections()
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}
