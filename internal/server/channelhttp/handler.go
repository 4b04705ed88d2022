// Package channelhttp speaks the conda wire protocol, channels with their index and package files, and the upload
// protocols of existing tools. It decodes, calls the domain, and encodes; it redirects nothing but packages that are elsewhere,
// and it decides nothing.
package channelhttp

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"kingsnake/api"
	"kingsnake/conda/channel"
	"kingsnake/conda/repodata"
	"kingsnake/internal/access"
	"kingsnake/internal/blob"
	"kingsnake/internal/memo"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/callers"
	"kingsnake/internal/server/problem"
	"kingsnake/internal/server/wire"
)

// Options are what the handler is made of.
type Options struct {
	Service *registry.Service
	Blobs   blob.Store
	// Links gives the addresses at which clients get packages themselves; nil sends every file from here.
	Links   blob.Linker
	Callers *callers.Maker
	Log     *slog.Logger
	// Strict refuses bad tokens on public channels too.
	Strict bool
	// Progress ends an upload in which nothing moves.
	Progress time.Duration
	// URL gives the address under which a client reaches the server.
	URL func(*http.Request) string
}

// Handler serves channels.
type Handler struct {
	Options
	small memo.Bounded[blob.Hash, []byte]
	proto access.Protocol

	indexes, packages, shards keeping
}

// New makes a handler.
func New(o Options) *Handler {
	h := &Handler{
		Options: o, proto: access.ProtocolConda,
		indexes: newKeeping(indexMaxAge, ""), packages: newKeeping(packageMaxAge, ""), shards: newKeeping(shardMaxAge, ", immutable"),
	}
	if o.Strict {
		h.proto = access.ProtocolCondaStrict
	}
	h.small = memo.NewBounded(smallTotal, func(_ blob.Hash, b []byte) uint32 { return uint32(len(b)) + 128 })
	return h
}

// Serve answers one request for a path from which any token has been cut.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, req callers.Request, path string) {
	if r.Method == http.MethodPatch {
		h.Patch(w, r, req)
		return
	}
	loc, err := channel.ParsePath(path)
	if err != nil {
		h.refuse(w, r, req, badPath(err))
		return
	}
	req.Anybody = r.Method == http.MethodGet || r.Method == http.MethodHead
	caller, err := h.Callers.Caller(r.Context(), r, req)
	if err == nil {
		caller.Warn = callers.Warn(w, caller, h.proto)
		err = h.judge(caller)
	}
	if err != nil {
		h.refuse(w, r, req, err)
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		err = h.get(w, r, caller, loc)
	case http.MethodPut:
		err = h.put(w, r, caller, loc)
	default:
		w.Header().Set("Allow", "GET, HEAD, PATCH, PUT")
		err = problem.New(http.StatusMethodNotAllowed, api.CodeMethodNotAllowed, "channels take GET, HEAD and, for package files, PATCH and PUT")
	}
	if err != nil {
		h.refuse(w, r, req, err)
	}
}

// judge refuses a bad credential on a strict site. On others it is as good as none where anybody may read, and its holder
// is warned.
func (h *Handler) judge(caller *access.Caller) error {
	if caller.Problem != access.ProblemNone && h.Strict {
		return callers.BadCredential(caller, h.proto)
	}
	return nil
}

// badPath words a path that names nothing here.
func badPath(err error) error {
	var pe channel.PathError
	if errors.As(err, &pe) && pe.NotFound() {
		return problem.New(http.StatusNotFound, api.CodeNotFound, "nothing is served here: "+err.Error())
	}
	return problem.New(http.StatusBadRequest, api.CodeBadRequest, err.Error())
}

// refuse sends an error, and lets the client finish sending.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, req callers.Request, err error) {
	h.refuseAs(w, r, req, err, h.proto)
}

func (h *Handler) refuseAs(w http.ResponseWriter, r *http.Request, req callers.Request, err error, proto access.Protocol) {
	p := problem.From(r.Context(), err, proto, req.ID, h.Log)
	if p.Status == http.StatusUnauthorized {
		// The answer itself says what is wrong with the credential.
		w.Header().Del(callers.TokenWarning)
	}
	wire.Refuse(w, r, func() { problem.Write(w, r, p) })
}

// get serves a file of a channel.
func (h *Handler) get(w http.ResponseWriter, r *http.Request, caller *access.Caller, loc channel.Location) error {
	place := registry.PlaceOf(loc.Label, loc.Subdir)
	switch loc.Kind {
	case channel.KindChannelRoot:
		return h.root(w, r, caller, loc)
	case channel.KindPackageFile:
		f, err := h.Service.Packages.Open(r.Context(), caller, loc.Channel, place, loc.File)
		if err != nil {
			return err
		}
		return h.send(w, r, caller, f, content{mediaType: "application/octet-stream", keep: h.packages, pkg: true})
	case channel.KindShard:
		return h.shard(w, r, caller, loc)
	case channel.KindNotices:
		return h.notices(w, r, caller, loc)
	}
	kind, ok := indexKinds[loc.Kind]
	if !ok || place.Subdir() == "" && !place.IsMain() {
		// A channel's channeldata.json lists what carries the label main, and labels have none of their own.
		return h.absent(r, caller, loc)
	}
	f, err := h.Service.Indexes.Open(r.Context(), caller, loc.Channel, place, kind)
	if err != nil {
		return err
	}
	return h.send(w, r, caller, f, content{mediaType: mediaType(loc.File), keep: h.indexes})
}

// indexKinds are the index files that paths ask for.
var indexKinds = map[channel.Kind]registry.IndexKind{
	channel.KindRepodata:      registry.IndexRepodata,
	channel.KindRepodataZst:   registry.IndexRepodataZst,
	channel.KindRunExports:    registry.IndexRunExports,
	channel.KindRunExportsZst: registry.IndexRunExportsZst,
	channel.KindShardIndex:    registry.IndexShards,
	channel.KindChannelData:   registry.IndexChannelData,
}

func mediaType(file string) string {
	if strings.HasSuffix(file, ".json") {
		return "application/json"
	}
	return "application/zstd"
}

// absent answers for files that clients try and this server does not make. Who may not see the channel learns nothing.
func (h *Handler) absent(r *http.Request, caller *access.Caller, loc channel.Location) error {
	if err := h.Service.Indexes.Readable(r.Context(), caller, loc.Channel); err != nil {
		return err
	}
	return problem.New(http.StatusNotFound, api.CodeNotFound, "channel "+loc.Channel+" has no file "+strings.TrimPrefix(loc.Subdir+"/"+loc.File, "/"))
}

// notices serves what the channel tells its users now; one that tells nothing says so with an empty list.
func (h *Handler) notices(w http.ResponseWriter, r *http.Request, caller *access.Caller, loc channel.Location) error {
	if loc.Label != "" {
		return h.absent(r, caller, loc)
	}
	list, c, err := h.Service.Channels.CurrentNotices(r.Context(), caller, loc.Channel)
	if err != nil {
		return err
	}
	notices := make([]repodata.Notice, len(list))
	for i, n := range list {
		notices[i] = repodata.Notice{ID: n.PublicID, Message: n.Message, Level: n.Level, CreatedAt: n.CreatedAt, ExpiresAt: n.ExpiresAt}
	}
	var body bytes.Buffer
	if err := repodata.EncodeNotices(&body, notices); err != nil {
		return err
	}
	cacheable(w, caller, c.Privacy == access.Public, h.indexes)
	w.Header().Set("Content-Type", "application/json")
	http.ServeContent(rangeWriter(w, r), r, "", time.Time{}, bytes.NewReader(body.Bytes()))
	return nil
}

// shard serves one shard.
func (h *Handler) shard(w http.ResponseWriter, r *http.Request, caller *access.Caller, loc channel.Location) error {
	hash, err := blob.ParseHash(loc.Hash)
	if err != nil {
		return problem.New(http.StatusNotFound, api.CodeNotFound, "a shard is named by its SHA-256")
	}
	f, err := h.Service.Indexes.Shard(r.Context(), caller, loc.Channel, registry.PlaceOf(loc.Label, loc.Subdir), hash)
	if err != nil {
		return err
	}
	return h.send(w, r, caller, f, content{mediaType: "application/zstd", keep: h.shards})
}

// root answers for a channel itself, or one of its labels: what it is and how to use it.
func (h *Handler) root(w http.ResponseWriter, r *http.Request, caller *access.Caller, loc channel.Location) error {
	c, err := h.Service.Indexes.Label(r.Context(), caller, loc.Channel, loc.Label)
	if err != nil {
		return err
	}
	url := h.URL(r) + channel.Location{Channel: c.Path, Label: loc.Label}.Path()
	cacheable(w, caller, c.Privacy == access.Public, h.indexes)
	return writeJSON(w, r, http.StatusOK, map[string]any{
		"channel": c.Path, "privacy": c.Privacy, "description": c.Description, "url": url,
		"install": "conda install -c " + url + " PACKAGE",
	})
}
