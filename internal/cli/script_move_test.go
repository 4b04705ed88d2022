package cli

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"kingsnake/internal/pgtest"
	"kingsnake/internal/s3test"
	"kingsnake/internal/servertest"
)

// holding stops what writes to a bucket when it has written so much, until the test lets go.
type holding struct {
	door *s3test.Door
	left atomic.Int64
	held chan struct{}
	done chan struct{}
}

// fault holds the writes that are too many.
func (h *holding) fault(w http.ResponseWriter, r *http.Request, pass http.Handler) {
	if r.Method == http.MethodPut && h.left.Add(-1) < 0 {
		select {
		case h.held <- struct{}{}:
		default:
		}
		<-h.done
		panic(http.ErrAbortHandler)
	}
	pass.ServeHTTP(w, r)
}

// TestMoveScripts runs the scripts in which sites move, by the names DATABASE and of the file new.toml.
func TestMoveScripts(t *testing.T) {
	pgtest.Require(t)
	hold := &holding{door: s3test.NewDoor(t), held: make(chan struct{}, 1), done: make(chan struct{})}
	p := scripts("testdata/script/move", "")
	p.Cmds["hold"] = func(ts *testscript.TestScript, _ bool, args []string) {
		n, err := strconv.ParseInt(args[0], 10, 64)
		ts.Check(err)
		hold.left.Store(n)
		hold.door.Set(hold.fault)
	}
	p.Cmds["held"] = func(ts *testscript.TestScript, _ bool, _ []string) {
		select {
		case <-hold.held:
		case <-time.After(2 * time.Minute):
			ts.Fatalf("nothing was written to the bucket")
		}
	}
	p.Cmds["release"] = func(*testscript.TestScript, bool, []string) {
		hold.door.Set(nil)
		close(hold.done)
	}
	p.Setup = func(env *testscript.Env) error { return setupMove(t, env, hold.door.Location) }
	testscript.Run(t, p)
}

func setupMove(t *testing.T, env *testscript.Env, blobs string) error {
	if err := setupScript(env, ""); err != nil {
		return err
	}
	for name, value := range s3test.Environ() {
		env.Setenv(name, value)
	}
	// The script's own sites are where it says.
	env.Vars = slices.DeleteFunc(env.Vars, func(v string) bool {
		return strings.HasPrefix(v, "KINGSNAKE_DATABASE=") || strings.HasPrefix(v, "KINGSNAKE_BLOBS=")
	})
	database := pgtest.Copy(t, servertest.Template, servertest.Prepare)
	env.Setenv("DATABASE", database)
	for _, name := range []string{"new", "beside"} {
		text := fmt.Sprintf("data_dir = %q\ndatabase = %q\nblobs = %q\n", filepath.Join(env.WorkDir, name), database, blobs)
		if err := os.WriteFile(filepath.Join(env.WorkDir, name+".toml"), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
