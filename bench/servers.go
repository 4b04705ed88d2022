package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
)

// bench is a run: the two servers with the same files.
type bench struct {
	settings
	nginx, kingsnake *exec.Cmd
	nginxURL, url    string
	token            string
	uploader         *client.Client
	small, big       string
}

func cores() int { return runtime.NumCPU() }

// start brings up both servers and gives them the same two files.
func (b *bench) start(ctx context.Context) error {
	for _, d := range []string{"www", "logs", "data"} {
		if err := os.MkdirAll(filepath.Join(b.dir, d), 0o755); err != nil { //nolint:gosec // nginx's workers read it as another user.
			return err
		}
	}
	if err := b.startKingsnake(ctx); err != nil {
		return err
	}
	if err := b.publish(ctx); err != nil {
		return err
	}
	if b.floodOnly {
		return nil
	}
	return b.startNginx(ctx)
}

const password = "a password for the benchmark only"

func (b *bench) startKingsnake(ctx context.Context) error {
	bin, err := b.program(ctx)
	if err != nil {
		return err
	}
	addr, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(b.dir, "logs", "kingsnake.log"))
	if err != nil {
		return err
	}
	b.url = "http://" + addr
	b.kingsnake = exec.CommandContext(ctx, bin, "serve", "--data", filepath.Join(b.dir, "data"), "--listen", addr)
	b.kingsnake.Env = append(os.Environ(), "KINGSNAKE_ADMIN_PASSWORD="+password)
	b.kingsnake.Stdout, b.kingsnake.Stderr = log, log
	if err := b.kingsnake.Start(); err != nil {
		return err
	}
	return waitFor(ctx, addr)
}

// program gives the server to measure.
func (b *bench) program(ctx context.Context) (string, error) {
	if b.binary != "" {
		return filepath.Abs(b.binary)
	}
	bin := filepath.Join(b.dir, "kingsnake")
	build := exec.CommandContext(ctx, "go", "build", "-o", bin, "./cmd/kingsnake")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return bin, nil
}

// publish uploads a small and a large package and puts copies where nginx finds them.
func (b *bench) publish(ctx context.Context) error {
	c, err := client.New(b.url)
	if err != nil {
		return err
	}
	in, err := c.Login(ctx, "admin", password)
	if err != nil {
		return err
	}
	b.uploader = c.As(client.Session(in.Token))
	if _, err := b.uploader.CreateChannel(ctx, api.ChannelCreate{Name: "bench"}); err != nil {
		return err
	}
	t, err := b.uploader.CreateToken(ctx, api.TokenCreate{Name: "bench", Resources: []api.TokenResource{
		{ResourceType: api.ResourceTypeChannel, ResourceID: "bench", Permission: api.LevelRead},
	}})
	if err != nil {
		return err
	}
	b.token = t.Secret
	rng := rand.New(rand.NewPCG(1, 2))
	if b.small, err = b.publishOne(ctx, rng, 2600); err != nil {
		return err
	}
	b.big, err = b.publishOne(ctx, rng, b.largeFile)
	return err
}

func (b *bench) publishOne(ctx context.Context, rng *rand.Rand, payload int) (string, error) {
	data, info := random.Package(rng, random.Options{NoArch: "generic", Payload: payload})
	if _, err := b.uploader.Upload(ctx, "bench", client.Upload{Filename: info.Filename, Content: bytes.NewReader(data), Size: int64(len(data))}); err != nil {
		return "", fmt.Errorf("upload of %d bytes: %w", len(data), err)
	}
	path := filepath.Join("bench", "noarch", info.Filename)
	file := filepath.Join(b.dir, "www", path)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // see start.
		return "", err
	}
	fmt.Printf("package %s: %d bytes\n", info.Filename, len(data))
	return "/" + path, os.WriteFile(file, data, 0o644) //nolint:gosec // see start.
}

func (b *bench) startNginx(ctx context.Context) error {
	addr, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	conf, err := os.ReadFile("bench/nginx.conf")
	if err != nil {
		return err
	}
	text := strings.NewReplacer("ROOT", b.dir, "LOGS", filepath.Join(b.dir, "logs"), "LISTEN", addr).Replace(string(conf))
	if os.Getuid() == 0 {
		// The work folder may be closed to other users.
		text = "user root;\n" + text
	}
	file := filepath.Join(b.dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		nginx = "/usr/sbin/nginx"
	}
	b.nginxURL = "http://" + addr
	b.nginx = exec.CommandContext(ctx, nginx, "-c", file, "-e", filepath.Join(b.dir, "logs", "nginx-error.log"))
	b.nginx.Stderr = os.Stderr
	if err := b.nginx.Start(); err != nil {
		return err
	}
	return waitFor(ctx, addr)
}

// stop ends both servers.
func (b *bench) stop() error {
	var errs []error
	for _, cmd := range []*exec.Cmd{b.nginx, b.kingsnake} {
		if cmd == nil || cmd.Process == nil {
			continue
		}
		errs = append(errs, cmd.Process.Signal(syscall.SIGTERM))
		if err := cmd.Wait(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", filepath.Base(cmd.Path), err))
		}
	}
	return errors.Join(errs...)
}

func freeAddress(ctx context.Context) (string, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

func waitFor(ctx context.Context, addr string) error {
	var d net.Dialer
	for range 200 {
		c, err := d.DialContext(ctx, "tcp", addr)
		if err == nil {
			return c.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("nothing listens on %s", addr)
}

// cpuSeconds is the processor time that a process and its children have used.
func cpuSeconds(pid int) (float64, error) {
	pids := []int{pid}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0, err
	}
	for _, f := range strings.Fields(string(children)) {
		n, err := strconv.Atoi(f)
		if err != nil {
			return 0, err
		}
		pids = append(pids, n)
	}
	var ticks float64
	for _, p := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p))
		if err != nil {
			return 0, err
		}
		// The fields behind the name, which may hold spaces; utime and stime are the 14th and 15th of all.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		for _, f := range fields[11:13] {
			n, err := strconv.ParseFloat(f, 64)
			if err != nil {
				return 0, err
			}
			ticks += n
		}
	}
	return ticks / 100, nil
}
