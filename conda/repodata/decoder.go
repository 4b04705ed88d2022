package repodata

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Limits bound what a [Decoder] accepts. Zero fields mean the defaults.
type Limits struct {
	// Bytes is the greatest length of the whole file, by default 4 GiB.
	Bytes int64
	// RecordBytes is the greatest length of one record or other value, by
	// default 1 MiB. It also bounds the memory that decoding needs.
	RecordBytes int64
}

// Info is the head of a repodata.json (CEP 36).
type Info struct {
	Subdir string
	// BaseURL is where the package files are (CEP 15), "" beside the index.
	BaseURL string
	// Revisions describe the sections for newer clients (CEP 48).
	Revisions map[string]Revision
}

// Decoder reads a repodata.json of any size, one record at a time.
type Decoder struct {
	dec     *json.Decoder
	budget  *budgetReader
	limits  Limits
	info    Info
	removed []string
}

// NewDecoder returns a Decoder that reads r.
func NewDecoder(r io.Reader, limits Limits) *Decoder {
	if limits.Bytes == 0 {
		limits.Bytes = 4 << 30
	}
	if limits.RecordBytes == 0 {
		limits.RecordBytes = 1 << 20
	}
	budget := &budgetReader{r: r, total: limits.Bytes}
	return &Decoder{dec: json.NewDecoder(budget), budget: budget, limits: limits}
}

// Info returns the head of the file. It is complete after [Decoder.Entries].
func (d *Decoder) Info() Info { return d.info }

// Removed returns the names of the files that the index once had. It is
// complete after [Decoder.Entries].
func (d *Decoder) Removed() []string { return d.removed }

// Entries reads the file and yields its packages in the order in which it
// lists them. The record is as it stands in the file, see [Canonicalize]; run
// exports are not in this file. An error ends the iteration; it wraps
// [ErrInvalid] or [ErrTooLarge] unless reading failed. Keys that are not known
// are skipped. An empty file is an empty index (CEP 36).
func (d *Decoder) Entries() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		err := d.file(func(e Entry) error {
			if !yield(e, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(Entry{}, fmt.Errorf("repodata.json: %w", err))
		}
	}
}

// errStop ends decoding when the consumer wants no more.
var errStop = errors.New("stop")

// maxRemovedBytes bounds the list of removed files, which is kept in memory.
const maxRemovedBytes = 64 << 20

func (d *Decoder) file(yield func(Entry) error) error {
	if empty, err := d.open('{', true); empty || err != nil {
		return err
	}
	err := d.eachKey(func(key string) error {
		switch key {
		case "info":
			return d.readInfo()
		case "packages", "packages.conda":
			return d.section("", false, yield)
		case "removed":
			return d.readRemoved()
		case "v3":
			if null, err := d.open('{', false); null || err != nil {
				return err
			}
			return d.eachKey(func(ext string) error {
				if ext != extConda[1:] && ext != extTarBz2[1:] {
					return d.skip()
				}
				return d.section("."+ext, true, yield)
			})
		}
		return d.skip()
	})
	if err != nil {
		return err
	}
	if _, err := d.token(); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		return err
	}
	return fmt.Errorf("%w: data after the end", ErrInvalid)
}

func (d *Decoder) section(suffix string, v3 bool, yield func(Entry) error) error {
	if null, err := d.open('{', false); null || err != nil {
		return err
	}
	return d.eachKey(func(key string) error {
		raw, err := d.value()
		if err != nil {
			return fmt.Errorf("record of %.200q: %w", key, err)
		}
		return yield(Entry{Filename: key + suffix, RecordJSON: raw, V3: v3})
	})
}

func (d *Decoder) readInfo() error {
	raw, err := d.value()
	if err != nil {
		return err
	}
	f, err := parseFields(raw)
	if err != nil {
		return fmt.Errorf("info: %w", err)
	}
	f.get("subdir", &d.info.Subdir)
	f.get("base_url", &d.info.BaseURL)
	f.get("repodata_revisions", &d.info.Revisions)
	return f.err
}

func (d *Decoder) readRemoved() error {
	if null, err := d.open('[', false); null || err != nil {
		return err
	}
	size := 0
	for d.more() {
		t, err := d.token()
		if err != nil {
			return err
		}
		filename, ok := t.(string)
		if !ok {
			return fmt.Errorf("%w: removed holds something other than strings", ErrInvalid)
		}
		if size += len(filename); size > maxRemovedBytes {
			return fmt.Errorf("%w: removed holds more than %d bytes", ErrTooLarge, maxRemovedBytes)
		}
		d.removed = append(d.removed, filename)
	}
	_, err := d.token()
	return err
}

// open reads the opening bracket of a value and reports whether there is null
// instead or, if end is set, nothing at all.
func (d *Decoder) open(bracket json.Delim, end bool) (none bool, err error) {
	t, err := d.token()
	switch {
	case err != nil:
		if end && errors.Is(err, io.EOF) {
			return true, nil
		}
		return false, err
	case t == nil && !end:
		return true, nil
	case t != bracket:
		return false, fmt.Errorf("%w: want %s, got %.40v", ErrInvalid, bracket, t)
	}
	return false, nil
}

// eachKey reads the rest of an open object, calling do for each key, which
// must read the value.
func (d *Decoder) eachKey(do func(key string) error) error {
	for d.more() {
		t, err := d.token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok {
			return fmt.Errorf("%w: want a key, got %.40v", ErrInvalid, t)
		}
		if err := do(key); err != nil {
			return err
		}
	}
	_, err := d.token()
	return err
}

// value reads a whole value.
func (d *Decoder) value() (json.RawMessage, error) {
	d.budget.left = d.limits.RecordBytes
	var raw json.RawMessage
	if err := d.dec.Decode(&raw); err != nil {
		return nil, d.failed(err)
	}
	if int64(len(raw)) > d.limits.RecordBytes {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, d.limits.RecordBytes)
	}
	return raw, nil
}

// skip steps over a value of any size, piece by piece.
func (d *Decoder) skip() error {
	for depth := 0; ; {
		t, err := d.token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
		if depth > maxDepth {
			return fmt.Errorf("%w: nested more than %d deep", ErrInvalid, maxDepth)
		}
	}
}

// more reports whether the open object or array goes on.
func (d *Decoder) more() bool {
	d.budget.left = d.limits.RecordBytes
	return d.dec.More()
}

func (d *Decoder) token() (json.Token, error) {
	d.budget.left = d.limits.RecordBytes
	t, err := d.dec.Token()
	if err != nil {
		return nil, d.failed(err)
	}
	return t, nil
}

// failed tells malformed input from input that could not be read.
func (d *Decoder) failed(err error) error {
	switch {
	case d.budget.err != nil:
		return d.budget.err
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %w", ErrInvalid, io.EOF)
	default:
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
}

// budgetReader refuses to read on when a single value has taken too much of
// the input, since [json.Decoder] would buffer all of it.
type budgetReader struct {
	r     io.Reader
	left  int64 // what the current value may still take
	total int64 // what the file may still take
	err   error // the first error other than io.EOF
}

func (b *budgetReader) Read(p []byte) (int, error) {
	// One byte more than the file may have tells whether it has.
	allowed := min(b.left, b.total+1, int64(len(p)))
	if allowed <= 0 {
		b.err = fmt.Errorf("%w: one value or the whole file", ErrTooLarge)
		return 0, b.err
	}
	n, err := b.r.Read(p[:allowed])
	b.left -= int64(n)
	b.total -= int64(n)
	if b.total < 0 {
		n, err = 0, fmt.Errorf("%w: the whole file", ErrTooLarge)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}
