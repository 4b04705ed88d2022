package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// newTransport is the standard transport with more patience for "100 Continue": a server that checks a token before it
// lets a large upload begin may have to ask its database.
func newTransport(caFile string) (*http.Transport, error) {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		standard = &http.Transport{}
	}
	t := standard.Clone()
	t.Proxy = http.ProxyFromEnvironment
	t.ExpectContinueTimeout = 5 * time.Second
	t.MaxIdleConnsPerHost = 16
	if dial := t.DialContext; dial != nil {
		t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return patientConn{conn}, nil
		}
	}
	if caFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("read the CA file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("the CA file %s holds no PEM certificate", caFile)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}

// patientConn holds back the failure of a write for a moment. A server that refuses an upload midway answers and then
// resets the connection; net/http reports whichever it sees first, and the answer is what says why.
type patientConn struct{ net.Conn }

// writeGrace is how long an answer that is already on its way may take to be read.
const writeGrace = 200 * time.Millisecond

// Write implements net.Conn.
func (c patientConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
		time.Sleep(writeGrace)
	}
	return n, err
}
