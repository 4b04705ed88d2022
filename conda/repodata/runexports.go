package repodata

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// BuildRunExports returns the run exports of a package in the form that
// index files hold them in (CEP 12), canonical JSON, from data, its
// info/run_exports.json. No data means no run exports, "{}"; a bare list is a
// list of weak ones.
func BuildRunExports(data []byte) (json.RawMessage, error) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || string(data) == "null" {
		return json.RawMessage("{}"), nil
	}
	if data[0] == '[' {
		data = append(append([]byte(`{"weak":`), data...), '}')
	}
	fields, err := decodeObject(data)
	if err != nil {
		return nil, fmt.Errorf("run_exports.json: %w", err)
	}
	for _, key := range []string{"noarch", "strong", "strong_constrains", "weak", "weak_constrains"} {
		if err := checkSpecs(fields, key); err != nil {
			return nil, fmt.Errorf("run_exports.json: %w", err)
		}
	}
	return encodeObject(fields)
}

// checkSpecs requires that fields[key], if there is one, is a list of strings.
func checkSpecs(fields map[string]any, key string) error {
	value, ok := fields[key]
	if !ok {
		return nil
	}
	list, ok := value.([]any)
	if !ok {
		return fmt.Errorf("%w: %s is not a list", ErrInvalid, key)
	}
	for _, spec := range list {
		if _, ok := spec.(string); !ok {
			return fmt.Errorf("%w: %s holds something other than strings", ErrInvalid, key)
		}
	}
	return nil
}

// RunExportsWriter writes run_exports.json (CEP 12) from values finished by
// [BuildRunExports], under the rules of [Writer]: first the .tar.bz2 files,
// then the .conda files, each by ascending file name. Files listed in the "v3"
// section of repodata.json are listed here by their names like all others.
type RunExportsWriter struct {
	sections sectionWriter
}

// NewRunExportsWriter returns a RunExportsWriter of the run_exports.json of
// subdir. It writes to w in pieces of some 64 KiB.
func NewRunExportsWriter(w io.Writer, subdir string) *RunExportsWriter {
	head := appendJSONString([]byte(`{"info":{"subdir":`), subdir)
	head = append(head, `,"version":1},`...)
	return &RunExportsWriter{sections: sectionWriter{w: w, buf: head, at: -1, sections: []section{
		secPackages:      {open: `"packages":{`, close: `},`, suffix: extTarBz2},
		secCondaPackages: {open: `"packages.conda":{`, close: `}`, suffix: extConda},
	}}}
}

// Packages writes the run exports of a .tar.bz2 file; none may be nil or "{}".
func (w *RunExportsWriter) Packages(filename string, runExports []byte) error {
	return w.add(secPackages, filename, runExports)
}

// CondaPackages writes the run exports of a .conda file; none may be nil or "{}".
func (w *RunExportsWriter) CondaPackages(filename string, runExports []byte) error {
	return w.add(secCondaPackages, filename, runExports)
}

// Close ends the file and writes what is left of it. It does not close the
// writer below.
func (w *RunExportsWriter) Close() error {
	return w.sections.finish(secCondaPackages, "}")
}

func (w *RunExportsWriter) add(section int, filename string, runExports []byte) error {
	if runExports == nil {
		runExports = []byte("{}")
	}
	return w.sections.add(section, filename, `{"run_exports":`, runExports, "}")
}
