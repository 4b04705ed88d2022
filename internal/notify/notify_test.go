package notify_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"kingsnake/internal/notify"
	"kingsnake/internal/notify/notifytest"
	"kingsnake/internal/registry"
)

// authority is a certificate for 127.0.0.1 and the pool that trusts it.
func authority(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	web := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	pool := x509.NewCertPool()
	pool.AddCert(web.Certificate())
	return &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12}, pool
}

var now = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)

func digest() registry.Digest {
	return registry.Digest{
		ID: "5b1c6b1e-6c8c-4d53-9a50-8f2a1f1d0c11", At: now, Total: 3,
		To: registry.Recipient{PublicID: "u-1", Name: "ada", Email: "ada@example.org"},
		Endings: []registry.Ending{
			{PublicID: "t-1", Name: "ci linux\r\nBcc: eve@example.org", Owner: "bob", Channels: []string{"team"}, Ends: now.Add(-time.Hour), Lead: 0},
			{PublicID: "t-2", Name: "Übung", Owner: "ada", Ends: now.Add(7*24*time.Hour - time.Minute), Lead: 7},
		},
	}
}

func TestMail(t *testing.T) {
	serverTLS, roots := authority(t)
	for name, c := range map[string]struct {
		box      func(*notifytest.Mailbox)
		mode     notify.TLSMode
		password string
		fails    string
	}{
		"in the clear":        {mode: notify.NoTLS},
		"STARTTLS":            {box: func(m *notifytest.Mailbox) { m.TLS = serverTLS }, mode: notify.StartTLS},
		"TLS":                 {box: func(m *notifytest.Mailbox) { m.TLS, m.Implicit = serverTLS, true }, mode: notify.ImplicitTLS},
		"a login":             {box: func(m *notifytest.Mailbox) { m.TLS, m.Users = serverTLS, map[string]string{"me": "secret"} }, mode: notify.StartTLS, password: "secret"},
		"a wrong password":    {box: func(m *notifytest.Mailbox) { m.TLS, m.Users = serverTLS, map[string]string{"me": "secret"} }, mode: notify.StartTLS, password: "guess", fails: "535"},
		"no STARTTLS":         {mode: notify.StartTLS, fails: "STARTTLS"},
		"a refused recipient": {box: func(m *notifytest.Mailbox) { m.Refuse("550 nobody") }, mode: notify.NoTLS, fails: "550"},
	} {
		t.Run(name, func(t *testing.T) {
			box := notifytest.NewMailbox(t, c.box)
			o := notify.MailOptions{Address: box.Address, TLS: c.mode, From: "kingsnake@example.org", Site: "https://conda.example.org", Roots: roots}
			if c.password != "" {
				o.Username, o.Password = "me", c.password
			}
			err := notify.NewMail(o).Send(t.Context(), digest())
			letters := box.Letters()
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) || errors.Is(err, registry.ErrUncertain) || len(letters) != 0 {
					t.Errorf("sent %d, error = %v, want none and %q", len(letters), err, c.fails)
				}
				if err != nil && strings.Contains(err.Error(), "guess") {
					t.Errorf("error = %q, which tells the password", err)
				}
				return
			}
			if err != nil || len(letters) != 1 {
				t.Fatalf("sent %d, %v, want one", len(letters), err)
			}
			l := letters[0]
			if l.From != "kingsnake@example.org" || l.To != "ada@example.org" || l.TLS != (c.mode != notify.NoTLS) || (l.User != "") != (c.password != "") {
				t.Errorf("envelope = %+v", l)
			}
			if got := l.Header.Get("Bcc"); got != "" {
				t.Errorf("the name of a token wrote the header Bcc: %s", got)
			}
			if got, want := l.Header.Get("Subject"), "Kingsnake: 2 access tokens ending soon, 1 ended"; got != want {
				t.Errorf("subject = %q, want %q", got, want)
			}
			for _, want := range []string{"* ci linuxBcc: eve@example.org: ended on 2026-11-22 05:00 UTC", "* Übung: ends in 6 days", "channels: team", "id: t-2", "and 1 more."} {
				if !strings.Contains(l.Text, want) {
					t.Errorf("no %q in the text:\n%s", want, l.Text)
				}
			}
		})
	}
}

// TestMailWithoutAnAnswer: a server that takes a message and says nothing may have taken it.
func TestMailWithoutAnAnswer(t *testing.T) {
	box := notifytest.NewMailbox(t, nil)
	box.Vanish(true)
	m := notify.NewMail(notify.MailOptions{Address: box.Address, TLS: notify.NoTLS, From: "kingsnake@example.org"})
	if err := m.Send(t.Context(), digest()); !errors.Is(err, registry.ErrUncertain) {
		t.Errorf("error = %v, want an uncertain one", err)
	}
}

// TestMailEnds: a conversation ends with its context, whatever the server does.
func TestMailEnds(t *testing.T) {
	box := notifytest.NewMailbox(t, func(m *notifytest.Mailbox) { m.Mute() })
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan error, 1)
	m := notify.NewMail(notify.MailOptions{Address: box.Address, TLS: notify.NoTLS, From: "kingsnake@example.org"})
	go func() { sent <- m.Send(ctx, digest()) }()
	box.Connected(t)
	cancel()
	if err := <-sent; err == nil {
		t.Error("sent to a server that says nothing")
	}
}

// trickling is the address of a server that takes connections and says the beginning of an answer, then a byte now and then,
// and never comes to an end.
func trickling(t *testing.T, beginning string) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer func() { _ = conn.Close() }()
				for next := beginning; ; next = "x" {
					if _, err := conn.Write([]byte(next)); err != nil {
						return
					}
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
	})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		conns.Wait()
	})
	return l.Addr().String()
}

// TestMailIsBounded: a mail server that says nothing, or says it too slowly, is told from one that refuses a message, in the
// time that a step may take.
func TestMailIsBounded(t *testing.T) {
	mute := notifytest.NewMailbox(t, func(m *notifytest.Mailbox) { m.Mute() })
	for name, c := range map[string]struct{ address, step string }{
		"says nothing": {mute.Address, "greeting"},
		// Where the time of a step ends within a line, the library takes that for the whole of it and stumbles over the next.
		"greets byte by byte":    {trickling(t, "220 "), ""},
		"never ends its welcome": {trickling(t, "220 hello\r\n250-"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := notify.NewMail(notify.MailOptions{Address: c.address, TLS: notify.NoTLS, From: "kingsnake@example.org", Step: 3 * time.Second, Whole: time.Hour})
			err := m.Send(t.Context(), digest())
			if !errors.Is(err, registry.ErrWayDown) || !strings.Contains(err.Error(), c.step) {
				t.Errorf("error = %v, want that the %s took too long", err, c.step)
			}
		})
	}
	m := notify.NewMail(notify.MailOptions{Address: mute.Address, TLS: notify.NoTLS, From: "kingsnake@example.org", Step: time.Hour, Whole: time.Second})
	if err := m.Send(t.Context(), digest()); !errors.Is(err, registry.ErrWayDown) {
		t.Errorf("error = %v, want that the whole took too long", err)
	}
	for line, want := range map[string]bool{"550 nobody": false, "421 closing": true} {
		box := notifytest.NewMailbox(t, nil)
		box.Refuse(line)
		m := notify.NewMail(notify.MailOptions{Address: box.Address, TLS: notify.NoTLS, From: "kingsnake@example.org"})
		if err := m.Send(t.Context(), digest()); err == nil || errors.Is(err, registry.ErrWayDown) != want {
			t.Errorf("after %q: error = %v, want one that is about all recipients: %v", line, err, want)
		}
	}
}

// TestWebhookIsBounded: a receiver that trickles its answer does not hold the sender.
func TestWebhookIsBounded(t *testing.T) {
	key, err := notify.ParseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	for name, beginning := range map[string]string{
		"in the headers": "HTTP/1.1 204 No Content\r\nServer: ",
		"in the body":    "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			w := notify.NewWebhook(notify.WebhookOptions{
				URL: "http://" + trickling(t, beginning) + "/hook", Key: key, Allowed: []netip.Prefix{loopback}, Now: func() time.Time { return now }, Whole: time.Second,
			})
			if err := w.Send(t.Context(), digest()); !errors.Is(err, registry.ErrWayDown) {
				t.Errorf("error = %v, want that it took too long", err)
			}
		})
	}
}

func TestMailReaches(t *testing.T) {
	m := notify.NewMail(notify.MailOptions{})
	for address, want := range map[string]bool{
		"ada@example.org": true, "a.b+c@sub.example.org": true, "": false, "ada": false, "Ada <ada@example.org>": false,
		"ada@example.org>SIZE=1": false, "ada@example.org\r\nRCPT TO:<eve@example.org>": false, `"a b"@example.org`: false, "a,b@example.org": false,
	} {
		if got := m.Reaches(registry.Recipient{Email: address}); got != want {
			t.Errorf("reaches %q = %v, want %v", address, got, want)
		}
	}
}

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func hook(t *testing.T, url string, allowed ...netip.Prefix) *notify.Webhook {
	t.Helper()
	key, err := notify.ParseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	return notify.NewWebhook(notify.WebhookOptions{URL: url, Key: key, Allowed: allowed, Site: "site", Agent: "kingsnake/test", Now: func() time.Time { return now }})
}

var loopback = netip.MustParsePrefix("127.0.0.0/8")

func TestWebhook(t *testing.T) {
	receiver := notifytest.NewReceiver(t, secret, func() time.Time { return now.Add(time.Minute) })
	w := hook(t, receiver.URL, loopback)
	if err := w.Send(t.Context(), digest()); err != nil {
		t.Fatal(err)
	}
	calls, bad := receiver.Calls()
	if len(calls) != 1 || len(bad) != 0 {
		t.Fatalf("%d good calls, bad ones %v, want one good", len(calls), bad)
	}
	if c := calls[0]; c.ID != digest().ID || c.Type != "token.expiry_digest" || c.User != "ada" || len(c.Tokens) != 2 || !strings.Contains(string(c.Body), `"total_count":3`) {
		t.Errorf("call = %+v", c)
	}

	receiver.Answer(http.StatusInternalServerError, nil)
	if err := w.Send(t.Context(), digest()); err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("error = %v, want the receiver's answer", err)
	}
	other := notifytest.NewReceiver(t, secret, func() time.Time { return now })
	receiver.Answer(http.StatusTemporaryRedirect, http.Header{"Location": {other.URL}})
	if err := w.Send(t.Context(), digest()); err == nil || !strings.Contains(err.Error(), "307") {
		t.Errorf("error = %v, want a redirect to be a failure", err)
	}
	if calls, bad := other.Calls(); len(calls)+len(bad) != 0 {
		t.Error("a redirect was followed")
	}
}

// TestWebhookStaysOutside: nothing is asked of addresses that are not public, whatever they are called.
func TestWebhookStaysOutside(t *testing.T) {
	receiver := notifytest.NewReceiver(t, secret, func() time.Time { return now })
	port := receiver.URL[strings.LastIndex(receiver.URL, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "10.0.0.1", "169.254.169.254"} {
		err := hook(t, "http://"+host+port).Send(t.Context(), digest())
		if err == nil || !strings.Contains(err.Error(), "not a public address") {
			t.Errorf("to %s: error = %v, want a refusal", host, err)
		}
		if err != nil && strings.Contains(err.Error(), "/hook") {
			t.Errorf("error = %q, which tells the address", err)
		}
	}
	if calls, bad := receiver.Calls(); len(calls)+len(bad) != 0 {
		t.Errorf("%d calls arrived", len(calls)+len(bad))
	}
}

func TestParseSecret(t *testing.T) {
	for text, ok := range map[string]bool{secret: true, "": false, "whsec_": false, "whsec_short": false, secret[6:]: false, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!": false} {
		if _, err := notify.ParseSecret(text); (err == nil) != ok {
			t.Errorf("ParseSecret(%q) = %v, want success %v", text, err, ok)
		}
	}
}
