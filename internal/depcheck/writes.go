package depcheck

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// checkWrites finds every place that changes a variable of a package, be it
// its own or another's. Writes through a copy of a slice, map or pointer that a
// function was handed go unseen.
func (c *checked) checkWrites() []Finding {
	var findings []Finding
	c.findMutators()
	for _, file := range c.files {
		c.eachWrite(file, func(target ast.Expr) {
			if v := c.packageVar(target); v != nil && !mayBeWritten(v) {
				findings = append(findings, Finding{c.at(target.Pos()), "changes " + c.nameOf(v) + ", a variable of a package"})
			}
		})
	}
	return findings
}

// mayBeWritten names the one exception: huma has no other way of choosing the
// form of its errors.
func mayBeWritten(v *types.Var) bool {
	return v.Pkg().Path() == "github.com/danielgtaylor/huma/v2" && v.Name() == "NewError"
}

func (c *checked) nameOf(v *types.Var) string {
	if v.Pkg() == c.types {
		return v.Name()
	}
	return v.Pkg().Name() + "." + v.Name()
}

// findMutators collects the methods of this package that write through the
// pointer they are called on. Those that only read through it may be called on
// a row of a table.
func (c *checked) findMutators() {
	c.mutators = map[types.Object]bool{}
	for _, file := range c.files {
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Body == nil || len(f.Recv.List[0].Names) == 0 {
				continue
			}
			receiver := c.info.Defs[f.Recv.List[0].Names[0]]
			c.eachWrite(f.Body, func(target ast.Expr) {
				if c.root(target) == receiver {
					c.mutators[c.info.Defs[f.Name]] = true
				}
			})
		}
	}
}

// eachWrite calls visit with every expression below node that is assigned to,
// or handed to something that may assign to it.
func (c *checked) eachWrite(node ast.Node, visit func(target ast.Expr)) {
	c.rows = map[types.Object]types.Object{}
	reads := map[ast.Expr]bool{}
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				c.defineRows(n, reads)
				break
			}
			for _, target := range n.Lhs {
				if !c.isRow(target) {
					visit(target)
				}
			}
		case *ast.IncDecStmt:
			visit(n.X)
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				visit(n.Key)
				visit(n.Value)
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND && !reads[n] {
				visit(n.X)
			}
		case *ast.CallExpr:
			for _, target := range c.changedBy(n) {
				visit(target)
			}
		}
		return true
	})
}

// defineRows notes local variables that point into another variable, as in
// row := &table[i]. That alone is a way of reading, so the address is added to
// reads; what is written through the pointer counts as written to the table.
func (c *checked) defineRows(n *ast.AssignStmt, reads map[ast.Expr]bool) {
	for i, value := range n.Rhs {
		address, ok := value.(*ast.UnaryExpr)
		if !ok || address.Op != token.AND || len(n.Lhs) != len(n.Rhs) {
			continue
		}
		id, ok := n.Lhs[i].(*ast.Ident)
		table := c.root(address.X)
		if ok && table != nil && c.info.Defs[id] != nil {
			c.rows[c.info.Defs[id]] = table
			reads[address] = true
		}
	}
}

// isRow reports whether e is such a pointer itself: to set it is to let it
// point elsewhere.
func (c *checked) isRow(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && c.rows[c.info.Uses[id]] != nil
}

// packageVar returns the variable of a package that an expression is, or is a
// part of, and nil if there is none.
func (c *checked) packageVar(e ast.Expr) *types.Var {
	v, ok := c.root(e).(*types.Var)
	if ok && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
		return v
	}
	return nil
}

// root returns the variable that an expression is, or is a part of.
func (c *checked) root(e ast.Expr) types.Object {
	switch e := e.(type) {
	case *ast.Ident:
		if table := c.rows[c.info.Uses[e]]; table != nil {
			return table
		}
		return c.info.Uses[e]
	case *ast.ParenExpr:
		return c.root(e.X)
	case *ast.IndexExpr:
		return c.root(e.X)
	case *ast.SliceExpr:
		return c.root(e.X)
	case *ast.StarExpr:
		return c.root(e.X)
	case *ast.SelectorExpr:
		if c.info.Selections[e] != nil {
			return c.root(e.X)
		}
		return c.root(e.Sel) // qualified by the package's name
	}
	return nil
}

// changedBy returns the operands that a call changes: the receiver of a method
// that takes its address, and the first argument of the usual functions.
func (c *checked) changedBy(call *ast.CallExpr) []ast.Expr {
	var changed []ast.Expr
	if selector, ok := call.Fun.(*ast.SelectorExpr); ok && c.changesReceiver(selector) {
		changed = append(changed, selector.X)
	}
	if len(call.Args) > 0 && changesArgument(c.callee(call)) {
		changed = append(changed, call.Args[0])
	}
	return changed
}

// changesReceiver reports whether a method is called on the address of a
// variable and may write to it. Methods of other packages are taken to.
func (c *checked) changesReceiver(selector *ast.SelectorExpr) bool {
	selection := c.info.Selections[selector]
	if selection == nil || selection.Kind() != types.MethodVal {
		return false
	}
	method := selection.Obj()
	signature, ok := method.Type().(*types.Signature)
	if !ok {
		return false
	}
	_, wants := signature.Recv().Type().Underlying().(*types.Pointer)
	_, has := selection.Recv().Underlying().(*types.Pointer)
	return wants && !has && (method.Pkg() != c.types || c.mutators[method])
}

func changesArgument(callee types.Object) bool {
	switch f := callee.(type) {
	case *types.Builtin:
		return f.Name() == "delete" || f.Name() == "clear" || f.Name() == "copy"
	case *types.Func:
		if f.Pkg() == nil {
			return false
		}
		switch f.Pkg().Path() {
		case "sort":
			return !strings.HasPrefix(f.Name(), "Search") && !strings.HasSuffix(f.Name(), "AreSorted") && f.Name() != "Find"
		case "slices":
			return strings.HasPrefix(f.Name(), "Sort") && !strings.HasPrefix(f.Name(), "Sorted") || f.Name() == "Reverse"
		case "maps":
			return f.Name() == "Copy" || f.Name() == "Insert" || f.Name() == "DeleteFunc"
		}
	}
	return false
}
