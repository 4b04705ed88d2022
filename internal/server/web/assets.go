package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var staticFiles embed.FS

// staticPath is where style, script and pictures are.
const staticPath = "/-/static/"

// asset is a file that pages load. Its address changes with its content, so that browsers may keep it for ever.
type asset struct {
	data        []byte
	contentType string
}

// assets are all files that pages load.
type assets struct {
	// urls are by plain name, files by address.
	urls  map[string]string
	files map[string]asset
}

// contentTypes are those of the files that there are.
func contentTypes() map[string]string {
	return map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8",
	}
}

// loadAssets reads the embedded files. Those of static/css are one style sheet, in the order of their names.
func loadAssets() (assets, error) {
	a := assets{urls: map[string]string{}, files: map[string]asset{}}
	var style bytes.Buffer
	err := fs.WalkDir(staticFiles, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := staticFiles.ReadFile(name)
		if err != nil {
			return err
		}
		if path.Dir(name) == "static/css" {
			style.Write(data)
			return nil
		}
		return a.add(path.Base(name), data)
	})
	if err != nil {
		return assets{}, fmt.Errorf("pages: static files: %w", err)
	}
	return a, a.add("style.css", style.Bytes())
}

func (a assets) add(name string, data []byte) error {
	ext := path.Ext(name)
	contentType, known := contentTypes()[ext]
	if !known {
		return fmt.Errorf("no content type for %s", name)
	}
	sum := sha256.Sum256(data)
	url := staticPath + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:8]) + ext
	a.urls[name], a.files[url] = url, asset{data, contentType}
	return nil
}

// url gives the address of a file, for templates.
func (a assets) url(name string) (string, error) {
	u, ok := a.urls[name]
	if !ok {
		return "", fmt.Errorf("there is no static file %s", name)
	}
	return u, nil
}

func (a assets) serve(w http.ResponseWriter, r *http.Request) {
	f, ok := a.files[r.URL.Path]
	if !ok {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "there is no such file", http.StatusNotFound)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "this is a file", http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Type", f.contentType)
	// A name is served with the content that it was made from, so there is nothing to ask again.
	_, _ = w.Write(f.data)
}
