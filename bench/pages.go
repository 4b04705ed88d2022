package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"kingsnake/api"
	"kingsnake/bench/largesite"
	"kingsnake/internal/registry"
	"kingsnake/internal/server"
)

// visitor is somebody who asks for pages, in this process: what is measured is the server alone, without a network.
type visitor struct {
	name    string
	handler http.Handler
	bearer  string
	cookies []*http.Cookie
}

// get asks for a page or an operation and gives how long the server took.
func (v *visitor) get(ctx context.Context, path string) (*httptest.ResponseRecorder, time.Duration) {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, path, http.NoBody)
	if strings.HasPrefix(path, "/-/") {
		for _, c := range v.cookies {
			r.AddCookie(c)
		}
	} else {
		r.Header.Set("Authorization", "Bearer "+v.bearer)
	}
	w := httptest.NewRecorder()
	begun := time.Now()
	v.handler.ServeHTTP(w, r)
	return w, time.Since(begun)
}

// list asks for a list and gives its first item, the zero one for none.
func list[T any](ctx context.Context, v *visitor, path string) (first T, err error) {
	w, _ := v.get(ctx, path)
	var items []T
	if body := w.Body.Bytes(); len(body) > 0 && body[0] == '[' {
		err = json.Unmarshal(body, &items)
	} else {
		var out struct {
			Items []T `json:"items"`
		}
		err = json.Unmarshal(body, &out)
		items = out.Items
	}
	if err != nil {
		return first, fmt.Errorf("%s as %s: status %d: %w", path, v.name, w.Code, err)
	}
	if len(items) > 0 {
		first = items[0]
	}
	return first, nil
}

// signIn signs somebody in, in the pages and in the REST API.
func signIn(ctx context.Context, h http.Handler, name string) (*visitor, error) {
	v := &visitor{name: name, handler: h}
	form := url.Values{"username": {name}, "password": {largesite.Password}}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/-/sign-in", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if v.cookies = w.Result().Cookies(); w.Code != http.StatusSeeOther {
		return nil, fmt.Errorf("sign in as %s: status %d", name, w.Code)
	}
	body, err := json.Marshal(api.LoginRequest{Username: name, Password: largesite.Password})
	if err != nil {
		return nil, err
	}
	r = httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/auth/login", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var in api.LoginResponse
	if err := json.Unmarshal(w.Body.Bytes(), &in); err != nil || w.Code != http.StatusOK {
		return nil, fmt.Errorf("sign in as %s: status %d: %w", name, w.Code, err)
	}
	v.bearer = in.Token
	return v, nil
}

// timing is how long a page took.
type timing struct {
	who, path   string
	status      int
	median, p95 time.Duration
	// cpu is the median of the processor time that the whole process used meanwhile, which other programs on the machine do not change.
	cpu time.Duration
}

// used is the processor time of this process until now.
func used() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// measurePages asks for every page and every list of the REST API of a large site, as three sorts of people.
func (l *largeSettings) measurePages(ctx context.Context) (rerr error) {
	s, err := server.New(ctx, l.config(), quiet())
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, s.Close()) }()
	begun := time.Now()
	if err := s.Site().Service.Searching.Learn(ctx); err != nil {
		return err
	}
	fmt.Printf("the words of packages were learned in %s\n", time.Since(begun).Round(time.Second))
	var all []timing
	paths := map[string]string{}
	for _, name := range []string{registry.FirstAdmin, largesite.Author, largesite.Outsider} {
		v, err := signIn(ctx, s, name)
		if err != nil {
			return err
		}
		if len(paths) == 0 {
			if paths, err = pagePaths(ctx, v); err != nil {
				return err
			}
		}
		for pattern, path := range paths {
			if strings.Contains(pattern, l.only) {
				t := l.measurePage(ctx, v, pattern, path)
				all = append(all, t)
				fmt.Fprintf(os.Stderr, "%s %s %.0f ms\n", t.who, t.path, millis(t.cpu))
			}
		}
	}
	slices.SortFunc(all, func(a, b timing) int { return cmp.Compare(b.cpu, a.cpu) })
	over := 0
	fmt.Printf("%-9s %-100s %6s %9s %9s %9s\n", "as", "page or list", "status", "median", "p95", "processor")
	for _, t := range all {
		fmt.Printf("%-9s %-100s %6d %7.1fms %7.1fms %7.1fms\n", t.who, t.path, t.status, millis(t.median), millis(t.p95), millis(t.cpu))
		if t.p95 > 100*time.Millisecond {
			over++
		}
	}
	fmt.Printf("%d pages and lists, each %d times; p95 over 100 ms: %d\n", len(all), l.requests, over)
	return nil
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// measurePage asks for one page, once before it counts, and stops early where it is very slow.
func (l *largeSettings) measurePage(ctx context.Context, v *visitor, pattern, path string) timing {
	if w, _ := v.get(ctx, "/api/account/tokens?limit=1"); strings.Contains(path, "OWNTOKEN") {
		var own struct {
			Items []api.Token `json:"items"`
		}
		if json.Unmarshal(w.Body.Bytes(), &own) == nil && len(own.Items) > 0 {
			path = strings.ReplaceAll(path, "OWNTOKEN", own.Items[0].ID)
		}
	}
	w, _ := v.get(ctx, path)
	var took, cpu []time.Duration
	begun := time.Now()
	for len(took) < l.requests && (len(took) < 3 || time.Since(begun) < 5*time.Second) {
		before := used()
		_, d := v.get(ctx, path)
		took, cpu = append(took, d), append(cpu, used()-before)
	}
	slices.Sort(took)
	slices.Sort(cpu)
	return timing{
		who: v.name, path: pattern, status: w.Code, median: took[len(took)/2], p95: took[(len(took)*95+99)/100-1], cpu: cpu[len(cpu)/2],
	}
}

var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`) //nolint:gochecknoglobals // A constant, but for the language.

// pagePaths gives all pages and operations, by pattern, with the path at which the large site has them.
func pagePaths(ctx context.Context, admin *visitor) (map[string]string, error) {
	values, err := pageValues(ctx, admin)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	var missing []string
	add := func(pattern string) {
		out[pattern] = placeholder.ReplaceAllStringFunc(pattern, func(part string) string {
			v, ok := values[strings.Trim(part, "{}")]
			if !ok {
				missing = append(missing, part+" of "+pattern)
			}
			return v
		})
	}
	for _, p := range webPages() {
		add(p)
	}
	w, _ := admin.get(ctx, "/api/openapi.json")
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		return nil, err
	}
	for path, methods := range doc.Paths {
		if _, reads := methods["get"]; !reads || slices.Contains(notMeasured(), path) || strings.Contains(path, "{rule_id}") {
			continue
		}
		add(path)
		if strings.Contains(string(methods["get"]), `"offset"`) {
			add(path + "?limit=100&offset=900")
		}
		if strings.Contains(string(methods["get"]), `"q"`) {
			add(path + "?q=graph")
		}
	}
	if missing != nil {
		return nil, fmt.Errorf("nothing stands for %s", strings.Join(missing, ", "))
	}
	return out, nil
}

// notMeasured are operations that are not pages: they answer as long as somebody listens or as they were asked to, send all
// there is, or leave the site.
func notMeasured() []string {
	return []string{
		"/api/account/history/ws", "/api/audit/export", "/api/auth/authorize", "/api/auth/callback/kc", "/api/auth/logout", "/api/system/pprof/{profile}",
	}
}

// pageValues finds what stands for the placeholders of paths.
func pageValues(ctx context.Context, admin *visitor) (map[string]string, error) {
	v := map[string]string{
		"channel": largesite.BigChannel, "package": largesite.BigPackage, "artifact_family": "conda", "artifact_name": largesite.BigPackage,
		"role": "author", "user": largesite.Author, "member": largesite.Author, "owner": largesite.Author, "token": "OWNTOKEN", "token_id": "OWNTOKEN",
	}
	channels, err := list[api.Channel](ctx, admin, "/api/channels?include_subchannels=true&limit=1&sort=-name")
	if err != nil {
		return nil, err
	}
	v["small"] = channels.Name
	file, err := list[api.ArtifactFile](ctx, admin, "/api/channels/"+largesite.BigChannel+"/artifacts/conda/"+largesite.BigPackage+"/files?limit=1")
	if err != nil {
		return nil, err
	}
	v["ckey"] = url.PathEscape(file.CKey)
	group, err := list[api.Group](ctx, admin, "/api/groups?limit=1")
	if err != nil {
		return nil, err
	}
	v["group"], v["group_id"], v["grant"] = group.ID, group.ID, group.ID
	user, err := list[api.User](ctx, admin, "/api/users?q="+largesite.Author)
	if err != nil {
		return nil, err
	}
	v["user_id"] = user.ID
	job, err := list[api.Job](ctx, admin, "/api/jobs?limit=1")
	if err != nil {
		return nil, err
	}
	v["job"], v["job_id"] = job.ID, job.ID
	role, err := list[api.Role](ctx, admin, "/api/roles")
	if err != nil {
		return nil, err
	}
	v["role_id"] = role.ID
	token, err := list[api.Token](ctx, admin, "/api/users/"+user.ID+"/tokens?limit=1")
	if err != nil {
		return nil, err
	}
	v["usertoken"] = token.ID
	return v, serviceValues(ctx, admin, v)
}

// serviceValues finds a service account with a token, and the subchannel that is measured as one.
func serviceValues(ctx context.Context, admin *visitor, v map[string]string) error {
	account, err := list[api.ServiceAccount](ctx, admin, "/api/channels/"+largesite.BigChannel+"/service-accounts")
	if err != nil {
		return err
	}
	token, err := list[api.Token](ctx, admin, "/api/channels/"+largesite.BigChannel+"/service-accounts/"+account.ID+"/tokens?limit=1")
	if err != nil {
		return err
	}
	v["account_id"], v["servicetoken"], v["subchannel"] = account.ID, token.ID, "none"
	return nil
}
