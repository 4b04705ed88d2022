// Package requestlog makes the line that the log has for each request. A busy server writes many thousands of them a second,
// and log/slog, which has to be ready for anything, takes a good part of the time of a small download for its own. A line is
// the same, byte by byte, whoever writes it.
package requestlog

import (
	"context"
	"log/slog"
	"net/netip"
	"strconv"
	"time"
)

// Line is what the log tells of a request.
type Line struct {
	// At is when the request ended.
	At           time.Time
	Method, Path string
	Status       int
	// Bytes are those of the answer's body.
	Bytes   int64
	Took    time.Duration
	Address netip.Addr
	// Client is what the client calls itself.
	Client, ID string
}

// Handler is a handler that takes a line for what it is.
type Handler interface {
	slog.Handler
	HandleLine(l Line) error
}

// Write gives a line to a handler.
func Write(h slog.Handler, l Line) error {
	if quick, ok := h.(Handler); ok {
		return quick.HandleLine(l)
	}
	return h.Handle(context.Background(), l.Record())
}

// Record gives the line as log/slog has it. The place in the code, which a Logger would look up, is in no line of the log.
func (l *Line) Record() slog.Record {
	r := slog.NewRecord(l.At, slog.LevelInfo, "request", 0)
	r.AddAttrs(
		slog.String("method", l.Method), slog.String("path", l.Path), slog.Int("status", l.Status), slog.Int64("bytes", l.Bytes),
		slog.Duration("took", l.Took), slog.String("address", l.Address.String()), slog.String("client", l.Client), slog.String("id", l.ID))
	return r
}

// AppendText adds the line to b as a slog.TextHandler writes it. It is false for one that has letters or a time of which only
// that handler knows what it makes of them.
func (l *Line) AppendText(b []byte) ([]byte, bool) {
	if !l.ordinary() || !(ascii(l.Method) && ascii(l.Path) && ascii(l.Client) && ascii(l.ID)) {
		return b, false
	}
	b = append(b, "time="...)
	b = appendMillis(b, l.At)
	b = append(b, " level=INFO msg=request method="...)
	b = appendWord(b, l.Method)
	b = append(b, " path="...)
	b = appendWord(b, l.Path)
	b = append(b, " status="...)
	b = strconv.AppendInt(b, int64(l.Status), 10)
	b = append(b, " bytes="...)
	b = strconv.AppendInt(b, l.Bytes, 10)
	b = append(b, " took="...)
	b = append(b, l.Took.String()...)
	b = append(b, " address="...)
	b = l.Address.AppendTo(b)
	b = append(b, " client="...)
	b = appendWord(b, l.Client)
	b = append(b, " id="...)
	b = appendWord(b, l.ID)
	return append(b, '\n'), true
}

// AppendJSON adds the line to b as a slog.JSONHandler writes it. It is false as AppendText is.
func (l *Line) AppendJSON(b []byte) ([]byte, bool) {
	if !l.ordinary() || !(literal(l.Method) && literal(l.Path) && literal(l.Client) && literal(l.ID)) {
		return b, false
	}
	b = append(b, `{"time":"`...)
	b = l.At.AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","level":"INFO","msg":"request","method":"`...)
	b = append(b, l.Method...)
	b = append(b, `","path":"`...)
	b = append(b, l.Path...)
	b = append(b, `","status":`...)
	b = strconv.AppendInt(b, int64(l.Status), 10)
	b = append(b, `,"bytes":`...)
	b = strconv.AppendInt(b, l.Bytes, 10)
	b = append(b, `,"took":`...)
	b = strconv.AppendInt(b, int64(l.Took), 10)
	b = append(b, `,"address":"`...)
	b = l.Address.AppendTo(b)
	b = append(b, `","client":"`...)
	b = append(b, l.Client...)
	b = append(b, `","id":"`...)
	b = append(b, l.ID...)
	return append(b, "\"}\n"...), true
}

// ordinary tells that the time and the address are such as all requests have.
func (l *Line) ordinary() bool {
	year := l.At.Year()
	return !l.At.IsZero() && year >= 0 && year <= 9999 && l.Address.IsValid() && l.Address.Zone() == ""
}

// appendMillis adds a time with three digits behind the second.
func appendMillis(b []byte, t time.Time) []byte {
	const seconds = len("2006-01-02T15:04:05")
	var made [len(time.RFC3339)]byte
	text := t.AppendFormat(made[:0], time.RFC3339)
	ms := t.Nanosecond() / int(time.Millisecond)
	b = append(b, text[:seconds]...)
	b = append(b, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
	return append(b, text[seconds:]...)
}

// ascii tells that a text has only printable ASCII.
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// literal tells that a text stands in JSON as it is.
func literal(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return true
}

// appendWord adds a text of printable ASCII, in quotes if it might not be seen as one word.
func appendWord(b []byte, s string) []byte {
	quoted := s == ""
	for i := range len(s) {
		quoted = quoted || s[i] == ' ' || s[i] == '=' || s[i] == '"'
	}
	if quoted {
		return strconv.AppendQuote(b, s)
	}
	return append(b, s...)
}
