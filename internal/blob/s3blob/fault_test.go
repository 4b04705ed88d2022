package s3blob_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/s3blob"
	"kingsnake/internal/s3test"
)

// content gives n bytes that differ with every seed.
func content(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, seed))
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	return data
}

func put(t testing.TB, s blob.Store, data []byte) blob.Hash {
	t.Helper()
	h, err := blob.Put(t.Context(), s, data)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// read gives a blob as a client gets it.
func read(t *testing.T, s blob.Store, h blob.Hash) ([]byte, error) {
	t.Helper()
	r, err := s.Open(t.Context(), h)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}

// key is the name of a blob's object.
func key(h blob.Hash) string { return "sha256/" + h.String()[:2] + "/" + h.String()[2:] }

// TestErrorsSayWhatToCheck has the service refuse everything in one way after another.
func TestErrorsSayWhatToCheck(t *testing.T) {
	door := s3test.NewDoor(t)
	kept := put(t, newStore(t, door.Location, s3blob.Options{}), []byte("kept"))
	other := credentials.NewStaticCredentialsProvider("somebody", "s3cret-of-somebody", "")
	nobody := strings.Replace(door.Location, "s3://"+door.Bucket, "s3://no-such-bucket", 1)
	refuse := func(status int, code string) s3test.Fault {
		return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>no</Message></Error>")
		}
	}
	for _, c := range []struct {
		name, location string
		options        s3blob.Options
		fault          s3test.Fault
		want           error
		says           string
	}{
		{"down", door.Location, s3blob.Options{}, s3test.Down, blob.ErrUnavailable, "check that the endpoint is right"},
		{"broken", door.Location, s3blob.Options{}, refuse(500, "InternalError"), blob.ErrUnavailable, "check that the endpoint is right"},
		{"overloaded", door.Location, s3blob.Options{}, refuse(503, "SlowDown"), blob.ErrUnavailable, "called less often"},
		{"wrong credentials", door.Location, s3blob.Options{Credentials: other}, nil, blob.ErrUnavailable, "check AWS_ACCESS_KEY_ID"},
		{"no right", door.Location, s3blob.Options{}, refuse(403, "AccessDenied"), blob.ErrUnavailable, "s3:PutObject"},
		{"clock", door.Location, s3blob.Options{}, refuse(403, "RequestTimeTooSkewed"), blob.ErrUnavailable, "the clock"},
		{"region", door.Location, s3blob.Options{}, refuse(400, "AuthorizationHeaderMalformed"), blob.ErrUnavailable, "another region"},
		{"missing bucket", nobody, s3blob.Options{}, nil, blob.ErrUnavailable, "the bucket does not exist"},
		{"full", door.Location, s3blob.Options{}, refuse(507, "StorageFull"), blob.ErrNoSpace, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			door.Set(c.fault)
			c.options.Attempts = 1
			s := newStore(t, c.location, c.options)
			_, putErr := blob.Put(t.Context(), s, []byte("new"))
			_, openErr := s.Open(t.Context(), kept)
			_, largeErr := blob.Put(t.Context(), s, content(1, 17<<20))
			var listErr error
			for _, err := range s.List(t.Context()) {
				listErr = err
			}
			for doing, err := range map[string]error{"Put": putErr, "Open": openErr, "Put of much": largeErr, "List": listErr, "Delete": s.Delete(t.Context(), kept)} {
				switch {
				case !errors.Is(err, c.want) || errors.Is(err, blob.ErrNotExist):
					t.Errorf("%s: %v, want %v", doing, err, c.want)
				case doing != "Put of much" && !strings.Contains(err.Error(), c.says):
					t.Errorf("%s does not say %q: %v", doing, c.says, err)
				case strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), s3test.SecretKey):
					t.Errorf("%s shows a secret: %v", doing, err)
				}
			}
			// An answer to HEAD has no words.
			for doing, err := range map[string]error{"Check": s.Check(t.Context()), "Stat": func() error { _, err := s.Stat(t.Context(), kept); return err }()} {
				if errors.Is(c.want, blob.ErrUnavailable) && !errors.Is(err, c.want) || err == nil || errors.Is(err, blob.ErrNotExist) {
					t.Errorf("%s: %v, want %v", doing, err, c.want)
				}
			}
		})
	}
	door.Set(nil)
	if got, err := read(t, newStore(t, door.Location, s3blob.Options{}), kept); err != nil || string(got) != "kept" {
		t.Errorf("in the end the blob is %q, %v", got, err)
	}
}

// TestTriesAgain has each kind of request fail once.
func TestTriesAgain(t *testing.T) {
	door := s3test.NewDoor(t)
	s := newStore(t, door.Location, s3blob.Options{PartSize: minPart, Attempts: 3})
	var failed atomic.Int64
	seen := map[string]bool{}
	door.Set(func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		// One goroutine at a time: the parts of one size are sent one after the other here.
		kind := r.Method + " " + r.URL.Query().Get("partNumber") + r.Header.Get("X-Amz-Copy-Source")
		if failed.Load() < 6 && !seen[kind] {
			seen[kind] = true
			failed.Add(1)
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		pass.ServeHTTP(w, r)
	})
	data := content(2, 1000)
	h := put(t, s, data)
	if got, err := read(t, s, h); err != nil || !bytes.Equal(got, data) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	if put(t, s, data) != h {
		t.Error("the second commit has another name")
	}
	if err := s.Delete(t.Context(), h); err != nil {
		t.Error(err)
	}
	if failed.Load() < 5 {
		t.Errorf("%d requests were made to fail, want one each of PUT, GET, HEAD, copy and DELETE", failed.Load())
	}
}

// TestCutDownloads has the connection cut in the middle of each answer, a bit later every time.
func TestCutDownloads(t *testing.T) {
	door := s3test.NewDoor(t)
	s := newStore(t, door.Location, s3blob.Options{})
	data := content(3, 3<<20)
	h := put(t, s, data)
	var gets atomic.Int64
	door.Set(func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		if n := gets.Add(1); n <= 3 {
			s3test.CutAfter(w, r, pass, int(n)*100_000)
		}
		pass.ServeHTTP(w, r)
	})
	if got, err := read(t, s, h); err != nil || !bytes.Equal(got, data) {
		t.Errorf("read %d bytes, %v, want %d", len(got), err, len(data))
	}
	if n := gets.Load(); n != 4 {
		t.Errorf("%d requests, want 4", n)
	}
	door.Set(func(w http.ResponseWriter, r *http.Request, pass http.Handler) { s3test.CutAfter(w, r, pass, 0) })
	if got, err := read(t, s, h); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("where each answer is cut at once: %d bytes, %v, want ErrUnavailable", len(got), err)
	}
}

// TestStalledDownload has the service send a part of the first answer and then nothing.
func TestStalledDownload(t *testing.T) {
	door := s3test.NewDoor(t)
	data := content(4, 2<<20)
	h := put(t, newStore(t, door.Location, s3blob.Options{}), data)
	s := newStore(t, door.Location, s3blob.Options{Stall: 3 * time.Second})
	var gets atomic.Int64
	door.Set(func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		if gets.Add(1) == 1 {
			defer func() {
				if recover() == nil {
					t.Error("the answer was not cut")
				}
				<-r.Context().Done() // The client hangs up.
				panic(http.ErrAbortHandler)
			}()
			s3test.CutAfter(w, r, pass, 1000)
		}
		pass.ServeHTTP(w, r)
	})
	if got, err := read(t, s, h); err != nil || !bytes.Equal(got, data) {
		t.Errorf("read %d bytes, %v, want %d", len(got), err, len(data))
	}
}

// TestCutUploads has the connection cut in the middle of what is sent.
func TestCutUploads(t *testing.T) {
	for name, size := range map[string]int{"whole": 3 << 20, "in parts": minPart + 1000} {
		t.Run(name, func(t *testing.T) {
			door := s3test.NewDoor(t)
			s := newStore(t, door.Location, s3blob.Options{PartSize: minPart, Attempts: 2})
			data := content(5, size)
			door.Set(func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
				if r.Method == http.MethodPut {
					s3test.CutUpload(r, 100_000)
				}
				pass.ServeHTTP(w, r)
			})
			h, err := blob.Put(t.Context(), s, data)
			if !errors.Is(err, blob.ErrUnavailable) {
				t.Errorf("Put = %v, want ErrUnavailable", err)
			}
			if _, err := s.Stat(t.Context(), h); !errors.Is(err, blob.ErrNotExist) {
				t.Errorf("Stat = %v, want ErrNotExist", err)
			}
			var puts atomic.Int64
			door.Set(func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
				if r.Method == http.MethodPut && puts.Add(1) == 1 {
					s3test.CutUpload(r, 100_000)
				}
				pass.ServeHTTP(w, r)
			})
			put(t, s, data)
			if got, err := read(t, s, h); err != nil || !bytes.Equal(got, data) {
				t.Errorf("read %d bytes, %v, want %d", len(got), err, len(data))
			}
			if n, err := s.Sweep(t.Context(), time.Now().Add(time.Hour)); n != 0 || err != nil {
				t.Errorf("Sweep = %d, %v, want nothing left", n, err)
			}
		})
	}
}

// TestLostAnswers has the service do what it is asked, and the answer lost.
func TestLostAnswers(t *testing.T) {
	for name, size := range map[string]int{"whole": 1000, "in parts": minPart + 1000} {
		t.Run(name, func(t *testing.T) {
			door := s3test.NewDoor(t)
			s := newStore(t, door.Location, s3blob.Options{PartSize: minPart})
			lost := map[string]bool{}
			door.Set(func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
				q := r.URL.Query()
				last := r.Method == http.MethodPut && !q.Has("partNumber") || r.Method == http.MethodPost && q.Has("uploadId")
				if last && !lost[r.Method] {
					lost[r.Method] = true
					s3test.CutAfter(w, r, pass, -1)
				}
				pass.ServeHTTP(w, r)
			})
			data := content(6, size)
			h := put(t, s, data)
			if got, err := read(t, s, h); err != nil || !bytes.Equal(got, data) {
				t.Errorf("read %d bytes, %v, want %d", len(got), err, len(data))
			}
		})
	}
}

// TestChangedOnTheWay has the service get other bytes than were sent.
func TestChangedOnTheWay(t *testing.T) {
	door := s3test.NewDoor(t)
	s := newStore(t, door.Location, s3blob.Options{PartSize: minPart, Attempts: 1})
	door.Set(func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		if r.Method == http.MethodPut {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			if len(body) > 0 {
				body[0] ^= 1
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		pass.ServeHTTP(w, r)
	})
	for name, size := range map[string]int{"whole": 1000, "in parts": minPart + 1000} {
		h, err := blob.Put(t.Context(), s, content(7, size))
		if err == nil {
			t.Errorf("%s: bytes that changed on the way were stored", name)
		}
		if _, err := s.Stat(t.Context(), h); !errors.Is(err, blob.ErrNotExist) {
			t.Errorf("%s: Stat = %v, want ErrNotExist", name, err)
		}
	}
}

// TestDamaged changes objects behind the service's back.
func TestDamaged(t *testing.T) {
	door := s3test.NewDoor(t)
	s := newStore(t, door.Location, s3blob.Options{})
	for name, size := range map[string]int{"small": 1000, "large": 2 << 20} {
		data := content(8, size)
		h := put(t, s, data)
		door.Damage(t, key(h))
		got, err := read(t, s, h)
		if !errors.Is(err, blob.ErrDamaged) || len(got) >= size {
			t.Errorf("%s: %d bytes, %v, want fewer than %d and ErrDamaged", name, len(got), err, size)
		}
	}
}

// TestWithoutConditions is about services that do not know conditional writes.
func TestWithoutConditions(t *testing.T) {
	door := s3test.NewDoor(t)
	s := newStore(t, door.Location, s3blob.Options{PartSize: minPart})
	var plain atomic.Int64
	door.Set(func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotImplemented)
			return
		}
		if r.Method == http.MethodPut {
			plain.Add(1)
		}
		pass.ServeHTTP(w, r)
	})
	for _, size := range []int{1000, minPart + 1000} {
		data := content(9, size)
		h := put(t, s, data)
		if put(t, s, data) != h || plain.Load() == 0 {
			t.Errorf("%d bytes cannot be stored twice", size)
		}
		if got, err := read(t, s, h); err != nil || !bytes.Equal(got, data) {
			t.Errorf("read %d bytes, %v, want %d", len(got), err, size)
		}
	}
}
