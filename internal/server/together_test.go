package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/config"
	"kingsnake/internal/pgtest"
	"kingsnake/internal/servertest"
)

// TestUploadsAtOnce uploads at the same time, as two people, files that have nothing to do with one another, one file several
// times, two that claim one name, and one under a label: each gets the answer that it would get alone, and the audit says of
// each who it was.
func TestUploadsAtOnce(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { uploadsAtOnce(t, servertest.New(t)) })
	t.Run("postgres", func(t *testing.T) {
		url := pgtest.Copy(t, servertest.Template, servertest.Prepare)
		uploadsAtOnce(t, servertest.Open(t, inMemory(t), func(cfg *config.Config) { cfg.Database = config.Secret(url) }))
	})
}

// sent is an upload with what is to become of it among those of its group: one is created.
type sent struct {
	group, filename string
	data            []byte
	labels          []string
	by              string
	status          int
}

func uploadsAtOnce(t *testing.T, s *servertest.Site) {
	people := map[string]*client.Client{"admin": s.Admin, "ada": s.User("ada")}
	s.Channel(people["ada"], "team", api.PrivacyPrivate)
	var all []*sent
	add := func(group string, seed uint64, o random.Options, labels ...string) {
		data, info := servertest.Package(seed, o)
		all = append(all, &sent{group: group, filename: info.Filename, data: data, labels: labels, by: []string{"admin", "ada"}[len(all)%2]})
	}
	for i := range 24 {
		o := random.Options{Name: fmt.Sprintf("p%d", i%5), Version: fmt.Sprint(i), NoArch: "generic"}
		if i%3 == 0 {
			o.NoArch = ""
		}
		add(fmt.Sprintf("new %d", i), uint64(i), o)
		if i%6 == 0 {
			add("again", 100, random.Options{Name: "again", Version: "1", NoArch: "generic"})
		}
	}
	same := random.Options{Name: "same", Version: "1", Build: "0", NoArch: "generic"}
	add("same", 101, same)
	add("same", 102, same)
	add("label", 103, random.Options{Name: "labelled", Version: "1", NoArch: "generic"}, "dev")
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for _, u := range all {
		wg.Go(func() {
			<-begin
			out, err := people[u.by].Upload(t.Context(), "team", client.Upload{Filename: u.filename, Content: bytes.NewReader(u.data), Size: int64(len(u.data)), Labels: u.labels})
			var refused *client.Error
			switch {
			case errors.As(err, &refused):
				u.status = refused.Status
			case err != nil:
				t.Errorf("%s: %v", u.group, err)
			case out.Created:
				u.status = http.StatusCreated
			default:
				u.status = http.StatusOK
			}
		})
	}
	close(begin)
	wg.Wait()
	checkUploads(t, s, all)
}

// checkUploads compares what became of uploads with the lists of files, the audit and the index.
func checkUploads(t *testing.T, s *servertest.Site, all []*sent) {
	created, second := map[string]*sent{}, map[string]int{"again": http.StatusOK, "same": http.StatusConflict}
	for _, u := range all {
		if u.status == http.StatusCreated && created[u.group] == nil {
			created[u.group] = u
		} else if u.status != second[u.group] {
			t.Errorf("%s: status %d beside another of its group, want %d", u.group, u.status, second[u.group])
		}
	}
	page, err := s.Admin.Audit(t.Context(), client.AuditFilter{EventTypes: []string{"artifact_registered"}, Channel: "team"}, client.AuditCursor{})
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]string{}
	for _, e := range page.Items {
		by[e.Target[strings.LastIndex(e.Target, "/")+1:]] = e.Principal
	}
	if len(page.Items) != len(created) || len(by) != len(created) {
		t.Errorf("%d events of %d files, want %d", len(page.Items), len(by), len(created))
	}
	files := map[string]int64{}
	for group, u := range created {
		if got := by[u.filename]; got != u.by {
			t.Errorf("%s: the audit says that %q uploaded it, it was %s", group, got, u.by)
		}
		name, _, _ := strings.Cut(u.filename, "-")
		files[name]++
	}
	list, err := s.Admin.Artifacts(t.Context(), "team", client.ArtifactFilter{})
	if err != nil || len(list.Items) != len(files) {
		t.Errorf("%d packages, %v; want %d", len(list.Items), err, len(files))
	}
	for _, a := range list.Items {
		if a.FileCount != files[a.Name] {
			t.Errorf("%s has %d files, want %d", a.Name, a.FileCount, files[a.Name])
		}
	}
	token := s.ResourceToken(s.Admin, "team", api.LevelRead).Secret
	// An index that takes long to build is served as it was before.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		var indexes string
		for _, place := range []string{"noarch", "linux-64", "label/dev/noarch"} {
			indexes += string(get("/team/"+place+"/repodata.json").xAuth(token).do(t, s).body)
		}
		var missing []string
		for _, u := range created {
			if !strings.Contains(indexes, `"`+u.filename+`"`) {
				missing = append(missing, u.filename)
			}
		}
		if len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("in no index: %v", missing)
		}
	}
}
