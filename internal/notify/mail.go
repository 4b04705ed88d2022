package notify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"

	"kingsnake/internal/registry"
)

// TLSMode says how the connection to a mail server is kept private.
type TLSMode string

// The modes.
const (
	// StartTLS begins in the clear and refuses a server that does not offer TLS.
	StartTLS TLSMode = "starttls"
	// ImplicitTLS speaks TLS from the first byte.
	ImplicitTLS TLSMode = "tls"
	// NoTLS is for a mail server on the same machine or a network that one trusts.
	NoTLS TLSMode = "none"
)

// MailOptions are what e-mail is sent with.
type MailOptions struct {
	// Address is the mail server's host:port.
	Address string
	TLS     TLSMode
	// Username and Password are for AUTH PLAIN; no name sends without.
	Username, Password string
	// From is the sender's address.
	From string
	// Site is the address of the site, for people to read.
	Site string
	// Roots are trusted in place of the system's authorities where they are not nil.
	Roots *x509.CertPool
	// Step bounds the connection and each step of the conversation, 0 meaning 15 seconds; Whole bounds all of it, 0 meaning 45.
	Step, Whole time.Duration
}

// Mail sends digests as e-mail.
type Mail struct{ o MailOptions }

// NewMail makes the way by e-mail.
func NewMail(o MailOptions) *Mail {
	o.Step, o.Whole = cmp.Or(o.Step, mailStep), cmp.Or(o.Whole, mailTime)
	return &Mail{o: o}
}

// Name is "mail".
func (m *Mail) Name() string { return "mail" }

// Reaches tells whether somebody has an address that a mail server can be given as it stands.
func (m *Mail) Reaches(to registry.Recipient) bool { return plainAddress(to.Email) }

// plainAddress tells an address without a name, comment or quotes.
func plainAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && !strings.ContainsAny(s, "<>\"(),;\r\n ")
}

// The bounds of a conversation with the mail server.
const (
	mailStep = 15 * time.Second
	mailTime = 45 * time.Second
)

// Send hands a digest to the mail server.
func (m *Mail) Send(ctx context.Context, d registry.Digest) error {
	if !m.Reaches(d.To) {
		return errors.New("the account has no e-mail address that mail can be sent to")
	}
	ctx, cancel := context.WithTimeout(ctx, m.o.Whole)
	defer cancel()
	err := m.converse(ctx, d)
	switch {
	case err == nil:
		return nil
	case isDown(err):
		return fmt.Errorf("mail server %s: %w: %w", m.o.Address, registry.ErrWayDown, err)
	}
	return fmt.Errorf("mail server %s: %w", m.o.Address, err)
}

// isDown tells a failure that others would meet too from a refusal of this message.
func isDown(err error) bool {
	var refusal *textproto.Error
	return !errors.As(err, &refusal) || refusal.Code == closing || errors.Is(err, errNoBeginning)
}

// closing is the answer of a mail server that closes the connection.
const closing = 421

// errNoBeginning says that the mail server turned the site away before it heard of any recipient.
var errNoBeginning = errors.New("the conversation could not begin")

// conversation is one with the mail server.
type conversation struct {
	*smtp.Client
	conn net.Conn
	each time.Duration
}

// step does one step in bounded time.
func (c *conversation) step(ctx context.Context, what string, fn func() error) error {
	deadline := time.Now().Add(c.each)
	if whole, ok := ctx.Deadline(); ok && whole.Before(deadline) {
		deadline = whole
	}
	if err := c.conn.SetDeadline(deadline); err != nil {
		return err
	}
	// A context that ended before took its deadline back with that line; one that ends from now on sets another.
	err := ctx.Err()
	if err == nil {
		err = fn()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (m *Mail) converse(ctx context.Context, d registry.Digest) error {
	conn, err := m.dial(ctx)
	if err != nil {
		return err
	}
	// The message is taken or refused by the end; how the server says goodbye changes nothing.
	defer func() { _ = conn.Close() }()
	// A server that stops ends the conversation wherever it is.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	c := &conversation{conn: conn, each: m.o.Step}
	host, _, _ := net.SplitHostPort(m.o.Address)
	if err := m.introduce(ctx, c, host); err != nil {
		return fmt.Errorf("%w: %w", errNoBeginning, err)
	}
	if err := m.deliver(ctx, c, d); err != nil {
		return err
	}
	_ = c.step(ctx, "goodbye", c.Quit)
	return nil
}

func (m *Mail) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, m.o.Step)
	defer cancel()
	dialer := &net.Dialer{}
	if m.o.TLS != ImplicitTLS {
		return dialer.DialContext(ctx, "tcp", m.o.Address)
	}
	return (&tls.Dialer{NetDialer: dialer, Config: m.tls("")}).DialContext(ctx, "tcp", m.o.Address)
}

func (m *Mail) tls(host string) *tls.Config {
	return &tls.Config{ServerName: host, RootCAs: m.o.Roots, MinVersion: tls.VersionTLS12}
}

// introduce begins the conversation: greeting, TLS, login.
func (m *Mail) introduce(ctx context.Context, c *conversation, host string) error {
	err := c.step(ctx, "greeting", func() (err error) {
		c.Client, err = smtp.NewClient(c.conn, host)
		return err
	})
	if err != nil {
		return err
	}
	// The name is the one that the library would give.
	if err := c.step(ctx, "EHLO", func() error { return c.Hello("localhost") }); err != nil {
		return err
	}
	if m.o.TLS == StartTLS {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return errors.New(`it offers no STARTTLS; set smtp_tls to "tls" for a port that speaks TLS at once, or to "none" to send in the clear`)
		}
		if err := c.step(ctx, "STARTTLS", func() error { return c.StartTLS(m.tls(host)) }); err != nil {
			return err
		}
	}
	if m.o.Username == "" {
		return nil
	}
	// Where there is no TLS the library refuses to send the password to any machine but this one.
	return c.step(ctx, "login", func() error { return c.Auth(smtp.PlainAuth("", m.o.Username, m.o.Password, host)) })
}

// deliver hands over one message. The server answers for it after its last line; without an answer it may have taken it.
func (m *Mail) deliver(ctx context.Context, c *conversation, d registry.Digest) error {
	message, err := m.message(d)
	if err != nil {
		return err
	}
	if err := c.step(ctx, "sender", func() error { return c.Mail(m.o.From) }); err != nil {
		return err
	}
	if err := c.step(ctx, "recipient", func() error { return c.Rcpt(d.To.Email) }); err != nil {
		return err
	}
	var w io.WriteCloser
	err = c.step(ctx, "message", func() error {
		if w, err = c.Data(); err != nil {
			return err
		}
		_, err = w.Write(message)
		return err
	})
	if err != nil {
		return err
	}
	err = c.step(ctx, "end of the message", w.Close)
	var refusal *textproto.Error
	if err != nil && !errors.As(err, &refusal) {
		return fmt.Errorf("%w: %w", registry.ErrUncertain, err)
	}
	return err
}

// message is the digest with its headers.
func (m *Mail) message(d registry.Digest) ([]byte, error) {
	var b bytes.Buffer
	_, domain, _ := strings.Cut(m.o.From, "@")
	for _, h := range [][2]string{
		{"From", m.o.From},
		{"To", d.To.Email},
		{"Subject", mime.QEncoding.Encode("utf-8", subject(d))},
		{"Date", d.At.UTC().Format(time.RFC1123Z)},
		{"Message-ID", "<" + d.ID + "@" + domain + ">"},
		{"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	if _, err := w.Write([]byte(strings.ReplaceAll(text(d, m.o.Site), "\n", "\r\n"))); err != nil {
		return nil, err
	}
	err := w.Close()
	return b.Bytes(), err
}
