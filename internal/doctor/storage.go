package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/diskroom"
)

// slowSync is how long a file of a page may take to become durable before uploads are slow because of it.
const slowSync = 100 * time.Millisecond

// storage writes a file as an upload does, reads it back, and removes it.
func (e *examination) storage(ctx context.Context) {
	const check = "storage"
	began := time.Now()
	err := e.roundTrip(ctx)
	took := time.Since(began)
	switch {
	case errors.Is(err, blob.ErrNoSpace):
		e.add(check, Error, "make room, or use a larger disk", "it is full: %v", err)
	case errors.Is(err, blob.ErrReadOnly):
		e.add(check, Error, "find out why the system made it read-only, and mount it again", "it cannot be written to: %v", err)
	case err != nil:
		e.add(check, Error, "see that the server's user may read and write it, and that the disk is sound", "a file could not be stored, read and removed: %v", err)
	case took > slowSync:
		e.add(check, Warning, "use a faster disk; every upload waits for it", "storing a small file durably took %s", took.Round(time.Millisecond))
	default:
		e.ok(check, "a file was stored durably, read and removed in %s", took.Round(time.Microsecond))
	}
}

func (e *examination) roundTrip(ctx context.Context) (rerr error) {
	data := []byte("kingsnake doctor " + rand.Text())
	h, err := blob.Put(ctx, e.Site.Blobs, data)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, e.Site.Blobs.Delete(ctx, h)) }()
	r, err := e.Site.Blobs.Open(ctx, h)
	if err != nil {
		return err
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	if !bytes.Equal(got, data) {
		return fmt.Errorf("%w: %d bytes were read, other than the %d that were written", blob.ErrDamaged, len(got), len(data))
	}
	return nil
}

// space judges the room on the disk of the data folder.
func (e *examination) space() {
	room, err := diskroom.Of(e.Config.DataDir)
	switch {
	case err != nil:
		e.add("space", Warning, "", "the room on the disk of %s is not known: %v", e.Config.DataDir, err)
	case room.Scarce():
		e.add("space", Error, "make room, or use a larger disk", "%s of %s are free", size(room.Free), size(room.All))
	case room.Free < room.Least():
		e.add("space", Warning, "make room, or use a larger disk", "%s of %s are free", size(room.Free), size(room.All))
	default:
		e.ok("space", "%s of %s are free", size(room.Free), size(room.All))
	}
	e.copies(room, err)
}

func size(n uint64) string {
	if n < 1<<30 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}

// database has the database look at itself.
func (e *examination) database(ctx context.Context) {
	faults, good, err := e.Site.Records.Examine(ctx, e.Now())
	if err != nil {
		e.add("database", Error, "see the log of the database, or whether its disk is sound", "it could not be examined: %v", err)
		return
	}
	for _, f := range faults {
		status := Warning
		if f.Bad {
			status = Error
		}
		e.add("database", status, f.Todo, "%s", f.Found)
	}
	if len(faults) == 0 {
		e.ok("database", "%s", good)
	}
}
