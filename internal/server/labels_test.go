package server_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// pkg is a package made for a test.
type pkg struct {
	random.Info
	data []byte
}

// makePkg makes a package; equal seeds make equal packages of one name.
func makePkg(seed uint64, name string, o random.Options) pkg {
	o.Name = name
	if o.NoArch == "" && o.Subdir == "" {
		o.NoArch = "generic"
	}
	data, info := servertest.Package(seed, o)
	return pkg{info, data}
}

// labelled uploads a package with labels by REST.
func labelled(t testing.TB, c *client.Client, ch string, p pkg, force bool, labels ...string) (api.UploadResult, error) {
	t.Helper()
	return c.Upload(t.Context(), ch, client.Upload{
		Filename: p.Filename, Content: bytes.NewReader(p.data), Size: int64(len(p.data)), Labels: labels, Force: force,
	})
}

func mustLabel(t testing.TB, c *client.Client, ch string, p pkg, labels ...string) {
	t.Helper()
	if _, err := labelled(t, c, ch, p, false, labels...); err != nil {
		t.Fatalf("upload %s with %v: %v", p.Filename, labels, err)
	}
}

// same compares two lists of names.
func same(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// form makes the multipart body of an upload: the fields, and the file in a part of the given name.
func formBody(t testing.TB, part string, p pkg, fields ...[2]string) (body []byte, contentType string) {
	t.Helper()
	var buf bytes.Buffer
	form := multipart.NewWriter(&buf)
	for _, f := range fields {
		if err := form.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	w, err := form.CreateFormFile(part, p.Filename)
	if err == nil {
		_, err = w.Write(p.data)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes(), form.FormDataContentType()
}

// TestLabelsOfUploads names labels in every way that there is, and reads every form of the index back.
func TestLabelsOfUploads(t *testing.T) {
	s := servertest.Open(t, inMemory(t))
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	write, read := s.ResourceToken(s.Admin, "team", api.LevelWrite).Secret, s.ResourceToken(s.Admin, "team", api.LevelRead).Secret
	var files []string
	p := make([]pkg, 9)
	for i := range p {
		p[i] = makePkg(uint64(i), "p"+string(rune('a'+i)), random.Options{})
		files = append(files, p[i].Filename)
	}
	part := func(name string, p pkg, path string, fields ...[2]string) call {
		body, contentType := formBody(t, name, p, fields...)
		return call{method: http.MethodPost, path: path, body: body}.with("Content-Type", contentType)
	}
	for i, c := range []call{
		{method: http.MethodPut, path: "/team/noarch/" + files[0], body: p[0].data},
		{method: http.MethodPut, path: "/team/label/dev/noarch/" + files[1], body: p[1].data},
		{method: http.MethodPut, path: "/api/repo/team/label/a/b/noarch/" + files[2] + "?label=dev", body: p[2].data},
		{method: http.MethodPut, path: "/team/noarch/" + files[3] + "?labels=dev,main", body: p[3].data},
		{method: http.MethodPost, path: "/api/channels/team/upload/" + files[4] + "?label=dev&label=a/b", body: p[4].data},
		part("file", p[5], "/api/v1/upload/team?label=dev"),
		part("file", p[6], "/api/v1/upload/team", [2]string{"label", "dev"}),
		part("content", p[7], "/api/channels/team/artifacts", [2]string{"labels", "dev, a/b"}, [2]string{"label", "main"}),
		part("content", p[8], "/api/channels/team/artifacts", [2]string{"filetype", "conda1"}),
	} {
		a := c.xAuth(write).do(t, s)
		if a.status != http.StatusCreated {
			t.Fatalf("upload %d: %d %s", i, a.status, a.body)
		}
		if got, want := strings.Contains(a.header.Get("Location"), "/label/"), slices.Contains([]int{1, 2, 4, 5, 6}, i); got != want {
			t.Errorf("upload %d: Location %s", i, a.header.Get("Location"))
		}
	}
	x := indexReader{s, read}
	for _, base := range []string{"/team", "/team/label/main", "/api/repo/team", "/t/" + read + "/team"} {
		same(t, base, x.names(t, base+"/noarch"), files[0], files[3], files[7], files[8])
	}
	for _, base := range []string{"/team/label/dev", "/t/" + read + "/team/label/dev", "/t/" + read + "/api/repo/team/label/dev"} {
		same(t, base, x.names(t, base+"/noarch"), files[1], files[2], files[3], files[4], files[5], files[6], files[7])
	}
	same(t, "a label with a slash", x.names(t, "/team/label/a/b/noarch"), files[2], files[4], files[7])
	for path, served := range map[string]bool{
		"/team/noarch/" + files[1]: false, "/team/label/dev/noarch/" + files[1]: true, "/team/label/dev/noarch/" + files[0]: false,
		"/team/label/a/b/noarch/" + files[1]: false, "/team/label/a/noarch/" + files[2]: false, "/team/label/main/noarch/" + files[3]: true,
	} {
		a := get(path).xAuth(read).do(t, s)
		if (a.status == http.StatusOK) != served {
			t.Errorf("%s: %d %s, served should be %t", path, a.status, a.body, served)
		}
	}
	data := string(x.get(t, "/team/channeldata.json"))
	for i, want := range []bool{true, false, false, true} {
		if got := strings.Contains(data, `"`+p[i].Name+`"`); got != want {
			t.Errorf("channeldata.json lists %s: %t, want %t", p[i].Name, got, want)
		}
	}
	list, err := s.Admin.Labels(t.Context(), "team", client.ListOptions{})
	if diff := cmp.Diff([]api.Label{{Name: "a/b", FileCount: 3}, {Name: "dev", FileCount: 7}, {Name: "main", FileCount: 4}}, list.Items); diff != "" || err != nil {
		t.Errorf("labels: %v (-want +got):\n%s", err, diff)
	}
}

// TestLabelsThatAreRefused: a label that cannot be taken never means main.
func TestLabelsThatAreRefused(t *testing.T) {
	s := servertest.Open(t, inMemory(t))
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	token := s.ResourceToken(s.Admin, "team", api.LevelManage).Secret
	p := makePkg(1, "pa", random.Options{})
	many := strings.Repeat("x,", 32) + strings.Join(strings.Split("abcdefghijklmnopqrstuvwyzABCDEFGHI", ""), ",")
	for _, value := range []string{"", " ", ",", "dev,", "nolabel", "9x", "a b", "a//b", "a/../b", "linux-64", "x%25", many, strings.Repeat("x", 129)} {
		body, contentType := formBody(t, "content", p, [2]string{"label", value})
		c := call{method: http.MethodPost, path: "/api/channels/team/artifacts", body: body}.with("Content-Type", contentType)
		c.xAuth(token).do(t, s).refused(t, "label "+value, http.StatusUnprocessableEntity, api.CodeInvalid)
	}
	call{method: http.MethodPut, path: "/team/noarch/" + p.Filename + "?label=", body: p.data}.
		xAuth(token).do(t, s).refused(t, "an empty label in the query", http.StatusUnprocessableEntity, api.CodeInvalid)
	call{method: http.MethodPut, path: "/team/label/nolabel/noarch/" + p.Filename, body: p.data}.
		xAuth(token).do(t, s).refused(t, "nolabel in the path", http.StatusUnprocessableEntity, api.CodeInvalid)
	same(t, "main", indexReader{s, token}.names(t, "/team/noarch"))
	mustLabel(t, s.Admin, "team", p)
	for _, labels := range [][]string{{}, {""}, {"nolabel"}, {"a", "b b"}} {
		call{method: http.MethodPut, path: "/api/channels/team/artifacts/conda/pa/labels/noarch/" + p.Filename, body: map[string]any{"labels": labels}}.
			xAuth(token).do(t, s).refused(t, strings.Join(labels, ","), http.StatusUnprocessableEntity, api.CodeInvalid)
	}
	same(t, "main", indexReader{s, token}.names(t, "/team/noarch"), p.Filename)
}

// TestLabelsMove sets labels and reads every index after each change, with nothing between.
func TestLabelsMove(t *testing.T) {
	s := servertest.Open(t, inMemory(t))
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	x := indexReader{s, s.ResourceToken(s.Admin, "team", api.LevelRead).Secret}
	a, b := makePkg(1, "pa", random.Options{}), makePkg(2, "pb", random.Options{})
	mustLabel(t, s.Admin, "team", a, "dev")
	mustLabel(t, s.Admin, "team", b)
	want := func(what string, main, dev []string) {
		t.Helper()
		same(t, what+": main", x.names(t, "/team/noarch"), main...)
		same(t, what+": dev", x.names(t, "/team/label/dev/noarch"), dev...)
	}
	set := func(p pkg, labels ...string) {
		t.Helper()
		f, err := s.Admin.SetLabels(t.Context(), "team", p.Name, "noarch/"+p.Filename, labels)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "labels", f.Labels, labels...)
	}
	want("uploaded", []string{b.Filename}, []string{a.Filename})
	set(a, "main")
	want("moved to main", []string{a.Filename, b.Filename}, nil)
	set(a, "dev", "main")
	set(b, "dev")
	want("both in dev", []string{a.Filename}, []string{a.Filename, b.Filename})
	if got, err := labelled(t, s.Admin, "team", b, false); err != nil || got.Created {
		t.Errorf("the same file again, for main: %+v, %v", got, err)
	}
	want("sent again", []string{a.Filename, b.Filename}, []string{a.Filename, b.Filename})
	other := makePkg(9, "pb", random.Options{Version: b.Version, Build: b.Build})
	if other.Filename != b.Filename {
		t.Fatalf("%s is not %s", other.Filename, b.Filename)
	}
	if _, err := labelled(t, s.Admin, "team", other, false, "dev"); client.StatusOf(err) != http.StatusConflict {
		t.Errorf("another file of the name without force: %v", err)
	}
	if _, err := labelled(t, s.Admin, "team", other, true, "dev"); err != nil {
		t.Fatal(err)
	}
	want("replaced under dev alone", []string{a.Filename}, []string{a.Filename, b.Filename})
	if err := s.Admin.DeleteArtifact(t.Context(), "team", "pa"); err != nil {
		t.Fatal(err)
	}
	want("deleted", nil, []string{b.Filename})
	if err := s.Admin.DeleteArtifact(t.Context(), "team", "pb"); err != nil {
		t.Fatal(err)
	}
	want("a label that had files is there, and empty", nil, nil)
}

// TestLabelsNobodyUsed: a mistyped label is told from an empty one.
func TestLabelsNobodyUsed(t *testing.T) {
	s := servertest.Open(t, inMemory(t))
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	token := s.ResourceToken(s.Admin, "team", api.LevelRead).Secret
	files := []string{"", "/noarch/repodata.json", "/noarch/repodata.json.zst", "/noarch/repodata_shards.msgpack.zst", "/linux-64/repodata.json"}
	for _, file := range files {
		get("/team/label/dev"+file).xAuth(token).do(t, s).refused(t, "before: "+file, http.StatusNotFound, api.CodeNotFound)
	}
	mustLabel(t, s.Admin, "team", makePkg(1, "pa", random.Options{Subdir: "linux-64"}), "dev")
	for _, file := range files {
		get("/team/label/dev"+file).xAuth(token).do(t, s).ok(t, "after: "+file)
	}
	for _, path := range []string{"/team/label/de/noarch/repodata.json", "/team/label/dev/x/noarch/repodata.json", "/team/label/Dev/noarch/repodata.json", "/team/label/dev/osx-64/repodata.json", "/team/label/dev/channeldata.json"} {
		get(path).xAuth(token).do(t, s).refused(t, path, http.StatusNotFound, api.CodeNotFound)
	}
}

// TestLabelsTakeRights: who may upload may not relabel, and who may read may do neither.
func TestLabelsTakeRights(t *testing.T) {
	s := newStage(t)
	path := "/team/label/dev/noarch/" + s.file
	relabel := call{method: http.MethodPut, path: "/api/channels/team/artifacts/conda/" + strings.SplitN(s.file, "-", 2)[0] + "/labels/noarch/" + s.file, body: api.LabelsUpdate{Labels: []string{"dev"}}}
	read, write := s.ResourceToken(s.ada, "team", api.LevelRead).Secret, s.ResourceToken(s.ada, "team", api.LevelWrite).Secret
	put := call{method: http.MethodPut, path: path, body: s.data}
	put.xAuth(read).do(t, s.Site).refused(t, "upload with read", http.StatusForbidden, "token_level")
	relabel.xAuth(write).do(t, s.Site).refused(t, "relabel with write", http.StatusForbidden, "token_level")
	get(path).xAuth(read).do(t, s.Site).refused(t, "not labelled yet", http.StatusNotFound, api.CodeNotFound)
	put.xAuth(write).do(t, s.Site).ok(t, "upload with write")
	get(path).xAuth(read).do(t, s.Site).ok(t, "labelled")
	get("/open/label/dev/noarch/repodata.json").do(t, s.Site).refused(t, "anybody, a label of another channel", http.StatusNotFound, api.CodeNotFound)
	get(path).do(t, s.Site).refused(t, "nobody", http.StatusUnauthorized, api.CodeAuthRequired)
}
