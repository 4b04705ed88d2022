package server_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/server"
	"kingsnake/internal/servertest"
)

// BenchmarkWarmDownload is a token-authorised GET of a small package through the whole handler, without the network.
func BenchmarkWarmDownload(b *testing.B) {
	site := servertest.New(b)
	site.Channel(site.Admin, "team", api.PrivacyPrivate)
	data, info := servertest.Package(1, random.Options{NoArch: "generic", Payload: 2600})
	site.Upload(site.Admin, "team", data, info.Filename)
	token := site.ResourceToken(site.Admin, "team", api.LevelRead)
	for name, r := range map[string]*http.Request{
		"header": withHeader(httptest.NewRequest(http.MethodGet, "/team/noarch/"+info.Filename, http.NoBody), token.Secret),
		"url":    httptest.NewRequest(http.MethodGet, "/t/"+token.Secret+"/team/noarch/"+info.Filename, http.NoBody),
	} {
		b.Run(name, func(b *testing.B) { warm(b, site.Server, r, len(data)) })
	}
}

func withHeader(r *http.Request, token string) *http.Request {
	r.Header.Set("X-Auth", token)
	return r
}

func warm(b *testing.B, s *server.Server, r *http.Request, size int) {
	b.ReportAllocs()
	w := &sink{header: http.Header{}}
	for b.Loop() {
		clear(w.header)
		w.n = 0
		s.ServeHTTP(w, r)
		if w.n != size {
			b.Fatalf("got %d bytes, want %d", w.n, size)
		}
	}
}

// sink counts what is written to it.
type sink struct {
	header http.Header
	n      int
}

func (s *sink) Header() http.Header { return s.header }
func (s *sink) WriteHeader(int)     {}
func (s *sink) Write(p []byte) (int, error) {
	s.n += len(p)
	return len(p), nil
}
