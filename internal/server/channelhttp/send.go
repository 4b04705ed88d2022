package channelhttp

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/problem"
	"kingsnake/internal/server/wire"
)

// How long clients may use a file without asking again, in seconds. A package can be replaced by force and an index
// changes any time; a shard is named by its content.
const (
	indexMaxAge   = 30
	packageMaxAge = 24 * 60 * 60
	shardMaxAge   = 365 * 24 * 60 * 60
	// sharedMaxAge bounds how long a shared cache may serve what was public.
	sharedMaxAge = 60
)

// Small files are kept in memory: at most smallTotal bytes, each of at most smallFile.
const (
	smallTotal = 64 << 20
	smallFile  = 64 << 10
)

// content says how a file is sent.
type content struct {
	mediaType string
	keep      keeping
	// pkg says that it is a package, which clients may get from elsewhere.
	pkg bool
}

// keeping says how long clients may use a file without asking again, and is the header that says so to the holder of a
// credential and to anybody.
type keeping struct {
	maxAge          int
	private, public string
}

func newKeeping(maxAge int, more string) keeping {
	age := ", max-age=" + strconv.Itoa(maxAge) + more
	return keeping{maxAge: maxAge, private: "private" + age, public: "public, s-maxage=" + strconv.Itoa(sharedMaxAge) + age}
}

// cacheable sets who may keep the answer for how long. What was given to a credential is for its holder alone.
func cacheable(w http.ResponseWriter, caller *access.Caller, public bool, k keeping) {
	value := k.private
	if public && caller.Via == access.ViaNone && caller.Problem == access.ProblemNone {
		value = k.public
	}
	wire.SetHeader(w, "Cache-Control", value)
	wire.SetHeader(w, "Vary", "Authorization, X-Auth, X-API-Key, Cookie")
}

// send sends a file, whole or in the ranges asked for.
func (h *Handler) send(w http.ResponseWriter, r *http.Request, caller *access.Caller, f registry.Served, c content) error {
	cacheable(w, caller, f.Public, c.keep)
	var tag [2 + 2*len(f.Hash)]byte
	tag[0], tag[len(tag)-1] = '"', '"'
	hex.Encode(tag[1:], f.Hash[:])
	etag := string(tag[:])
	wire.SetHeader(w, "Etag", etag)
	if f.Content == nil && unchanged(r, etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	wire.SetHeader(w, "Content-Type", c.mediaType)
	if f.Content != nil {
		return h.sendContent(w, r, f)
	}
	needed, done := sendNothing(w, r, f)
	if done {
		return nil
	}
	if f.Size <= smallFile {
		data, err := h.smallBlob(r, f)
		if err != nil {
			return err
		}
		if err := pay(w, r, f); err != nil {
			return err
		}
		sendSmall(w, r, f, data)
	} else if h.redirects(r, caller, c) {
		if err := h.redirect(w, r, f, c); err != nil {
			return err
		}
	} else if err := h.stream(w, r, f, needed); err != nil {
		return err
	}
	h.count(w, r, f)
	return nil
}

// sendContent sends what is no blob.
func (h *Handler) sendContent(w http.ResponseWriter, r *http.Request, f registry.Served) error {
	defer func() {
		if err := f.Content.Close(); err != nil {
			h.Log.Warn("closing what was sent failed", "error", err)
		}
	}()
	http.ServeContent(rangeWriter(w, r), r, "", f.ModTime, f.Content)
	return nil
}

// ranged answers a range outside the file with a problem, where net/http would write a text that may be kept by anybody.
type ranged struct {
	*wire.Writer
	r       *http.Request
	refused bool
}

// rangeWriter wraps the answer to a request for a range; the others need none.
func rangeWriter(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	if out, ok := w.(*wire.Writer); ok && r.Header["Range"] != nil {
		return &ranged{Writer: out, r: r}
	}
	return w
}

// WriteHeader sends the status.
func (w *ranged) WriteHeader(status int) {
	if status != http.StatusRequestedRangeNotSatisfiable {
		w.Writer.WriteHeader(status)
		return
	}
	w.refused = true
	problem.Write(w.Writer, w.r, problem.New(status, api.CodeRangeNotSatisfiable, "the range lies outside the file; Content-Range tells its size"))
}

// Write sends a part of the body.
func (w *ranged) Write(p []byte) (int, error) {
	if w.refused {
		return len(p), nil
	}
	return w.Writer.Write(p)
}

// sendSmall sends a file that is in memory. Most requests want all of it and name no condition; for the others there is
// the standard library.
func sendSmall(w http.ResponseWriter, r *http.Request, f registry.Served, data []byte) {
	if conditional(r) {
		http.ServeContent(rangeWriter(w, r), r, "", f.ModTime, bytes.NewReader(data))
		return
	}
	if allHeaders(w, r, f) {
		// A client that has gone away is no concern of ours.
		_, _ = w.Write(data)
	}
}

// allHeaders sends the head of an answer with a whole file, and tells whether the file is to follow.
func allHeaders(w http.ResponseWriter, r *http.Request, f registry.Served) bool {
	// Both texts are made at once.
	var made [64]byte
	texts := strconv.AppendInt(made[:0], f.Size, 10)
	digits := len(texts)
	if !f.ModTime.IsZero() {
		texts = f.ModTime.UTC().AppendFormat(texts, http.TimeFormat)
	}
	both := string(texts)
	wire.SetHeader(w, "Accept-Ranges", "bytes")
	wire.SetHeader(w, "Content-Length", both[:digits])
	if digits < len(both) {
		wire.SetHeader(w, "Last-Modified", both[digits:])
	}
	if r.Method != http.MethodHead {
		wire.Whole(w, r, f.Size)
	}
	w.WriteHeader(http.StatusOK)
	return r.Method != http.MethodHead
}

// unchanged tells whether a client asks only for what is not the file that it has, and has it. Whatever else a request may
// ask is left to the standard library.
func unchanged(r *http.Request, etag string) bool {
	has := r.Header["If-None-Match"]
	return len(has) == 1 && has[0] == etag && r.Header["If-Match"] == nil && r.Header["If-Unmodified-Since"] == nil
}

// conditions are the headers that ask for less than the whole file.
var conditions = [...]string{"Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"}

func conditional(r *http.Request) bool {
	for _, name := range conditions {
		if _, ok := r.Header[name]; ok {
			return true
		}
	}
	return false
}

// count notes a download when some of the file was sent.
func (h *Handler) count(w http.ResponseWriter, r *http.Request, f registry.Served) {
	out, ok := w.(*wire.Writer)
	if !ok || r.Method != http.MethodGet {
		return
	}
	switch out.Status() {
	case http.StatusOK, http.StatusPartialContent, http.StatusFound:
		h.Service.Usage.Download(f)
	}
}

// smallBlob gives the bytes of a small file.
func (h *Handler) smallBlob(r *http.Request, f registry.Served) ([]byte, error) {
	if data, ok := h.small.GetIfPresent(f.Hash); ok {
		return data, nil
	}
	rd, err := h.Blobs.Open(r.Context(), f.Hash)
	if err != nil {
		return nil, missing(f, err)
	}
	data, err := io.ReadAll(io.LimitReader(rd, smallFile+1))
	if err := errors.Join(err, rd.Close()); err != nil {
		return nil, missing(f, err)
	}
	if int64(len(data)) != f.Size {
		return nil, fmt.Errorf("blob %s has %d bytes, want %d: %w", f.Hash, len(data), f.Size, blob.ErrDamaged)
	}
	h.small.Set(f.Hash, data)
	return data, nil
}

// stream sends a large file, or a part of it, from where it is stored.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, f registry.Served, p part) (rerr error) {
	rd, err := blob.OpenPart(r.Context(), h.Blobs, f.Hash, f.Size, p.off, p.n)
	if err != nil {
		return missing(f, err)
	}
	defer func() {
		// The answer is out by now; what fails here is for the log.
		if err := rd.Close(); err != nil {
			h.Log.Warn("closing a blob failed", "blob", f.Hash, "error", err)
		}
	}()
	if rd.Size() != f.Size {
		return fmt.Errorf("blob %s has %d bytes, want %d: %w", f.Hash, rd.Size(), f.Size, blob.ErrDamaged)
	}
	if err := pay(w, r, f); err != nil {
		return err
	}
	var from io.ReadSeeker = rd
	if file, ok := rd.File(); ok {
		from = file
	}
	if conditional(r) {
		http.ServeContent(rangeWriter(w, r), r, "", f.ModTime, from)
		return nil
	}
	if allHeaders(w, r, f) {
		// As above.
		_, _ = io.CopyN(w, from, f.Size)
	}
	return nil
}

// missing words a blob that the database names and the storage does not have. A file that was deleted a moment ago is
// the harmless case; the other is damage, which verify finds.
func missing(f registry.Served, err error) error {
	if errors.Is(err, blob.ErrNotExist) {
		return fmt.Errorf("blob %s is missing; run kingsnake verify: %w", f.Hash, err)
	}
	return err
}

func writeJSON(w http.ResponseWriter, r *http.Request, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		// A client that has gone away is no concern of ours.
		_, _ = w.Write(body)
	}
	return nil
}

func hexString(b []byte) string { return hex.EncodeToString(b) }
