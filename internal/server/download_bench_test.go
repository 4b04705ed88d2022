package server_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/access"
	"kingsnake/internal/identity"
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

// BenchmarkWarmDecision asks whether a token reads a channel, of a caller that is known.
func BenchmarkWarmDecision(b *testing.B) {
	site := servertest.New(b)
	site.Channel(site.Admin, "team", api.PrivacyPrivate)
	token := site.ResourceToken(site.Admin, "team", api.LevelRead)
	inside := site.Server.Site()
	resolver := identity.NewResolver(inside.Keys, inside.Service.Directory, inside.Service.Trail, inside.Service.Tokens.PolicyFor, inside.Feed, identity.NewLimiter(), slog.New(slog.DiscardHandler), time.Now)
	credential := identity.Credential{Kind: identity.TokenCredential, Secret: token.Secret}
	identify := func(c *access.Caller) {
		if err := resolver.Identify(b.Context(), c, credential); err != nil {
			b.Fatal(err)
		}
	}
	read := func(c *access.Caller) {
		if err := inside.Service.Indexes.Readable(b.Context(), c, "team"); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("known", func(b *testing.B) {
		c := &access.Caller{}
		identify(c)
		b.ReportAllocs()
		for b.Loop() {
			read(c)
		}
	})
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c := access.Caller{}
			identify(&c)
			read(&c)
		}
	})
}
