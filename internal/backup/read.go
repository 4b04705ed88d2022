package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/klauspost/compress/zstd"

	"kingsnake/internal/blob"
)

// partFunc takes a part. What it does not read is skipped.
type partFunc func(name string, r io.Reader) error

// parts gives the parts of a copy in their order.
type parts func(ctx context.Context, fn partFunc) error

// Copy is one to read.
type Copy struct {
	parts parts
	// Progress is told how many blobs are done, nil for nobody.
	Progress func(done int)
}

// FromStream reads a copy as ToStream writes it.
func FromStream(r io.Reader) *Copy { return &Copy{parts: tarParts(r)} }

// FromFolder reads a copy in a folder; an empty snapshot means the latest.
func FromFolder(dir, snapshot string) *Copy { return &Copy{parts: folderParts(dir, snapshot)} }

// target is what takes the parts of a copy, each before it is known to be right.
type target interface {
	part(name string, r io.Reader) error
	blob(ctx context.Context, h blob.Hash, r io.Reader) (good bool, err error)
}

// Verify reads a copy and compares all hashes. An error says that it is no whole copy; the manifest says what the site
// had lost when it was copied.
func (c *Copy) Verify(ctx context.Context) (Manifest, error) {
	return c.read(ctx, nothing{})
}

// nothing keeps nothing.
type nothing struct{}

func (nothing) part(name string, r io.Reader) error {
	if name != recordsName {
		_, err := io.Copy(io.Discard, r)
		return err
	}
	z, err := zstd.NewReader(r)
	if err != nil {
		return err
	}
	defer z.Close()
	_, err = io.Copy(io.Discard, z)
	return err
}

func (nothing) blob(_ context.Context, h blob.Hash, r io.Reader) (bool, error) {
	sum := sha256.New()
	_, err := io.Copy(sum, r)
	return blob.Hash(sum.Sum(nil)) == h, err
}

// Restored is where a copy is unpacked.
type Restored struct {
	// Blobs takes the blobs.
	Blobs blob.Store
	// Records is a file to make for the records, which is to be read with OpenRecords.
	Records string
	// Key is the content of the file of the site's key, once the copy was read.
	Key []byte
}

// Unpack reads a copy, compares all hashes, and keeps what it holds. Nothing of it may be taken for a site before Unpack
// has returned without an error.
func (c *Copy) Unpack(ctx context.Context, to *Restored) (Manifest, error) { return c.read(ctx, to) }

func (t *Restored) part(name string, r io.Reader) (err error) {
	switch name {
	case keyName:
		t.Key, err = io.ReadAll(io.LimitReader(r, maxKey))
	case recordsName:
		err = writeFile(t.Records, -1, r)
	}
	return err
}

func (t *Restored) blob(ctx context.Context, h blob.Hash, r io.Reader) (bool, error) {
	return put(ctx, t.Blobs, h, -1, r)
}

// OpenRecords opens the records that were unpacked.
func OpenRecords(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewReader(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &records{z, f}, nil
}

type records struct {
	*zstd.Decoder
	file *os.File
}

func (r *records) Close() error {
	r.Decoder.Close()
	return r.file.Close()
}

// reading is what was seen of a copy.
type reading struct {
	copy *Copy
	to   target

	seen []Part
	list []blob.Hash
	// blobs counts those that came, last is the last of them, and good are those whose bytes were right.
	blobs    int
	last     blob.Hash
	good     []blob.Hash
	manifest *Manifest
}

// read hands all parts to a target, and judges them.
func (c *Copy) read(ctx context.Context, to target) (Manifest, error) {
	r := &reading{copy: c, to: to}
	err := c.parts(ctx, func(name string, body io.Reader) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if r.manifest != nil {
			return fmt.Errorf("%w: %q follows after its end", ErrForm, name)
		}
		if h, ok := blobName(name); ok {
			return r.blob(ctx, h, body)
		}
		if name == manifestName {
			return r.end(body)
		}
		return r.part(name, body)
	})
	if err != nil {
		return Manifest{}, err
	}
	if r.manifest == nil {
		return Manifest{}, fmt.Errorf("%w: it ends too soon", ErrForm)
	}
	return *r.manifest, r.judge()
}

// order is what must come before the blobs.
var order = [...]string{headName, keyName, recordsName, listName}

func (r *reading) part(name string, body io.Reader) error {
	if n := len(r.seen); n >= len(order) || order[n] != name {
		return fmt.Errorf("%w: it has %q where something else belongs", ErrForm, name)
	}
	sum, size := sha256.New(), &counter{}
	body = io.TeeReader(body, io.MultiWriter(sum, size))
	var err error
	switch name {
	case headName:
		var data []byte
		if data, err = io.ReadAll(io.LimitReader(body, maxHead)); err == nil {
			_, err = parseHead(data)
		}
	case listName:
		r.list, err = readList(body)
	default:
		err = r.to.part(name, body)
	}
	if err == nil {
		// What was not needed counts for the hash too.
		_, err = io.Copy(io.Discard, body)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	r.seen = append(r.seen, Part{name, size.n, hex.EncodeToString(sum.Sum(nil))})
	return nil
}

// blob takes a blob, which must be one of the list, and come in its order.
func (r *reading) blob(ctx context.Context, h blob.Hash, body io.Reader) error {
	if len(r.seen) != len(order) {
		return fmt.Errorf("%w: a blob comes before the list of them", ErrForm)
	}
	if r.blobs > 0 && compare(r.last, h) >= 0 {
		return fmt.Errorf("%w: its blobs are not in order", ErrForm)
	}
	if _, found := slices.BinarySearchFunc(r.list, h, compare); !found {
		return fmt.Errorf("%w: blob %s is not in its list", ErrForm, h)
	}
	good, err := r.to.blob(ctx, h, body)
	if err != nil {
		return fmt.Errorf("blob %s: %w", h, err)
	}
	r.last, r.blobs = h, r.blobs+1
	if good {
		r.good = append(r.good, h)
	}
	if r.copy.Progress != nil {
		r.copy.Progress(r.blobs)
	}
	return nil
}

func (r *reading) end(body io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(body, maxManifest))
	if err != nil {
		return err
	}
	r.manifest = &Manifest{}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(r.manifest); err != nil {
		return fmt.Errorf("%w: manifest: %w", ErrForm, err)
	}
	return nil
}

// judge compares what was seen with the manifest.
func (r *reading) judge() error {
	m := r.manifest
	if !slices.Equal(m.Parts, r.seen) {
		for i, p := range r.seen {
			if i < len(m.Parts) && m.Parts[i] != p {
				return fmt.Errorf("%w: %s is damaged", ErrForm, p.Name)
			}
		}
		return fmt.Errorf("%w: it lacks parts", ErrForm)
	}
	known := map[string]bool{}
	for _, h := range slices.Concat(m.Missing, m.Damaged) {
		known[h] = true
	}
	var lost []blob.Hash
	for _, h := range r.list {
		_, found := slices.BinarySearchFunc(r.good, h, compare)
		if !found && !known[h.String()] {
			lost = append(lost, h)
		}
	}
	if len(lost) > 0 {
		return fmt.Errorf("%w: %d of its blobs are missing or damaged, the first is %s", ErrForm, len(lost), lost[0])
	}
	return nil
}

// counter counts bytes.
type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
