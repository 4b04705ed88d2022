package s3blob_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/s3blob"
	"kingsnake/internal/s3test"
)

// These tell the child of TestKill where to put a large blob.
const (
	killLocation = "S3BLOB_TEST_KILL_LOCATION"
	killDir      = "S3BLOB_TEST_KILL_DIR"
)

func TestMain(m *testing.M) {
	if location := os.Getenv(killLocation); location != "" {
		fmt.Fprintln(os.Stderr, putLarge(location, os.Getenv(killDir)))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func putLarge(location, dir string) error {
	ctx := context.Background()
	l, err := s3blob.ParseLocation(location)
	if err != nil {
		return err
	}
	s, err := s3blob.New(ctx, l, s3blob.Options{Dir: dir, PartSize: minPart, Credentials: s3test.Credentials()})
	if err != nil {
		return err
	}
	_, err = blob.Put(ctx, s, content(1, minPart+1000))
	return err
}

// TestKill kills a process that has sent all parts of a blob and not yet made it one.
func TestKill(t *testing.T) {
	door := s3test.NewDoor(t)
	reached := make(chan struct{}, 10)
	door.Set(func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		if r.Method == http.MethodPost && r.URL.Query().Has("uploadId") {
			// That the client is gone is seen when all that it sent was read.
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				t.Error(err)
			}
			reached <- struct{}{}
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}
		pass.ServeHTTP(w, r)
	})
	dir := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), killLocation+"="+door.Location, killDir+"="+dir)
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-reached:
	case <-time.After(2 * time.Minute):
		t.Error("the child sends nothing")
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	door.Set(nil)

	s := newStore(t, door.Location, s3blob.Options{Dir: dir, PartSize: minPart})
	if infos := listed(t, s); len(infos) != 0 {
		t.Errorf("half a blob is listed: %v", infos)
	}
	if n, err := s.Sweep(t.Context(), time.Now().Add(-time.Hour)); n != 0 || err != nil {
		t.Errorf("Sweep of what is an hour old = %d, %v, want 0", n, err)
	}
	if n, err := s.Sweep(t.Context(), time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Errorf("Sweep = %d, %v, want the one upload that was left", n, err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("the folder for staged bytes holds %v, %v, want nothing", left, err)
	}
	put(t, s, content(1, minPart+1000))
}

// TestCrashOfTheService: while the service is away, an answer says so, and it has what it took when it returns.
func TestCrashOfTheService(t *testing.T) {
	service := s3test.Start(t)
	location, err := s3blob.ParseLocation(service.Location)
	if err != nil {
		t.Fatal(err)
	}
	s, err := s3blob.New(t.Context(), location, s3blob.Options{Dir: t.TempDir(), Attempts: 1, Credentials: s3test.Credentials()})
	if err != nil {
		t.Fatal(err)
	}
	h, err := blob.Put(t.Context(), s, content(1, 1000))
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Crash(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), h); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("open while the service is away: %v, want %v", err, blob.ErrUnavailable)
	}
	if _, err := blob.Put(t.Context(), s, content(2, 1000)); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("put while the service is away: %v, want %v", err, blob.ErrUnavailable)
	}
	if err := service.Return(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := s.Open(t.Context(), h)
	if err != nil {
		t.Fatalf("open afterwards: %v", err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || blob.Sum(got) != h {
		t.Errorf("afterwards: %d bytes, %v, want what was put", len(got), err)
	}
	if _, err := blob.Put(t.Context(), s, content(2, 1000)); err != nil {
		t.Errorf("put afterwards: %v", err)
	}
}
