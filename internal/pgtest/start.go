package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// errMissing says that PostgreSQL is not installed.
var errMissing = errors.New("PostgreSQL is not installed")

func isMissing(err error) bool { return errors.Is(err, errMissing) }

// settings make the server forgetful and small: what it holds is gone with the test.
var settings = []string{
	"-c", "listen_addresses=", "-c", "port=5432", "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
	"-c", "max_connections=400", "-c", "shared_buffers=64MB", "-c", "autovacuum=off", "-c", "max_wal_size=4GB",
	"-c", "log_min_messages=fatal",
}

// stay is the file that makes the keeper leave the folder.
const stay = "stay"

// keeper runs the server until its standard input ends, as it does when the process of the test is gone for whatever
// reason, or until it is told to end itself, and then removes the folder.
const keeper = `end() {
	trap '' HUP INT TERM
	kill -QUIT $pid
	wait $pid
	[ -e "$PGTEST_FOLDER/` + stay + `" ] || rm -rf "$PGTEST_FOLDER"
	exit
}
trap end HUP INT TERM
"$@" & pid=$!
read -r _
end`

// start makes a cluster of databases and starts the server for it, with further settings.
func start(more ...string) (_ *server, rerr error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	as, err := identity()
	if err != nil {
		return nil, err
	}
	if err := forgetPG(); err != nil {
		return nil, err
	}
	folder, held, err := newFolder(as)
	if err != nil {
		return nil, err
	}
	s := &server{folder: folder, held: held, bin: bin, as: as, settings: append(slices.Clone(settings), more...), templates: map[string]error{}}
	defer func() {
		if rerr != nil {
			rerr = errors.Join(rerr, held.Close(), os.RemoveAll(folder))
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	if err := initialize(ctx, bin, s.data(), as); err != nil {
		return nil, err
	}
	return s, s.run(ctx)
}

// startTime bounds how long the start of a server takes.
const startTime = 5 * time.Minute

func (s *server) data() string { return filepath.Join(s.folder, "data") }

// run starts the server, to whose keeper the lock of the folder is handed on, and waits until it answers.
func (s *server) run(ctx context.Context) error {
	args := append([]string{"-c", keeper, "sh", filepath.Join(s.bin, "postgres"), "-D", s.data(), "-k", s.folder}, s.settings...)
	cmd := exec.Command("sh", args...) //nolint:noctx // It ends with the process: see keeper.
	s.as.run(cmd, s.folder)
	cmd.Env = append(os.Environ(), "PGTEST_FOLDER="+s.folder)
	cmd.ExtraFiles = []*os.File{s.held}
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

// initialize makes a cluster whose language is English, so that what relies on an order of texts without saying so is
// found out. Versions before 15 have no such language of their own.
func initialize(ctx context.Context, bin, data string, as account) error {
	var failed error
	for _, locale := range [][]string{{"--locale=C", "--locale-provider=icu", "--icu-locale=en-US"}, {"--locale=C"}} {
		args := append([]string{"--pgdata=" + data, "--username=" + user, "--auth=trust", "--encoding=UTF8", "--no-sync", "--no-instructions"}, locale...)
		cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), args...)
		as.run(cmd, filepath.Dir(data))
		out, err := cmd.CombinedOutput()
		if err == nil {
			return nil
		}
		failed = errors.Join(failed, fmt.Errorf("initdb: %w\n%s", err, out))
	}
	return failed
}

// await waits until the server answers.
func (s *server) await(ctx context.Context) error {
	for {
		conn, err := pgx.Connect(ctx, s.url("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("PostgreSQL does not start: %w%s", err, s.log())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// programs gives the folder of initdb and postgres. Debian keeps it out of the PATH.
func programs() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err == nil && len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errMissing
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", err
	}
	return filepath.Dir(path), nil
}
