package e2e

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
)

// readOnly are the scopes that are enough to install.
func readOnly() []string {
	return []string{
		"channel:view", "channel:view-artifacts", "subchannel:view", "subchannel:view-artifacts", "artifact:view", "artifact:download",
	}
}

// channel makes a private channel of the first account.
func channel(t *testing.T, name string) {
	t.Helper()
	if _, err := site.admin.CreateChannel(t.Context(), api.ChannelCreate{Name: name, Privacy: api.PrivacyPrivate}); err != nil {
		t.Fatalf("create channel %s: %v", name, err)
	}
}

// resourceToken makes a token for one channel.
func resourceToken(t *testing.T, channel string, level api.Level) string {
	t.Helper()
	return mint(t, api.TokenCreate{Name: "e2e", Resources: []api.TokenResource{
		{ResourceType: api.ResourceTypeChannel, ResourceID: channel, Permission: level},
	}}).Secret
}

// scopeToken makes a token for some actions.
func scopeToken(t *testing.T, scopes ...string) string {
	t.Helper()
	return mint(t, api.TokenCreate{Name: "e2e", Scopes: scopes}).Secret
}

// deadToken makes a token and deletes it: one of the right form that is worth nothing.
func deadToken(t *testing.T) string {
	t.Helper()
	made := mint(t, api.TokenCreate{Name: "dead", Scopes: readOnly()})
	if err := site.admin.DeleteToken(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	return made.Secret
}

func mint(t *testing.T, in api.TokenCreate) api.TokenCreated {
	t.Helper()
	made, err := site.admin.CreateToken(t.Context(), in)
	if err != nil {
		t.Fatalf("create token: %v", err)
	}
	site.keep(made.Secret)
	return made
}

// artifact is a package file.
type artifact struct {
	random.Info
	data []byte
}

// ckey names the file within its channel.
func (a artifact) ckey() string { return a.Subdir + "/" + a.Filename }

// made makes a package; equal seeds make equal packages.
func made(seed uint64, o random.Options) artifact {
	data, info := random.Package(rand.New(rand.NewPCG(seed, 2)), o)
	return artifact{info, data}
}

// write puts the file into a directory and answers where it is.
func (a artifact) write(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, a.Filename)
	if err := os.WriteFile(path, a.data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// upload puts a package into a channel.
func upload(t *testing.T, channel string, a artifact, force bool) {
	t.Helper()
	_, err := site.admin.Upload(t.Context(), channel, client.Upload{
		Filename: a.Filename, Content: bytes.NewReader(a.data), Size: int64(len(a.data)), Force: force,
	})
	if err != nil {
		t.Fatalf("upload %s: %v", a.Filename, err)
	}
}

// fetch gets a file of a channel with a token, and its status.
func fetch(t *testing.T, token, path string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, site.url+"/"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
	}()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
	return res.StatusCode, body
}

// mustFetch gets a file that is there.
func mustFetch(t *testing.T, token, path string) []byte {
	t.Helper()
	status, body := fetch(t, token, path)
	if status != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, status, body)
	}
	return body
}
