package doctor_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/fsblob"
	"kingsnake/internal/config"
	"kingsnake/internal/diskroom"
	"kingsnake/internal/doctor"
	"kingsnake/internal/servertest"
)

// patient is a running site as the doctor sees it, at an address.
func patient(site *servertest.Site, address string) doctor.Patient {
	s := site.Server.Site()
	return doctor.Patient{
		Config: site.Config, URL: address, Asked: true, Now: site.Clock.Now, Patience: time.Minute,
		Site: doctor.NewSite(s.Store, s.Blobs, s.Service, site.Clock.Now),
	}
}

// finds fails unless a check has one finding, of a status, that has a text in it.
func finds(t *testing.T, list []doctor.Finding, check string, want doctor.Status, text string) {
	t.Helper()
	var of []doctor.Finding
	for _, f := range list {
		if f.Check == check {
			of = append(of, f)
		}
	}
	if len(of) != 1 || of[0].Status != want || !strings.Contains(of[0].Found, text) || of[0].Todo == "" && want == doctor.Error {
		t.Errorf("%s: %+v, want one %s with %q", check, of, want, text)
	}
}

// behind puts a proxy in front of a site.
func behind(t *testing.T, site *servertest.Site, change func(*httputil.ProxyRequest)) string {
	t.Helper()
	target, err := url.Parse(site.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		change(r)
	}})
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// trusting is a site that takes the word of a proxy on this machine.
func trusting(t *testing.T) *servertest.Site {
	t.Helper()
	return servertest.New(t, func(c *config.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
}

func TestHealthySite(t *testing.T) {
	site := servertest.New(t, func(c *config.Config) { c.PublicURL = "http://" + c.Listen })
	if err := os.Chmod(site.Dir, 0o700); err != nil { //nolint:gosec // It is a folder.
		t.Fatal(err)
	}
	list := doctor.Examine(t.Context(), patient(site, site.URL))
	for check, text := range map[string]string{
		"settings": "nothing is wrong", "database": "SQL", "server": "is ready", "clock": "agrees",
		"tokens": "in each form", "buffering": "while they are sent", "client address": "127.0.0.1",
	} {
		finds(t, list, check, doctor.OK, text)
	}
	// How fast and how full the disk is, is the machine's.
	for _, f := range list {
		if f.Status == doctor.Error && f.Check != "space" {
			t.Errorf("%+v, want no error", f)
		}
	}
}

// TestProxies finds what is wrong with each kind of proxy, and nothing with a good one.
func TestProxies(t *testing.T) {
	site := trusting(t)
	logFile := filepath.Join(t.TempDir(), "access.log")
	for _, c := range []struct {
		name        string
		change      func(*httputil.ProxyRequest)
		check       string
		want        doctor.Status
		text        string
		unlike      string
		alsoLogging bool
	}{
		{name: "good", change: func(r *httputil.ProxyRequest) { r.SetXForwarded() }, check: "client address", want: doctor.OK, text: "127.0.0.1"},
		{name: "good", change: func(r *httputil.ProxyRequest) { r.SetXForwarded() }, check: "tokens", want: doctor.OK, text: "each form"},
		{
			name: "takes the client's word", change: func(r *httputil.ProxyRequest) { r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"] },
			check: "client address", want: doctor.Error, text: "can choose",
		},
		{
			name: "strips Authorization", change: func(r *httputil.ProxyRequest) { r.Out.Header.Del("Authorization") },
			check: "tokens", want: doctor.Error, text: "in Authorization: Bearer, as the password", unlike: "X-Auth",
		},
		{name: "buffers", change: func(r *httputil.ProxyRequest) {
			data, err := io.ReadAll(r.In.Body)
			if err == nil {
				r.Out.Body = io.NopCloser(bytes.NewReader(data))
			}
		}, check: "buffering", want: doctor.Warning, text: "before all of it was sent"},
		{name: "logs addresses", change: func(r *httputil.ProxyRequest) {
			if err := appendTo(logFile, r.In.URL.Path+"\n"); err != nil {
				t.Error(err)
			}
		}, check: "logs", want: doctor.Error, text: "sent in the address", alsoLogging: true},
	} {
		t.Run(c.name+"/"+c.check, func(t *testing.T) {
			p := patient(site, behind(t, site, c.change))
			if c.name == "buffers" {
				p.Patience = time.Second
			}
			if c.alsoLogging {
				if err := appendTo(logFile, "from before\n"); err != nil {
					t.Fatal(err)
				}
				p.Logs = []string{filepath.Dir(logFile)}
			}
			list := doctor.Examine(t.Context(), p)
			finds(t, list, c.check, c.want, c.text)
			for _, f := range list {
				if f.Check == c.check && c.unlike != "" && strings.Contains(f.Found, c.unlike) {
					t.Errorf("%+v, want no word of %q", f, c.unlike)
				}
			}
		})
	}
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	return f.Close()
}

// TestLogsWithoutTokens reads the server's own log, which has the requests and none of the tokens.
func TestLogsWithoutTokens(t *testing.T) {
	site := servertest.New(t)
	quiet := filepath.Join(t.TempDir(), "quiet.log")
	if err := appendTo(quiet, "from before\n"); err != nil {
		t.Fatal(err)
	}
	p := patient(site, site.URL)
	p.Logs = []string{quiet}
	finds(t, doctor.Examine(t.Context(), p), "logs", doctor.Warning, "nothing was written")
	p.Logs = []string{filepath.Join(t.TempDir(), "missing.log")}
	finds(t, doctor.Examine(t.Context(), p), "logs", doctor.Error, "cannot be read")
	if strings.Contains(site.Log.String(), "ks-u-") {
		t.Error("the server's log shows what looks like a token")
	}
}

// TestLogsOfOthers: that no token is in a log says something only where the requests are, by their path or the id of the answer.
func TestLogsOfOthers(t *testing.T) {
	site := servertest.New(t)
	for name, tc := range map[string]struct {
		line func(r *http.Request, answer http.Header) string
		want doctor.Status
		text string
	}{
		"another's": {func(*http.Request, http.Header) string { return "GET /somebody/else" }, doctor.Warning, "neither does anything else"},
		"by id":     {func(_ *http.Request, answer http.Header) string { return "id=" + answer.Get("X-Request-Id") }, doctor.OK, "no token shows"},
		"by path": {func(r *http.Request, _ http.Header) string {
			_, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/t/"), "/")
			return "GET /t/***/" + rest
		}, doctor.OK, "no token shows"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := filepath.Join(t.TempDir(), "access.log")
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				site.Server.ServeHTTP(w, r)
				if err := appendTo(log, tc.line(r, w.Header())+"\n"); err != nil {
					t.Error(err)
				}
			}))
			defer server.Close()
			p := patient(site, server.URL)
			// It is there, and empty, before the first line.
			if err := appendTo(log, ""); err != nil {
				t.Fatal(err)
			}
			p.Logs = []string{log}
			finds(t, doctor.Examine(t.Context(), p), "logs", tc.want, tc.text)
		})
	}
}

func TestNoServer(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	p := doctor.Patient{Config: config.Default(), URL: gone.URL, Now: time.Now}
	finds(t, doctor.Examine(t.Context(), p), "server", doctor.Warning, "no server answers")
	p.Asked = true
	finds(t, doctor.Examine(t.Context(), p), "server", doctor.Error, "no answer")
}

// TestCertificate looks at one at several times of its life.
func TestCertificate(t *testing.T) {
	begins := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ends := begins.Add(90 * 24 * time.Hour)
	cfg := config.Default()
	cfg.TLSCertFile, cfg.TLSKeyFile = certificate(t, begins, ends)
	for _, c := range []struct {
		at   time.Time
		want doctor.Status
		text string
	}{
		{begins.Add(-time.Hour), doctor.Error, "begins only"},
		{begins.Add(time.Hour), doctor.OK, "2026-04-01"},
		{ends.Add(-20 * 24 * time.Hour), doctor.Warning, "it ends on"},
		{ends.Add(-2 * 24 * time.Hour), doctor.Error, "it ends on"},
		{ends.Add(time.Second), doctor.Error, "it ended on"},
	} {
		list := doctor.Examine(t.Context(), doctor.Patient{Config: cfg, Now: func() time.Time { return c.at }})
		finds(t, list, "certificate", c.want, c.text)
	}
	cfg.TLSKeyFile = cfg.TLSCertFile
	finds(t, doctor.Examine(t.Context(), doctor.Patient{Config: cfg, Now: time.Now}), "certificate", doctor.Error, "cannot be used")
}

func certificate(t *testing.T, begins, ends time.Time) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: begins, NotAfter: ends},
		&x509.Certificate{SerialNumber: big.NewInt(1)}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", cert), write("key.pem", "PRIVATE KEY", private)
}

func TestSettings(t *testing.T) {
	for text, change := range map[string]func(*config.Config){
		"without TLS":               func(c *config.Config) { c.Listen, c.PublicURL = ":8080", "https://conda.example.org" },
		"every client can choose":   func(c *config.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")} },
		"public_url is not set":     func(c *config.Config) { c.PublicURL = "" },
		"which no one trusts":       func(c *config.Config) { c.TrustedProxies = nil },
		"everybody on this machine": func(c *config.Config) { c.DataDir = t.TempDir() },
	} {
		cfg := config.Default()
		cfg.DataDir, cfg.PublicURL = t.TempDir(), "https://conda.example.org"
		cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		if err := os.Chmod(cfg.DataDir, 0o700); err != nil {
			t.Fatal(err)
		}
		change(&cfg)
		if text == "everybody on this machine" {
			if err := os.Chmod(cfg.DataDir, 0o755); err != nil { //nolint:gosec // That is what is looked for.
				t.Fatal(err)
			}
		}
		finds(t, doctor.Examine(t.Context(), doctor.Patient{Config: cfg, Now: time.Now})[:1], "settings", status(text), text)
	}
}

func status(text string) doctor.Status {
	if strings.HasPrefix(text, "every") {
		return doctor.Error
	}
	return doctor.Warning
}

// failing is a storage that does not give back what it was given.
type failing struct{ blob.Store }

func (failing) Open(context.Context, blob.Hash) (blob.Reader, error) { return nil, blob.ErrNotExist }

func TestBrokenStorage(t *testing.T) {
	site := servertest.New(t)
	p := patient(site, "")
	p.Site.Blobs = failing{p.Site.Blobs}
	finds(t, doctor.Examine(t.Context(), p), "storage", doctor.Error, "could not be stored, read and removed")
	store, err := fsblob.Open(t.TempDir(), fsblob.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	p.Site.Blobs = store
	finds(t, doctor.Examine(t.Context(), p), "storage", doctor.Error, "could not be stored")
}

// TestClockBehindTheAudit is what a clock that was set back looks like.
func TestClockBehindTheAudit(t *testing.T) {
	site := servertest.New(t)
	p := patient(site, "")
	p.Now = func() time.Time { return site.Clock.Now().Add(-time.Hour) }
	finds(t, doctor.Examine(t.Context(), p), "database", doctor.Warning, "the clock was set back")
}

// TestCopies judges the local cache of a site whose packages are in S3.
func TestCopies(t *testing.T) {
	dir := t.TempDir()
	room, err := diskroom.Of(dir)
	if err != nil {
		t.Skipf("the room on a disk is not known here: %v", err)
	}
	for _, c := range []struct {
		name  string
		cache config.Size
		how   config.BlobDownloads
		want  doctor.Status
		text  string
	}{
		{"off", 0, config.BlobProxy, doctor.Warning, "blob_cache is 0"},
		{"off, and not needed", 0, config.BlobRedirect, doctor.OK, "clients are sent to S3"},
		{"larger than the disk", config.Size(room.All) + 2<<30, config.BlobProxy, doctor.Warning, "the disk has"}, //nolint:gosec // No disk is so large.
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := config.Default()
			cfg.DataDir, cfg.Blobs, cfg.BlobCache, cfg.BlobDownloads = dir, "s3://bucket", c.cache, c.how
			finds(t, doctor.Examine(t.Context(), doctor.Patient{Config: cfg, Now: time.Now}), "cache", c.want, c.text)
		})
	}
	if room.Free > room.Least()+1<<20 {
		cfg := config.Default()
		cfg.DataDir, cfg.Blobs, cfg.BlobCache = dir, "s3://bucket", 1
		finds(t, doctor.Examine(t.Context(), doctor.Patient{Config: cfg, Now: time.Now}), "cache", doctor.OK, "in use")
	}
}
