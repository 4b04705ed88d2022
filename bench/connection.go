package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"time"
)

// requestLimit is how long an answer may take.
const requestLimit = 10 * time.Second

// connection sends requests that were written before, one after the other, and reads of the answers what it must: on
// these processors the server runs too.
type connection struct {
	dial func() (net.Conn, error)
	conn net.Conn
	in   *bufio.Reader
}

// connect makes a connection to a server from a loopback address; empty is any. It is opened with the first request, and
// again after the server has closed it.
func connect(ctx context.Context, url, from string) *connection {
	var d net.Dialer
	if from != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	host := strings.TrimPrefix(url, "http://")
	return &connection{dial: func() (net.Conn, error) { return d.DialContext(ctx, "tcp", host) }, in: bufio.NewReaderSize(nil, 16<<10)}
}

// close closes the connection, if it is open.
func (c *connection) close() error {
	if c.conn == nil {
		return nil
	}
	err := c.conn.Close()
	c.conn = nil
	return err
}

// send sends a request and gives the status of the answer, 0 where none came in time.
func (c *connection) send(request []byte) (status int, err error) {
	if c.conn == nil {
		if c.conn, err = c.dial(); err != nil {
			return 0, err
		}
		c.in.Reset(c.conn)
	}
	if err := c.conn.SetDeadline(time.Now().Add(requestLimit)); err != nil {
		return 0, err
	}
	if _, err := c.conn.Write(request); err != nil {
		return 0, errors.Join(err, c.close())
	}
	status, last, err := c.answer()
	if os.IsTimeout(err) {
		return 0, c.close()
	}
	if err != nil {
		return 0, errors.Join(err, c.close())
	}
	if last {
		return status, c.close()
	}
	return status, nil
}

// answer reads an answer, and tells whether the server closes the connection after it.
func (c *connection) answer() (status int, last bool, err error) {
	line, err := c.line()
	if err != nil {
		return 0, false, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return 0, false, fmt.Errorf("%q is no answer", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, false, err
	}
	length := -1
	for {
		if line, err = c.line(); err != nil {
			return 0, false, err
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch textproto.CanonicalMIMEHeaderKey(string(name)) {
		case "Content-Length":
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, false, err
			}
		case "Connection":
			last = string(value) == "close"
		}
	}
	if length < 0 {
		if status == http.StatusNotModified || status == http.StatusNoContent {
			return status, last, nil
		}
		return 0, false, fmt.Errorf("an answer %d without a length", status)
	}
	_, err = io.CopyN(io.Discard, c.in, int64(length))
	return status, last, err
}

// line reads a line of an answer's head, which is good until the next is read.
func (c *connection) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}

// written is a request as it goes over the wire. Headers are written "Name: value".
func written(method, url string, body []byte, headers ...string) []byte {
	host, path, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s /%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\n", method, path, host)
	for _, h := range headers {
		out.WriteString(h + "\r\n")
	}
	if body != nil {
		fmt.Fprintf(&out, "Content-Length: %d\r\n", len(body))
	}
	out.WriteString("\r\n")
	out.Write(body)
	return out.Bytes()
}

// get asks for a file, whole, as any client does.
func get(ctx context.Context, url string, headers []string) (status int, header http.Header, body []byte, rerr error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, nil, nil, err
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { rerr = errors.Join(rerr, resp.Body.Close()) }()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, body, err
}
