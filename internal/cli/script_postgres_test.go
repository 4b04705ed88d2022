package cli

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"kingsnake/internal/pgtest"
	"kingsnake/internal/servertest"
)

// TestPostgresScripts runs the scripts for which a site must be on PostgreSQL, with an address for a second server.
func TestPostgresScripts(t *testing.T) {
	pgtest.Require(t)
	p := scripts("testdata/script/postgres", "")
	p.Cmds["await"] = awaitCmd
	p.Setup = func(env *testscript.Env) error {
		if err := setupScript(env, ""); err != nil {
			return err
		}
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		env.Setenv("ADDR2", l.Addr().String())
		env.Setenv("URL2", "http://"+l.Addr().String())
		if err := l.Close(); err != nil || pgtest.Wanted() {
			return err
		}
		return setupDatabase(env)
	}
	testscript.Run(t, p)
}

// setupDatabase puts the script's sites on a PostgreSQL database of its own.
func setupDatabase(env *testscript.Env) error {
	url, drop, err := pgtest.Make(context.Background(), servertest.Template, servertest.Prepare)
	if err != nil {
		return err
	}
	env.Defer(func() {
		if err := drop(); err != nil {
			env.T().Log(err)
		}
	})
	env.Setenv("KINGSNAKE_DATABASE", url)
	return nil
}

// awaitCmd asks until the answer has a status: await STATUS URL [HEADER...]
func awaitCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: await status url [header...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, args[1], http.NoBody)
	ts.Check(err)
	for _, h := range args[2:] {
		key, value, _ := strings.Cut(h, ": ")
		req.Header.Add(key, value)
	}
	var got string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			got = err.Error()
			continue
		}
		ts.Check(resp.Body.Close())
		if got = resp.Status; resp.StatusCode == want {
			return
		}
	}
	ts.Fatalf("%s still answers %s", args[1], got)
}
