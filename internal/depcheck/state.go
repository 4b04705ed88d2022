package depcheck

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// checkState finds what makes two servers in one process, or two tests,
// influence each other: init functions, and variables of packages that can
// change. Errors, patterns, embedded files and tables that nobody writes to
// are no state.
func checkState(t *tree) ([]Finding, error) {
	resolve := t.resolver()
	var findings []Finding
	for _, p := range t.packages {
		c, err := resolve(p)
		if err != nil {
			return nil, err
		}
		for _, file := range c.files {
			for _, decl := range file.Decls {
				findings = append(findings, c.checkDecl(decl)...)
			}
		}
		findings = append(findings, c.checkWrites()...)
	}
	return findings, nil
}

// stamped is the package whose variables the linker fills in.
const stamped = module + "/internal/version"

func (c *checked) checkDecl(decl ast.Decl) []Finding {
	var findings []Finding
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Recv == nil && decl.Name.Name == "init" {
			findings = append(findings, Finding{c.at(decl.Pos()), "init runs behind everybody's back; call a function from where things are wired"})
		}
	case *ast.GenDecl:
		if decl.Tok != token.VAR {
			break
		}
		for _, spec := range decl.Specs {
			if spec, ok := spec.(*ast.ValueSpec); ok && !embeds(decl.Doc) && !embeds(spec.Doc) {
				findings = append(findings, c.checkVar(spec)...)
			}
		}
	}
	return findings
}

func embeds(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, line := range doc.List {
		if strings.HasPrefix(line.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

func (c *checked) checkVar(spec *ast.ValueSpec) []Finding {
	var findings []Finding
	for i, name := range spec.Names {
		v, ok := c.info.Defs[name].(*types.Var)
		if !ok || name.Name == "_" {
			continue
		}
		switch {
		case len(spec.Values) == 0 && c.types.Path() == stamped && types.Identical(v.Type(), types.Typ[types.String]):
		case len(spec.Values) == 0:
			findings = append(findings, Finding{c.at(name.Pos()), "variable " + name.Name + " has no value, so it is there to be changed"})
		case len(spec.Values) == len(spec.Names) && c.computedOnce(spec.Values[i]):
		case !constant(v.Type()):
			findings = append(findings, Finding{
				c.at(name.Pos()),
				"variable " + name.Name + " can change: its type is " + types.TypeString(v.Type(), types.RelativeTo(c.types)),
			})
		}
	}
	return findings
}

// computedOnce recognises a table that is built, or a step that is taken, when it is first needed. What the step writes
// is judged like any other write.
func (c *checked) computedOnce(value ast.Expr) bool {
	call, ok := value.(*ast.CallExpr)
	if !ok {
		return false
	}
	f, ok := c.callee(call).(*types.Func)
	return ok && slices.Contains([]string{"sync.OnceValue", "sync.OnceValues", "sync.OnceFunc"}, f.FullName())
}

// callee returns the function that a call names, or nil.
func (c *checked) callee(call *ast.CallExpr) types.Object {
	fun := ast.Unparen(call.Fun)
	switch f := fun.(type) {
	case *ast.IndexExpr: // explicit type arguments
		fun = f.X
	case *ast.IndexListExpr:
		fun = f.X
	}
	switch f := fun.(type) {
	case *ast.Ident:
		return c.info.Uses[f]
	case *ast.SelectorExpr:
		return c.info.Uses[f.Sel]
	}
	return nil
}
