package channelhttp

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strconv"
	"strings"

	"kingsnake/api"
	"kingsnake/conda/channel"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/callers"
	"kingsnake/internal/server/problem"
	"kingsnake/internal/server/wire"
)

// put takes PUT /<channel>[/label/<label>]/<subdir>/<file>, which curl and artifactory clients send.
func (h *Handler) put(w http.ResponseWriter, r *http.Request, caller *access.Caller, loc channel.Location) error {
	if loc.Kind != channel.KindPackageFile && loc.Kind != channel.KindOtherFile || loc.Subdir == "" {
		return problem.New(http.StatusMethodNotAllowed, api.CodeMethodNotAllowed, "only package files are uploaded here: PUT /<channel>/<subdir>/<name>-<version>-<build>.conda")
	}
	up, err := h.Service.Packages.BeginUpload(r.Context(), caller, loc.Channel)
	if err != nil {
		return err
	}
	in := registry.UploadInput{
		Filename: loc.File, Subdir: loc.Subdir, Size: -1,
		SHA256: r.Header.Get("X-Checksum-Sha256"), MD5: r.Header.Get("X-Checksum-Md5"),
	}
	if loc.Label != "" {
		in.Labels = []string{loc.Label}
	}
	return h.raw(w, r, up, in)
}

// Quetz takes POST /api/channels/{channel}/upload/{file}?force=&sha256=, which quetz-client and rattler-build send.
func (h *Handler) Quetz(w http.ResponseWriter, r *http.Request, req callers.Request) {
	h.upload(w, r, req, func(up *registry.Upload) error {
		q := r.URL.Query()
		return h.raw(w, r, up, registry.UploadInput{
			Filename: r.PathValue("file"), Size: -1, SHA256: q.Get("sha256"), MD5: q.Get("md5"),
		})
	})
}

// Prefix takes POST /api/v1/upload/{channel}, the multipart form of prefix.dev that rattler-build and pixi send.
func (h *Handler) Prefix(w http.ResponseWriter, r *http.Request, req callers.Request) {
	h.upload(w, r, req, func(up *registry.Upload) error {
		return h.form(w, r, up, "file", registry.UploadInput{Size: -1})
	})
}

// Artifacts takes POST /api/channels/{channel}/artifacts, the multipart form of Anaconda Server.
func (h *Handler) Artifacts(w http.ResponseWriter, r *http.Request, req callers.Request) {
	h.upload(w, r, req, func(up *registry.Upload) error {
		return h.form(w, r, up, api.UploadFieldContent, registry.UploadInput{Size: -1})
	})
}

// channelOf gives the channel that a REST path names.
func channelOf(r *http.Request) string {
	if sub := r.PathValue("subchannel"); sub != "" {
		return r.PathValue("channel") + "/" + sub
	}
	return r.PathValue("channel")
}

// upload runs an upload by REST into the channel that the path names: a bad credential is refused whatever the channel,
// and the right to upload is asked for before the body is read.
func (h *Handler) upload(w http.ResponseWriter, r *http.Request, req callers.Request, do func(*registry.Upload) error) {
	caller, err := h.Callers.Caller(r.Context(), r, req)
	if err == nil && caller.Problem != access.ProblemNone {
		err = callers.BadCredential(caller, access.ProtocolREST)
	}
	if err == nil {
		callers.WarnOfEnd(w, caller)
	}
	var up *registry.Upload
	if err == nil {
		up, err = h.Service.Packages.BeginUpload(r.Context(), caller, channelOf(r))
	}
	if err == nil {
		err = do(up)
	}
	if err != nil {
		h.refuseAs(w, r, req, err, access.ProtocolREST)
	}
}

// raw takes an upload whose body is the file.
func (h *Handler) raw(w http.ResponseWriter, r *http.Request, up *registry.Upload, in registry.UploadInput) (rerr error) {
	if err := fromQuery(r, &in); err != nil {
		return err
	}
	r.Body = wire.NewBody(w, r, h.Progress)
	if err := up.Expect(r.Context(), in, r.ContentLength); err != nil {
		return err
	}
	got, err := up.Receive(r.Context(), r.Body, r.ContentLength)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, got.Discard()) }()
	out, err := got.Publish(r.Context(), in)
	if err != nil {
		return err
	}
	return h.uploaded(w, r, out)
}

// maxField bounds a form field other than the file, in bytes; maxFields bounds their number.
const (
	maxField  = 64 << 10
	maxFields = 32
)

// form takes an upload as a multipart form: the file in the named part, what is said of it in the others.
func (h *Handler) form(w http.ResponseWriter, r *http.Request, up *registry.Upload, part string, in registry.UploadInput) (rerr error) {
	if mt, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mt != "multipart/form-data" {
		return problem.New(http.StatusUnsupportedMediaType, api.CodeUnsupportedMediaType, "send the file as multipart/form-data, in the part "+part)
	}
	if err := fromQuery(r, &in); err != nil {
		return err
	}
	r.Body = wire.NewBody(w, r, h.Progress)
	form, err := r.MultipartReader()
	if err != nil {
		return badForm(err)
	}
	var got *registry.Received
	defer func() {
		if got != nil {
			rerr = errors.Join(rerr, got.Discard())
		}
	}()
	for range maxFields {
		p, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return h.finishForm(w, r, got, part, in)
		}
		if err != nil {
			return badForm(err)
		}
		if p.FormName() != part {
			if err := field(p, &in); err != nil {
				return err
			}
			continue
		}
		if got != nil {
			return problem.New(http.StatusUnprocessableEntity, api.CodeInvalid, "the form has two files; send one request for each")
		}
		describe(p, &in)
		if err := up.Expect(r.Context(), in, in.Size); err != nil {
			return err
		}
		if got, err = up.Receive(r.Context(), p, -1); err != nil {
			return err
		}
	}
	return problem.New(http.StatusUnprocessableEntity, api.CodeInvalid, "the form has more than "+strconv.Itoa(maxFields)+" parts")
}

func (h *Handler) finishForm(w http.ResponseWriter, r *http.Request, got *registry.Received, part string, in registry.UploadInput) error {
	if got == nil {
		return problem.New(http.StatusUnprocessableEntity, api.CodeInvalid, "the form has no part "+part+" with the file")
	}
	out, err := got.Publish(r.Context(), in)
	if err != nil {
		return err
	}
	return h.uploaded(w, r, out)
}

func badForm(err error) error {
	return problem.New(http.StatusBadRequest, api.CodeBadRequest, "the form is cut off or malformed: "+err.Error())
}

// describe takes what the headers of the file's part say.
func describe(p *multipart.Part, in *registry.UploadInput) {
	in.Filename = p.FileName()
	if name := p.Header.Get("X-File-Name"); name != "" {
		in.Filename = path.Base(name)
	}
	if sum := p.Header.Get("X-File-Sha256"); sum != "" {
		in.SHA256 = sum
	}
}

// field takes one of the form's other parts.
func field(p *multipart.Part, in *registry.UploadInput) error {
	raw, err := io.ReadAll(io.LimitReader(p, maxField+1))
	if err != nil {
		return badForm(err)
	}
	value := strings.TrimSpace(string(raw))
	if len(raw) > maxField && p.FormName() != "attestation" {
		return problem.New(http.StatusUnprocessableEntity, api.CodeInvalid, "the form has a field of more than "+strconv.Itoa(maxField)+" bytes")
	}
	switch p.FormName() {
	case api.UploadFieldFileType:
		if value != string(api.FileTypeConda) {
			return problem.New(http.StatusUnprocessableEntity, api.CodeInvalid, "filetype must be conda1: this server takes conda packages only")
		}
	case api.UploadFieldSize:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 {
			return problem.New(http.StatusUnprocessableEntity, api.CodeInvalid, "size must be a number of bytes")
		}
		in.Size = n
	case api.UploadFieldSHA256:
		in.SHA256 = value
	case api.UploadFieldMD5:
		in.MD5 = value
	case api.UploadFieldForce:
		in.Force = isTrue(value)
	case api.UploadFieldLabel, api.UploadFieldLabels:
		return addLabels(in, value)
	}
	return nil
}

// fromQuery takes what the query of any upload may say of the file.
func fromQuery(r *http.Request, in *registry.UploadInput) error {
	q := r.URL.Query()
	in.Force = in.Force || isTrue(q.Get(api.UploadFieldForce))
	for _, name := range []string{api.UploadFieldLabel, api.UploadFieldLabels} {
		for _, value := range q[name] {
			if err := addLabels(in, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// addLabels takes one label, or several with commas between. An empty one is a mistake, such as a variable that is not
// set, and must not publish the file under main.
func addLabels(in *registry.UploadInput, value string) error {
	for l := range strings.SplitSeq(value, ",") {
		if l = strings.TrimSpace(l); l == "" {
			return problem.New(http.StatusUnprocessableEntity, api.CodeInvalid, "a label is empty; leave the parameter out to publish under main")
		}
		in.Labels = append(in.Labels, l)
	}
	return nil
}

// isTrue reads a flag as clients write it: true, True, 1.
func isTrue(s string) bool {
	b, err := strconv.ParseBool(strings.ToLower(s))
	return err == nil && b
}

// uploaded answers an upload: 201 for a new or replaced file, 200 when the very same file was there already.
func (h *Handler) uploaded(w http.ResponseWriter, r *http.Request, out registry.UploadResult) error {
	status := http.StatusOK
	if out.Created || out.Replaced {
		status = http.StatusCreated
	}
	f := out.File
	url := h.URL(r) + "/" + channel.Location{Channel: out.Channel.Path, Label: f.URLLabel(), Subdir: f.Subdir, File: f.Filename}.Path()[1:]
	w.Header().Set("Cache-Control", "private, no-store")
	if status == http.StatusCreated {
		w.Header().Set("Location", url)
	}
	return writeJSON(w, r, status, api.UploadResult{
		Channel: out.Channel.Path, CKey: f.CKey(), Filename: f.Filename, Name: f.Name, Version: f.Version, Build: f.Build,
		Subdir: f.Subdir, Size: f.Size, SHA256: f.SHA256.String(), MD5: hexString(f.MD5[:]), Labels: f.Labels, Created: out.Created, Replaced: out.Replaced, URL: url, Filtered: string(f.Filtered),
	})
}
