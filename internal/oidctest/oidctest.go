// Package oidctest gives tests somebody to sign in at: a certified OpenID Connect provider as a process of its own, a
// browser that fills in its forms, and an issuer in the test's process that signs whatever the test wants, also what no
// sound provider would.
package oidctest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Remedy is the command that installs the provider.
const Remedy = "make test-deps"

// What the provider knows the site by.
const (
	ClientID     = "kingsnake"
	ClientSecret = "the client secret of a test"
)

// Provider is a running provider.
type Provider struct {
	Issuer string
	t      testing.TB
}

// Start runs a provider that sends people back to redirectURI, until the test ends. Where node or the provider is not
// installed the test is skipped, and fails under CI=true.
func Start(t testing.TB, redirectURI string) *Provider {
	t.Helper()
	dir := folder(t)
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "oidc-provider")); err != nil {
		missing(t, fmt.Sprintf("the OpenID Connect provider is not installed: %v", err))
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, err.Error())
	}
	settings, err := json.Marshal(map[string]string{"clientID": ClientID, "clientSecret": ClientSecret, "redirectURI": redirectURI})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "provider.mjs", string(settings)) //nolint:noctx // It ends with its input, see below.
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the provider ended with %v\n%s", err, stderr.Bytes())
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the provider did not start: %v\n%s", err, stderr.Bytes())
	}
	return &Provider{Issuer: strings.TrimSpace(line), t: t}
}

// folder is where this package's own files lie.
func folder(t testing.TB) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("where this file lies is not known")
	}
	dir := filepath.Join(filepath.Dir(file), "provider")
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("tests of the sign-in run from the source tree: %v", err)
	}
	return dir
}

func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s; install it with: %s", what, Remedy)
	}
	t.Skipf("%s; install it with: %s", what, Remedy)
}

// Account gives an account these claims, from its next sign-in on. The login is also the subject.
func (p *Provider) Account(login string, claims map[string]any) {
	p.t.Helper()
	text, err := json.Marshal(claims)
	if err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPut, p.Issuer+"/control/accounts/"+login, bytes.NewReader(text))
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		p.t.Error(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusNoContent {
		p.t.Fatalf("set account %s: %s, %v", login, resp.Status, err)
	}
}
