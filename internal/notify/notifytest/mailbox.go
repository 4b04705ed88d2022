// Package notifytest receives what package notify sends: a small mail server and a receiver of webhooks, both real ones on
// the loopback interface. The receiver checks signatures by itself, without the sender's code.
package notifytest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Letter is a message that arrived.
type Letter struct {
	// From and To are of the envelope.
	From, To string
	Header   mail.Header
	// Text is the body, decoded.
	Text string
	// TLS tells that it came over TLS, User who logged in to send it.
	TLS  bool
	User string
}

// Mailbox is a mail server that keeps what it gets.
type Mailbox struct {
	// Address is its host:port.
	Address string

	// The following are to be set before anybody connects. TLS makes the server offer STARTTLS, or speak TLS at once with
	// Implicit. Users are the names and passwords that it takes; without any it asks for none.
	TLS      *tls.Config
	Implicit bool
	Users    map[string]string

	mu      sync.Mutex
	letters []Letter
	answer  string
	silent  bool
	tried   int

	mute      bool
	connected chan struct{}
}

// Mute makes the server say nothing at all; it is to be called before anybody connects.
func (m *Mailbox) Mute() { m.mute = true }

// Connected waits until somebody has connected.
func (m *Mailbox) Connected(t testing.TB) {
	t.Helper()
	select {
	case <-m.connected:
	case <-time.After(time.Minute):
		t.Fatal("nobody connects")
	}
}

// NewMailbox starts a mail server that ends with the test.
func NewMailbox(t testing.TB, set func(*Mailbox)) *Mailbox {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &Mailbox{Address: l.Addr().String(), connected: make(chan struct{}, 100)}
	if set != nil {
		set(m)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { m.serve(conn) })
		}
	})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		conns.Wait()
	})
	return m
}

// Refuse makes the server answer every recipient with a line such as "550 no such user"; an empty one takes all again.
func (m *Mailbox) Refuse(line string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answer = line
}

// Vanish makes the server close the connection instead of answering for a message that it has taken.
func (m *Mailbox) Vanish(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.silent = on
}

// Letters gives what has arrived.
func (m *Mailbox) Letters() []Letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.letters)
}

// Tried counts the recipients that were named to the server, refused ones included.
func (m *Mailbox) Tried() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tried
}

// talk is one conversation.
type talk struct {
	*Mailbox
	conn   net.Conn
	r      *bufio.Reader
	letter Letter
}

func (m *Mailbox) serve(conn net.Conn) {
	if m.Implicit {
		conn = tls.Server(conn, m.TLS)
	}
	t := &talk{Mailbox: m, conn: conn, r: bufio.NewReader(conn), letter: Letter{TLS: m.Implicit}}
	defer func() { _ = t.conn.Close() }()
	// A client that says nothing does not hold the test up.
	_ = conn.SetDeadline(time.Now().Add(2 * time.Minute))
	select {
	case m.connected <- struct{}{}:
	default:
	}
	if !m.mute && !t.say("220 mailbox ready") {
		return
	}
	for {
		line, err := t.r.ReadString('\n')
		if err != nil || !t.command(strings.TrimRight(line, "\r\n")) {
			return
		}
	}
}

func (t *talk) say(line string) bool {
	_, err := fmt.Fprintf(t.conn, "%s\r\n", line)
	return err == nil
}

// command does one thing that the client asks for, and tells whether the conversation goes on.
func (t *talk) command(line string) bool {
	verb, rest, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO", "HELO":
		return t.hello()
	case "STARTTLS":
		if !t.say("220 go on") {
			return false
		}
		t.conn = tls.Server(t.conn, t.TLS)
		t.r, t.letter.TLS = bufio.NewReader(t.conn), true
		return true
	case "AUTH":
		return t.auth(rest)
	case "MAIL":
		if len(t.Users) > 0 && t.letter.User == "" {
			return t.say("530 log in first")
		}
		t.letter.From = path(rest)
		return t.say("250 ok")
	case "RCPT":
		return t.rcpt(path(rest))
	case "DATA":
		return t.say("354 go on") && t.data()
	case "QUIT":
		t.say("221 bye")
		return false
	}
	return t.say("502 what?")
}

func (t *talk) hello() bool {
	lines := []string{"mailbox"}
	if t.TLS != nil && !t.letter.TLS {
		lines = append(lines, "STARTTLS")
	}
	if len(t.Users) > 0 {
		lines = append(lines, "AUTH PLAIN")
	}
	for _, l := range lines[:len(lines)-1] {
		if !t.say("250-" + l) {
			return false
		}
	}
	return t.say("250 " + lines[len(lines)-1])
}

func (t *talk) auth(rest string) bool {
	_, encoded, _ := strings.Cut(rest, " ")
	plain, err := base64.StdEncoding.DecodeString(encoded)
	parts := strings.Split(string(plain), "\x00")
	if err != nil || len(parts) != 3 || t.Users[parts[1]] == "" || t.Users[parts[1]] != parts[2] {
		return t.say("535 wrong name or password")
	}
	t.letter.User = parts[1]
	return t.say("235 welcome")
}

func (t *talk) rcpt(to string) bool {
	t.mu.Lock()
	answer := t.answer
	t.tried++
	t.mu.Unlock()
	if answer != "" {
		return t.say(answer)
	}
	t.letter.To = to
	return t.say("250 ok")
}

// path is the address between angle brackets.
func path(rest string) string {
	_, after, _ := strings.Cut(rest, "<")
	address, _, _ := strings.Cut(after, ">")
	return address
}

// data reads a message to the line with nothing but a dot.
func (t *talk) data() bool {
	var raw bytes.Buffer
	for {
		line, err := t.r.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		raw.WriteString(strings.TrimPrefix(line, "."))
	}
	m, err := mail.ReadMessage(&raw)
	if err != nil {
		return t.say("554 that is no message")
	}
	text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		return t.say("554 that is no text")
	}
	t.letter.Header, t.letter.Text = m.Header, strings.ReplaceAll(string(text), "\r\n", "\n")
	t.mu.Lock()
	t.letters = append(t.letters, t.letter)
	silent := t.silent
	t.mu.Unlock()
	return !silent && t.say("250 taken")
}
