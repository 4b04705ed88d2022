package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// TestQuotaManyAtOnce: of many uploads at once exactly as many pass as fit, whichever those are, and the others leave
// nothing. Half of them tell their length in advance, the others leave it to the transaction.
func TestQuotaManyAtOnce(t *testing.T) {
	const uploads, fitting = 16, 5
	s := newRulesSite(t)
	requests, sizes := map[string]*http.Request{}, map[string]int64{}
	var smallest, largest int64
	for i := range uploads {
		data, info := servertest.Package(uint64(i), random.Options{Name: fmt.Sprintf("p%02d", i), NoArch: "generic", Payload: 20000})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL+"/lab/noarch/"+info.Filename, bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Auth", s.token)
		if i%2 == 1 {
			req.ContentLength, req.Body = -1, io.NopCloser(bytes.NewReader(data))
		}
		size := int64(len(data))
		if smallest == 0 {
			smallest = size
		}
		smallest, largest = min(smallest, size), max(largest, size)
		requests[info.Filename], sizes[info.Filename] = req, size
	}
	quota := fitting * largest
	if len(requests) != uploads || (fitting+1)*smallest <= quota {
		t.Fatalf("%d packages of %d to %d bytes: any %d of them must fit and no more", len(requests), smallest, largest, fitting)
	}
	s.quota(t, quota)

	var mu sync.Mutex
	var sum int64
	created := map[string]bool{}
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for file, req := range requests {
		wg.Go(func() {
			<-begin
			got := send(t, req)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case got.status == http.StatusCreated:
				created[file] = true
				sum += sizes[file]
			case got.status != http.StatusRequestEntityTooLarge || !strings.Contains(string(got.body), `"code":"quota_exceeded"`):
				t.Errorf("%s = %d %s", file, got.status, got.body)
			}
		})
	}
	close(begin)
	wg.Wait()

	if len(created) != fitting {
		t.Errorf("%d of %d uploads passed, want %d", len(created), uploads, fitting)
	}
	if got := s.used(t); got != sum || got > quota {
		t.Errorf("used = %d, want the %d bytes of what passed, and no more than %d", got, sum, quota)
	}
	for file := range requests {
		want := http.StatusNotFound
		if created[file] {
			want = http.StatusOK
		}
		if got := get("/lab/noarch/"+file).do(t, s.Site).status; got != want {
			t.Errorf("%s = %d, want %d", file, got, want)
		}
	}
}

// TestQuotaOfCopies: what is copied or moved into a channel counts like what is uploaded, also when both come at once,
// and a file that no longer fits stays where it was.
func TestQuotaOfCopies(t *testing.T) {
	d := newDepot(t, 6)
	size := func(name, file string) int64 {
		t.Helper()
		f, err := d.ada.File(t.Context(), "lab", name, file)
		if err != nil {
			t.Fatal(err)
		}
		return f.Size
	}
	bound := func(bytes int64) {
		t.Helper()
		if _, err := d.Admin.SetChannelQuota(t.Context(), "prod", bytes); err != nil {
			t.Fatal(err)
		}
	}
	refusedOne := func(what string, j api.Job) {
		t.Helper()
		if len(j.Errors) != 1 || j.Errors[0].Code != string(api.CodeQuotaExceeded) {
			t.Errorf("%s: errors = %v, want one quota_exceeded", what, j.Errors)
		}
	}
	two := size(d.names[0], d.files[0]) + size(d.names[1], d.files[1])
	bound(two)
	j := d.bulk(t, d.ada, "lab", api.Bulk{Action: api.BulkCopy, TargetChannel: "prod", Items: items(d.names[:3]...)})
	counts(t, "copy", j, api.JobDone, 2, 1, 0)
	refusedOne("copy", j)
	d.wantFiles(t, "prod", d.files[:2]...)
	j = d.bulk(t, d.ada, "lab", api.Bulk{Action: api.BulkMove, TargetChannel: "prod", Items: items(d.names[3])})
	counts(t, "move", j, api.JobDone, 0, 1, 0)
	refusedOne("move", j)
	d.wantFiles(t, "lab", d.files...)
	d.wantFiles(t, "prod", d.files[:2]...)

	// The last file that fits is wanted by a copy and by an upload of others at the same time.
	data, info := servertest.Package(99, random.Options{Name: "rival", NoArch: "generic"})
	rival, last := int64(len(data)), size(d.names[4], d.files[4])
	bound(two + max(rival, last))
	upload, err := http.NewRequestWithContext(t.Context(), http.MethodPut, d.URL+"/prod/noarch/"+info.Filename, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	upload.Header.Set("X-Auth", d.ScopeToken(d.ada, "artifact:create").Secret)
	var passed atomic.Int32
	var wg sync.WaitGroup
	wg.Go(func() {
		switch got := send(t, upload); got.status {
		case http.StatusCreated:
			passed.Add(1)
		case http.StatusRequestEntityTooLarge:
		default:
			t.Errorf("upload = %d %s", got.status, got.body)
		}
	})
	j = d.bulk(t, d.ada, "lab", api.Bulk{Action: api.BulkCopy, TargetChannel: "prod", Items: items(d.names[4])})
	wg.Wait()
	if got := int64(passed.Load()) + j.Done; got != 1 {
		t.Errorf("%d of the upload and the copy passed, want one; the copy: %+v", got, j)
	}
	ch, err := d.Admin.Channel(t.Context(), "prod")
	if err != nil {
		t.Fatal(err)
	}
	stats, err := d.Admin.ChannelStats(t.Context(), "prod")
	if err != nil || ch.UsedBytes != stats.TotalSize || ch.UsedBytes > ch.QuotaBytes {
		t.Errorf("used = %d of %d, the files have %d, %v", ch.UsedBytes, ch.QuotaBytes, stats.TotalSize, err)
	}
}
