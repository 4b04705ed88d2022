package binstarhttp

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/problem"
	"kingsnake/internal/server/wire"
)

// formPath is where the form with a file goes, whatever address the rest of the protocol was spoken at: what sends it
// sends neither a credential nor VersionHeader, only the ticket that is in the form.
const formPath = "/form"

// uploadOperations are the steps of an upload: the package and its version are announced, which makes nothing here, then
// the file is announced, sent as a form as to S3, and committed.
func uploadOperations() []Operation {
	create := []access.Scope{access.ArtifactCreate}
	const one, version, file = "/package/{channel}/{name}", "/release/{channel}/{name}/{version}", "/{channel}/{name}/{version}/{subdir}/{file}"
	return []Operation{
		{Method: http.MethodPost, Path: one, Scopes: create, do: (*request).announce},
		{Method: http.MethodPatch, Path: one, Scopes: create, do: (*request).announce},
		{Method: http.MethodPost, Path: version, Scopes: create, do: (*request).announce},
		{Method: http.MethodPatch, Path: version, Scopes: create, do: (*request).announce},
		{Method: http.MethodPost, Path: "/stage" + file, Scopes: create, do: (*request).stage},
		{Method: http.MethodPost, Path: formPath, Open: true, do: (*request).form},
		{Method: http.MethodPost, Path: "/commit" + file, Scopes: create, do: (*request).commit},
	}
}

// announce answers what makes a package or a version at anaconda.org. Here both come with their first file. A package has
// the privacy of its channel, so that one that is to be private is refused where it would not be.
func (q *request) announce() error {
	var in struct {
		Public *bool `json:"public"`
	}
	if err := q.decode(&in); err != nil {
		return err
	}
	at, err := q.channel()
	if err != nil {
		return err
	}
	c, err := q.h.Service.Packages.MayUpload(q.Context(), q.caller, at, registry.FamilyConda, q.PathValue("name"))
	if err != nil {
		return q.nameless(err)
	}
	if in.Public != nil && !*in.Public && c.Privacy == access.Public {
		return problem.New(http.StatusUnprocessableEntity, api.CodeInvalid, "a package is as private as its channel, and channel "+c.Path+" is public; upload to a private one")
	}
	return q.answer(http.StatusOK, map[string]any{
		"name": q.PathValue("name"), "version": q.PathValue("version"), "public": c.Privacy == access.Public, "package_types": []string{registry.FamilyConda},
		"distributions": []fileJSON{},
	})
}

// nameless words the refusal of an upload that names no owner: the tools then take the name of the account for one. Whether
// there is a channel of that name, which others may have made, shows in it as little as before.
func (q *request) nameless(err error) error {
	p := problem.From(q.Context(), err, access.ProtocolREST, q.id, q.h.Log)
	if name := q.PathValue("channel"); p.Status != http.StatusNotFound || name != q.caller.Principal.Name {
		return err
	}
	return problem.New(p.Status, p.Code, "no channel that you may see is called "+q.caller.Principal.Name+" as your account is, and the account has no default channel that you may see; name the channel: anaconda upload --user CHANNEL")
}

// stageJSON is what a sender says of a file before it comes. Labels are called channels.
type stageJSON struct {
	Type   string   `json:"distribution_type"`
	SHA256 string   `json:"sha256"`
	Labels []string `json:"channels"`
}

func (q *request) stage() error {
	var in stageJSON
	if err := q.decode(&in); err != nil {
		return err
	}
	if in.Type != "" && in.Type != registry.FamilyConda {
		return problem.New(http.StatusUnprocessableEntity, api.CodeInvalid, "this server takes conda packages only, and the file is announced as something else")
	}
	at, err := q.channel()
	if err != nil {
		return err
	}
	staged, err := q.h.Service.Packages.Stage(q.Context(), q.caller, at, registry.StageInput{
		Name: q.PathValue("name"), Version: q.PathValue("version"), Subdir: q.PathValue("subdir"), Filename: q.PathValue("file"), SHA256: in.SHA256, Labels: in.Labels,
	})
	if err != nil {
		return err
	}
	return q.answer(http.StatusOK, map[string]any{
		"post_url": q.h.URL(q.Request) + Prefix + formPath, "dist_id": staged.PublicID, "basename": staged.Subdir + "/" + staged.Filename,
		"form_data": map[string]string{"key": staged.PublicID, ticketField: staged.Secret},
	})
}

// The fields of the form. The digest and the size are added by the tools; the file comes last.
const (
	ticketField = "x-amz-security-token"
	md5Field    = "Content-Md5"
	sizeField   = "Content-Length"
	fileField   = "file"
	maxField    = 4 << 10
	maxFields   = 32
)

// form takes the file of an upload that was announced. It answers as S3 does, in XML, which is what the tools read.
func (q *request) form() error {
	q.Body = wire.NewBody(q.w, q.Request, q.h.Progress)
	if err := q.receive(); err != nil {
		p := problem.From(q.Context(), err, access.ProtocolREST, q.id, q.h.Log)
		wire.Refuse(q.w, q.Request, func() { q.xml(p.Status, s3Error{Code: s3Code(p), Message: p.Message}) })
		return nil
	}
	q.xml(http.StatusCreated, s3Post{Key: fileField})
	return nil
}

type s3Error struct {
	XMLName xml.Name `xml:"Error"`
	Code    string
	Message string
}

type s3Post struct {
	XMLName xml.Name `xml:"PostResponse"`
	Key     string
}

// s3Code names a refusal as S3 does where anaconda-client knows the word.
func s3Code(p *problem.Problem) string {
	if p.Code == api.CodeHashMismatch {
		return "InvalidDigest"
	}
	return string(p.Code)
}

func (q *request) xml(status int, v any) {
	body, err := xml.Marshal(v)
	if err != nil {
		q.h.Log.ErrorContext(q.Context(), "an answer cannot be written", "error", err)
		status, body = http.StatusInternalServerError, []byte("<Error><Code>internal</Code></Error>")
	}
	q.w.Header().Set("Cache-Control", "private, no-store")
	q.w.Header().Set("Content-Type", "application/xml")
	q.w.WriteHeader(status)
	// A client that has gone away is no concern of ours.
	_, _ = q.w.Write(append([]byte(xml.Header), body...))
}

// receive reads the fields up to the file, and then the file.
func (q *request) receive() error {
	form, err := q.MultipartReader()
	if err != nil {
		return badForm()
	}
	in, ticket := registry.UploadInput{Size: -1}, ""
	for range maxFields {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return problem.New(http.StatusUnprocessableEntity, api.CodeInvalid, "the form has no part "+fileField+" with the file")
		}
		if err != nil {
			return badForm()
		}
		if part.FormName() == fileField {
			return q.keep(ticket, part, in)
		}
		value, err := field(part)
		if err != nil {
			return err
		}
		switch http.CanonicalHeaderKey(part.FormName()) {
		case http.CanonicalHeaderKey(ticketField):
			ticket = value
		case md5Field:
			if in.MD5, err = hexDigest(value); err != nil {
				return err
			}
		case sizeField:
			if in.Size, err = strconv.ParseInt(value, 10, 64); err != nil || in.Size < 0 {
				return problem.New(http.StatusUnprocessableEntity, api.CodeInvalid, "the size is no number of bytes")
			}
		}
	}
	return problem.New(http.StatusUnprocessableEntity, api.CodeInvalid, "the form has more than "+strconv.Itoa(maxFields)+" parts")
}

// keep takes the file, in the name of whom the ticket was given to, and with the rights that it has by now.
func (q *request) keep(ticket string, file io.Reader, in registry.UploadInput) error {
	svc := q.h.Service.Packages
	g, err := svc.Ticket(q.Context(), ticket)
	if err != nil {
		return err
	}
	caller, err := q.h.Callers.Resolver.Again(q.Context(), g.Asker)
	if err != nil {
		return err
	}
	caller.Address, caller.Client, caller.RequestID = q.caller.Address, q.caller.Client, q.id
	up, err := svc.StagedUpload(q.Context(), caller, g)
	if err != nil {
		return err
	}
	return up.Keep(q.Context(), g, file, in)
}

func badForm() error {
	return problem.New(http.StatusBadRequest, api.CodeBadRequest, "the form is cut off or malformed")
}

// field reads one of the form's small parts.
func field(p *multipart.Part) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(p, maxField+1))
	if err != nil {
		return "", badForm()
	}
	if len(raw) > maxField {
		return "", problem.New(http.StatusUnprocessableEntity, api.CodeInvalid, "the form has a field of more than "+strconv.Itoa(maxField)+" bytes")
	}
	return strings.TrimSpace(string(raw)), nil
}

// hexDigest turns a digest in base64 into one in hex.
func hexDigest(b64 string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(b64)
	if err != nil {
		return "", problem.New(http.StatusUnprocessableEntity, api.CodeInvalid, "the MD5 digest is not in base64")
	}
	return hexString(raw), nil
}

func hexString(b []byte) string { return hex.EncodeToString(b) }

func (q *request) commit() error {
	var in struct {
		ID string `json:"dist_id"`
	}
	if err := q.decode(&in); err != nil {
		return err
	}
	at, err := q.channel()
	if err != nil {
		return err
	}
	out, err := q.h.Service.Packages.Finish(q.Context(), q.caller, at, q.PathValue("name"), in.ID)
	if err != nil {
		return err
	}
	file := q.fileOut(out.Channel.Path, out.File)
	return q.answer(http.StatusOK, struct {
		fileJSON
		ID  string `json:"dist_id"`
		Web string `json:"url"`
	}{file, in.ID, file.URL})
}
