package channelhttp

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"kingsnake/internal/registry"
)

// pay takes the use that sending a package costs a token whose uses are counted, before the first byte is sent. Whether
// any byte will be sent depends on the request's conditions and ranges, which the standard library is asked to judge.
func pay(w http.ResponseWriter, r *http.Request, f registry.Served) error {
	if f.Spend == nil || r.Method != http.MethodGet || !sendsBytes(w, r, f) {
		return nil
	}
	return f.Spend(r.Context())
}

// sendsBytes tells whether the answer to a GET would have bytes of the file.
func sendsBytes(w http.ResponseWriter, r *http.Request, f registry.Served) bool {
	_, some := answered(w, r, f)
	return some
}

// part is where bytes lie in a file.
type part struct{ off, n int64 }

// answered tells which bytes of the file the answer to a GET would have, and whether it would have any: all, or the range
// that is asked for. Of several ranges it tells that they lie in the file.
func answered(w http.ResponseWriter, r *http.Request, f registry.Served) (p part, some bool) {
	dry := &dryRun{header: w.Header().Clone()}
	http.ServeContent(dry, r, "", f.ModTime, &sized{size: f.Size})
	p = part{0, f.Size}
	if dry.status == http.StatusPartialContent {
		var first, last int64
		if _, err := fmt.Sscanf(dry.header.Get("Content-Range"), "bytes %d-%d/", &first, &last); err == nil {
			p = part{first, last - first + 1}
		}
	}
	return p, dry.status == http.StatusOK || dry.status == http.StatusPartialContent
}

// sendNothing answers a request that needs no byte of the file without asking the storage for it. Otherwise it tells which
// are needed.
func sendNothing(w http.ResponseWriter, r *http.Request, f registry.Served) (p part, done bool) {
	p, some := part{0, f.Size}, r.Method != http.MethodHead
	if some && conditional(r) {
		p, some = answered(w, r, f)
	}
	if !some {
		http.ServeContent(rangeWriter(w, r), r, "", f.ModTime, &sized{size: f.Size})
	}
	return p, !some
}

// sized stands for a file of which only the size matters.
type sized struct{ size, pos int64 }

// Seek implements io.Seeker.
func (s *sized) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.pos
	case io.SeekEnd:
		offset += s.size
	}
	s.pos = offset
	return offset, nil
}

// Read has nothing to give.
func (s *sized) Read([]byte) (int, error) { return 0, errDry }

// dryRun finds out the status of an answer and sends nothing.
type dryRun struct {
	header http.Header
	status int
}

// errDry ends the copying of a body that nobody gets.
var errDry = errors.New("nothing is sent")

// Header gives the headers of the answer.
func (d *dryRun) Header() http.Header { return d.header }

// WriteHeader takes the status.
func (d *dryRun) WriteHeader(status int) {
	if d.status == 0 {
		d.status = status
	}
}

// Write takes nothing.
func (d *dryRun) Write([]byte) (int, error) {
	d.WriteHeader(http.StatusOK)
	return 0, errDry
}
