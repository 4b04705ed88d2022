package deploy_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kingsnake/internal/servertest"
)

// patience bounds whatever a test waits for.
const patience = time.Minute

// proxy is a program in front of a server of the test.
type proxy struct {
	// dir is where it keeps what it writes.
	dir string
	// secure and plain are where it listens, as https:// and http:// addresses.
	secure, plain string
	// certificate and both are PEM files: the certificate, its key, and both in one.
	certificate, key, both string
	// client trusts it, follows no redirect, and calls from 127.0.0.2.
	client *http.Client
	// listeners are passed on, so that nobody takes their ports meanwhile: as descriptors 3 and 4.
	listeners []*os.File
	out       servertest.Log
	cmd       *exec.Cmd
}

// newProxy makes what a proxy needs: a folder, a certificate and two ports.
func newProxy(t *testing.T) *proxy {
	t.Helper()
	p := &proxy{dir: t.TempDir()}
	p.makeCertificate(t)
	for _, url := range []*string{&p.secure, &p.plain} {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		f, err := l.(*net.TCPListener).File()
		if err := errors.Join(err, l.Close()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() }) // Listeners that were handed over are closed already.
		p.listeners = append(p.listeners, f)
		*url = l.Addr().String()
	}
	p.secure, p.plain = "https://"+p.secure, "http://"+p.plain
	return p
}

// makeCertificate borrows the certificate of package httptest, which is good for 127.0.0.1.
func (p *proxy) makeCertificate(t *testing.T) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	s.Close()
	key, err := x509.MarshalPKCS8PrivateKey(s.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	secret := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	p.certificate = p.write(t, "cert.pem", string(cert))
	p.key = p.write(t, "key.pem", string(secret))
	p.both = p.write(t, "both.pem", string(cert)+string(secret))
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	p.client = &http.Client{
		Timeout: patience,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(p.client.CloseIdleConnections)
}

// write puts a file into the proxy's folder.
func (p *proxy) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// start runs the proxy until the end of the test.
func (p *proxy) start(t *testing.T, env []string, path string, args ...string) {
	t.Helper()
	p.cmd = exec.Command(path, args...) //nolint:gosec // It is ended by stop. The program is the test's choice.
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = p.dir, &p.out, &p.out, p.listeners
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.stop(t) })
}

// stop ends the proxy, so that all it wants to write is written. Each ends in its own way: with success, with the number of the
// signal, or by it.
func (p *proxy) stop(t *testing.T) {
	t.Helper()
	if p.cmd == nil {
		return
	}
	cmd := p.cmd
	p.cmd = nil
	killer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("the proxy has ended before: %v\n%s", err, p.out.String())
	}
	_ = cmd.Wait()
	if !killer.Stop() {
		t.Errorf("the proxy did not stop\n%s", p.out.String())
	}
}

// logs are all that the proxy has written: what it printed, and every file in its folder.
func (p *proxy) logs(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	all.WriteString(p.out.String())
	err := filepath.WalkDir(p.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		all.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// send makes a request and gives its answer, read to the end. A credential is put where name says, as a header or "basic".
func (p *proxy) send(t *testing.T, method, url, name, credential string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	// A proxy must not take a client's word for where it calls from.
	req.Header.Set("X-Forwarded-For", "203.0.113.9")
	switch name {
	case "":
	case "basic":
		req.SetBasicAuth(credential, "x-auth-token")
	default:
		req.Header.Set(name, credential)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		t.Fatalf("%v\n%s", err, p.out.String())
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return resp, body
}

// await waits until a condition holds.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %s", what, patience)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
