package wire

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
)

// maxHeaders is how many headers are kept beside net/http's.
const maxHeaders = 10

// head has the headers of an answer that were set and that net/http has not been told of. It copies its map of headers, sorts
// it and writes it name by name, which for ten of them takes longer than to find out who may read the file. On a connection of
// this package they are put behind the status line that net/http writes.
type head struct {
	// conn is the connection by which the answer leaves, nil if all headers are net/http's.
	conn *conn
	// told says that net/http was told of all headers, or that they have left.
	told bool
	// Of the n headers that are set the map has slices of values, and those without a name are in the map.
	names, values [maxHeaders]string
	n             int
}

// Set sets a header, whose name is in the canonical form.
func (w *Writer) Set(name, value string) {
	if !w.told && unfit(name, value) {
		w.Header()
	}
	if !w.told {
		for i := range w.n {
			if w.names[i] == name {
				w.values[i] = value
				return
			}
		}
	}
	if w.n == maxHeaders {
		w.Header()[name] = []string{value}
		return
	}
	w.names[w.n], w.values[w.n] = name, value
	if w.told {
		w.tell(w.ResponseWriter.Header(), w.n)
	}
	w.n++
}

// unfit tells headers that mean something to net/http, and values that it would clean.
func unfit(name, value string) bool {
	switch name {
	case "Connection", "Content-Encoding", "Date", "Trailer", "Transfer-Encoding":
		return true
	}
	return strings.ContainsAny(value, "\r\n")
}

// tell puts one header into the map.
func (h *head) tell(to http.Header, i int) {
	to[h.names[i]] = h.values[i : i+1 : i+1]
	h.names[i] = ""
}

// Header gives the headers of the answer, for who wants to see or change them.
func (w *Writer) Header() http.Header {
	all := w.ResponseWriter.Header()
	if !w.told {
		w.told = true
		for i := range w.n {
			w.tell(all, i)
		}
	}
	return all
}

// handOver gives the headers to the connection, but for those by which net/http knows the body.
func (w *Writer) handOver() {
	if w.told || w.n == 0 {
		return
	}
	w.told = true
	for i, name := range w.names[:w.n] {
		if name == "Content-Length" || name == "Content-Type" {
			w.tell(w.ResponseWriter.Header(), i)
		}
	}
	w.conn.head = &w.head
}

// End is for when the handler has returned: net/http answers for one that has sent nothing.
func (w *Writer) End() {
	if w.status == 0 {
		w.Header()
	}
}

// SetHeader is Set for a response that should be a Writer.
func SetHeader(w http.ResponseWriter, name, value string) {
	if out, ok := w.(*Writer); ok {
		out.Set(name, value)
		return
	}
	w.Header()[name] = []string{value}
}

// errNoHead is that of an answer that does not begin with a status line.
var errNoHead = errors.New("an answer begins without a status line")

// appendTo adds the first bytes of an answer, with the headers behind its status line.
func (h *head) appendTo(b, answer []byte) ([]byte, error) {
	end := bytes.Index(answer, []byte("\r\n"))
	if end < 0 {
		return b, errNoHead
	}
	b = append(b, answer[:end+2]...)
	for i, name := range h.names[:h.n] {
		if name == "" {
			continue
		}
		b = append(b, name...)
		b = append(b, ": "...)
		b = append(b, h.values[i]...)
		b = append(b, "\r\n"...)
	}
	return append(b, answer[end+2:]...), nil
}
