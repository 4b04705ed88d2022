package apihttp

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite docs/fields.json")

// TestWordsOfTheAPI: the description of the API has the words of package api; -update takes them over.
func TestWordsOfTheAPI(t *testing.T) {
	const golden = "docs/fields.json"
	var got bytes.Buffer
	out := json.NewEncoder(&got)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	if err := out.Encode(wordsOf(t, "../../../api")); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("the comments of package api changed; run with -update (-kept +now):\n%s", diff)
	}
}

// wordsOf reads the comments of a package's structs.
func wordsOf(t *testing.T, dir string) described {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no Go files in %s: %v", dir, err)
	}
	structs, docs := map[string]*ast.StructType{}, map[string]string{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			d, ok := n.(*ast.GenDecl)
			if !ok || d.Tok != token.TYPE {
				return true
			}
			for _, s := range d.Specs {
				spec := s.(*ast.TypeSpec)
				if st, ok := spec.Type.(*ast.StructType); ok {
					structs[spec.Name.Name] = st
					docs[spec.Name.Name] = sentence(spec.Name.Name, spec.Name.Name, d.Doc)
				}
			}
			return false
		})
	}
	out := described{}
	for name, st := range structs {
		words := map[string]string{}
		fieldWords(structs, st, words)
		if docs[name] != "" {
			words[""] = docs[name]
		}
		if len(words) > 0 {
			out[name] = words
		}
	}
	return out
}

// fieldWords adds the words of a struct's fields, and of those of the structs that it embeds.
func fieldWords(structs map[string]*ast.StructType, st *ast.StructType, words map[string]string) {
	for _, f := range st.Fields.List {
		if len(f.Names) == 0 {
			if of, ok := f.Type.(*ast.Ident); ok && structs[of.Name] != nil {
				fieldWords(structs, structs[of.Name], words)
			}
			continue
		}
		if f.Tag == nil {
			continue
		}
		name, _, _ := strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json"), ",")
		if text := sentence(f.Names[0].Name, name, f.Doc); name != "" && name != "-" && text != "" {
			words[name] = text
		}
	}
}

// sentence is a comment in the words of JSON: "ID is a name." becomes "A name.", "ID names it." becomes "id names it."
func sentence(name, field string, doc *ast.CommentGroup) string {
	text := strings.Join(strings.Fields(doc.Text()), " ")
	rest, named := strings.CutPrefix(text, name+" ")
	if !named {
		return text
	}
	for _, verb := range []string{"is ", "are "} {
		if told, ok := strings.CutPrefix(rest, verb); ok {
			first, size := utf8.DecodeRuneInString(told)
			return string(unicode.ToUpper(first)) + told[size:]
		}
	}
	return field + " " + rest
}
