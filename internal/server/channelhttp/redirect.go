package channelhttp

import (
	"net/http"
	"strconv"
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
)

// linkLifetime is how long the address of a package is good for: it is used at once, and whoever has it needs no right.
const linkLifetime = time.Minute

// redirects tells whether a client is sent elsewhere for a file. One that goes on with what it has of a file names a
// version of it that only this server knows. A token that works only from some addresses, or only so often, stays here: the
// storage asks for neither.
func (h *Handler) redirects(r *http.Request, caller *access.Caller, c content) bool {
	if h.Links == nil || !c.pkg || r.Method != http.MethodGet {
		return false
	}
	if t := caller.Token; t != nil && (t.Metered || len(t.Restrictions.CIDRs) > 0) {
		return false
	}
	for _, name := range conditions {
		if _, ok := r.Header[name]; ok && name != "Range" {
			return false
		}
	}
	return true
}

// redirect sends a client elsewhere. The address holds nothing of the request, and its secret is for this client alone;
// nobody may keep the answer.
func (h *Handler) redirect(w http.ResponseWriter, r *http.Request, f registry.Served, c content) error {
	url, err := h.Links.Link(r.Context(), f.Hash, blob.Link{
		Lifetime: linkLifetime, MediaType: c.mediaType, CacheControl: "private, max-age=" + strconv.Itoa(c.keep.maxAge),
	})
	if err != nil {
		return err
	}
	header := w.Header()
	header.Del("Etag")
	header.Del("Content-Type")
	header.Set("Cache-Control", "private, no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Location", url)
	header.Set("Content-Length", "0")
	w.WriteHeader(http.StatusFound)
	return nil
}
