package channelhttp

import (
	"errors"
	"io"
	"net/http"

	"kingsnake/internal/registry"
)

// pay takes the use that sending a package costs a token whose uses are counted, before the first byte is sent. Whether
// any byte will be sent depends on the request's conditions and ranges, which the standard library is asked to judge.
func pay(w http.ResponseWriter, r *http.Request, f registry.Served, content io.ReadSeeker) error {
	if f.Spend == nil || r.Method != http.MethodGet {
		return nil
	}
	dry := &dryRun{header: w.Header().Clone()}
	http.ServeContent(dry, r, "", f.ModTime, content)
	if dry.status != http.StatusOK && dry.status != http.StatusPartialContent {
		return nil
	}
	return f.Spend(r.Context())
}

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
