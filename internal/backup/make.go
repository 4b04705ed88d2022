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
	"time"

	"github.com/klauspost/compress/zstd"

	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
)

// Records is what a copy needs of the database.
type Records interface {
	Write(ctx context.Context, fn func(registry.Tx) error) error
	// Export writes the records of one moment, but for those of skipped tables, and gives the blobs that they name, in order.
	Export(ctx context.Context, w io.Writer, skip ...string) ([]blob.Hash, error)
	// HoldCleanup keeps all blobs from being deleted until a time; RenewHold fails when the hold ended before.
	HoldCleanup(ctx context.Context, tx registry.Tx, holder string, until, now time.Time) (int64, error)
	RenewHold(ctx context.Context, tx registry.Tx, id int64, until, now time.Time) error
	ReleaseHold(ctx context.Context, tx registry.Tx, id int64) error
}

// notCopied are tables that make no sense in a copy: holds die with their holders, and whoever was signed in signs in
// again, since who signed out after the copy was made must not be signed in again by it.
var notCopied = [...]string{"blob_holds", "doomed_blobs", "sessions"}

// Source is a site to copy.
type Source struct {
	Records Records
	Blobs   blob.Store
	// Key is the content of the file of the site's key.
	Key     []byte
	Version string
	Now     func() time.Time
	// Progress is told how many blobs of how many are done, nil for nobody.
	Progress func(done, all int)
	// Temp is the folder in which the records wait until the copy takes them; empty means the system's.
	Temp string
}

// Report is what was copied.
type Report struct {
	Manifest
	// Copied counts the blobs that the copy did not have from before, and CopiedBytes their size.
	Copied      int
	CopiedBytes int64
	// Snapshot names the copy in its folder, empty for a file.
	Snapshot string
}

// sink is where a copy goes, part by part.
type sink interface {
	// part takes a part that is no blob.
	part(name string, size int64, r io.Reader) error
	// has gives the size of a blob that is there from before, -1 for none. One of another size than want is none, unless
	// want is negative.
	has(ctx context.Context, h blob.Hash, want int64) (int64, error)
	// blob takes a blob, and tells whether its bytes were those of the hash.
	blob(ctx context.Context, h blob.Hash, size int64, r io.Reader) (good bool, err error)
}

// copying is a copy in the making.
type copying struct {
	Source
	to     sink
	report Report
}

// make copies a site. The sink has all parts afterwards, but is not closed.
func (s Source) make(ctx context.Context, to sink) (Report, error) {
	c := &copying{Source: s, to: to, report: Report{Manifest: Manifest{Head: Head{
		Format: format, Version: s.Version, CreatedAt: s.Now().UTC().Truncate(time.Second), Holds: warning,
	}}}}
	err := s.held(ctx, c.run)
	return c.report, err
}

func (c *copying) run(ctx context.Context) error {
	head, err := json.MarshalIndent(c.report.Head, "", "  ")
	if err != nil {
		return err
	}
	if err := c.part(headName, int64(len(head)), bytes.NewReader(head)); err != nil {
		return err
	}
	if err := c.part(keyName, int64(len(c.Key)), bytes.NewReader(c.Key)); err != nil {
		return err
	}
	named, err := c.records(ctx)
	if err != nil {
		return fmt.Errorf("records: %w", err)
	}
	var list bytes.Buffer
	if err := writeList(&list, named); err != nil {
		return err
	}
	if err := c.part(listName, int64(list.Len()), &list); err != nil {
		return err
	}
	if err := c.blobs(ctx, named); err != nil {
		return err
	}
	manifest, err := json.MarshalIndent(c.report.Manifest, "", "  ")
	if err != nil {
		return err
	}
	return c.to.part(manifestName, int64(len(manifest)), bytes.NewReader(manifest))
}

// part writes a part and notes its hash.
func (c *copying) part(name string, size int64, r io.Reader) error {
	sum := sha256.New()
	if err := c.to.part(name, size, io.TeeReader(r, sum)); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	c.report.Parts = append(c.report.Parts, Part{name, size, hex.EncodeToString(sum.Sum(nil))})
	return nil
}

// records writes the records. They wait in a file, so that the database need not wait for whoever takes the copy, and
// because a tar archive tells the length of a part before it.
func (c *copying) records(ctx context.Context) (named []blob.Hash, rerr error) {
	f, err := os.CreateTemp(c.Temp, ".kingsnake-records-*")
	if err != nil {
		return nil, err
	}
	defer func() { rerr = errors.Join(rerr, f.Close(), os.Remove(f.Name())) }()
	z, err := zstd.NewWriter(f)
	if err != nil {
		return nil, err
	}
	named, err = c.Records.Export(ctx, z, notCopied[:]...)
	if err := errors.Join(err, z.Close()); err != nil {
		return nil, err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return named, c.part(recordsName, size, f)
}

// blobs copies what the sink has not. A blob that is lost is noted, and the rest of the site copied all the same.
func (c *copying) blobs(ctx context.Context, named []blob.Hash) error {
	var missing, damaged []blob.Hash
	for i, h := range named {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		switch good, err := c.blob(ctx, h); {
		case errors.Is(err, blob.ErrNotExist):
			missing = append(missing, h)
		case err != nil:
			return errors.Join(fmt.Errorf("blob %s: %w", h, err), ignoreSame(context.Cause(ctx), err))
		case !good:
			damaged = append(damaged, h)
		}
		if c.Progress != nil {
			c.Progress(i+1, len(named))
		}
	}
	c.report.Missing, c.report.Damaged = texts(missing), texts(damaged)
	return nil
}

// ignoreSame is cause unless err tells of it already.
func ignoreSame(cause, err error) error {
	if errors.Is(err, cause) {
		return nil
	}
	return cause
}

// blob copies a blob, and tells whether it is good. One that the site has lost may be in the copy from before.
func (c *copying) blob(ctx context.Context, h blob.Hash) (good bool, rerr error) {
	rd, err := c.Blobs.Open(ctx, h)
	gone, want := errors.Is(err, blob.ErrNotExist), int64(-1)
	if err != nil && !gone {
		return false, err
	}
	if !gone {
		defer func() { rerr = errors.Join(rerr, rd.Close()) }()
		want = rd.Size()
	}
	had, herr := c.to.has(ctx, h, want)
	if herr != nil {
		return false, herr
	}
	if had >= 0 {
		c.report.Blobs, c.report.Bytes = c.report.Blobs+1, c.report.Bytes+had
		return true, nil
	}
	if gone {
		return false, err
	}
	good, err = c.to.blob(ctx, h, want, rd)
	if err == nil && good {
		c.report.Blobs, c.report.Bytes = c.report.Blobs+1, c.report.Bytes+want
		c.report.Copied, c.report.CopiedBytes = c.report.Copied+1, c.report.CopiedBytes+want
	}
	return good, err
}
