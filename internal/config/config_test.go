package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// write puts a file into a directory of the test's own.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultIsValid(t *testing.T) {
	c := Default()
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestLoadLayers(t *testing.T) {
	file := write(t, "kingsnake.toml", `
data_dir = "/srv/conda"
listen = ":80"
trusted_proxies = ["10.0.0.0/8", "2001:db8::/32"]
log_level = "debug"
max_upload_size = 1048576
token_default_lifetime = "30d"
strict_tokens = true
`)
	c, err := Load(file, []string{
		"PATH=/bin", "KINGSNAKE_LISTEN=:8443", "KINGSNAKE_HEADER_TIMEOUT=3s", "KINGSNAKE_PASSWORD_CONCURRENCY=2",
		"KINGSNAKE_URL=http://client", "KINGSNAKE_TOKEN=x", "KINGSNAKE_PORT=tcp://10.0.0.1:80", "KINGSNAKE_SERVICE_HOST=10.0.0.1",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set("data_dir", "/flag", "flag --data"); err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.DataDir, want.Listen, want.LogLevel = "/flag", ":8443", slog.LevelDebug
	want.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	want.MaxUploadSize, want.StrictTokens, want.PasswordConcurrency = 1<<20, true, 2
	want.TokenDefaultLifetime, want.HeaderTimeout = Duration(30*day), Duration(3*time.Second)
	if diff := cmp.Diff(want, c, cmpopts.IgnoreUnexported(Config{}), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	got := map[string]string{}
	for _, s := range c.Settings() {
		if s.Source != "default" {
			got[s.Key] = s.Value + " < " + s.Source
		}
	}
	wantSources := map[string]string{
		"data_dir": "/flag < flag --data", "listen": ":8443 < environment KINGSNAKE_LISTEN",
		"trusted_proxies": "10.0.0.0/8,2001:db8::/32 < file " + file, "log_level": "DEBUG < file " + file,
		"max_upload_size": "1MiB < file " + file, "token_default_lifetime": "30d < file " + file, "strict_tokens": "true < file " + file,
		"header_timeout": "3s < environment KINGSNAKE_HEADER_TIMEOUT", "password_concurrency": "2 < environment KINGSNAKE_PASSWORD_CONCURRENCY",
	}
	if diff := cmp.Diff(wantSources, got); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}

func TestLoadErrors(t *testing.T) {
	secret := write(t, "password", "s3cret\n")
	empty := write(t, "empty", "\n")
	for _, tc := range []struct {
		name, file string
		env        []string
		want       string
	}{
		{"unknown key", "lisen = ':80'", nil, "unknown keys: lisen"},
		{"unknown table", "[server]\nlisten = ':80'", nil, "unknown keys: server"},
		{"unknown variable", "", []string{"KINGSNAKE_LISEN=:80"}, "unknown environment variables: KINGSNAKE_LISEN"},
		{"broken file", "admin_password = s3cret", nil, "line 1"},
		{"wrong type", "listen = 80", nil, "listen"},
		{"bad duration", "header_timeout = 10", nil, `"10" is not a duration`},
		{"bad size", "", []string{"KINGSNAKE_MAX_UPLOAD_SIZE=lots"}, `"lots" is not a size`},
		{"bad number", "", []string{"KINGSNAKE_PASSWORD_CONCURRENCY=two"}, `"two" is not a whole number`},
		{"bad switch", "", []string{"KINGSNAKE_STRICT_TOKENS=maybe"}, `"maybe" is neither true nor false`},
		{"bad network", "", []string{"KINGSNAKE_TRUSTED_PROXIES=10.0.0.1"}, `"10.0.0.1" is not a network`},
		{"bad level", "", []string{"KINGSNAKE_LOG_LEVEL=loud"}, "loud"},
		{"secret twice", "admin_password = 's3cret'", []string{"KINGSNAKE_ADMIN_PASSWORD_FILE=" + secret}, "both set"},
		{"no secret file", "admin_password_file = '/does/not/exist'", nil, "admin_password_file"},
		{"empty secret file", "", []string{"KINGSNAKE_ADMIN_PASSWORD_FILE=" + empty}, "is empty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Load(write(t, "kingsnake.toml", tc.file), tc.env)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want it to say %q", err, tc.want)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.toml"), nil); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestSecretsAreHidden(t *testing.T) {
	file := write(t, "password", "s3cret\r\n")
	c, err := Load("", []string{"KINGSNAKE_ADMIN_PASSWORD_FILE=" + file})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(c.AdminPassword); got != "s3cret" {
		t.Errorf("password = %q, want the file's without its line end", got)
	}
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("start", "config", c, "password", c.AdminPassword)
	all := fmt.Sprintf("%v %+v %#v %s", c, c, c, asJSON) + fmt.Sprint(c.Settings()) + log.String()
	if strings.Contains(all, "s3cret") {
		t.Errorf("the secret shows in %s", all)
	}
	if !strings.Contains(fmt.Sprint(c.Settings()), "{admin_password ******** file "+file+"}") {
		t.Errorf("settings %v do not say that there is a password, and from where", c.Settings())
	}
}

func TestValidate(t *testing.T) {
	for _, tc := range []struct{ key, value, want string }{
		{"data_dir", "", "data_dir (from test)"},
		{"database", "mysql://u:s3cret@db/kingsnake", "database"},
		{"database_connections", "-1", "database_connections"},
		{"database", "postgres://u:s3cret@db/kingsnake", ""},
		{"listen", "8080", "listen"},
		{"listen", ":99999", "listen"},
		{"public_url", "example.org", "public_url"},
		{"public_url", "https://u:p@example.org", "public_url"},
		{"public_url", "https://example.org/conda", "public_url"},
		{"tls_cert_file", "cert.pem", "tls_key_file"},
		{"acme_hosts", "localhost", "small letters"},
		{"acme_hosts", "conda.example.org,*.example.org", "without port and wildcard"},
		{"acme_hosts", "conda.example.org:443", "without port and wildcard"},
		{"acme_hosts", "-a.example.org", "acme_hosts"},
		{"acme_hosts", "a..example.org", "acme_hosts"},
		{"acme_directory", "http://acme.example.org/directory", "https"},
		{"acme_http_listen", ":80", "acme_hosts"},
		{"acme_http_listen", "80", "host:port"},
		{"log_format", "xml", "log_format"},
		{"max_upload_size", "0", "max_upload_size"},
		{"session_lifetime", "0", "session_lifetime"},
		{"session_idle", "0", "session_idle"},
		{"header_timeout", "0", "header_timeout"},
		{"progress_timeout", "0s", "progress_timeout"},
		{"password_concurrency", "-1", "password_concurrency"},
		{"token_max_lifetime", "30d", "must lie within token_max_lifetime (30d)"},
		{"oidc_issuer", "https://login.example.org", "oidc_client_id"},
		{"oidc_issuer", "https://login.example.org", "public_url"},
		{"oidc_client_id", "kingsnake", "oidc_issuer"},
		{"oidc_issuer", "http://login.example.org", "https"},
		{"oidc_issuer", "https://login.example.org/?a=b", "https"},
		{"oidc_scopes", "profile", "openid"},
		{"trusted_issuers", "https://ci.example.org", "public_url"},
		{"trusted_issuers", "ci.example.org", "https"},
		{"oidc_groups_claim", "", "oidc_groups_claim"},
		{"oidc_claims_lifetime", "0", "oidc_claims_lifetime"},
		{"oidc_role_map", "admins", "value=role"},
		{"oidc_role_map", "*=admin", "value=role"},
		{"oidc_group_map", "=devs", "value=group"},
		{"oidc_group_map", "devs=team_owners", "_owners"},
		{"oidc_allowed_domains", "@example.org", "oidc_allowed_domains"},
		{"oidc_group_map", "*,/company/devs=devs", ""},
		{"oidc_role_map", "ou=it=admin", ""},
		{"listen", ":0", ""},
		{"listen", "[::1]:8080", ""},
		{"public_url", "https://conda.example.org/", ""},
		{"token_max_lifetime", "365d", ""},
		{"token_default_lifetime", "0", ""},
	} {
		c := Default()
		if err := c.Set(tc.key, tc.value, "test"); err != nil {
			t.Fatal(err)
		}
		err := c.Validate()
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s = %q: error %v, want %q", tc.key, tc.value, err, tc.want)
		}
	}
}

// TestEverySettingCanBeSet proves that Set and Settings know the type of every field.
func TestEverySettingCanBeSet(t *testing.T) {
	samples := map[reflect.Type]string{
		reflect.TypeFor[string]():         "x",
		reflect.TypeFor[Secret]():         mask,
		reflect.TypeFor[int]():            "7",
		reflect.TypeFor[bool]():           "true",
		reflect.TypeFor[Duration]():       "7d3h",
		reflect.TypeFor[Size]():           "3MiB",
		reflect.TypeFor[slog.Level]():     "WARN",
		reflect.TypeFor[LogFormat]():      "json",
		reflect.TypeFor[BlobDownloads]():  "redirect",
		reflect.TypeFor[[]string]():       "a,b=c",
		reflect.TypeFor[[]netip.Prefix](): "10.0.0.0/8,192.0.2.7/32",
	}
	var c Config
	for i, s := range (&Config{}).Settings() {
		field := reflect.TypeFor[Config]().Field(i)
		if want := strings.ToLower(s.Key); s.Key != want || s.Key == "" {
			t.Errorf("key %q of %s is not in lower case", s.Key, field.Name)
		}
		sample, ok := samples[field.Type]
		if !ok {
			t.Fatalf("%s has the type %s, which the test does not know", field.Name, field.Type)
		}
		if err := c.Set(s.Key, sample, "test"); err != nil {
			t.Errorf("set %s: %v", s.Key, err)
		}
		if got := c.Settings()[i]; got != (Setting{Key: s.Key, Value: sample, Source: "test"}) {
			t.Errorf("%s shows as %+v, want the value %q", s.Key, got, sample)
		}
	}
	if err := c.Set("nothing", "x", "test"); err == nil {
		t.Error("an unknown key was set")
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "90d": 90 * day, "1d12h": 36 * time.Hour, "500ms": 500 * time.Millisecond, " 12h ": 12 * time.Hour, "106750d": 106750 * day,
	} {
		if got, err := ParseDuration(text); err != nil || got.Std() != want {
			t.Errorf("ParseDuration(%q) = %v, %v, want %v", text, got.Std(), err, want)
		}
	}
	for _, text := range []string{"", "d", "-1d", "-1h", "1d-1h", "10", "1.5d", "106752d", "9999999999999d", "soon", "1d1d", "106750d2000000h"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", text, got)
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{"0": 0, "10GiB": 10 << 30, "500 MB": 5e8, "7B": 7, "1048576": 1 << 20, "1kB": 1000, "2TiB": 2 << 40} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "B", "-1", "1.5GiB", "10 gigs", "9223372036854775807KiB", "GiB10"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", text, got)
		}
	}
}

// TestTextRoundTrips proves that what config show prints can be written into the file.
func TestTextRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Duration(rapid.Int64Range(0, int64(maxDays)*int64(day)).Draw(t, "duration"))
		if back, err := ParseDuration(d.String()); err != nil || back != d {
			t.Fatalf("%d ns became %q became %v, %v", d, d.String(), back.Std(), err)
		}
		s := Size(rapid.Int64Range(0, 1<<62).Draw(t, "size"))
		if back, err := ParseSize(s.String()); err != nil || back != s {
			t.Fatalf("%d became %q became %d, %v", s, s.String(), back, err)
		}
	})
}
