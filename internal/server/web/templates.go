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

// parseTemplates reads the page templates, each by the name of its file, together with the layout and the parts.
func (w *Web) parseTemplates() (map[string]*template.Template, error) {
	base, err := template.New("layout.html").Funcs(w.functions()).ParseFS(templateFiles, "templates/layout.html", "templates/parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	names, err := fs.Glob(templateFiles, "templates/pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	all := map[string]*template.Template{}
	for _, name := range names {
		t, err := base.Clone()
		if err != nil {
			return nil, fmt.Errorf("pages: %w", err)
		}
		if t, err = t.ParseFS(templateFiles, name); err != nil {
			return nil, fmt.Errorf("pages: %w", err)
		}
		all[strings.TrimSuffix(path.Base(name), ".html")] = t.Option("missingkey=error")
	}
	return all, nil
}

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
