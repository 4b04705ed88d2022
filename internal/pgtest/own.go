package pgtest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Server is a PostgreSQL of one test's own, which can crash and come back. What it has acknowledged it keeps, other than
// the server that tests share.
type Server struct {
	// URL leads to an empty database.
	URL string
	*server
	down bool
}

// Start starts a server that is gone when the test has ended.
func Start(t testing.TB) *Server {
	t.Helper()
	started, err := start("-c", "synchronous_commit=on")
	s := &Server{server: here(t, started, err)}
	t.Cleanup(func() {
		if err := s.end(); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	if s.URL, _, err = s.database(t.Context(), "template0"); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return s
}

// Crash ends the server and all its connections at once, as a crash of its machine's power would not quite: what it gave to
// the operating system is still there.
func (s *Server) Crash() error {
	file, err := os.Create(filepath.Join(s.folder, stay))
	if err != nil {
		return err
	}
	s.down = true
	return errors.Join(file.Close(), s.alive.Close(), s.keeper.Wait())
}

// Return starts the server again after a crash.
func (s *Server) Return(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := os.Remove(filepath.Join(s.folder, stay)); err != nil {
		return err
	}
	s.down = false
	return s.run(ctx)
}

// end ends the server and removes its folder.
func (s *Server) end() error {
	if s.down {
		return errors.Join(os.RemoveAll(s.folder), s.held.Close())
	}
	return errors.Join(s.alive.Close(), s.keeper.Wait(), s.held.Close())
}
