package deploy_test

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/internal/servertest"
)

// dashboard is what matters here of Grafana's model of one.
type dashboard struct {
	UID        string
	Title      string
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
	Panels []struct {
		ID         int
		Title      string
		Type       string
		Datasource struct{ UID string }
		GridPos    struct{ X, Y, W, H int }
		Targets    []struct{ Expr, RefID, LegendFormat string }
	}
}

// metrics asks a real server for its metrics and gives their names and those of their labels.
func metrics(t *testing.T) (names, labels map[string]bool) {
	t.Helper()
	site := servertest.New(t)
	// One that ends soon, so that there is something to tell of it.
	_, err := site.Admin.CreateToken(t.Context(), api.TokenCreate{
		Name: "short", Scopes: []string{"channel:view"}, ExpiresAt: site.Clock.Now().UTC().AddDate(0, 0, 7).Format(time.DateOnly),
	})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(site.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	names, labels = map[string]bool{}, map[string]bool{}
	label := regexp.MustCompile(`([a-z_]+)="`)
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name := line[:strings.IndexAny(line, "{ ")]
		names[name] = true
		for _, m := range label.FindAllStringSubmatch(line[len(name):], -1) {
			labels[m[1]] = true
		}
	}
	return names, labels
}

// functions are the words of PromQL that the dashboard uses.
var functions = map[string]bool{
	"sum": true, "rate": true, "increase": true, "by": true, "min": true, "max": true, "sort": true, "time": true, "histogram_quantile": true,
	"label_values": true,
}

// words gives the names in an expression, of metrics, labels and functions, and leaves out strings, variables and numbers.
func words(expr string) []string {
	expr = regexp.MustCompile(`"[^"]*"|\$\w+|\[[^\]]*\]`).ReplaceAllString(expr, " ")
	return regexp.MustCompile(`[a-zA-Z_][a-zA-Z0-9_]*`).FindAllString(expr, -1)
}

// TestDashboard compares what the dashboard asks for with what a server tells.
func TestDashboard(t *testing.T) {
	var d dashboard
	if err := json.Unmarshal([]byte(read(t, "grafana/kingsnake.json")), &d); err != nil {
		t.Fatal(err)
	}
	names, labels := metrics(t)
	// What Prometheus adds.
	names["up"], labels["instance"], labels["job"] = true, true, true
	used := map[string]bool{}
	check := func(where, expr string) {
		for _, w := range words(expr) {
			used[w] = true
			if !names[w] && !labels[w] && !functions[w] {
				t.Errorf("%s: %q is neither a metric of the server nor a label nor a function", where, w)
			}
		}
		for _, v := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(expr, -1) {
			if v[1] != "__rate_interval" && v[1] != "__range" && !d.variable(v[1]) {
				t.Errorf("%s: there is no variable %s", where, v[1])
			}
		}
		if strings.Count(expr, "(") != strings.Count(expr, ")") || strings.Count(expr, "{") != strings.Count(expr, "}") {
			t.Errorf("%s: unbalanced: %s", where, expr)
		}
	}
	for _, v := range d.Templating.List {
		check("variable "+v.Name, v.Definition)
	}
	ids := map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" || len(p.Targets) == 0 || p.Datasource.UID != "${datasource}" {
			t.Errorf("panel %d %q: id not its own, no title, no target, or a data source of its own", p.ID, p.Title)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			check("panel "+p.Title, target.Expr)
		}
	}
	d.overlaps(t)
	for name := range names {
		told := strings.TrimSuffix(strings.TrimSuffix(name, "_sum"), "_count")
		if strings.HasPrefix(name, "kingsnake_") && !strings.HasSuffix(name, "_created") && !used[name] && !used[told+"_bucket"] {
			t.Errorf("the server tells %s and the dashboard does not show it", name)
		}
	}
}

func (d *dashboard) variable(name string) bool {
	for _, v := range d.Templating.List {
		if v.Name == name {
			return true
		}
	}
	return false
}

// overlaps looks for panels on top of each other, or beyond the right end.
func (d *dashboard) overlaps(t *testing.T) {
	t.Helper()
	for i, p := range d.Panels {
		a := p.GridPos
		if a.W <= 0 || a.H <= 0 || a.X < 0 || a.X+a.W > 24 {
			t.Errorf("panel %q is not within the width: %+v", p.Title, a)
		}
		for _, other := range d.Panels[:i] {
			b := other.GridPos
			if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
				t.Errorf("panels %q and %q overlap", other.Title, p.Title)
			}
		}
	}
}
