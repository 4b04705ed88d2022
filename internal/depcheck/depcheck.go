// Package depcheck holds the tree to its architecture: which package may import
// which, and that no package keeps state of its own.
//
// It reads the packages that the go command lists for this machine, without
// their tests: a test may import and keep what it likes. Out of scope are the
// rules that no machine can judge, such as where authorization is decided.
package depcheck

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// module is the path of the module that the rules are about.
const module = "kingsnake"

// Finding is one breach of a rule.
type Finding struct {
	// Where is a package, relative to the module, or a file and line.
	Where string
	// What is wrong, as a sentence about Where.
	What string
}

// String returns the finding on one line.
func (f Finding) String() string { return f.Where + ": " + f.What }

// Check returns what breaks the rules in the module at dir, in order of place.
func Check(ctx context.Context, dir string) ([]Finding, error) {
	t, err := load(ctx, dir)
	if err != nil {
		return nil, fmt.Errorf("load the module: %w", err)
	}
	var findings []Finding
	for _, p := range t.packages {
		findings = append(findings, checkName(p)...)
		findings = append(findings, checkImports(p)...)
	}
	state, err := checkState(t)
	if err != nil {
		return nil, err
	}
	findings = append(findings, state...)
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.What, b.What))
	})
	return findings, nil
}

// checkName turns down names that say nothing, which is where code without a
// home gathers.
func checkName(p *listed) []Finding {
	var findings []Finding
	for _, name := range append(strings.Split(p.rel(), "/"), p.Name) {
		switch name {
		case "util", "utils", "common", "helper", "helpers", "model", "models", "types", "base":
			return append(findings, Finding{p.rel(), "the name " + name + " says nothing about what is in it"})
		}
	}
	return findings
}
