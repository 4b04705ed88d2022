package depcheck

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// listed is a package as `go list -json` describes it.
type listed struct {
	ImportPath string
	Name       string
	Dir        string
	Standard   bool
	DepOnly    bool
	GoFiles    []string
	Imports    []string
	Deps       []string
	Export     string

	tree *tree
}

// rel is the import path without the module's.
func (p *listed) rel() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
}

// tree is a module with all that it depends on.
type tree struct {
	dir      string
	packages []*listed
	standard map[string]bool
	// exports are the files in which the compiler left the types of each
	// package.
	exports map[string]string
}

func load(ctx context.Context, dir string) (*tree, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	list := exec.CommandContext(ctx, "go", "list", "-export", "-deps",
		"-json=ImportPath,Name,Dir,Standard,DepOnly,GoFiles,Imports,Deps,Export", "./...")
	list.Dir = dir
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, &stderr)
	}
	t := &tree{dir: dir, standard: map[string]bool{}, exports: map[string]string{}}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		p := &listed{tree: t}
		if err := decoder.Decode(p); errors.Is(err, io.EOF) {
			return t, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the output of go list: %w", err)
		}
		t.standard[p.ImportPath] = p.Standard
		t.exports[p.ImportPath] = p.Export
		if !p.DepOnly {
			t.packages = append(t.packages, p)
		}
	}
}

// checked is a package whose identifiers have been resolved.
type checked struct {
	tree  *tree
	fset  *token.FileSet
	types *types.Package
	info  *types.Info
	files []*ast.File

	// mutators are the methods that write through their receiver.
	mutators map[types.Object]bool
	// rows are local variables of the code being looked at that point into
	// another variable.
	rows map[types.Object]types.Object
}

// resolver returns a function that parses and type-checks packages, taking the
// types of what they import from the compiler.
func (t *tree) resolver() func(*listed) (*checked, error) {
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if t.exports[path] == "" {
			return nil, fmt.Errorf("go list names no export file of %s", path)
		}
		return os.Open(t.exports[path])
	})
	return func(p *listed) (*checked, error) {
		c := &checked{tree: t, fset: fset, info: &types.Info{
			Defs:       map[*ast.Ident]types.Object{},
			Uses:       map[*ast.Ident]types.Object{},
			Types:      map[ast.Expr]types.TypeAndValue{},
			Selections: map[*ast.SelectorExpr]*types.Selection{},
		}}
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			c.files = append(c.files, file)
		}
		var err error
		config := types.Config{Importer: imports}
		c.types, err = config.Check(p.ImportPath, fset, c.files, c.info)
		return c, err
	}
}

// at says where in the tree a piece of code stands.
func (c *checked) at(pos token.Pos) string {
	p := c.fset.Position(pos)
	if rel, err := filepath.Rel(c.tree.dir, p.Filename); err == nil {
		p.Filename = filepath.ToSlash(rel)
	}
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}
