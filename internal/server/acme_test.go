package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"kingsnake/internal/config"
)

// pebbleVersion is that of the authority, which scripts/test-deps installs.
const pebbleVersion = "v2.10.1"

// acmeHost is a name that only the test's own name server knows.
const acmeHost = "conda.kingsnake.test"

// nameServer says of every name that it is this machine. It is asked by TCP.
func nameServer(t *testing.T) string {
	t.Helper()
	ln := listen(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			if err := errors.Join(answerName(conn), conn.Close()); err != nil {
				t.Errorf("a question of the authority: %v", err)
			}
		}
	})
	t.Cleanup(func() {
		if err := ln.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
	})
	return ln.Addr().String()
}

// answerName answers one question, which like its answer has its length before it (RFC 7766).
func answerName(conn net.Conn) error {
	var length uint16
	if err := binary.Read(conn, binary.BigEndian, &length); err != nil {
		return err
	}
	question := make([]byte, length)
	if _, err := io.ReadFull(conn, question); err != nil {
		return err
	}
	answer, err := resolve(question)
	if err != nil {
		return err
	}
	_, err = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)) //nolint:gosec // It is a short one.
	return err
}

func resolve(question []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil {
		return nil, err
	}
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	for _, q := range m.Questions {
		if q.Type == dnsmessage.TypeA {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1}, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
			})
		}
	}
	return m.Pack()
}

// port finds one that is free.
func port(t *testing.T) int {
	t.Helper()
	ln := listen(t)
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	return portOf(ln)
}

// pebble is an authority that checks challenges at two ports, as others do at 80 and 443.
type pebble struct {
	directory, caFile string
	cmd               *exec.Cmd
	said              bytes.Buffer
}

func newPebble(t *testing.T, httpPort, tlsPort int) *pebble {
	t.Helper()
	program, err := filepath.Abs("../../.tools/bin/pebble-" + pebbleVersion)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%v; make test-deps installs it", err)
		}
		t.Skipf("%v; make test-deps installs it", err)
	}
	dir := t.TempDir()
	p := &pebble{caFile: filepath.Join(dir, "chain.pem")}
	chain, key := renew(t, 1)
	put(t, p.caFile, chain)
	put(t, filepath.Join(dir, "key.pem"), key)
	names := nameServer(t)
	// Somebody else may take the port before it does.
	for range 5 {
		address := fmt.Sprintf("127.0.0.1:%d", port(t))
		p.directory = "https://" + address + "/dir"
		cfg, err := json.Marshal(map[string]any{"pebble": map[string]any{
			"listenAddress": address, "certificate": p.caFile, "privateKey": filepath.Join(dir, "key.pem"), "httpPort": httpPort, "tlsPort": tlsPort,
		}})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "pebble.json")
		put(t, file, cfg)
		p.cmd = exec.Command(program, "-config", file, "-dnsserver", names) //nolint:gosec // It is ended below. The program is the test's choice.
		p.cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0")
		p.said.Reset()
		p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
		if err := p.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = p.cmd.Wait() // It is killed, or says why it ended.
		}()
		if p.answers(t, ended) {
			t.Cleanup(func() {
				_ = p.cmd.Process.Kill() // It may have ended by itself.
				<-ended
				if t.Failed() {
					t.Logf("pebble:\n%s", p.said.String())
				}
			})
			return p
		}
	}
	t.Fatalf("pebble does not start:\n%s", p.said.String())
	return nil
}

// answers waits until the authority answers, or has ended.
func (p *pebble) answers(t *testing.T, ended <-chan struct{}) bool {
	t.Helper()
	web := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}} //nolint:gosec // It is not the test's question.
	for range 3000 {
		resp, err := web.Get(p.directory)
		if err == nil {
			return resp.Body.Close() == nil
		}
		select {
		case <-ended:
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return false
}

// secured is a site that runs with certificates by ACME.
type secured struct {
	tls, plain net.Listener
	log        bytes.Buffer
	stop       context.CancelFunc
	ended      chan error
}

// listen takes a port of this machine.
func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func portOf(ln net.Listener) int { return ln.Addr().(*net.TCPAddr).Port } //nolint:forcetypeassert // It listens on TCP.

// run serves a site, which has to be stopped.
func (s *secured) run(t *testing.T, dir string, ca *pebble) {
	t.Helper()
	cfg := config.Default()
	cfg.DataDir, cfg.AdminPassword = dir, "a password of tests"
	cfg.ACMEHosts, cfg.ACMEDirectory, cfg.ACMECAFile = []string{acmeHost}, ca.directory, ca.caFile
	if err := makeDataDir(dir); err != nil {
		t.Fatal(err)
	}
	site, err := New(t.Context(), cfg, Options{Log: slog.New(slog.NewTextHandler(&s.log, nil)), NoChores: true})
	if err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, s.stop = context.WithCancel(t.Context())
	s.ended = make(chan error, 1)
	go func() {
		err := site.serve(ctx, s.tls, s.plain)
		s.ended <- errors.Join(err, site.Close())
	}()
}

func (s *secured) end(t *testing.T) {
	t.Helper()
	s.stop()
	if err := <-s.ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if t.Failed() {
		t.Logf("log:\n%s", s.log.String())
	}
}

// shown connects under a name and gives the certificate that is shown.
func (s *secured) shown(t *testing.T, host string) (serial string, err error) {
	t.Helper()
	d := tls.Dialer{Config: &tls.Config{ServerName: host, InsecureSkipVerify: true}} //nolint:gosec // The certificate is looked at.
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	conn, err := d.DialContext(ctx, "tcp", s.tls.Addr().String())
	if err != nil {
		return "", err
	}
	defer func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}()
	leaf := conn.(*tls.Conn).ConnectionState().PeerCertificates[0] //nolint:forcetypeassert // It is of a tls.Dialer.
	if err := leaf.VerifyHostname(host); err != nil || !strings.HasPrefix(leaf.Issuer.CommonName, "Pebble") {
		t.Errorf("the certificate is for %v by %s, want %s by the authority: %v", leaf.DNSNames, leaf.Issuer, host, err)
	}
	return leaf.SerialNumber.String(), nil
}

// TestACME gets a certificate from a real authority by either challenge, and has it still when the authority is gone.
func TestACME(t *testing.T) {
	for _, way := range []string{"tls-alpn-01", "http-01"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			s, dir := &secured{tls: listen(t)}, filepath.Join(t.TempDir(), "data")
			httpPort, tlsPort := port(t), portOf(s.tls)
			if way == "http-01" {
				s.plain = listen(t)
				httpPort, tlsPort = portOf(s.plain), port(t)
			}
			ca := newPebble(t, httpPort, tlsPort)
			s.run(t, dir, ca)
			first, err := s.shown(t, acmeHost)
			if err != nil {
				t.Fatal(err, s.log.String())
			}
			if _, err := s.shown(t, "others.kingsnake.test"); err == nil {
				t.Error("a name that is not ours has a certificate")
			}
			if way == "http-01" {
				s.sendsOn(t)
			}
			s.end(t)
			kept(t, filepath.Join(dir, "acme"))

			if err := ca.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			again := &secured{tls: listen(t)}
			again.run(t, dir, ca)
			if second, err := again.shown(t, acmeHost); err != nil || second != first {
				t.Errorf("after a restart without the authority: certificate %s, %v, want %s as before", second, err, first)
			}
			again.end(t)
		})
	}
}

// sendsOn asks at the port that has no TLS.
func (s *secured) sendsOn(t *testing.T) {
	t.Helper()
	web := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DisableKeepAlives: true},
	}
	for path, want := range map[string]int{
		"/": http.StatusFound, "/-/tokens?page=2": http.StatusFound, "/.well-known/acme-challenge/unknown": http.StatusNotFound,
		// A client that is sent on sends its token in clear each time.
		"/t/ks-r-x/team/noarch/repodata.json": http.StatusForbidden, "/team/noarch/repodata.json": http.StatusForbidden, "/api/account": http.StatusForbidden,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.plain.Addr().String()+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = acmeHost
		resp, err := web.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode != want {
			t.Errorf("%s without TLS: %s, %v, want %d", path, resp.Status, err, want)
		}
		if to := resp.Header.Get("Location"); want == http.StatusFound && to != "https://"+acmeHost+path || want != http.StatusFound && to != "" {
			t.Errorf("%s without TLS is sent on to %q", path, to)
		}
	}
}

// kept fails unless the folder holds something that only the server's user may read.
func kept(t *testing.T, dir string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil || len(list) < 2 {
		t.Errorf("%s holds %v, %v, want an account and a certificate", dir, list, err)
	}
	for _, e := range list {
		if info, err := e.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v, want it for the server's user alone", e.Name(), info.Mode(), err)
		}
	}
}

// TestNoAuthority says why nobody can connect.
func TestNoAuthority(t *testing.T) {
	cfg := config.Default()
	cfg.ACMEHosts, cfg.ACMECAFile = []string{acmeHost}, filepath.Join(t.TempDir(), "missing.pem")
	if _, err := newAuthority(cfg, slog.Default()); err == nil || !strings.Contains(err.Error(), "acme_ca_file") {
		t.Errorf("an authority whose CA is missing: %v", err)
	}
	cfg.ACMECAFile = filepath.Join(t.TempDir(), "empty.pem")
	put(t, cfg.ACMECAFile, []byte("nothing"))
	if _, err := newAuthority(cfg, slog.Default()); err == nil || !strings.Contains(err.Error(), "no certificate is in") {
		t.Errorf("an authority whose CA is empty: %v", err)
	}
	cfg.ACMECAFile, cfg.ACMEDirectory, cfg.DataDir = "", fmt.Sprintf("https://127.0.0.1:%d/dir", port(t)), t.TempDir()
	said, log := io.Pipe()
	a, err := newAuthority(cfg, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { a.prepare(ctx) })
	line := make([]byte, 4096)
	n, err := said.Read(line)
	if got := string(line[:n]); err != nil || !strings.Contains(got, "no certificate could be got") || !strings.Contains(got, acmeHost) || !strings.Contains(got, "refused") {
		t.Errorf("log = %q, %v, want why", got, err)
	}
	cancel()
	wg.Wait()
}
