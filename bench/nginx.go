package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// nginx is the yardstick.
type nginx struct {
	process
	dir string
}

// start starts it on a folder, in which www is served.
func (n *nginx) start(ctx context.Context) error {
	addr, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	conf, err := os.ReadFile("bench/nginx.conf")
	if err != nil {
		return err
	}
	text := strings.NewReplacer("ROOT", n.dir, "LOGS", filepath.Join(n.dir, "logs"), "LISTEN", addr).Replace(string(conf))
	if os.Getuid() == 0 {
		// The work folder may be closed to other users.
		text = "user root;\n" + text
	}
	file := filepath.Join(n.dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx"
	}
	n.url = "http://" + addr
	n.cmd = exec.CommandContext(ctx, program, "-c", file, "-e", filepath.Join(n.dir, "logs", "nginx-error.log"))
	n.cmd.Stderr = os.Stderr
	return n.run(ctx, addr)
}

// put gives it a file to serve.
func (n *nginx) put(path string, data []byte) error {
	file := filepath.Join(n.dir, "www", filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // nginx's workers read it as another user.
		return err
	}
	return os.WriteFile(file, data, 0o644) //nolint:gosec // see above.
}

// link gives it a file that is there to serve, which is on the same disk.
func (n *nginx) link(path, existing string) error {
	file := filepath.Join(n.dir, "www", filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // nginx's workers read it as another user.
		return err
	}
	return os.Link(existing, file)
}
