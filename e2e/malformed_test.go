package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/conda/random/hostile"
)

// maxUpload bounds uploads to the server of TestMalformed, so that one that is too large need not be large.
const maxUpload = 4 << 20

// maxGrowth is how much more memory the broken requests may take than good ones: six at a time, each with a window of
// compression of at most 16 MiB, and as much again that is not collected yet.
const maxGrowth = 6 * 2 * 16 << 20

// bad is a request that must be refused.
type bad struct {
	name, method, path string
	header             map[string]string
	body               func() io.Reader
	// raw is sent as it stands in place of all others; what net/http answers itself is not JSON.
	raw     string
	notJSON bool
}

// TestMalformed sends hundreds of broken packages and requests. Each is refused in words, none harms the server, and
// nothing of them stays.
func TestMalformed(t *testing.T) {
	t.Setenv("KINGSNAKE_MAX_UPLOAD_SIZE", strconv.Itoa(maxUpload))
	p := launch(t, t.TempDir())
	c, session := p.login(t)
	if _, err := c.CreateChannel(t.Context(), api.ChannelCreate{Name: "team", Privacy: api.PrivacyPublic}); err != nil {
		t.Fatal(err)
	}
	p.warmUp(t, c)
	p.forgetPeak(t)
	before := p.measure(t, c)

	requests := append(badPackages(), badRequests()...)
	if len(requests) < 500 {
		t.Fatalf("only %d requests", len(requests))
	}
	seen := map[string]bool{}
	queue := make(chan bad)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for b := range queue {
				p.refuses(t, session, b)
			}
		})
	}
	for _, b := range requests {
		if seen[b.name] {
			t.Errorf("two requests are named %s", b.name)
		}
		seen[b.name] = true
		queue <- b
	}
	close(queue)
	all.Wait()

	after := p.measure(t, c)
	t.Logf("%d requests; peak memory %d MiB before and %d MiB after", len(requests), before.peak>>20, after.peak>>20)
	if grown := after.peak - before.peak; grown >= maxGrowth {
		t.Errorf("the peak memory grew by %d MiB", grown>>20)
	}
	before.peak, after.peak = 0, 0
	if after != before {
		t.Errorf("the site has changed: %+v, want %+v", after, before)
	}
	for _, h := range []hostile.Case{hostile.Cases()[0], hostile.Cases()[len(hostile.Cases())-1]} {
		data := h.Valid()
		_, err := c.Upload(t.Context(), "team", client.Upload{Filename: h.ValidFilename, Content: bytes.NewReader(data), Size: int64(len(data))})
		if err != nil {
			t.Errorf("the package from which the others were made: %v", err)
		}
	}
}

// warmUp makes the server do what it will do, with good packages.
func (p *process) warmUp(t *testing.T, c *client.Client) {
	t.Helper()
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			a := made(uint64(900+i), random.Options{NoArch: "generic", Name: fmt.Sprintf("warm-%d", i), Payload: 200_000, TarBz2: i%10 == 0})
			if _, err := c.Upload(t.Context(), "team", client.Upload{Filename: a.Filename, Content: bytes.NewReader(a.data), Size: a.Size}); err != nil {
				t.Errorf("warm up: %v", err)
			}
		})
	}
	all.Wait()
	for _, file := range []string{"repodata.json", "repodata.json.zst", "run_exports.json", "run_exports.json.zst", "repodata_shards.msgpack.zst"} {
		p.mustGet(t, "/team/noarch/"+file)
	}
	p.mustGet(t, "/team/channeldata.json")
	p.settle(t)
}

// settle waits until the background has built all it has to.
func (p *process) settle(t *testing.T) {
	t.Helper()
	last, since := -1, time.Now()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		n, _ := p.folder(t, "blobs")
		if n != last {
			last, since = n, time.Now()
		}
		if time.Since(since) > 1500*time.Millisecond {
			return
		}
	}
	t.Fatal("the blobs keep changing")
}

// measures are what bad requests must leave alone.
type measures struct {
	blobs, staged    int
	bytes            int64
	files, artifacts int64
	index            string
	peak             int64
}

func (p *process) measure(t *testing.T, c *client.Client) (m measures) {
	t.Helper()
	m.blobs, m.bytes = p.folder(t, "blobs/sha256")
	m.staged, _ = p.folder(t, "blobs/staging")
	var report struct {
		Files int64 `json:"package_files"`
	}
	unmarshal(t, p.tool(t, "verify", "--json"), &report)
	team, err := c.Channel(t.Context(), "team")
	if err != nil {
		t.Fatal(err)
	}
	m.files, m.artifacts = report.Files, team.ArtifactCount
	m.index = string(p.mustGet(t, "/team/noarch/repodata.json"))
	m.peak = p.peak(t)
	return m
}

// forgetPeak makes the kernel count the peak from what is in use now, so that the warm-up's own does not hide another.
func (p *process) forgetPeak(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.server.Pid), []byte("5"), 0o600); err != nil {
		t.Fatal(err)
	}
}

var highWater = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak is the most memory that the server has had since forgetPeak, in bytes.
func (p *process) peak(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.server.Pid))
	if err != nil {
		t.Fatal(err)
	}
	m := highWater.FindSubmatch(status)
	if m == nil {
		t.Fatal("the kernel does not tell the peak memory")
	}
	kib, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// refuses sends a request and sees that it is refused as it should be.
func (p *process) refuses(t *testing.T, session string, b bad) {
	resp, err := p.send(session, b)
	if err != nil {
		t.Errorf("%s: %v", b.name, err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("%s: %v", b.name, err)
	}
	if resp.StatusCode < 400 || resp.StatusCode > 499 {
		t.Errorf("%s: %s %.300s, want a refusal", b.name, resp.Status, body)
		return
	}
	if b.notJSON || b.method == http.MethodHead {
		return
	}
	var problem api.Problem
	if err := json.Unmarshal(body, &problem); err != nil || problem.Code == "" || problem.Message == "" || problem.Status != resp.StatusCode {
		t.Errorf("%s: %s %.300s, want a problem with code and message (%v)", b.name, resp.Status, body, err)
	}
	if got := resp.Header.Get("Content-Type"); got != api.ProblemMediaType {
		t.Errorf("%s: content type %q, want %q", b.name, got, api.ProblemMediaType)
	}
}

func (p *process) send(session string, b bad) (*http.Response, error) {
	if b.raw != "" {
		return p.sendRaw(session, b.raw)
	}
	var body io.Reader
	if b.body != nil {
		body = b.body()
	}
	u, err := url.Parse(p.url)
	if err != nil {
		return nil, err
	}
	path, query, _ := strings.Cut(b.path, "?")
	u.Opaque, u.RawQuery = "//"+u.Host+path, query // As it stands, however odd.
	req := &http.Request{Method: b.method, URL: u, Host: u.Host, Header: http.Header{"Authorization": {"Bearer " + session}}}
	if body != nil {
		req.Body = io.NopCloser(body)
		req.ContentLength = -1
		if sized, ok := body.(interface{ Len() int }); ok {
			req.ContentLength = int64(sized.Len())
		}
	}
	for k, v := range b.header {
		req.Header.Set(k, v)
	}
	return http.DefaultTransport.RoundTrip(req)
}

// sendRaw writes bytes to the server, ends its side of the connection, and reads the answer.
func (p *process) sendRaw(session, raw string) (*http.Response, error) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		return nil, err
	}
	raw = strings.NewReplacer("\n", "\r\n", "SESSION", session).Replace(raw)
	go func() {
		// The server may answer, and hang up, before it has read all.
		_, _ = io.WriteString(conn, raw)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	return http.ReadResponse(bufio.NewReader(conn), nil)
}

// badPackages are packages of which something is wrong.
func badPackages() []bad {
	var all []bad
	for _, h := range hostile.Cases() {
		all = append(all, bad{
			name: "package " + h.Name, method: http.MethodPut, path: "/team/linux-64/" + url.PathEscape(h.Filename),
			body: func() io.Reader { return bytes.NewReader(h.Bytes()) },
		})
	}
	return all
}

// text makes a body.
func text(s string) func() io.Reader { return func() io.Reader { return strings.NewReader(s) } }

// badRequests are requests of which something else is wrong.
func badRequests() []bad {
	var all []bad
	for _, part := range [][]bad{badUploads(), badForms(), badJSON(), badQueries(), badPaths(), badMethods(), badWire()} {
		all = append(all, part...)
	}
	return all
}

// badUploads are good packages that are sent wrongly.
func badUploads() []bad {
	a := made(77, random.Options{Name: "good", Version: "1.0", Build: "0", NoArch: "generic"})
	whole := func() io.Reader { return bytes.NewReader(a.data) }
	put := func(name, path string, header map[string]string, body func() io.Reader) bad {
		return bad{name: "put " + name, method: http.MethodPut, path: path, header: header, body: body}
	}
	all := []bad{
		put("another subdir", "/team/linux-64/"+a.Filename, nil, whole),
		put("an unknown subdir", "/team/amiga-68k/"+a.Filename, nil, whole),
		put("another name", "/team/noarch/other-1.0-0.conda", nil, whole),
		put("another version", "/team/noarch/good-2.0-0.conda", nil, whole),
		put("another build", "/team/noarch/good-1.0-1.conda", nil, whole),
		put("the other format's name", "/team/noarch/good-1.0-0.tar.bz2", nil, whole),
		put("an unknown channel", "/nowhere/noarch/"+a.Filename, nil, whole),
		put("a label that is none", "/team/label/"+strings.Repeat("x", 300)+"/noarch/"+a.Filename, nil, whole),
		put("an index file", "/team/noarch/repodata.json", nil, text("{}")),
		put("a channel", "/team", nil, text("x")),
		put("nothing", "/team/noarch/"+a.Filename, nil, text("")),
		put("too large, and said so", "/team/noarch/"+a.Filename, nil, func() io.Reader { return bytes.NewReader(make([]byte, maxUpload+1)) }),
		put("too large, by and by", "/team/noarch/"+a.Filename, nil, func() io.Reader { return io.LimitReader(zeros{}, maxUpload+1) }),
		{name: "quetz path in the name", method: http.MethodPost, path: "/api/channels/team/upload/..%2F" + a.Filename, body: whole},
	}
	for _, n := range []int{1, 4, 30, 100, len(a.data) / 2, len(a.data) - 22, len(a.data) - 1} {
		all = append(all, put(fmt.Sprintf("the first %d bytes", n), "/team/noarch/"+a.Filename, nil, func() io.Reader { return bytes.NewReader(a.data[:n]) }))
	}
	for _, sum := range []string{strings.Repeat("0", 64), "0", "zz", strings.Repeat("g", 64), a.MD5} {
		all = append(all,
			put("sha256 "+sum, "/team/noarch/"+a.Filename, map[string]string{"X-Checksum-Sha256": sum}, whole),
			put("md5 not "+sum, "/team/noarch/"+a.Filename, map[string]string{"X-Checksum-Md5": sum + "0"}, whole),
			bad{name: "quetz sha256 " + sum, method: http.MethodPost, path: "/api/channels/team/upload/" + a.Filename + "?sha256=" + sum, body: whole})
	}
	for _, name := range []string{"good", "good.conda", "good-1.0.conda", "-1.0-0.conda", "good--0.conda", "GOOD-1.0-0.conda", "good-1.0-0.zip", "good-1.0-0.conda.exe", "good-1.0-0.CONDA", "..conda", "good-1.0-0%00.conda", "good%0a-1.0-0.conda", "%2e%2e-1.0-0.conda", strings.Repeat("a", 300) + "-1.0-0.conda"} {
		all = append(all, put("file name "+name[:min(len(name), 40)], "/team/noarch/"+name, nil, whole))
	}
	return all
}

// zeros is endless.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// badForms are uploads as multipart forms.
func badForms() []bad {
	a := made(77, random.Options{Name: "good", Version: "1.0", Build: "0", NoArch: "generic"})
	type part struct{ name, file, value string }
	form := func(name string, cut int, parts ...part) []bad {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for _, p := range parts {
			dst, err := w.CreateFormField(p.name)
			if p.file != "" {
				dst, err = w.CreateFormFile(p.name, p.file)
			}
			if err == nil {
				_, err = io.WriteString(dst, p.value)
			}
			if err != nil {
				panic(err) // A buffer takes everything.
			}
		}
		_ = w.Close()
		body := b.String()[:b.Len()-cut]
		header := map[string]string{"Content-Type": w.FormDataContentType()}
		return []bad{
			{name: "form " + name, method: http.MethodPost, path: "/api/channels/team/artifacts", header: header, body: text(body)},
			{name: "prefix form " + name, method: http.MethodPost, path: "/api/v1/upload/team", header: header, body: text(strings.ReplaceAll(body, `name="content"`, `name="file"`))},
		}
	}
	good := part{"content", a.Filename, string(a.data)}
	var all []bad
	for _, f := range [][]bad{
		form("without parts", 0),
		form("without its end", 4, good),
		form("cut in the file", 500, good),
		form("with another part", 0, part{"package", a.Filename, string(a.data)}),
		form("with two files", 0, good, good),
		form("with a file without a name", 0, part{"content", "", string(a.data)}),
		form("with an empty file", 0, part{"content", a.Filename, ""}),
		form("with a bad file name", 0, part{"content", "x", string(a.data)}),
		form("with a wrong size", 0, part{"size", "", "5"}, good),
		form("with a negative size", 0, part{"size", "", "-5"}, good),
		form("with a size in words", 0, part{"size", "", "five"}, good),
		form("with a wrong sha256", 0, part{"sha256", "", strings.Repeat("0", 64)}, good),
		form("with a wrong md5", 0, part{"md5", "", strings.Repeat("0", 32)}, good),
		form("with another file type", 0, part{"filetype", "", "pypi"}, good),
		form("with a huge field", 0, part{"size", "", strings.Repeat("1", 1<<20)}, good),
		form("with many fields", 0, make([]part, 100)...),
	} {
		all = append(all, f...)
	}
	for name, header := range map[string]string{"none": "", "json": "application/json", "no boundary": "multipart/form-data", "mixed": "multipart/mixed; boundary=x", "broken": "multipart/form-data; boundary=\"", "long boundary": "multipart/form-data; boundary=" + strings.Repeat("b", 100)} {
		all = append(all, bad{name: "form of type " + name, method: http.MethodPost, path: "/api/channels/team/artifacts", header: map[string]string{"Content-Type": header}, body: text("--x\r\n\r\n--x--")})
	}
	return all
}

// badJSON are bodies that the REST API cannot take.
func badJSON() []bad {
	var all []bad
	for _, target := range []string{"POST /api/channels", "POST /api/users", "POST /api/account/tokens", "PUT /api/account/password", "PUT /api/channels/team", "POST /api/auth/login"} {
		method, path, _ := strings.Cut(target, " ")
		for name, body := range map[string]string{
			"nothing": "", "half an object": `{"name": "x"`, "an array": `[]`, "a string": `"x"`, "a number": `7`, "two objects": `{}{}`,
			"an unknown field": `{"nope": 1}`, "a wrong type": `{"name": 5, "username": 5, "current_password": 5, "privacy": 5}`, "not UTF-8": "{\"name\": \"\xff\", \"username\": \"\xff\", \"privacy\": \"\xff\"}",
			"deep": strings.Repeat(`[`, 20000), "deep object": strings.Repeat(`{"name":`, 20000), "a huge number": `{"name": 1e99999}`, "a long text": `{"nope": "` + strings.Repeat("x", 2<<20) + `"}`,
		} {
			all = append(all, bad{name: target + " with " + name, method: method, path: path, header: map[string]string{"Content-Type": "application/json"}, body: text(body)})
		}
	}
	return all
}

// badQueries are values that no list takes.
func badQueries() []bad {
	var all []bad
	for _, path := range []string{"/api/channels", "/api/users", "/api/account/tokens", "/api/channels/team/artifacts"} {
		for _, q := range []string{"offset=-1", "offset=x", "offset=99999999999999999999", "limit=-1", "limit=x", "limit=1001", "limit=99999999999999999999", "sort=nope", "sort=-nope"} {
			all = append(all, bad{name: "list " + path + "?" + q, method: http.MethodGet, path: path + "?" + q})
		}
	}
	return all
}

// badPaths lead nowhere.
func badPaths() []bad {
	var all []bad
	for _, path := range []string{
		"/nowhere/noarch/repodata.json", "/team/nosuch/repodata.json", "/team/noarch/none-1.0-0.conda", "/team/noarch/", "/team/noarch/x.txt", "/team//repodata.json",
		"/team/../team/noarch/repodata.json", "/team/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd", "/team/noarch/..%2frepodata.json", "/team/noarch/%00", "/team/noarch/a%0d%0aSet-Cookie:%20x.conda",
		"/team/noarch/shards/zz.msgpack.zst", "/team/noarch/shards/" + strings.Repeat("0", 64) + ".msgpack.zst", "/.well-known/x", "/api/nothing", "/api/channels/nowhere",
		"/api/channels/%2e%2e", "/api/users/%00", "/t/x/team/noarch/repodata.json/y", "/t//nowhere/noarch/repodata.json", "/" + strings.Repeat("a/", 2000), "/" + strings.Repeat("a", 10000),
		"/team/label/x/noarch/repodata.json", "/team/label//noarch/repodata.json", "/%c3%28/noarch/repodata.json", "/TEAM/noarch/repodata.json", "/team\\noarch\\repodata.json",
	} {
		all = append(all, bad{name: "path " + path[:min(len(path), 60)], method: http.MethodGet, path: path})
	}
	return all
}

// badMethods do not suit what they are sent to.
func badMethods() []bad {
	var all []bad
	for _, path := range []string{"/team/noarch/repodata.json", "/team", "/api/channels", "/api/channels/team", "/api/account/tokens"} {
		for _, method := range []string{"PATCH", "BREW", "DELETE", "PUT", "POST", "TRACE"} {
			if strings.HasPrefix(path, "/api/") && method != "BREW" && method != "TRACE" {
				continue
			}
			if method == "PUT" {
				continue // It is among the uploads.
			}
			all = append(all, bad{name: method + " " + path, method: method, path: path})
		}
	}
	return all
}

// badWire breaks HTTP itself.
func badWire() []bad {
	a := made(77, random.Options{Name: "good", Version: "1.0", Build: "0", NoArch: "generic"})
	head := "PUT /team/noarch/" + a.Filename + " HTTP/1.1\nHost: x\nAuthorization: Bearer SESSION\n"
	return []bad{
		{name: "wire: a body shorter than it says", raw: head + "Content-Length: 5000\n\nPK"},
		{name: "wire: no body though it says so", raw: head + "Content-Length: 5000\n\n"},
		{name: "wire: chunks that end early", raw: head + "Transfer-Encoding: chunked\n\n5\nPKabc\n"},
		{name: "wire: a chunk of no length", raw: head + "Transfer-Encoding: chunked\n\nzz\n"},
		{name: "wire: a length that is none", raw: head + "Content-Length: many\n\nx", notJSON: true},
		{name: "wire: two lengths", raw: head + "Content-Length: 1\nContent-Length: 2\n\nxx", notJSON: true},
		{name: "wire: huge headers", raw: head + "X-Pad: " + strings.Repeat("x", 200<<10) + "\n\n", notJSON: true},
		{name: "wire: many headers", raw: head + strings.Repeat("X-Pad: x\n", 30<<10) + "\n", notJSON: true},
		{name: "wire: a header that is none", raw: head + "nothing\n\n", notJSON: true},
		{name: "wire: no host", raw: "GET / HTTP/1.1\n\n", notJSON: true},
		{name: "wire: a path with a bad escape", raw: "GET /%zz HTTP/1.1\nHost: x\n\n", notJSON: true},
		{name: "wire: rubbish", raw: "\x16\x03\x01\x02\n\n", notJSON: true},
	}
}
