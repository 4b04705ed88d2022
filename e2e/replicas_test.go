package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/pgtest"
)

// trio are three servers of one site, behind which stand one PostgreSQL and one folder of blobs.
type trio [3]*process

// launchTrio starts three servers on an empty database, all at once.
func launchTrio(t *testing.T, database string, env ...string) trio {
	t.Helper()
	var three trio
	dir := t.TempDir()
	env = append([]string{"KINGSNAKE_DATABASE=" + database, "KINGSNAKE_DATABASE_CONNECTIONS=8"}, env...)
	// The first one makes the site and its key.
	for i := range three {
		three[i] = launchWith(t, dir, env)
	}
	return three
}

// admins signs in at the first server and gives the session and, for each server, a client with it.
func (three trio) admins(t *testing.T) (session string, clients [3]*client.Client) {
	t.Helper()
	_, session = three[0].login(t)
	for i, p := range three {
		c, err := client.New(p.url, client.WithCredential(client.Session(session)))
		if err != nil {
			t.Fatal(err)
		}
		clients[i] = c
	}
	return session, clients
}

// send makes a request and gives the answer's status, header and body.
func send(t *testing.T, c *http.Client, method, url, credential, contentType string, body []byte) (int, http.Header, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if credential != "" {
		req.Header.Set("X-Auth", credential)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, answer
}

// TestReplicas: a client need not stay with one server.
func TestReplicas(t *testing.T) {
	three := launchTrio(t, pgtest.New(t))
	session, admins := three.admins(t)
	seed := made(1, random.Options{NoArch: "generic"})
	for name, privacy := range map[string]api.Privacy{"team": api.PrivacyPrivate, "other": api.PrivacyPrivate} {
		if _, err := admins[1].CreateChannel(t.Context(), api.ChannelCreate{Name: name, Privacy: privacy}); err != nil {
			t.Fatal(err)
		}
		if _, err := admins[2].Upload(t.Context(), name, client.Upload{Filename: seed.Filename, Content: bytes.NewReader(seed.data), Size: seed.Size}); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("pages", func(t *testing.T) { three.pages(t) })
	t.Run("an upload in parts", func(t *testing.T) { three.stagedUpload(t, session) })
	t.Run("exact uses", func(t *testing.T) { three.exactUses(t, admins[0], seed) })
	t.Run("within a second", func(t *testing.T) { three.withinASecond(t, admins, seed) })
	for _, p := range three {
		p.stop(t)
	}
}

var nonce = regexp.MustCompile(`name="form_nonce" value="([^"]+)"`)

// pages: the form for signing in comes from one server and goes to another; so does any form, and it works once.
func (three trio) pages(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	form := func(from int, path string) url.Values {
		t.Helper()
		status, _, body := send(t, browser, http.MethodGet, three[from].url+path, "", "", nil)
		m := nonce.FindSubmatch(body)
		if status != http.StatusOK || m == nil {
			t.Fatalf("GET %s: %d, without a nonce: %.300s", path, status, body)
		}
		return url.Values{"form_nonce": {string(m[1])}}
	}
	post := func(to int, path string, v url.Values) int {
		t.Helper()
		status, _, _ := send(t, browser, http.MethodPost, three[to].url+path, "", "application/x-www-form-urlencoded", []byte(v.Encode()))
		return status
	}
	send(t, browser, http.MethodGet, three[0].url+"/-/sign-in", "", "", nil)
	in := url.Values{"username": {"admin"}, "password": {adminPassword}}
	if got := post(1, "/-/sign-in", in); got != http.StatusSeeOther {
		t.Fatalf("signing in: %d, want 303", got)
	}
	channel := form(2, "/-/create-channel")
	channel.Set("name", "by-form")
	channel.Set("privacy", "public")
	channel.Set("channel_type", "default")
	if got := post(0, "/-/create-channel", channel); got != http.StatusSeeOther {
		t.Fatalf("the form: %d, want 303", got)
	}
	for to := range three {
		if got := post(to, "/-/create-channel", channel); got != http.StatusConflict {
			t.Errorf("the form again, to server %d: %d, want 409", to, got)
		}
		if status, _, body := send(t, browser, http.MethodGet, three[to].url+"/-/channels", "", "", nil); status != http.StatusOK || !strings.Contains(string(body), "by-form") {
			t.Errorf("the list of server %d: %d, without the channel", to, status)
		}
	}
}

// stagedUpload announces an upload at one server, sends it to the next and finishes it at the third.
func (three trio) stagedUpload(t *testing.T, session string) {
	a := made(2, random.Options{NoArch: "generic"})
	sum := sha256.Sum256(a.data)
	path := fmt.Sprintf("team/%s/%s/noarch/%s", a.Name, a.Version, a.Filename)
	in, err := json.Marshal(map[string]any{
		"distribution_type": "conda", "sha256": hex.EncodeToString(sum[:]), "channels": []string{"main"}, "attrs": map[string]any{"subdir": "noarch"},
	})
	if err != nil {
		t.Fatal(err)
	}
	status, _, body := send(t, http.DefaultClient, http.MethodPost, three[0].url+"/api/binstar/stage/"+path, session, "application/json", in)
	if status != http.StatusOK {
		t.Fatalf("stage: %d %s", status, body)
	}
	var staged struct {
		URL  string            `json:"post_url"`
		Form map[string]string `json:"form_data"`
		ID   string            `json:"dist_id"`
	}
	unmarshal(t, body, &staged)
	var buf bytes.Buffer
	form := multipart.NewWriter(&buf)
	for name, value := range staged.Form {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("file", a.Filename)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(a.data); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	to := three[1].url + strings.TrimPrefix(staged.URL, three[0].url)
	if status, _, body = send(t, http.DefaultClient, http.MethodPost, to, "", form.FormDataContentType(), buf.Bytes()); status != http.StatusCreated {
		t.Fatalf("send: %d %s", status, body)
	}
	if status, _, body = send(t, http.DefaultClient, http.MethodPost, three[2].url+"/api/binstar/commit/"+path, session, "application/json", fmt.Appendf(nil, `{"dist_id": %q}`, staged.ID)); status >= 300 {
		t.Fatalf("commit: %d %s", status, body)
	}
	for i, p := range three {
		if status, _, got := send(t, http.DefaultClient, http.MethodGet, p.url+"/team/noarch/"+a.Filename, session, "", nil); status != http.StatusOK || !bytes.Equal(got, a.data) {
			t.Errorf("server %d: %d, %d bytes", i, status, len(got))
		}
	}
}

// exactUses: a token that is good for some uses is good for exactly as many, whichever servers are asked at once.
func (three trio) exactUses(t *testing.T, c *client.Client, seed artifact) {
	const uses, asked = 20, 60
	token, err := c.CreateToken(t.Context(), api.TokenCreate{
		Name: "some uses", Resources: []api.TokenResource{{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelRead}},
		Restrictions: &api.TokenRestrictions{MaxUses: uses},
	})
	if err != nil {
		t.Fatal(err)
	}
	var served, refused atomic.Int64
	var all sync.WaitGroup
	for i := range asked {
		all.Go(func() {
			switch status, _, _ := send(t, http.DefaultClient, http.MethodGet, three[i%3].url+"/team/"+seed.ckey(), token.Secret, "", nil); status {
			case http.StatusOK:
				served.Add(1)
			case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
				refused.Add(1)
			default:
				t.Errorf("status %d", status)
			}
		})
	}
	all.Wait()
	if served.Load() != uses || refused.Load() != asked-uses {
		t.Errorf("%d of %d were served and %d refused, want %d served", served.Load(), asked, refused.Load(), uses)
	}
}

// withinASecond: what is taken away at one server is refused by the others a second after the answer, although they had just
// granted it.
func (three trio) withinASecond(t *testing.T, admins [3]*client.Client, seed artifact) {
	ctx := t.Context()
	read := func(channel string) []api.TokenResource {
		return []api.TokenResource{{ResourceType: api.ResourceTypeChannel, ResourceID: channel, Permission: api.LevelRead}}
	}
	mint := func(c *client.Client, in api.TokenCreate) api.TokenCreated {
		t.Helper()
		made, err := c.CreateToken(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	// Ada may read a channel as a member of a group, and holds a token for it.
	if _, err := admins[0].CreateUser(ctx, api.UserCreate{Username: "ada", Password: "a password of ada's"}); err != nil {
		t.Fatal(err)
	}
	if _, err := admins[0].CreateGroup(ctx, api.GroupRequest{Name: "readers"}); err != nil {
		t.Fatal(err)
	}
	if _, err := admins[1].SetGroupMember(ctx, "readers", "ada", api.LevelRead); err != nil {
		t.Fatal(err)
	}
	if err := admins[2].AddChannelGroup(ctx, "team", "readers", api.LevelRead); err != nil {
		t.Fatal(err)
	}
	anyone, err := client.New(three[1].url)
	if err != nil {
		t.Fatal(err)
	}
	in, err := anyone.Login(ctx, "ada", "a password of ada's")
	if err != nil {
		t.Fatal(err)
	}
	ada := anyone.As(client.Session(in.Token))
	revoked, narrowed, demoted := mint(admins[0], api.TokenCreate{Name: "revoked", Resources: read("team")}),
		mint(admins[0], api.TokenCreate{Name: "narrowed", Resources: read("team")}), mint(ada, api.TokenCreate{Name: "demoted", Resources: read("team")})
	file := "/team/" + seed.ckey()
	for what, tc := range map[string]struct {
		path, credential string
		change           func() error
	}{
		"revocation": {file, revoked.Secret, func() error { return admins[0].DeleteToken(ctx, revoked.ID) }},
		"narrowing": {file, narrowed.Secret, func() error {
			_, err := admins[1].UpdateToken(ctx, narrowed.ID, api.TokenUpdate{Resources: read("other")})
			return err
		}},
		"demotion": {file, demoted.Secret, func() error {
			_, err := admins[2].RemoveGroupMember(ctx, "readers", "ada")
			return err
		}},
		"the end of a session": {"/api/account", in.Token, func() error { return ada.Logout(ctx) }},
	} {
		for i, p := range three {
			if status, _, _ := send(t, http.DefaultClient, http.MethodGet, p.url+tc.path, tc.credential, "", nil); status != http.StatusOK {
				t.Errorf("before the %s, server %d: %d", what, i, status)
			}
		}
		if err := tc.change(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		answered := time.Now()
		time.Sleep(time.Second)
		for i, p := range three {
			if status, _, _ := send(t, http.DefaultClient, http.MethodGet, p.url+tc.path, tc.credential, "", nil); status == http.StatusOK {
				t.Errorf("server %d still serves %s after the %s", i, time.Since(answered), what)
			}
		}
	}
	var expired api.TokenCreated
	end := time.Now()
	for life := 2 * time.Second; expired.Secret == ""; life *= 2 {
		end = time.Now().Add(life)
		// On a slow machine it may have ended before it was made.
		if expired, err = admins[0].CreateToken(ctx, api.TokenCreate{Name: "expired", Resources: read("team"), ExpiresAt: end.UTC().Format(time.RFC3339Nano)}); err != nil && life > time.Minute {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Until(end))
	for i, p := range three {
		if status, _, _ := send(t, http.DefaultClient, http.MethodGet, p.url+file, expired.Secret, "", nil); status != http.StatusUnauthorized {
			t.Errorf("server %d answers %d to a token that has expired", i, status)
		}
	}
}

// TestJobsAreTakenOver kills whichever of three servers runs a job, twice. Another goes on with it, and every file is moved
// exactly once.
func TestJobsAreTakenOver(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	const packages = 900
	three := launchTrio(t, pgtest.New(t))
	_, admins := three.admins(t)
	three[0].fill(t, admins[0], "src", packages)
	if _, err := admins[0].CreateChannel(t.Context(), api.ChannelCreate{Name: "dst", Privacy: api.PrivacyPublic}); err != nil {
		t.Fatal(err)
	}
	job, err := admins[1].Bulk(t.Context(), "src", api.Bulk{Action: api.BulkMove, TargetChannel: "dst", All: true})
	if err != nil {
		t.Fatal(err)
	}
	for attempt, killAt := range []int64{100, 400} {
		runner := three.runner(t, job.ID, attempt+1)
		other := admins[(runner+1)%3]
		for job.Done < killAt && !job.State.Over() {
			if job, err = other.Job(t.Context(), job.ID); err != nil {
				t.Fatal(err)
			}
		}
		three[runner].kill(t)
		if job.State.Over() {
			t.Fatalf("the job was over before its runner was killed: %+v", job)
		}
		died := time.Now()
		took := three.runner(t, job.ID, attempt+2)
		t.Logf("server %d died with %d of %d done; server %d went on with it after %s", runner, job.Done, packages, took, time.Since(died).Round(time.Millisecond))
		if attempt == 0 {
			three[runner] = launchWith(t, three[runner].data, three[runner].env)
			if admins[runner], err = client.New(three[runner].url); err != nil {
				t.Fatal(err)
			}
			c, _ := three[runner].login(t)
			admins[runner] = c
		}
	}
	alive := three.runner(t, job.ID, 3)
	if job, err = admins[alive].WaitJob(t.Context(), job.ID, nil); err != nil {
		t.Fatal(err)
	}
	if job.State != api.JobDone || job.Done != packages || job.Failed+job.Skipped != 0 || job.Attempts != 3 {
		t.Errorf("job = %+v, want all %d done in the third attempt", job, packages)
	}
	if src, dst := three[alive].moved(t, "src"), three[alive].files(t, "dst"); src != 0 || dst != packages {
		t.Errorf("src has %d files and dst %d, want 0 and %d", src, dst, packages)
	}
}

// runner waits until one of the servers has taken a job for some attempt, and tells which.
func (three trio) runner(t *testing.T, job string, attempt int) int {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		for i, p := range three {
			for line := range strings.Lines(p.errout.String()) {
				if strings.Contains(line, `msg="job taken"`) && strings.Contains(line, "job="+job) && strings.HasSuffix(line, fmt.Sprintf("attempt=%d\n", attempt)) {
					return i
				}
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("no server has taken the job for attempt %d in %s", attempt, filepath.Base(three[0].data))
		}
	}
}
