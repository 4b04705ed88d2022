package channelhttp

import (
	"io"
	"net/http"

	"kingsnake/api"
	"kingsnake/conda/channel"
	"kingsnake/internal/access"
	"kingsnake/internal/server/callers"
	"kingsnake/internal/server/problem"
	"kingsnake/internal/server/wire"
)

// maxPatchBody bounds the body of an edit, in bytes.
const maxPatchBody = 64 << 10

// Patch takes PATCH /<channel>/<subdir>/<file> and the same below /api/repo, an edit of the file's metadata. It is an
// operation of the REST API and answers as those do.
func (h *Handler) Patch(w http.ResponseWriter, r *http.Request, req callers.Request) {
	caller, err := h.Callers.Caller(r.Context(), r, req)
	if err == nil && caller.Problem != access.ProblemNone {
		err = callers.BadCredential(caller, access.ProtocolREST)
	}
	if err == nil {
		callers.WarnOfEnd(w, caller)
	}
	if err == nil {
		r.Body = wire.NewBody(w, r, h.Progress)
		err = h.patch(r, caller)
	}
	if err != nil {
		h.refuseAs(w, r, req, err, access.ProtocolREST)
		return
	}
	w.Header().Set("Cache-Control", "private, no-store")
	w.WriteHeader(http.StatusNoContent)
}

func (h *Handler) patch(r *http.Request, caller *access.Caller) error {
	loc, err := channel.ParsePath(r.URL.EscapedPath())
	if err != nil {
		return badPath(err)
	}
	if loc.Kind != channel.KindPackageFile {
		return problem.New(http.StatusMethodNotAllowed, api.CodeMethodNotAllowed, "only the metadata of package files is edited: PATCH /<channel>/<subdir>/<name>-<version>-<build>.conda")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPatchBody+1))
	if err != nil {
		return problem.New(http.StatusBadRequest, api.CodeBadRequest, "the body is cut off: "+err.Error())
	}
	_, err = h.Service.Packages.EditMetadata(r.Context(), caller, loc.Channel, loc.Subdir, loc.File, body)
	return err
}
