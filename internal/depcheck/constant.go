package depcheck

import (
	"go/types"
	"slices"
)

// constant reports whether a variable of type t changes only by being written
// to, which is looked for separately. Whatever is reached through a pointer or
// an interface may change by itself, unless it is known not to.
func constant(t types.Type) bool {
	if isError(t) || knownConstant(t) {
		return true
	}
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Interface, *types.Signature:
		return false
	}
	return plain(t, map[types.Type]bool{})
}

func isError(t types.Type) bool {
	i, ok := types.Universe.Lookup("error").Type().Underlying().(*types.Interface)
	return ok && types.Implements(t, i)
}

// knownConstant lists types that hide a pointer to what never changes after
// it was made.
func knownConstant(t types.Type) bool {
	return slices.Contains([]string{
		"*regexp.Regexp",
		"*text/template.Template", "*html/template.Template",
		"*strings.Replacer",
		"*encoding/base32.Encoding", "*encoding/base64.Encoding",
		"*hash/crc32.Table", "*hash/crc64.Table",
		"*time.Location",
		"reflect.Type",
	}, types.TypeString(t, nil))
}

// plain reports whether t is data all the way down, with nothing in it that
// goroutines communicate through. Pointers in a table are taken for data.
func plain(t types.Type, seen map[types.Type]bool) bool {
	if seen[t] || knownConstant(t) {
		return true
	}
	seen[t] = true
	if named, ok := types.Unalias(t).(*types.Named); ok && named.Obj().Pkg() != nil {
		switch named.Obj().Pkg().Path() {
		case "sync", "sync/atomic":
			return false
		}
	}
	switch t := t.Underlying().(type) {
	case *types.Basic:
		return t.Kind() != types.UnsafePointer
	case *types.Array:
		return plain(t.Elem(), seen)
	case *types.Slice:
		return plain(t.Elem(), seen)
	case *types.Pointer:
		return plain(t.Elem(), seen)
	case *types.Map:
		return plain(t.Key(), seen) && plain(t.Elem(), seen)
	case *types.Struct:
		for f := range t.Fields() {
			if !plain(f.Type(), seen) {
				return false
			}
		}
		return true
	case *types.Signature, *types.Interface:
		return true
	}
	return false
}
