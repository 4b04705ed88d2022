package web

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
)

//go:embed templates
var templateFiles embed.FS

// parseTemplates reads the layout, its parts and the pages as one set, so that what pages share is kept once. A page is
// "page/" and the name of its file: parts have names of their own.
func (w *Web) parseTemplates() (*template.Template, error) {
	set := template.New("pages").Option("missingkey=error").Funcs(w.functions())
	set, err := set.ParseFS(templateFiles, "templates/layout.html", "templates/parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	files, err := fs.Glob(templateFiles, "templates/pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	for _, file := range files {
		text, err := templateFiles.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("pages: %w", err)
		}
		name := pageTemplate(strings.TrimSuffix(path.Base(file), ".html"))
		if _, err := set.New(name).Parse(string(text)); err != nil {
			return nil, fmt.Errorf("pages: %w", err)
		}
	}
	return set, nil
}

// pageTemplate is what the template of a page is called.
func pageTemplate(name string) string { return "page/" + name }

// functions are what templates can call.
func (w *Web) functions() template.FuncMap {
	return template.FuncMap{
		"asset": w.assets.url, "field": newField, "columns": newColumns, "levelForm": newLevelForm, "tokenLine": newTokenLine, "button": newButton, "empty": newEmpty, "tabs": newTabs,
		"ago": newMoment, "until": newMoment, "size": humanSize, "count": plural, "copyable": newCopyable,
		"groupURL": groupURL, "userURL": userURL, "roleURL": roleURL,
		"channelURL": channelURL, "tokenURL": tokenURL, "withQuery": withQuery, "list": func(items ...string) []string { return items },
		"privacy": privacyOf, "breaks": breaks, "capital": capital, "spoken": spoken,
		"was": was, "metaRow": newMetaRow,
		"packageURL": packageURL,
	}
}
