package depcheck

import (
	"fmt"
	"slices"
	"strings"
)

// A limit says what the packages of one tree may import.
type limit struct {
	tree string
	// own lists the trees of this module that may be imported. The tree
	// itself always may.
	own []string
	// exactly lists further packages of this module, without what lies below
	// them: a contract may be imported where its implementations may not.
	exactly []string
	// foreign lists the modules that may be imported beside the standard
	// library. Nil allows all of them.
	foreign []string
}

// limits keep the public packages free of the server, and the domain free of
// everything that carries it out.
func limits() []limit {
	return []limit{
		{tree: "conda", foreign: []string{"github.com/klauspost/compress", "github.com/tinylib/msgp"}},
		{tree: "api", foreign: []string{}},
		{tree: "client", own: []string{"api"}, foreign: []string{}},
		{tree: "internal/access", foreign: []string{}},
		{
			tree: "internal/registry", own: []string{"conda", "internal/access"},
			// The contract of blob storage and a cache that knows nothing; see
			// docs/adr/0006.
			exactly: []string{"internal/blob", "internal/memo"},
		},
	}
}

// worldly reports whether a package knows how a request travels, or where a row
// or a blob lies, which the domain must not learn even through others.
func worldly(path string) bool {
	return path == "net/http" || path == "database/sql" ||
		withinAny(path, []string{"github.com/aws", "cloud.google.com", "github.com/Azure", "github.com/minio"})
}

// databases are the packages that speak to one.
func databases() []string {
	return []string{
		"database/sql", "modernc.org/sqlite", "github.com/mattn/go-sqlite3",
		"github.com/jackc/pgx", "github.com/lib/pq", "github.com/pressly/goose",
	}
}

// faces are the ways into the server, none of which builds on another.
func faces() []string {
	return []string{"internal/server/channelhttp", "internal/server/apihttp", "internal/server/binstarhttp", "internal/server/web"}
}

func checkImports(p *listed) []Finding {
	var findings []Finding
	report := func(imported, why string) {
		how := "imports"
		if !slices.Contains(p.Imports, imported) {
			how = "reaches"
		}
		findings = append(findings, Finding{p.rel(), fmt.Sprintf("%s %s: %s", how, imported, why)})
	}
	for _, imported := range p.Imports {
		for _, l := range limits() {
			if within(p.rel(), l.tree) && !l.allows(p.tree, imported) {
				report(imported, l.tree+" may not")
			}
		}
		if withinAny(imported, databases()) && !withinAny(p.rel(), []string{"internal/store", "internal/jobs", "internal/pgtest", "bench"}) {
			// The benchmark writes to a database of its own, to know what a bare commit costs; the tests make databases.
			report(imported, "only internal/store and internal/jobs speak to a database")
		}
		if within(p.rel(), "internal/store") && within(imported, module+"/internal/access") {
			report(imported, "the store holds no opinion about access")
		}
	}
	for _, reached := range p.Deps {
		if within(p.rel(), "internal/registry") && worldly(reached) {
			report(reached, "the domain may not, directly or through others")
		}
		for _, face := range faces() {
			for _, other := range faces() {
				if within(p.rel(), face) && face != other && within(reached, module+"/"+other) {
					report(reached, "one face of the server may not build on another")
				}
			}
		}
	}
	return findings
}

func (l limit) allows(t *tree, imported string) bool {
	if rel, ok := strings.CutPrefix(imported, module+"/"); ok {
		return within(rel, l.tree) || withinAny(rel, l.own) || slices.Contains(l.exactly, rel)
	}
	return l.foreign == nil || t.standard[imported] || withinAny(imported, l.foreign)
}

// within reports whether path is tree or lies below it.
func within(path, tree string) bool {
	return path == tree || strings.HasPrefix(path, tree+"/")
}

func withinAny(path string, trees []string) bool {
	return slices.ContainsFunc(trees, func(tree string) bool { return within(path, tree) })
}
