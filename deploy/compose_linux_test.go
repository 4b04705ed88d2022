package deploy_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/config"
	"kingsnake/internal/identity"
	"kingsnake/internal/pgtest"
	"kingsnake/internal/s3test"
	"kingsnake/internal/server"
	"kingsnake/internal/servertest"
)

// compose is what matters here of the model of Compose files.
type compose struct {
	Services map[string]struct {
		Image       string
		Environment map[string]string
		Volumes     []string
		Ports       []string
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		Command     []string
		DependsOn   any `yaml:"depends_on"`
		Build       struct{ Context, Dockerfile string }
	}
	Volumes map[string]any
}

// readCompose parses the file, with the passwords of the test's own in it.
func readCompose(t *testing.T) compose {
	t.Helper()
	example := read(t, "compose/env.example")
	text := os.Expand(read(t, "compose/compose.yaml"), func(name string) string {
		name, otherwise, _ := strings.Cut(name, ":")
		if !strings.Contains("\n"+example, "\n"+name+"=") {
			t.Errorf("env.example does not have %s", name)
		}
		if value, ok := strings.CutPrefix(otherwise, "-"); ok {
			return value
		}
		return "a-password-of-tests-" + strings.ToLower(name)
	})
	var c compose
	decoder := yaml.NewDecoder(strings.NewReader(text))
	if err := decoder.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCompose checks that the services fit each other.
func TestCompose(t *testing.T) {
	c := readCompose(t)
	balancer := read(t, "compose/haproxy.cfg")
	servers := 0
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			_, named := c.Volumes[from]
			if _, err := os.Stat("compose/" + strings.TrimPrefix(from, "./")); !named && err != nil {
				t.Errorf("%s: the volume %s is neither a named one nor a file", name, from)
			}
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s: port %s is open to everybody, without TLS", name, p)
			}
		}
		if s.Build.Dockerfile == "" {
			continue
		}
		servers++
		if _, err := os.Stat("compose/" + s.Build.Context + "/" + s.Build.Dockerfile); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(balancer, "server "+name+" "+name+":8080\n") {
			t.Errorf("the load balancer does not know %s", name)
		}
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) {
			t.Errorf("%s may do more than it needs", name)
		}
		cfg := load(t, s.Environment)
		if !strings.Contains(string(cfg.Database), "@database/"+c.Services["database"].Environment["POSTGRES_DB"]) || !strings.Contains(cfg.Blobs, "endpoint=http://storage:7070&") {
			t.Errorf("%s: database or storage is another one than those here", name)
		}
		if got, want := s.Environment["AWS_SECRET_ACCESS_KEY"], c.Services["storage"].Environment["ROOT_SECRET_KEY"]; got != want {
			t.Errorf("%s: the password of the storage is another one than its", name)
		}
		bucket, _, _ := strings.Cut(strings.TrimPrefix(cfg.Blobs, "s3://"), "?")
		if !strings.Contains(strings.Join(c.Services["storage"].Command, " "), "/buckets/"+bucket+" ") {
			t.Errorf("%s: nobody makes the bucket %s", name, bucket)
		}
	}
	if servers != 3 {
		t.Errorf("%d servers, want three", servers)
	}
	if !strings.HasSuffix(c.Services["storage"].Image, ":"+s3test.Version) {
		t.Errorf("the storage is %s and the tests run %s", c.Services["storage"].Image, s3test.Version)
	}
}

// load makes settings of a service's environment.
func load(t *testing.T, environment map[string]string) config.Config {
	t.Helper()
	var env []string
	for name, value := range environment {
		env = append(env, name+"="+value)
	}
	cfg, err := config.Load("", env)
	if err == nil {
		err = cfg.Validate()
	}
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// replica is one of the three servers, with what it logs.
type replica struct {
	*httptest.Server
	log servertest.Log
}

// startReplicas starts the servers of the Compose file in this process, with another database, storage and folder.
func startReplicas(t *testing.T, c compose, blobs string) []*replica {
	t.Helper()
	database := pgtest.Copy(t, servertest.Template, servertest.Prepare)
	dir := t.TempDir()
	var all []*replica
	for i := range 3 {
		cfg := load(t, c.Services["kingsnake"+strconv.Itoa(i+1)].Environment)
		cfg.Database, cfg.Blobs, cfg.DataDir = config.Secret(database), blobs, dir
		r := &replica{}
		s, err := server.New(t.Context(), cfg, server.Options{
			Log: slog.New(slog.NewTextHandler(&r.log, nil)), Argon2: identity.Argon2{Memory: 64, Time: 1, Threads: 1}, NoChores: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		r.Server = httptest.NewServer(s)
		t.Cleanup(r.Close)
		all = append(all, r)
	}
	return all
}

// TestComposeRuns runs what the Compose file describes, as far as it is not containers: three servers on PostgreSQL and S3
// behind its load balancer. One of them goes away, and then the storage does, of which no server needs anything for this package.
func TestComposeRuns(t *testing.T) {
	haproxy := program(t, "haproxy")
	c := readCompose(t)
	storage := s3test.NewDoor(t)
	replicas := startReplicas(t, c, storage.Location)
	p := newProxy(t)
	text := edit(t, read(t, "compose/haproxy.cfg"), "bind :8080", "bind fd@3")
	for i, r := range replicas {
		n := strconv.Itoa(i + 1)
		text = edit(t, text, " kingsnake"+n+":8080", " "+strings.TrimPrefix(r.URL, "http://"))
	}
	p.start(t, nil, haproxy, "-f", p.write(t, "haproxy.cfg", text))
	url := "http://" + strings.TrimPrefix(p.secure, "https://")

	anyone, err := client.New(url)
	if err != nil {
		t.Fatal(err)
	}
	in, err := anyone.Login(t.Context(), "admin", c.Services["kingsnake1"].Environment["KINGSNAKE_ADMIN_PASSWORD"])
	if err != nil {
		t.Fatalf("%v\n%s", err, p.out.String())
	}
	admin := anyone.As(client.Session(in.Token))
	if _, err := admin.CreateChannel(t.Context(), api.ChannelCreate{Name: "team", Privacy: api.PrivacyPrivate}); err != nil {
		t.Fatal(err)
	}
	data, info := servertest.Package(1, random.Options{Subdir: "noarch"})
	if _, err := admin.Upload(t.Context(), "team", client.Upload{Filename: info.Filename, Content: bytes.NewReader(data), Size: int64(len(data))}); err != nil {
		t.Fatal(err)
	}
	token, err := admin.CreateToken(t.Context(), api.TokenCreate{Name: "all three", Resources: []api.TokenResource{
		{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelRead},
	}})
	if err != nil {
		t.Fatal(err)
	}
	download := func() {
		t.Helper()
		resp, err := http.Get(url + "/t/" + token.Secret + "/team/noarch/" + info.Filename)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK || !bytes.Equal(body, data) {
			t.Fatalf("download: %s, %d bytes, %v\n%s", resp.Status, len(body), err, p.out.String())
		}
	}
	for range 9 {
		download()
	}
	for i, r := range replicas {
		if !strings.Contains(r.log.String(), "path=/team/noarch/"+info.Filename+" status=200") {
			t.Errorf("server %d was never asked:\n%s", i+1, r.log.String())
		}
	}
	replicas[0].CloseClientConnections()
	replicas[0].Close()
	for range 9 {
		download()
	}
	storage.Set(s3test.Down)
	await(t, "that no server is ready", func() bool { return strings.Contains(p.out.String(), "backend kingsnake has no server available") })
	for range 9 {
		download()
	}
	p.stop(t)
	if logs := p.logs(t); strings.Contains(logs, token.Secret) || !strings.Contains(logs, "/t/***/team/noarch/"+info.Filename) {
		t.Errorf("what the load balancer wrote has the token, or not the path:\n%s", logs)
	}
}
