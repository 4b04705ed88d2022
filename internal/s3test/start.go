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

// stay is the file that makes the keeper leave the folder.
const stay = "stay"

// keeper runs the server until its standard input ends, as it does when the process of the test is gone for whatever
// reason, kills it, and then removes the folder.
const keeper = `"$@" & pid=$!
read -r _
kill -KILL $pid
wait $pid
[ -e "$S3TEST_FOLDER/` + stay + `" ] || rm -rf "$S3TEST_FOLDER"`

// server is a running S3 server. It listens on a socket in its folder, so that no port can be taken from it; what speaks
// TCP is served by this process.
type server struct {
	program, folder string
	// keeper runs it, and alive is the pipe at whose end it ends.
	keeper  *exec.Cmd
	alive   io.Closer
	front   net.Listener
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
	s := &server{program: program, folder: folder}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return s, nil
}

// startTime bounds how long the start takes.
const startTime = 2 * time.Minute

// open makes the folders, runs the server and gives it an address.
func (s *server) open() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	for _, dir := range []string{s.buckets(), filepath.Join(s.folder, "meta")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.front, s.address = l, l.Addr().String()
	go s.serve(l)
	return nil
}

// run starts the server's process and waits until it answers.
func (s *server) run(ctx context.Context) error {
	// Attributes go beside the files: a temporary folder may be on a file system that has none.
	args := []string{
		"-c", keeper, "sh", s.program, "--port", s.socket(), "--access", AccessKey, "--secret", SecretKey, "--region", Region,
		"--keep-alive", "--quiet", "posix", "--sidecar", filepath.Join(s.folder, "meta"), s.buckets(),
	}
	cmd := exec.Command("sh", args...) //nolint:noctx // It ends with the process: see keeper.
	ownGroup(cmd)
	cmd.Dir = s.folder
	cmd.Env = append(os.Environ(), "S3TEST_FOLDER="+s.folder)
	log, err := os.OpenFile(filepath.Join(s.folder, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
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
	s.keeper = cmd
	return s.await(ctx)
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
