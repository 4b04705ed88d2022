package s3test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Server is an S3 server of one test's own, which can be killed and come back with what it had.
type Server struct {
	// Location is the URL of a bucket, as the setting blobs takes it.
	Location string
	*server
	down bool
}

// Start starts a server that is gone when the test has ended. A site in another process needs Environ.
func Start(t testing.TB) *Server {
	t.Helper()
	started, err := start()
	s := &Server{server: here(t, started, err)}
	t.Cleanup(func() {
		if err := s.end(); err != nil {
			t.Errorf("s3test: %v", err)
		}
	})
	bucket, err := s.bucket()
	if err != nil {
		t.Fatalf("s3test: %v", err)
	}
	s.Location = at(bucket, s.address)
	return s
}

// Crash kills the server, and with it all that was under way. Who connects is hung up on.
func (s *Server) Crash() error {
	file, err := os.Create(filepath.Join(s.folder, stay))
	if err != nil {
		return err
	}
	s.down = true
	return errors.Join(file.Close(), s.stop())
}

// Return starts the server again after a crash.
func (s *Server) Return(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for _, left := range []string{stay, "socket"} {
		if err := os.Remove(filepath.Join(s.folder, left)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	s.down = false
	return s.run(ctx)
}

// stop ends the process and waits until it has ended.
func (s *Server) stop() error { return errors.Join(s.alive.Close(), s.keeper.Wait()) }

func (s *Server) end() error {
	if s.down {
		return errors.Join(s.front.Close(), os.RemoveAll(s.folder))
	}
	return errors.Join(s.front.Close(), s.stop())
}
