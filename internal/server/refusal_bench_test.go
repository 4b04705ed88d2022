package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/identity"
	"kingsnake/internal/servertest"
)

// BenchmarkRefusal is what a flood costs: requests with bad tokens and passwords from one address, through the whole
// handler, without the network.
func BenchmarkRefusal(b *testing.B) {
	site := servertest.New(b)
	site.Channel(site.Admin, "team", api.PrivacyPrivate)
	data, info := servertest.Package(1, random.Options{NoArch: "generic", Payload: 2600})
	site.Upload(site.Admin, "team", data, info.Filename)
	keys, err := identity.NewKeys(make([]byte, 32))
	if err != nil {
		b.Fatal(err)
	}
	file := "/team/noarch/" + info.Filename
	for name, request := range map[string]func() *http.Request{
		"unknown token": func() *http.Request {
			return withHeader(httptest.NewRequest(http.MethodGet, file, http.NoBody), keys.Mint('r').String)
		},
		"malformed token": func() *http.Request {
			return withHeader(httptest.NewRequest(http.MethodGet, file, http.NoBody), "hunter2")
		},
		"unknown token in URL": func() *http.Request {
			return httptest.NewRequest(http.MethodGet, "/t/"+keys.Mint('r').String+file, http.NoBody)
		},
		"sign-in": func() *http.Request {
			r := httptest.NewRequest(http.MethodPost, "/api/auth/login", strings.NewReader(`{"username": "admin", "password": "wrong"}`))
			r.Header.Set("Content-Type", "application/json")
			return r
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				site.Server.ServeHTTP(&sink{header: http.Header{}}, request())
			}
		})
	}
}
