package deploy_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/config"
	"kingsnake/internal/servertest"
)

// TestProxies runs each proxy in front of a server and asks it for everything that could go wrong on the way.
func TestProxies(t *testing.T) {
	for _, proxy := range []struct {
		name  string
		start func(t *testing.T, p *proxy, backend string)
	}{
		{"nginx", startNginx},
		{"haproxy", startHAProxy},
		{"caddy", startCaddy},
	} {
		t.Run(proxy.name, func(t *testing.T) {
			program(t, proxy.name)
			b := newBehind(t, proxy.start)
			b.testUpload(t)
			b.testWays(t)
			b.testPaths(t)
			b.testUnbuffered(t)
			b.testPlain(t)
			b.testMetrics(t)
			b.testDown(t)
			b.testLogs(t)
		})
	}
}

// startNginx runs nginx with our file in its http block. Like one that replaces another, it is given the sockets.
func startNginx(t *testing.T, p *proxy, backend string) {
	t.Helper()
	text := edit(t, read(t, "proxy/nginx.conf"),
		"listen 443 ssl", "listen "+strings.TrimPrefix(p.secure, "https://")+" ssl",
		"listen 80;", "listen "+strings.TrimPrefix(p.plain, "http://")+";",
		"/etc/ssl/kingsnake.crt", p.certificate, "/etc/ssl/kingsnake.key", p.key,
		"/var/log/nginx/", p.dir+"/", "127.0.0.1:8080", backend)
	p.write(t, "kingsnake.conf", text)
	main := "daemon off; pid pid; events {}\nhttp {\n" +
		"client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n" +
		"include kingsnake.conf;\n}\n"
	args := []string{"-e", "stderr", "-p", p.dir + "/", "-c", p.write(t, "nginx.conf", main)}
	path := program(t, "nginx")
	check(t, path, append(args, "-t")...)
	p.start(t, []string{"NGINX=3;4;"}, path, args...)
}

// check runs a program that judges its configuration.
func check(t *testing.T, path string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", path, strings.Join(args, " "), err, out)
	}
}

func startHAProxy(t *testing.T, p *proxy, backend string) {
	t.Helper()
	text := edit(t, read(t, "proxy/haproxy.cfg"),
		"bind :443", "bind fd@3", "bind :80", "bind fd@4", "/etc/ssl/kingsnake.pem", p.both, "127.0.0.1:8080", backend)
	path := program(t, "haproxy")
	file := p.write(t, "haproxy.cfg", text)
	p.start(t, nil, path, "-f", file)
}

// startCaddy runs Caddy. It takes no sockets, but shares ports that it is not alone to have bound.
func startCaddy(t *testing.T, p *proxy, backend string) {
	t.Helper()
	for _, f := range p.listeners {
		_ = f.Close()
	}
	p.listeners = nil
	secure, plain := reserve(t), reserve(t)
	p.secure, p.plain = "https://"+secure, "http://"+plain
	text := edit(t, read(t, "proxy/Caddyfile"),
		"\nhttp://conda.example.org {", "\n"+p.plain+" {",
		"\nconda.example.org {", "\n"+p.secure+" {\n\ttls "+p.certificate+" "+p.key,
		"127.0.0.1:8080", backend, "/var/log/caddy/", p.dir+"/",
		"{\n\t# Caddy's other", "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n\t# Caddy's other")
	path := program(t, "caddy")
	file := p.write(t, "Caddyfile", text)
	p.start(t, []string{"HOME=" + p.dir, "XDG_DATA_HOME=" + p.dir, "XDG_CONFIG_HOME=" + p.dir}, path, "run", "--config", file, "--adapter", "caddyfile")
	await(t, "Caddy serves", func() bool {
		resp, err := p.client.Get(p.secure + "/healthz")
		return err == nil && resp.Body.Close() == nil
	})
}

// behind is a server behind a proxy.
type behind struct {
	*proxy
	site *servertest.Site
	back *httptest.Server
	// secret is a token for the channel team, in which filename is.
	secret, filename string
	data             []byte
	// ids are those of answers by the server that the proxy's log has to name.
	ids []string
}

func newBehind(t *testing.T, start func(*testing.T, *proxy, string)) *behind {
	t.Helper()
	b := &behind{proxy: newProxy(t), site: servertest.New(t, func(c *config.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		c.PublicURL = "https://conda.example.org"
	})}
	b.back = httptest.NewServer(b.site.Server)
	t.Cleanup(b.back.Close)
	start(t, b.proxy, strings.TrimPrefix(b.back.URL, "http://"))
	ada := b.site.User("ada")
	b.site.Channel(ada, "team", api.PrivacyPrivate)
	b.secret = b.site.ResourceToken(ada, "team", api.LevelWrite).Secret
	return b
}

// testUpload sends a package of two megabytes with a client of ours. The name has what stands in URLs as %21 and %2B.
func (b *behind) testUpload(t *testing.T) {
	t.Helper()
	var info random.Info
	b.data, info = servertest.Package(1, random.Options{Subdir: "noarch", Version: "1!2.0+local", Payload: 2 << 20})
	b.filename = info.Filename
	c, err := client.New(b.secure, client.WithCAFile(b.certificate), client.WithCredential(client.Token(b.secret)), client.WithMaxAttempts(1))
	if err != nil {
		t.Fatal(err)
	}
	up, err := c.Upload(t.Context(), "team", client.Upload{Filename: b.filename, Content: bytes.NewReader(b.data), Size: int64(len(b.data))})
	if err != nil || !up.Created {
		t.Fatalf("upload: %+v, %v\n%s", up, err, b.out.String())
	}
}

// testWays fetches the package with the token in every place that it may stand in.
func (b *behind) testWays(t *testing.T) {
	t.Helper()
	file := "/team/noarch/" + strings.NewReplacer("!", "%21", "+", "%2B").Replace(b.filename)
	for _, way := range []struct{ path, header, value string }{
		{"/t/" + b.secret + file, "", ""},
		{"/t/" + b.secret + "/api/repo" + file, "", ""},
		{"/api/repo/t/" + b.secret + file, "", ""},
		{"/conda/t/" + b.secret + file, "", ""},
		{file, "X-Auth", b.secret},
		{file, "X-API-Key", b.secret},
		{file, "Authorization", "Bearer " + b.secret},
		{file, "Authorization", "token " + b.secret},
		{file, "basic", b.secret},
	} {
		resp, body := b.send(t, http.MethodGet, b.secure+way.path, way.header, way.value)
		if resp.StatusCode != http.StatusOK || !bytes.Equal(body, b.data) {
			t.Fatalf("GET %s %s: %s with %d bytes, want the package\n%s", way.path, way.header, resp.Status, len(body), b.out.String())
		}
		id := resp.Header.Get("X-Request-Id")
		b.ids = append(b.ids, id)
		// The server writes the line when the client has the answer already.
		var line string
		written := regexp.MustCompile(`.*msg=request .*id=` + regexp.QuoteMeta(id) + `\n`)
		await(t, "the line of "+id, func() bool {
			line = written.FindString(b.site.Log.String())
			return line != ""
		})
		if !strings.Contains(line, "address=127.0.0.2 ") {
			t.Errorf("the server takes the client to be elsewhere than at 127.0.0.2: %s", line)
		}
	}
}

// testPaths compares answers to paths that a proxy could be tempted to change with those of the server itself.
func (b *behind) testPaths(t *testing.T) {
	t.Helper()
	for _, path := range []string{
		"/t/" + b.secret + "/team/noarch/repodata.json",
		"/t/" + b.secret + "/team/noarch/repodata.json.zst",
		"/t/" + b.secret + "/team/noarch/none-1%212.0-0.conda",
		"/t/" + b.secret + "/team%2Fnoarch/repodata.json",
		"/t/" + b.secret + "/team/noarch%2Frepodata.json",
		"/t/" + b.secret + "/team//noarch/repodata.json",
		"/t/" + b.secret,
		"/t/" + b.secret + "/",
		"/t/" + b.secret + "/t/" + b.secret + "/team/noarch/repodata.json",
		"/team/" + b.secret + "/noarch/repodata.json",
		"/team/" + b.secret + "/x/" + b.secret,
		"/team/noarch/repodata.json?token=" + b.secret,
		"/-/login?next=" + b.secret,
		"/api/channels/team%2Fsub",
		"/api/account/tokens?q=" + b.secret,
	} {
		through, got := b.send(t, http.MethodGet, b.secure+path, "", "")
		directly, want := b.send(t, http.MethodGet, b.back.URL+path, "", "")
		if through.StatusCode != directly.StatusCode || !bytes.Equal(got, want) && directly.StatusCode == http.StatusOK && !strings.HasPrefix(path, "/-/") {
			t.Errorf("GET %s: %s with %d bytes through the proxy, %s with %d without", path, through.Status, len(got), directly.Status, len(want))
		}
		for _, h := range []string{"ETag", "Cache-Control", "Www-Authenticate", "Content-Type"} {
			if got, want := through.Header.Get(h), directly.Header.Get(h); got != want {
				t.Errorf("GET %s: %s %q through the proxy, %q without", path, h, got, want)
			}
		}
	}
}

// testUnbuffered begins an upload that is refused for its token. The refusal comes while the upload goes on, which it could
// not if the proxy kept the upload until it has all of it.
func (b *behind) testUnbuffered(t *testing.T) {
	t.Helper()
	body, sending := io.Pipe()
	defer func() { _ = sending.Close() }() // The refusal has ended it.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.secure+"/api/channels/team/artifacts", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth", strings.Repeat("x", 30))
	req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	go func() { _, _ = sending.Write([]byte("--b\r\n")) }() // Only the beginning.
	resp, err := b.client.Do(req)
	if err != nil {
		t.Fatalf("no answer while the upload goes on: %v", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("upload with a bad token: %s, want 401", resp.Status)
	}
}

// testPlain asks the port without TLS.
func (b *behind) testPlain(t *testing.T) {
	t.Helper()
	host := strings.TrimPrefix(b.plain, "http://")
	for path, want := range map[string]int{
		"/": http.StatusMovedPermanently, "/-/tokens": http.StatusMovedPermanently,
		"/t/" + b.secret + "/team/noarch/repodata.json": http.StatusForbidden, "/team/noarch/repodata.json": http.StatusForbidden,
	} {
		resp, _ := b.send(t, http.MethodGet, b.plain+path, "", "")
		if resp.StatusCode != want {
			t.Errorf("GET http://%s%s: %s, want %d", host, path, resp.Status, want)
		}
		if to := resp.Header.Get("Location"); want == http.StatusMovedPermanently && (!strings.HasPrefix(to, "https://127.0.0.1") || !strings.HasSuffix(to, path)) {
			t.Errorf("GET http://%s%s leads to %q", host, path, to)
		}
	}
}

// testMetrics asks for the metrics from elsewhere than the proxy's own machine.
func (b *behind) testMetrics(t *testing.T) {
	t.Helper()
	for _, path := range []string{"/metrics", "/api/system/metrics"} {
		if resp, _ := b.send(t, http.MethodGet, b.secure+path, "", ""); resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s from another machine: %s", path, resp.Status)
		}
	}
}

// testDown has the proxy complain: nothing is behind it any more.
func (b *behind) testDown(t *testing.T) {
	t.Helper()
	b.back.CloseClientConnections()
	b.back.Close()
	for _, way := range []struct{ path, header, value string }{
		{"/t/" + b.secret + "/team/noarch/repodata.json?token=" + b.secret, "", ""},
		{"/team/noarch/repodata.json", "Authorization", "Bearer " + b.secret},
		{"/team/noarch/repodata.json", "X-Auth", b.secret},
	} {
		if resp, _ := b.send(t, http.MethodGet, b.secure+way.path, way.header, way.value); resp.StatusCode/100 != 5 {
			t.Errorf("GET %s with the server gone: %s", way.path, resp.Status)
		}
	}
}

// testLogs looks for the token in all that the proxy has written, and for what has to be there.
func (b *behind) testLogs(t *testing.T) {
	t.Helper()
	b.stop(t)
	logs := b.logs(t)
	random := strings.SplitN(b.secret, "-", 3)[2]
	for _, what := range []string{random, random[:12], random[len(random)-12:]} {
		if i := strings.Index(logs, what); i >= 0 {
			line := logs[strings.LastIndexByte(logs[:i], '\n')+1:]
			t.Errorf("the token is in what the proxy wrote: %s", strings.SplitN(line, "\n", 2)[0])
		}
	}
	for _, id := range b.ids {
		if !strings.Contains(logs, id) {
			t.Errorf("the log does not name the request %s", id)
		}
	}
	for _, want := range []string{"/team/noarch/repodata.json", "127.0.0.2", strconv.Itoa(http.StatusUnauthorized)} {
		if !strings.Contains(logs, want) {
			t.Errorf("the log does not have %q", want)
		}
	}
}
