package s3test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Version is the server's version, which scripts/test-deps installs.
const Version = "v1.8.0"

// errMissing says that the server is not installed.
var errMissing = errors.New("versitygw " + Version + " is not installed")

// keeper runs the server until its standard input ends, as it does when the process of the test is gone for whatever
// reason, and then removes the folder.
const keeper = `"$@" & pid=$!
read -r _
kill -TERM $pid
wait $pid
rm -rf "$S3TEST_FOLDER"`

// server is a running S3 server. It listens on a socket in its folder, so that no port can be taken from it; what speaks
// TCP is served by this process.
type server struct {
	folder string
	// alive is the pipe at whose end the server ends.
	alive   io.Closer
	address string

	mu    sync.Mutex
	count int
}

// start starts a server on a folder of its own.
func start() (*server, error) {
	program, err := program()
	if err != nil {
		return nil, err
	}
	// The name is short: the path of a socket may have about a hundred letters.
	folder, err := os.MkdirTemp("", "kss3")
	if err != nil {
		return nil, err
	}
	s := &server{folder: folder}
	if err := s.run(program); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return s, nil
}

func (s *server) run(program string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for _, dir := range []string{s.buckets(), filepath.Join(s.folder, "meta")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	// Attributes go beside the files: a temporary folder may be on a file system that has none.
	args := []string{
		"-c", keeper, "sh", program, "--port", s.socket(), "--access", AccessKey, "--secret", SecretKey, "--region", Region,
		"--keep-alive", "--quiet", "posix", "--sidecar", filepath.Join(s.folder, "meta"), s.buckets(),
	}
	cmd := exec.Command("sh", args...) //nolint:noctx // It ends with the process: see keeper.
	ownGroup(cmd)
	cmd.Dir = s.folder
	cmd.Env = append(os.Environ(), "S3TEST_FOLDER="+s.folder)
	log, err := os.Create(filepath.Join(s.folder, "log"))
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = log, log
	// Nothing is ever written to it, and it is closed by the end of the process.
	if s.alive, err = cmd.StdinPipe(); err != nil {
		return errors.Join(err, log.Close())
	}
	if err := errors.Join(cmd.Start(), log.Close()); err != nil {
		return err
	}
	if err := s.await(ctx); err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.address = l.Addr().String()
	go s.serve(l)
	return nil
}

func (s *server) socket() string  { return filepath.Join(s.folder, "socket") }
func (s *server) buckets() string { return filepath.Join(s.folder, "buckets") }

// dial connects to the server, whatever the address.
func (s *server) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "unix", s.socket())
}

// serve carries what is said on connections to the server and back, as long as the process lives.
func (s *server) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go s.pass(c)
	}
}

func (s *server) pass(c net.Conn) {
	up, err := s.dial(context.Background(), "", "")
	if err != nil {
		_ = c.Close() // There is nobody to tell.
		return
	}
	go func() {
		// However it ends, that is the end of both.
		_, _ = io.Copy(up, c)
		_, _ = up.Close(), c.Close()
	}()
	_, _ = io.Copy(c, up)
	_, _ = up.Close(), c.Close()
}

// bucket makes a bucket, which to this server is a folder.
func (s *server) bucket() (string, error) {
	s.mu.Lock()
	s.count++
	name := fmt.Sprintf("bucket%d", s.count)
	s.mu.Unlock()
	return name, os.Mkdir(filepath.Join(s.buckets(), name), 0o755)
}

// drop makes room. The server may still be writing what its client has given up, and then something is left, which goes
// with the folder in the end.
func (s *server) drop(bucket string) error {
	for _, dir := range []string{s.buckets(), filepath.Join(s.folder, "meta")} {
		_ = os.RemoveAll(filepath.Join(dir, bucket))
	}
	return nil
}

// log gives the end of what the server wrote.
func (s *server) log() string {
	text, err := os.ReadFile(filepath.Join(s.folder, "log"))
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return "\n" + strings.Join(lines[max(0, len(lines)-20):], "\n")
}

// program finds the server where scripts/test-deps puts it, whatever folder the test runs in.
func program() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, ".tools", "bin", "versitygw-"+Version)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errMissing
		}
		dir = parent
	}
}
