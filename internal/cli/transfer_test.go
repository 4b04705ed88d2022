package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
)

// packages writes empty package files and answers their paths.
func packages(t *testing.T, names ...string) []string {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// uploadServer refuses files whose name begins with "bad", and asks for a login if it begins with "who".
func uploadServer(t *testing.T) *wire {
	w := serve(t, nil)
	w.answers = map[string]any{"POST /api/channels/team/artifacts": http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		form, err := r.MultipartReader()
		if err != nil {
			t.Error(err)
			return
		}
		for {
			part, err := form.NextPart()
			if err != nil {
				t.Error(err)
				return
			}
			if part.FormName() != api.UploadFieldContent {
				continue
			}
			n, err := io.Copy(io.Discard, part)
			if err != nil {
				t.Error(err)
			}
			switch name := part.FileName(); {
			case strings.HasPrefix(name, "bad"):
				rw.WriteHeader(http.StatusConflict)
				w.encode(rw, api.Problem{Code: api.CodeFileExists, Message: "another " + name + " is there"})
			case strings.HasPrefix(name, "who"):
				rw.WriteHeader(http.StatusUnauthorized)
				w.encode(rw, api.Problem{Code: api.CodeTokenExpired, Message: "the token expired"})
			default:
				rw.WriteHeader(http.StatusCreated)
				w.encode(rw, api.UploadResult{CKey: "noarch/" + name, Filename: name, Size: n, Created: true})
			}
			return
		}
	})}
	return w
}

func TestUpload(t *testing.T) {
	isolate(t)
	for _, tc := range []struct {
		name     string
		files    []string
		code     int
		stdout   string
		says     []string
		requests int
	}{
		{"all good", []string{"a-1-0.conda", "b-1-0.conda"}, exitOK, "noarch/a-1-0.conda  uploaded  11 B\nnoarch/b-1-0.conda  uploaded  11 B\n", nil, 2},
		{
			"one of three fails",
			[]string{"a-1-0.conda", "bad-1-0.conda", "c-1-0.conda"},
			exitPartly,
			"noarch/a-1-0.conda  uploaded  11 B\nnoarch/c-1-0.conda  uploaded  11 B\n",
			[]string{"could not upload", "another bad-1-0.conda is there", "--force", "error: 1 of 3 failed"},
			3,
		},
		{"the only one fails", []string{"bad-1-0.conda"}, exitConflict, "", []string{"another bad-1-0.conda is there"}, 1},
		{"nobody may", []string{"who-1-0.conda", "b-1-0.conda"}, exitPartly, "", []string{"the token expired", "error: 2 of 2 failed"}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := uploadServer(t)
			r := run(t, "", append([]string{"upload", "team"}, packages(t, tc.files...)...)...)
			r.expect(t, tc.code, tc.stdout)
			r.says(t, tc.says...)
			if got := len(w.requests); got != tc.requests {
				t.Errorf("%d requests, want %d", got, tc.requests)
			}
		})
	}
}

func TestUploadJSON(t *testing.T) {
	isolate(t)
	uploadServer(t)
	r := run(t, "", append([]string{"upload", "--json", "team"}, packages(t, "a-1-0.conda", "bad-1-0.conda")...)...)
	var got []api.UploadResult
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
		t.Fatal(err)
	}
	want := []api.UploadResult{{CKey: "noarch/a-1-0.conda", Filename: "a-1-0.conda", Size: 11, Created: true}}
	if diff := cmp.Diff(want, got); diff != "" || r.code != exitPartly {
		t.Errorf("exit code %d, results (-want +got):\n%s", r.code, diff)
	}
}

func TestUploadMissingFile(t *testing.T) {
	isolate(t)
	uploadServer(t)
	r := run(t, "", "upload", "team", filepath.Join(t.TempDir(), "none.conda"))
	r.expect(t, exitError, "")
	r.says(t, "none.conda", "no such file")
}

// storedFile is a file of the server with its content being its ckey.
func storedFile(ckey, version, build string) api.ArtifactFile {
	sum := sha256.Sum256([]byte(ckey))
	subdir, filename, _ := strings.Cut(ckey, "/")
	return api.ArtifactFile{
		CKey: ckey, Name: "a", Version: version, Build: build, Subdir: subdir, Filename: filename,
		Size: int64(len(ckey)), SHA256: hex.EncodeToString(sum[:]),
	}
}

func downloadServer(t *testing.T) *wire {
	w := serve(t, nil)
	files := []api.ArtifactFile{
		storedFile("linux-64/a-2-0.conda", "2", "0"), storedFile("osx-64/a-2-0.conda", "2", "0"), storedFile("linux-64/a-1-0.conda", "1", "0"),
	}
	w.answers = map[string]any{
		"GET /api/channels/team/artifacts/conda/a":                            api.Artifact{Name: "a", Metadata: api.ArtifactMetadata{Version: "2"}},
		"GET /api/channels/team/artifacts/conda/a/files":                      api.List[api.ArtifactFile]{TotalCount: 3, Items: files},
		"GET /api/channels/team/artifacts/conda/a/files/linux-64/a-1-0.conda": files[2],
		"GET /api/channels/team/artifacts/conda/b/files/linux-64/b-1-0.conda": api.ArtifactFile{CKey: "linux-64/../../b-1-0.conda"},
		"GET /api/channels/team/artifacts/conda/c/files/linux-64/c-1-0.conda": storedFile("linux-64/other", "1", "0"),
	}
	for _, f := range files {
		w.answers["GET /team/"+f.CKey] = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Content-Type", "application/octet-stream")
			_, _ = io.WriteString(rw, strings.TrimPrefix(r.URL.Path, "/team/"))
		})
	}
	w.answers["GET /team/linux-64/other"] = http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(rw, "tampered")
	})
	return w
}

func TestDownload(t *testing.T) {
	isolate(t)
	for _, tc := range []struct {
		name string
		args []string
		want map[string]string
	}{
		{"the newest, of several platforms", []string{"a"}, map[string]string{
			"linux-64/a-2-0.conda": "linux-64/a-2-0.conda", "osx-64/a-2-0.conda": "osx-64/a-2-0.conda",
		}},
		{"one platform", []string{"a", "--platform", "osx-64"}, map[string]string{"a-2-0.conda": "osx-64/a-2-0.conda"}},
		{"a version", []string{"a=1"}, map[string]string{"a-1-0.conda": "linux-64/a-1-0.conda"}},
		{"a file", []string{"linux-64/a-1-0.conda"}, map[string]string{"a-1-0.conda": "linux-64/a-1-0.conda"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := downloadServer(t)
			dir := t.TempDir()
			args := append([]string{"download", "team", "-o", dir}, tc.args...)
			first := run(t, "", args...)
			if first.code != exitOK {
				t.Fatalf("%+v", first)
			}
			for name, want := range tc.want {
				if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
					t.Errorf("%s holds %q, %v", name, got, err)
				}
				if !strings.Contains(first.stdout, filepath.Join(dir, name)+"\n") {
					t.Errorf("%s is not among %q", name, first.stdout)
				}
			}
			w.requests = nil
			run(t, "", args...).expect(t, exitOK, first.stdout)
			for _, request := range w.requests {
				if strings.HasPrefix(request, "GET /team/") {
					t.Errorf("fetched again: %s", request)
				}
			}
		})
	}
}

func TestDownloadFailures(t *testing.T) {
	isolate(t)
	downloadServer(t)
	dir := t.TempDir()
	for _, tc := range []struct {
		spec string
		code int
		want string
	}{
		{"a=3", exitNotFound, "no file of the channel matches a=3"},
		{"linux-64/b-1-0.conda", exitError, "names a file that cannot be written"},
		{"linux-64/c-1-0.conda", exitError, "has SHA-256"},
	} {
		r := run(t, "", "download", "team", tc.spec, "-o", dir)
		if r.code != tc.code {
			t.Errorf("%s: exit code %d, want %d", tc.spec, r.code, tc.code)
		}
		r.says(t, tc.want)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
