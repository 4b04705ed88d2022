package backup

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"kingsnake/internal/blob"
)

// format is the form of copies that is written, and the only one that is read.
const format = 1

// The parts of a copy, in this order. Between the list and the manifest stand the blobs.
const (
	headName     = "kingsnake-backup.json"
	keyName      = "site.key"
	recordsName  = "records.jsonl.zst"
	listName     = "blobs.list"
	blobPrefix   = "blobs/"
	manifestName = "manifest.json"
)

// Bounds of what is read into memory.
const (
	maxHead     = 64 << 10
	maxKey      = 64 << 10
	maxManifest = 256 << 20
)

// The errors that callers tell apart.
var (
	// ErrForm says that something is no copy of a site, or was cut off.
	ErrForm = errors.New("this is not a whole backup of a site")
	// ErrNewer says that a copy is in a form that is not known yet.
	ErrNewer = errors.New("it was made by a newer version of Kingsnake; use that version or a later one")
)

// Head says what a copy is.
type Head struct {
	Format int `json:"format"`
	// Version is that of the program.
	Version   string    `json:"version"`
	CreatedAt time.Time `json:"created_at"`
	// Holds warns whoever finds the copy.
	Holds string `json:"holds"`
}

const warning = "Everything that the site knows: packages of private channels, hashes of passwords, the key and the hashes that token strings " +
	"are checked with, and the key that signs sessions and the audit. Keep it as safe as the site's data folder."

// Part is one of the parts that are no blobs.
type Part struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Manifest is the last part of a copy.
type Manifest struct {
	Head
	Parts []Part `json:"parts"`
	// Blobs counts the blobs that are in the copy and whole, and Bytes their size.
	Blobs int   `json:"blobs"`
	Bytes int64 `json:"bytes"`
	// Missing and Damaged are blobs that the site itself had lost.
	Missing []string `json:"missing"`
	Damaged []string `json:"damaged"`
}

// Whole tells whether the site had lost nothing when it was copied.
func (m *Manifest) Whole() bool { return len(m.Missing)+len(m.Damaged) == 0 }

func parseHead(data []byte) (Head, error) {
	var h Head
	if err := json.Unmarshal(data, &h); err != nil || h.Format < 1 {
		return h, fmt.Errorf("%w: its head cannot be read", ErrForm)
	}
	if h.Format > format {
		return h, ErrNewer
	}
	return h, nil
}

// writeList writes hashes one a line.
func writeList(w io.Writer, list []blob.Hash) error {
	b := bufio.NewWriter(w)
	for _, h := range list {
		if _, err := b.WriteString(h.String() + "\n"); err != nil {
			return err
		}
	}
	return b.Flush()
}

// readList is the inverse of writeList. The hashes must be in order, each once.
func readList(r io.Reader) (list []blob.Hash, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		h, err := blob.ParseHash(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%w: list of blobs: %w", ErrForm, err)
		}
		if n := len(list); n > 0 && compare(list[n-1], h) >= 0 {
			return nil, fmt.Errorf("%w: the list of blobs is not in order", ErrForm)
		}
		list = append(list, h)
	}
	return list, lines.Err()
}

func compare(a, b blob.Hash) int { return slices.Compare(a[:], b[:]) }

// blobName is the blob that a part's name means.
func blobName(name string) (blob.Hash, bool) {
	hex, ok := strings.CutPrefix(name, blobPrefix)
	if !ok {
		return blob.Hash{}, false
	}
	h, err := blob.ParseHash(hex)
	return h, err == nil
}

func texts(list []blob.Hash) []string {
	out := make([]string, len(list))
	for i, h := range list {
		out[i] = h.String()
	}
	slices.SortFunc(out, cmp.Compare[string])
	return out
}
