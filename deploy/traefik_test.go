package deploy_test

import (
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestTraefik checks what can be checked without Traefik: that the files are what they mean to be, and that nothing is kept
// in the log in which a token could be.
func TestTraefik(t *testing.T) {
	var static struct {
		EntryPoints map[string]struct {
			Address   string
			Transport struct {
				RespondingTimeouts struct {
					ReadTimeout *int `yaml:"readTimeout"`
				} `yaml:"respondingTimeouts"`
			}
		} `yaml:"entryPoints"`
		Providers struct{ File struct{ Filename string } }
		AccessLog struct {
			Format string
			Fields struct {
				DefaultMode string `yaml:"defaultMode"`
				Names       map[string]string
				Headers     struct {
					DefaultMode string `yaml:"defaultMode"`
					Names       map[string]string
				}
			}
		} `yaml:"accessLog"`
		Log struct{ Level string }
	}
	if err := yaml.Unmarshal([]byte(read(t, "proxy/traefik.yaml")), &static); err != nil {
		t.Fatal(err)
	}
	fields := static.AccessLog.Fields
	if fields.DefaultMode != "drop" || fields.Headers.DefaultMode != "drop" || static.AccessLog.Format != "json" || static.Log.Level == "DEBUG" {
		t.Errorf("the log keeps what it is not told to drop: %+v", static.AccessLog)
	}
	for name := range fields.Names {
		// RequestPath and RequestLine have the token; RequestAddr, RequestHost and RouterName have not, and are not needed.
		if strings.HasPrefix(name, "Request") && name != "RequestMethod" {
			t.Errorf("%s is kept in the log", name)
		}
	}
	for name := range fields.Headers.Names {
		if name != "X-Request-Id" {
			t.Errorf("the header %s is kept in the log", name)
		}
	}
	point, ok := static.EntryPoints["websecure"]
	if !ok || len(static.EntryPoints) != 1 {
		t.Fatalf("entry points %v, want the one with TLS", static.EntryPoints)
	}
	if got := point.Transport.RespondingTimeouts.ReadTimeout; got == nil || *got != 0 {
		t.Error("uploads are cut off after a while")
	}

	var dynamic struct {
		HTTP struct {
			Routers map[string]struct {
				Rule, Service string
				EntryPoints   []string `yaml:"entryPoints"`
				Middlewares   []string
			}
			Middlewares       map[string]any
			Services          map[string]any
			ServersTransports map[string]any `yaml:"serversTransports"`
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "proxy/traefik-kingsnake.yaml")), &dynamic); err != nil {
		t.Fatal(err)
	}
	for name, r := range dynamic.HTTP.Routers {
		if _, ok := dynamic.HTTP.Services[r.Service]; !ok || !slices.Equal(r.EntryPoints, []string{"websecure"}) {
			t.Errorf("router %s leads to %q from %v", name, r.Service, r.EntryPoints)
		}
		for _, m := range r.Middlewares {
			if _, ok := dynamic.HTTP.Middlewares[m]; !ok {
				t.Errorf("router %s: there is no middleware %s", name, m)
			}
		}
	}
	if !strings.HasSuffix(static.Providers.File.Filename, "/kingsnake.yaml") || !strings.Contains(read(t, "proxy/traefik-kingsnake.yaml"), static.Providers.File.Filename) {
		t.Errorf("the file %s is called otherwise in its own first line", static.Providers.File.Filename)
	}
	if len(dynamic.HTTP.Routers) != 2 || len(dynamic.HTTP.ServersTransports) != 1 {
		t.Errorf("routers %v, transports %v", dynamic.HTTP.Routers, dynamic.HTTP.ServersTransports)
	}
}
