package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// activated starts a server on a socket that is held open, as systemd does.
func activated(t *testing.T, data string, socket *os.File) *process {
	t.Helper()
	// The variable names the process that the socket is for, which only that one knows.
	const become = `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"`
	p := &process{data: data, out: &servertest.Log{}, errout: &servertest.Log{}, cmd: exec.Command("sh", "-c", become, site.binary, "serve", "--data", data)} //nolint:gosec // It is the test's own program.
	p.cmd.ExtraFiles = []*os.File{socket}
	p.cmd.Env = append(os.Environ(), "KINGSNAKE_ADMIN_PASSWORD="+adminPassword)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.errout
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.server = p.cmd.Process
	t.Cleanup(func() { p.kill(t) })
	return p
}

// TestRestartRefusesNobody restarts a server, whose socket stays open, while clients download all the time: they wait, and not
// one of them fails.
func TestRestartRefusesNobody(t *testing.T) {
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket, err := ln.(*net.TCPListener).File() //nolint:forcetypeassert // It listens on TCP.
	if err != nil {
		t.Fatal(err)
	}
	// What is left is the socket to hand over, on which this process accepts nobody.
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := socket.Close(); err != nil {
			t.Error(err)
		}
	})
	data := t.TempDir()
	p := activated(t, data, socket)
	p.url = "http://" + ln.Addr().String()
	admin, _ := p.login(t)
	if _, err := admin.CreateChannel(t.Context(), api.ChannelCreate{Name: "team", Privacy: api.PrivacyPublic}); err != nil {
		t.Fatal(err)
	}
	pkg, info := servertest.Package(1, random.Options{NoArch: "generic"})
	if _, err := admin.Upload(t.Context(), "team", client.Upload{Filename: info.Filename, Content: bytes.NewReader(pkg), Size: int64(len(pkg))}); err != nil {
		t.Fatal(err)
	}
	c := &restarted{url: p.url + "/team/noarch/" + info.Filename, want: sha256.Sum256(pkg)}

	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for n := range 4 {
		// Half of them come anew each time, the others keep their connection.
		web := &http.Client{Transport: &http.Transport{DisableKeepAlives: n%2 == 0}}
		wg.Go(func() { c.download(ctx, t, web) })
	}
	for range 3 {
		c.more(t)
		p.stop(t)
		p = activated(t, data, socket)
	}
	c.more(t)
	cancel()
	wg.Wait()
	p.stop(t)
	t.Logf("%d downloads, %d servers", c.done.Load(), 4)
}

// restarted is a file that is downloaded all the time.
type restarted struct {
	url  string
	want [sha256.Size]byte
	done atomic.Int64
}

// more waits until each client has downloaded once more.
func (c *restarted) more(t *testing.T) {
	t.Helper()
	enough := c.done.Load() + 40
	for deadline := time.Now().Add(2 * time.Minute); c.done.Load() < enough; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) || t.Failed() {
			t.Fatal("the clients download no more")
		}
	}
}

func (c *restarted) download(ctx context.Context, t *testing.T, web *http.Client) {
	t.Helper()
	for ctx.Err() == nil {
		err := c.once(web)
		if err != nil {
			t.Errorf("a download failed: %v", err)
			return
		}
		c.done.Add(1)
	}
}

func (c *restarted) once(web *http.Client) error {
	resp, err := web.Get(c.url)
	if err != nil {
		return err
	}
	hash := sha256.New()
	_, err = io.Copy(hash, resp.Body)
	if cerr := resp.Body.Close(); err == nil {
		err = cerr
	}
	if err == nil && (resp.StatusCode != http.StatusOK || [sha256.Size]byte(hash.Sum(nil)) != c.want) {
		err = fmt.Errorf("%s, and another file", resp.Status)
	}
	return err
}
