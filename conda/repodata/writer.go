package repodata

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// The file name extensions of conda packages (CEP 35).
const (
	extTarBz2 = ".tar.bz2"
	extConda  = ".conda"
)

// The sections of repodata.json in the order in which they are written, which
// is that of sorted keys, as other index tools write them.
const (
	secPackages = iota
	secCondaPackages
	secRemoved
	secV3Conda
	secV3TarBz2
)

// Revision tells clients that are too old for a section such as "v3" what they
// are missing (CEP 48).
type Revision struct {
	// Message is shown to the user; it has at most 8192 bytes.
	Message string `json:"message,omitempty"`
	// Packages is the number of records in the section.
	Packages int `json:"n_packages"`
	// Oldest and Newest are the least and the greatest indexed_timestamp of
	// the records, in milliseconds since 1970; zero if there are none.
	Oldest int64 `json:"oldest,omitempty"`
	Newest int64 `json:"newest,omitempty"`
}

// Writer writes repodata.json (CEP 36) from finished records, which it copies
// without looking into them: they must come from [BuildRecord], [Canonicalize]
// or [Instructions.Apply]. Sections are fed in the order [Writer.Packages],
// [Writer.CondaPackages], [Writer.Removed], [Writer.V3], each by ascending file
// name (compared as bytes), so that equal records make equal files. Any of
// them may be left out; [Writer.Close] ends the file. After an error every
// method returns it.
type Writer struct {
	sections  sectionWriter
	subdir    string
	revisions map[string]Revision
}

// NewWriter returns a Writer of the repodata.json of subdir, which clients
// require to be that of the URL. It writes to w in pieces of some 64 KiB.
func NewWriter(w io.Writer, subdir string) *Writer {
	return &Writer{
		subdir: subdir,
		sections: sectionWriter{w: w, at: -1, sections: []section{
			secPackages:      {open: `"packages":{`, close: `},`, suffix: extTarBz2},
			secCondaPackages: {open: `"packages.conda":{`, close: `},`, suffix: extConda},
			secRemoved:       {open: `"removed":[`, close: `],"repodata_version":1`, list: true},
			secV3Conda:       {open: `,"v3":{"conda":{`, close: `},`, suffix: extConda, trim: true},
			secV3TarBz2:      {open: `"tar.bz2":{`, close: `}}`, suffix: extTarBz2, trim: true},
		}},
	}
}

// SetRevision describes a section of the file, "v3", in its info. It must be
// called before the first record is written.
func (w *Writer) SetRevision(key string, r Revision) error {
	if w.sections.at >= 0 || w.sections.err != nil {
		return fmt.Errorf("%w: revision %q after the first record", ErrOrder, key)
	}
	if w.revisions == nil {
		w.revisions = make(map[string]Revision)
	}
	w.revisions[key] = r
	return nil
}

// Packages writes the record of a .tar.bz2 file.
func (w *Writer) Packages(filename string, record []byte) error {
	return w.add(secPackages, filename, record)
}

// CondaPackages writes the record of a .conda file.
func (w *Writer) CondaPackages(filename string, record []byte) error {
	return w.add(secCondaPackages, filename, record)
}

// Removed lists the name of a file that the index once had and has no more.
func (w *Writer) Removed(filename string) error {
	return w.add(secRemoved, filename, nil)
}

// V3 writes the record of a file whose [Record.V3] is true. All .conda files
// come before all .tar.bz2 files.
func (w *Writer) V3(filename string, record []byte) error {
	if strings.HasSuffix(filename, extConda) {
		return w.add(secV3Conda, filename, record)
	}
	return w.add(secV3TarBz2, filename, record)
}

// Close ends the file and writes what is left of it. It does not close the
// writer below.
func (w *Writer) Close() error {
	if err := w.begin(); err != nil {
		return err
	}
	last := secRemoved
	if w.sections.at > secRemoved {
		last = secV3TarBz2
	}
	return w.sections.finish(last, "}")
}

func (w *Writer) add(section int, filename string, record []byte) error {
	if err := w.begin(); err != nil {
		return err
	}
	return w.sections.add(section, filename, "", record, "")
}

// begin writes the head of the file, once.
func (w *Writer) begin() error {
	s := &w.sections
	if s.at >= 0 || s.err != nil {
		return s.err
	}
	info, err := json.Marshal(struct {
		Revisions map[string]Revision `json:"repodata_revisions,omitempty"`
		Subdir    string              `json:"subdir"`
	}{w.revisions, w.subdir})
	if err != nil {
		s.err = fmt.Errorf("encoding info: %w", err)
		return s.err
	}
	s.buf = append(append(append(s.buf, `{"info":`...), info...), ',')
	s.err = s.advance(secPackages)
	return s.err
}
