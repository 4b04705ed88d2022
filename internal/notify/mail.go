package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
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
}

// Mail sends digests as e-mail.
type Mail struct{ o MailOptions }

// NewMail makes the way by e-mail.
func NewMail(o MailOptions) *Mail { return &Mail{o: o} }

// Name is "mail".
func (m *Mail) Name() string { return "mail" }

// Reaches tells whether somebody has an address that a mail server can be given as it stands.
func (m *Mail) Reaches(to registry.Recipient) bool { return plainAddress(to.Email) }

// plainAddress tells an address without a name, comment or quotes.
func plainAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && !strings.ContainsAny(s, "<>\"(),;\r\n ")
}

// mailTime bounds the whole conversation with the mail server.
const mailTime = 30 * time.Second

// Send hands a digest to the mail server.
func (m *Mail) Send(ctx context.Context, d registry.Digest) error {
	if !m.Reaches(d.To) {
		return errors.New("the account has no e-mail address that mail can be sent to")
	}
	ctx, cancel := context.WithTimeout(ctx, mailTime)
	defer cancel()
	if err := m.converse(ctx, d); err != nil {
		return fmt.Errorf("mail server %s: %w", m.o.Address, err)
	}
	return nil
}

func (m *Mail) converse(ctx context.Context, d registry.Digest) (rerr error) {
	conn, err := m.dial(ctx)
	if err != nil {
		return err
	}
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return errors.Join(err, conn.Close())
	}
	// A server that stops ends the conversation wherever it is.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	host, _, _ := net.SplitHostPort(m.o.Address)
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	// The message is taken or refused by then; how the server says goodbye changes nothing.
	defer func() { _ = c.Close() }()
	if err := m.introduce(c, host); err != nil {
		return err
	}
	if err := m.deliver(c, d); err != nil {
		return err
	}
	_ = c.Quit()
	return nil
}

func (m *Mail) dial(ctx context.Context) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	if m.o.TLS != ImplicitTLS {
		return dialer.DialContext(ctx, "tcp", m.o.Address)
	}
	return (&tls.Dialer{NetDialer: dialer, Config: m.tls("")}).DialContext(ctx, "tcp", m.o.Address)
}

func (m *Mail) tls(host string) *tls.Config {
	return &tls.Config{ServerName: host, RootCAs: m.o.Roots, MinVersion: tls.VersionTLS12}
}

// introduce begins the conversation: greeting, TLS, login.
func (m *Mail) introduce(c *smtp.Client, host string) error {
	if m.o.TLS == StartTLS {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return errors.New(`it offers no STARTTLS; set smtp_tls to "tls" for a port that speaks TLS at once, or to "none" to send in the clear`)
		}
		if err := c.StartTLS(m.tls(host)); err != nil {
			return err
		}
	}
	if m.o.Username == "" {
		return nil
	}
	// Where there is no TLS the library refuses to send the password to any machine but this one.
	return c.Auth(smtp.PlainAuth("", m.o.Username, m.o.Password, host))
}

// deliver hands over one message. The server answers for it after its last line; without an answer it may have taken it.
func (m *Mail) deliver(c *smtp.Client, d registry.Digest) error {
	message, err := m.message(d)
	if err != nil {
		return err
	}
	if err := c.Mail(m.o.From); err != nil {
		return err
	}
	if err := c.Rcpt(d.To.Email); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(message); err != nil {
		return err
	}
	err = w.Close()
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
