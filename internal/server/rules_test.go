package server_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// rulesSite is a site with the public channel lab, which Ada owns.
type rulesSite struct {
	*servertest.Site
	ada   *client.Client
	token string
	seed  uint64
}

func newRulesSite(t *testing.T) *rulesSite {
	t.Helper()
	s := &rulesSite{Site: servertest.Open(t, inMemory(t))}
	s.ada = s.User("ada", "author")
	s.Channel(s.ada, "lab", api.PrivacyPublic)
	s.token = s.ResourceToken(s.ada, "lab", api.LevelManage).Secret
	return s
}

// add uploads a package and gives its file name and size.
func (s *rulesSite) add(o random.Options) (string, int64) {
	s.seed++
	o.NoArch = "generic"
	data, info := servertest.Package(s.seed, o)
	s.Upload(s.ada, "lab", data, info.Filename)
	return info.Filename, int64(len(data))
}

func (s *rulesSite) filter(t *testing.T, f *api.FamilyFilter) api.Channel {
	t.Helper()
	ch, err := s.ada.UpdateChannel(t.Context(), "lab", api.ChannelUpdate{Filters: &api.ChannelFilters{Conda: f}})
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// forms are the ways in which a channel tells of its packages.
func (s *rulesSite) forms(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, path := range []string{
		"/lab/noarch/repodata.json", "/lab/noarch/repodata.json.zst", "/lab/noarch/run_exports.json", "/lab/noarch/run_exports.json.zst",
		"/lab/noarch/repodata_shards.msgpack.zst", "/lab/channeldata.json", "/api/channels/lab/artifacts", "/api/artifacts?q=",
	} {
		body := get(path).xAuth(s.token).do(t, s.Site).ok(t, path).body
		if strings.HasSuffix(path, ".zst") {
			d, err := zstd.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(d); err != nil {
				t.Fatal(err)
			}
			d.Close()
		}
		out[path] = string(body)
	}
	return out
}

// TestFiltersHide checks that what filters refuse is nowhere, and back when they no longer do.
func TestFiltersHide(t *testing.T) {
	s := newRulesSite(t)
	free, _ := s.add(random.Options{Name: "freedom", Version: "1.0", License: "MIT"})
	gnu, _ := s.add(random.Options{Name: "gnuish", Version: "1.0", License: "GPL-3.0-or-later"})
	old, _ := s.add(random.Options{Name: "tool", Version: "1.0", License: "MIT"})
	young, _ := s.add(random.Options{Name: "tool", Version: "2.0", License: "MIT"})

	ch := s.filter(t, &api.FamilyFilter{ExcludeLicenses: []string{"gpl3"}, ExcludeSpecs: []string{"tool <2"}})
	if f := ch.Filters.Conda; f == nil || !slices.Equal(f.ExcludeLicenses, []string{"gpl3"}) || !slices.Equal(f.ExcludeSpecs, []string{"tool <2"}) {
		t.Errorf("filters = %+v", ch.Filters)
	}
	if ch.ArtifactCount != 2 {
		t.Errorf("artifact count = %d, want 2", ch.ArtifactCount)
	}
	for path, body := range s.forms(t) {
		if strings.Contains(body, "gnuish") || strings.Contains(body, old) {
			t.Errorf("%s tells of what is hidden: %s", path, body)
		}
		if !strings.Contains(body, "freedom") {
			t.Errorf("%s does not tell of freedom: %s", path, body)
		}
	}
	for _, path := range []string{"/lab/noarch/" + gnu, "/lab/noarch/" + old} {
		get(path).do(t, s.Site).refused(t, path, http.StatusNotFound, api.CodeFiltered)
	}
	for _, path := range []string{
		"/api/channels/lab/artifacts/conda/gnuish", "/api/channels/lab/artifacts/conda/gnuish/files", "/api/channels/lab/artifacts/conda/tool/files/noarch/" + old,
	} {
		get(path).xAuth(s.token).do(t, s.Site).refused(t, path, http.StatusNotFound, api.CodeFiltered)
	}
	get("/lab/noarch/"+free).do(t, s.Site).ok(t, "what is offered")
	get("/lab/noarch/"+young).do(t, s.Site).ok(t, "the newer version")
	var files api.List[api.ArtifactFile]
	decodeInto(t, get("/api/channels/lab/artifacts/conda/tool/files").xAuth(s.token).do(t, s.Site).ok(t, "files"), &files)
	if files.TotalCount != 1 || len(files.Items) != 1 || files.Items[0].CKey != "noarch/"+young {
		t.Errorf("files of tool = %+v", files)
	}

	s.seed++
	data, info := servertest.Package(s.seed, random.Options{Name: "gnuish", Version: "2.0", License: "GPL-3.0-only", NoArch: "generic"})
	if out := s.Upload(s.ada, "lab", data, info.Filename); !out.Created || out.Filtered != "license" {
		t.Errorf("upload of what is hidden = %+v", out)
	}
	get("/lab/noarch/"+info.Filename).do(t, s.Site).refused(t, "the new file", http.StatusNotFound, api.CodeFiltered)

	s.filter(t, nil)
	for path, body := range s.forms(t) {
		if !strings.Contains(body, "gnuish") {
			t.Errorf("%s does not tell of gnuish again: %s", path, body)
		}
	}
	for _, file := range []string{gnu, old, info.Filename} {
		get("/lab/noarch/"+file).do(t, s.Site).ok(t, file)
	}
	s.checkFiltered(t, map[string][]string{
		"noarch/" + gnu: {"added license", "removed license"}, "noarch/" + old: {"added exclude_specs", "removed exclude_specs"},
		"noarch/" + info.Filename: {"added license", "removed license"},
	})
}

// checkFiltered compares what the filters did, the latest first, by file.
func (s *rulesSite) checkFiltered(t *testing.T, want map[string][]string) {
	t.Helper()
	list, err := s.ada.FilesFiltered(t.Context(), "lab", client.ListOptions{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, f := range list.Items {
		if f.ChannelName != "lab" || f.CreatedAt.IsZero() || f.MirrorID != nil {
			t.Errorf("change = %+v", f)
		}
		got[f.CKey] = append(got[f.CKey], f.Change+" "+f.FilteredCause)
	}
	for ckey, changes := range want {
		if !slices.Equal(got[ckey], changes) {
			t.Errorf("changes of %s = %q, want %q", ckey, got[ckey], changes)
		}
	}
	if len(got) != len(want) || int(list.TotalCount) != 2*len(want) {
		t.Errorf("%d changes of %d files, want those of %d", list.TotalCount, len(got), len(want))
	}
}

// TestFilterSemantics checks which of the lists counts when several do.
func TestFilterSemantics(t *testing.T) {
	s := newRulesSite(t)
	mit, _ := s.add(random.Options{Name: "mit", License: "MIT"})
	gpl, _ := s.add(random.Options{Name: "gpl", License: "GPL-2.0-only"})
	both, _ := s.add(random.Options{Name: "both", License: "MIT OR GPL-2.0-only"})
	tests := []struct {
		filter api.FamilyFilter
		want   []string
	}{
		{api.FamilyFilter{}, []string{mit, gpl, both}},
		{api.FamilyFilter{IncludeLicenses: []string{"mit"}}, []string{mit, both}},
		{api.FamilyFilter{ExcludeLicenses: []string{"mit"}}, []string{gpl, both}},
		{api.FamilyFilter{ExcludeLicenses: []string{"gpl2", "mit"}}, nil},
		{api.FamilyFilter{ExcludeSpecs: []string{"*"}}, nil},
		{api.FamilyFilter{ExcludeSpecs: []string{"*"}, IncludeSpecs: []string{"gpl"}}, []string{gpl}},
		{api.FamilyFilter{ExcludeLicenses: []string{"gpl2"}, IncludeSpecs: []string{"lab::gpl"}}, []string{mit, gpl, both}},
		{api.FamilyFilter{ExcludeSpecs: []string{"other::*", "*[fn='mit-*']"}}, []string{gpl, both}},
		{api.FamilyFilter{ExcludeSpecs: []string{"^(mit|both)$"}}, []string{gpl}},
	}
	for _, tt := range tests {
		s.filter(t, &tt.filter)
		for _, file := range []string{mit, gpl, both} {
			want := http.StatusNotFound
			if slices.Contains(tt.want, file) {
				want = http.StatusOK
			}
			if got := get("/lab/noarch/"+file).do(t, s.Site).status; got != want {
				t.Errorf("%+v: %s = %d, want %d", tt.filter, file, got, want)
			}
		}
	}
}

func TestFiltersRefused(t *testing.T) {
	s := newRulesSite(t)
	many := slices.Repeat([]string{"a"}, 501)
	for name, f := range map[string]api.FamilyFilter{
		"both lists":     {IncludeLicenses: []string{"mit"}, ExcludeLicenses: []string{"bsd"}},
		"unknown family": {ExcludeLicenses: []string{"MIT"}},
		"bad spec":       {ExcludeSpecs: []string{"a >>1"}},
		"empty spec":     {IncludeSpecs: []string{" "}},
		"condition":      {ExcludeSpecs: []string{"a[when=b]"}},
		"many":           {ExcludeSpecs: many},
		"long":           {ExcludeSpecs: slices.Repeat([]string{strings.Repeat("a", 1000)}, 70)},
		"large regex":    {ExcludeSpecs: []string{"^(abcdefgh){300}$"}},
	} {
		call{method: http.MethodPut, path: "/api/channels/lab", body: api.ChannelUpdate{Filters: &api.ChannelFilters{Conda: &f}}}.xAuth(s.token).
			do(t, s.Site).refused(t, name, http.StatusUnprocessableEntity, api.CodeInvalid)
	}
	edit := func(body any) answer {
		return call{method: http.MethodPut, path: "/api/channels/lab", body: body}.xAuth(s.token).do(t, s.Site)
	}
	edit(map[string]any{"filters": map[string]any{"conda": map[string]any{"only_specs": []string{"a"}}}}).refused(t, "unknown field", http.StatusUnprocessableEntity, api.CodeInvalid)
	edit(map[string]any{"settings": map[string]any{"cve_notifications": map[string]any{"cve_score_threshold": 11}}}).refused(t, "threshold", http.StatusUnprocessableEntity, api.CodeInvalid)
	a := edit(map[string]any{"settings": map[string]any{"cve_notifications": map[string]any{"cve_score_threshold": 7, "cve_status_change": true}}}).ok(t, "settings")
	if !strings.Contains(string(a.body), `"settings":{"cve_notifications":{"cve_status_change":true,"cve_score_threshold":7}}`) {
		t.Errorf("settings are not returned: %s", a.body)
	}
	if h := get("/api/audit?event_types=channel_updated").xAuth(s.ScopeToken(s.Admin, "audit-logs:view").Secret).do(t, s.Site).ok(t, "audit"); !strings.Contains(string(h.body), `"ScoreThreshold":7`) {
		t.Errorf("the audit does not tell of the settings: %s", h.body)
	}
	edit(api.ChannelUpdate{IndexingBehavior: new(api.IndexingFrozen)}).ok(t, "freeze")
	edit(api.ChannelUpdate{Filters: &api.ChannelFilters{Conda: &api.FamilyFilter{ExcludeSpecs: []string{"a"}}}}).refused(t, "frozen", http.StatusBadRequest, api.CodeFrozen)
}

// used asks how many bytes the channel holds, and checks that against its statistics, which count the files.
func (s *rulesSite) used(t *testing.T) int64 {
	t.Helper()
	ch, err := s.Admin.Channel(t.Context(), "lab")
	if err != nil {
		t.Fatal(err)
	}
	stats, err := s.Admin.ChannelStats(t.Context(), "lab")
	if err != nil {
		t.Fatal(err)
	}
	if ch.UsedBytes != stats.TotalSize {
		t.Errorf("used bytes = %d, the files have %d", ch.UsedBytes, stats.TotalSize)
	}
	return ch.UsedBytes
}

func (s *rulesSite) quota(t *testing.T, bytes int64) {
	t.Helper()
	if ch, err := s.Admin.SetChannelQuota(t.Context(), "lab", bytes); err != nil || ch.QuotaBytes != bytes {
		t.Fatalf("quota = %d, %v, want %d", ch.QuotaBytes, err, bytes)
	}
}

// TestQuotaCounts checks that every file counts once, however it came, was replaced or went.
func TestQuotaCounts(t *testing.T) {
	s := newRulesSite(t)
	a, size := s.add(random.Options{Name: "a", Version: "1.0", Build: "0"})
	if got := s.used(t); got != size {
		t.Errorf("used = %d, want %d", got, size)
	}
	data, info := servertest.Package(99, random.Options{Name: "a", Version: "1.0", Build: "0", NoArch: "generic", Payload: 5000})
	if info.Filename != a {
		t.Fatalf("file name %s, want %s", info.Filename, a)
	}
	for range 2 {
		_, err := s.ada.Upload(t.Context(), "lab", client.Upload{Filename: a, Content: bytes.NewReader(data), Size: int64(len(data)), Force: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.used(t); got != int64(len(data)) {
			t.Errorf("used = %d after a replacement, want %d", got, len(data))
		}
	}
	_, more := s.add(random.Options{Name: "b"})
	s.filter(t, &api.FamilyFilter{ExcludeSpecs: []string{"b"}})
	if got := s.used(t); got != int64(len(data))+more {
		t.Errorf("used = %d with a hidden file, want %d", got, int64(len(data))+more)
	}
	for _, name := range []string{"a", "b"} {
		call{method: http.MethodDelete, path: "/api/channels/lab/artifacts/conda/" + name}.xAuth(s.token).do(t, s.Site).ok(t, "delete "+name)
	}
	if got := s.used(t); got != 0 {
		t.Errorf("used = %d in an empty channel", got)
	}
}

// TestQuotaBoundary: a file that fills the quota to the last byte fits, and of two that come at once only one does.
func TestQuotaBoundary(t *testing.T) {
	s := newRulesSite(t)
	upload := func(seed uint64) (*http.Request, int64) {
		data, info := servertest.Package(seed, random.Options{Name: "p", Version: "1." + string(rune('0'+seed)), NoArch: "generic"})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL+"/lab/noarch/"+info.Filename, bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Auth", s.token)
		// Without a length nothing is refused before it was read, so that the transaction has to decide.
		req.ContentLength, req.Body = -1, io.NopCloser(bytes.NewReader(data))
		return req, int64(len(data))
	}
	first, size := upload(1)
	s.quota(t, size-1)
	if got := send(t, first); got.status != http.StatusRequestEntityTooLarge || !strings.Contains(string(got.body), `"code":"quota_exceeded"`) {
		t.Errorf("one byte too many: %d %s", got.status, got.body)
	}
	s.quota(t, size)
	first, _ = upload(1)
	if got := send(t, first); got.status != http.StatusCreated {
		t.Errorf("to the last byte: %d %s", got.status, got.body)
	}
	again, _ := upload(1)
	if got := send(t, again); got.status != http.StatusOK {
		t.Errorf("the same file again: %d %s", got.status, got.body)
	}

	a, sizeA := upload(2)
	b, sizeB := upload(3)
	s.quota(t, size+max(sizeA, sizeB))
	var created, refused atomic.Int32
	var wg sync.WaitGroup
	for _, req := range []*http.Request{a, b} {
		wg.Go(func() {
			switch got := send(t, req); got.status {
			case http.StatusCreated:
				created.Add(1)
			case http.StatusRequestEntityTooLarge:
				refused.Add(1)
			default:
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
	wg.Wait()
	if created.Load() != 1 || refused.Load() != 1 {
		t.Errorf("%d of two uploads passed and %d were refused, want one each", created.Load(), refused.Load())
	}
	s.used(t)
	s.quota(t, 1)
	s.used(t)
}

// send makes a request.
func send(t *testing.T, req *http.Request) answer {
	resp, err := plain.Do(req)
	if err != nil {
		t.Error(err)
		return answer{}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: body}
}

// endless counts what is read of it.
type endless struct{ n atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.n.Add(int64(len(p)))
	return len(p), nil
}

// TestQuotaBeforeTheBody: where the length tells that a file cannot fit, it is not read.
func TestQuotaBeforeTheBody(t *testing.T) {
	s := newRulesSite(t)
	const size, quota = 1 << 33, 1 << 20
	s.quota(t, quota)
	body := &endless{}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL+"/lab/noarch/big-1.0-0.conda", io.LimitReader(body, size))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = size
	req.Header.Set("X-Auth", s.token)
	req.Header.Set("Expect", "100-continue")
	// This client waits for the server's word before it sends.
	patient := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
	resp, err := patient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got := answer{status: resp.StatusCode}
	if got.body, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	if got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("status = %d %s", got.status, got.body)
	}
	for _, number := range []string{"8589934592", "1048576", "holds 0 bytes"} {
		if !strings.Contains(string(got.body), number) {
			t.Errorf("the answer does not name %s: %s", number, got.body)
		}
	}
	if read := body.n.Load(); read > 1<<22 {
		t.Errorf("%d bytes were sent", read)
	}
}

func TestQuotaIsForAdministrators(t *testing.T) {
	s := newRulesSite(t)
	_, err := s.ada.SetChannelQuota(t.Context(), "lab", 5)
	if got := client.StatusOf(err); got != http.StatusForbidden {
		t.Errorf("status = %d, want 403", got)
	}
	_, err = s.Admin.SetChannelQuota(t.Context(), "none", 5)
	if got := client.StatusOf(err); got != http.StatusNotFound {
		t.Errorf("status = %d, want 404", got)
	}
}

func decodeInto(t *testing.T, a answer, into any) {
	t.Helper()
	if err := json.Unmarshal(a.body, into); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}
