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
func (c *checked) checkWrites(file *ast.File) []Finding {
	var findings []Finding
	c.rows = map[types.Object]*types.Var{}
	read := map[ast.Expr]bool{}
	written := func(target ast.Expr) {
		if id, ok := target.(*ast.Ident); ok && c.rows[c.info.Uses[id]] != nil {
			return // The local pointer moves on; what it points to stays.
		}
		if v := c.packageVar(target); v != nil && !mayBeWritten(v) {
			findings = append(findings, Finding{c.at(target.Pos()), "changes " + c.nameOf(v) + ", a variable of a package"})
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				c.defineRow(n, read)
			} else {
				for _, target := range n.Lhs {
					written(target)
				}
			}
		case *ast.IncDecStmt:
			written(n.X)
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				written(n.Key)
				written(n.Value)
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND && !read[n] {
				written(n.X)
			}
		case *ast.CallExpr:
			for _, target := range c.changedBy(n) {
				written(target)
			}
		}
		return true
	})
	return findings
}

// defineRow notes a local variable that points into a variable of a package, as
// in row := &table[i]. That alone is a way of reading, so the address is added to
// read; what is written through the pointer counts as written to the table.
func (c *checked) defineRow(n *ast.AssignStmt, read map[ast.Expr]bool) {
	for i, value := range n.Rhs {
		address, ok := value.(*ast.UnaryExpr)
		if !ok || address.Op != token.AND || len(n.Lhs) != len(n.Rhs) {
			continue
		}
		id, ok := n.Lhs[i].(*ast.Ident)
		v := c.packageVar(address.X)
		if !ok || v == nil || c.info.Defs[id] == nil {
			continue
		}
		c.rows[c.info.Defs[id]] = v
		read[address] = true
	}
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

// packageVar returns the variable of a package that an expression is, or is a
// part of, and nil if there is none.
func (c *checked) packageVar(e ast.Expr) *types.Var {
	switch e := e.(type) {
	case *ast.Ident:
		if v := c.rows[c.info.Uses[e]]; v != nil {
			return v
		}
		v, ok := c.info.Uses[e].(*types.Var)
		if ok && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
			return v
		}
	case *ast.ParenExpr:
		return c.packageVar(e.X)
	case *ast.IndexExpr:
		return c.packageVar(e.X)
	case *ast.SliceExpr:
		return c.packageVar(e.X)
	case *ast.StarExpr:
		return c.packageVar(e.X)
	case *ast.SelectorExpr:
		if c.info.Selections[e] != nil {
			return c.packageVar(e.X)
		}
		return c.packageVar(e.Sel) // qualified by the package's name
	}
	return nil
}

// changedBy returns the operands that a call changes: the receiver of a method
// that takes its address, and the first argument of the usual functions.
func (c *checked) changedBy(call *ast.CallExpr) []ast.Expr {
	var changed []ast.Expr
	if selector, ok := call.Fun.(*ast.SelectorExpr); ok && c.takesAddress(selector) {
		changed = append(changed, selector.X)
	}
	if len(call.Args) > 0 && changesArgument(c.callee(call)) {
		changed = append(changed, call.Args[0])
	}
	return changed
}

func (c *checked) takesAddress(selector *ast.SelectorExpr) bool {
	selection := c.info.Selections[selector]
	if selection == nil || selection.Kind() != types.MethodVal {
		return false
	}
	signature, ok := selection.Obj().Type().(*types.Signature)
	if !ok {
		return false
	}
	_, wants := signature.Recv().Type().Underlying().(*types.Pointer)
	_, has := selection.Recv().Underlying().(*types.Pointer)
	return wants && !has
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
