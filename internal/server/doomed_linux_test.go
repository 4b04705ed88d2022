package server_test

import (
	"bytes"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/config"
	"kingsnake/internal/pgtest"
	"kingsnake/internal/s3test"
	"kingsnake/internal/servertest"
)

// doomedSite are two servers of one site, and a package whose blob nothing names any more: the first one is about to delete
// it.
type doomedSite struct {
	one, two *servertest.Site
	door     *s3test.Door
	info     random.Info
	data     []byte
}

func newDoomedSite(t *testing.T) *doomedSite {
	t.Helper()
	database := config.Secret(pgtest.Copy(t, servertest.Template, servertest.Prepare))
	s := &doomedSite{door: s3test.NewDoor(t)}
	dir := inMemory(t)
	there := func(cfg *config.Config) { cfg.Database, cfg.Blobs, cfg.BlobCache = database, s.door.Location, 0 }
	s.one, s.two = servertest.Open(t, dir, there), servertest.Open(t, dir, there)
	s.one.Channel(s.one.Admin, "team", api.PrivacyPublic)
	s.data, s.info = servertest.Package(1, random.Options{NoArch: "generic"})
	s.one.Upload(s.one.Admin, "team", s.data, s.info.Filename)
	if err := s.one.Admin.DeleteArtifact(t.Context(), "team", s.info.Name); err != nil {
		t.Fatal(err)
	}
	// Blobs that other servers may be storing have to be old.
	s.one.Clock.Advance(2 * time.Hour)
	s.two.Clock.Advance(2 * time.Hour)
	return s
}

// send uploads the package again, at the other server.
func (s *doomedSite) send(t *testing.T) error {
	t.Helper()
	_, err := s.two.Admin.Upload(t.Context(), "team", client.Upload{Filename: s.info.Filename, Content: bytes.NewReader(s.data), Size: int64(len(s.data))})
	return err
}

// clean runs the cleanup at the first server.
func (s *doomedSite) clean(t *testing.T) (ended <-chan struct{}) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if n, _, err := s.one.Server.Site().Upkeep.Clean(t.Context(), nil); n == 0 || err != nil {
			t.Errorf("cleanup: %d blobs, %v, want the orphan gone", n, err)
		}
	}()
	t.Cleanup(func() { <-done })
	return done
}

// object tells whether a request is about the package's object.
func (s *doomedSite) object(r *http.Request) bool {
	b := bucketSite{data: s.data}
	return r.URL.Path == "/"+s.door.Bucket+"/"+b.key()
}

// lastWrite tells the request by which a blob that is there is made young: after it was found to be there, and copying it
// onto itself has left its time as it was.
func (s *doomedSite) lastWrite(r *http.Request) bool {
	return r.Method == http.MethodPut && s.object(r) && r.Header.Get("If-None-Match") == "" && r.Header.Get("X-Amz-Copy-Source") == ""
}

// refused fails unless an upload is to be sent again.
func (s *doomedSite) refused(t *testing.T, when string, err error) {
	t.Helper()
	(&outage{T: t}).refused("an upload "+when, err, http.StatusServiceUnavailable)
}

// kept fails unless the package is stored when it is sent once more, and stays.
func (s *doomedSite) kept(t *testing.T) {
	t.Helper()
	if err := s.send(t); err != nil {
		t.Fatalf("the upload when all is over: %v", err)
	}
	if _, _, err := s.one.Server.Site().Upkeep.Clean(t.Context(), nil); err != nil {
		t.Errorf("cleanup: %v", err)
	}
	for _, site := range []*servertest.Site{s.one, s.two} {
		if got := get("/team/noarch/"+s.info.Filename).do(t, site); got.status != http.StatusOK || !bytes.Equal(got.body, s.data) {
			t.Errorf("the package: %d with %d bytes", got.status, len(got.body))
		}
	}
	sound(t, s.one.Server.Site())
}

// TestUploadOfWhatIsBeingDeleted: one server is about to delete a blob that nothing names when another one stores it anew.
func TestUploadOfWhatIsBeingDeleted(t *testing.T) {
	s := newDoomedSite(t)
	reached, release := make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	s.door.Set(func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		if r.Method == http.MethodDelete && s.object(r) && once.CompareAndSwap(false, true) {
			close(reached)
			<-release
		}
		pass.ServeHTTP(w, r)
	})
	ended := s.clean(t)
	<-reached
	err := s.send(t)
	close(release)
	<-ended
	s.refused(t, "of what is being deleted", err)
	s.kept(t)
}

// TestUploadOfWhatWasDeleted: one server has stored a blob again when another one deletes it, and names it after that.
func TestUploadOfWhatWasDeleted(t *testing.T) {
	s := newDoomedSite(t)
	deleting, stored, deleted := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var deletions, writes atomic.Bool
	s.door.Set(func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		switch {
		case r.Method == http.MethodDelete && s.object(r) && deletions.CompareAndSwap(false, true):
			close(deleting)
			select {
			case <-stored:
			case <-r.Context().Done():
			}
			pass.ServeHTTP(w, r)
		case s.lastWrite(r) && writes.CompareAndSwap(false, true):
			pass.ServeHTTP(&late{ResponseWriter: w, before: func() {
				close(stored)
				<-deleted
			}}, r)
		default:
			pass.ServeHTTP(w, r)
		}
	})
	ended := s.clean(t)
	<-deleting
	sent := make(chan error, 1)
	go func() { sent <- s.send(t) }()
	select {
	case <-stored:
	case err := <-sent:
		t.Fatalf("the upload did not store the blob again, and ended with %v", err)
	}
	<-ended
	close(deleted)
	s.refused(t, "of what was deleted meanwhile", <-sent)
	s.kept(t)
}

// late is an answer that waits for something.
type late struct {
	http.ResponseWriter
	before func()
}

// WriteHeader sends the status when it may.
func (w *late) WriteHeader(status int) {
	if w.before != nil {
		w.before()
		w.before = nil
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *late) Unwrap() http.ResponseWriter { return w.ResponseWriter }
