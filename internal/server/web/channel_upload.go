package web

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/wire"
)

// The bounds of a form with files: the number of its parts, and the bytes of a part that is no file.
const (
	maxUploadParts = 200
	maxUploadField = 1 << 10
)

// uploadData is what the page for uploads shows.
type uploadData struct {
	channelFrame
	MayReplace bool
	// Took and Refused are the files of the last try: what became of each, in words.
	Took, Refused []string
	Uploads       []useLine
}

const uploadTitle = "Upload packages"

// uploadFrame is the page for uploads, which exists for who may upload.
func (p *page) uploadFrame() (uploadData, error) {
	f, err := p.frame(access.ArtifactCreate)
	if err == nil && f.Channel.Type == registry.VirtualChannel {
		err = errNoPage
	}
	return uploadData{channelFrame: f, MayReplace: p.can(access.ArtifactEdit, f.Channel), Uploads: p.writeLines(f.Channel, tokenPlace)}, err
}

func (w *Web) uploadPage(p *page) error {
	d, err := p.uploadFrame()
	if err != nil {
		return err
	}
	return p.showOf(d.channelFrame, "channel_upload", uploadTitle, d)
}

// upload takes files from a form. The right to upload is asked for before any of them is read.
func (w *Web) upload(p *page) error {
	up, err := p.Service.Packages.BeginUpload(p.ctx(), p.Caller, p.channelPath())
	if err != nil {
		return err
	}
	d, err := p.uploadFrame()
	if err != nil {
		return err
	}
	p.r.Body = wire.NewBody(p.w, p.r, p.Progress)
	if err := p.takeFiles(up, &d); err != nil {
		return err
	}
	if len(d.Took)+len(d.Refused) == 0 {
		p.wrong("file", "choose at least one file, ending in .conda or .tar.bz2")
	}
	if len(d.Took) == 0 || len(d.Refused) > 0 {
		return p.render(http.StatusUnprocessableEntity, "channel_upload", uploadTitle, d)
	}
	message := plural(int64(len(d.Took)), "file") + " uploaded."
	if len(d.Took) == 1 {
		message = d.Took[0]
	}
	return p.done(channelURL(d.Channel.Path), message)
}

// takeFiles takes the files of a form one after another. One that is refused does not keep the others out.
func (p *page) takeFiles(up *registry.Upload, d *uploadData) error {
	form, err := p.r.MultipartReader()
	if err != nil {
		return &registry.Error{Code: registry.CodeInvalid, Message: "the browser sent a form that cannot be read"}
	}
	in := registry.UploadInput{Size: -1}
	for range maxUploadParts {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &registry.Error{Code: registry.CodeInvalid, Message: "the upload ended before it was complete; send the files again"}
		}
		if err := p.takePart(up, part, &in, d); err != nil {
			return err
		}
	}
	return &registry.Error{Code: registry.CodeTooLarge, Message: "these are too many files for one form; send fewer at a time"}
}

// takePart takes one part of the form: a file, or what is said of the files after it.
func (p *page) takePart(up *registry.Upload, part *multipart.Part, in *registry.UploadInput, d *uploadData) error {
	if part.FormName() != "file" {
		value, err := io.ReadAll(io.LimitReader(part, maxUploadField))
		if part.FormName() == "replace" {
			in.Force = len(value) > 0
		}
		return err
	}
	name := part.FileName()
	if name == "" {
		// No file was chosen.
		return nil
	}
	in.Filename = name
	out, err := p.takeFile(up, part, *in)
	e, known := registry.AsError(err)
	switch {
	case err == nil && out.Replaced:
		d.Took = append(d.Took, name+" is replaced.")
	case err == nil && !out.Created:
		d.Took = append(d.Took, name+" was there already.")
	case err == nil:
		d.Took = append(d.Took, name+" is uploaded.")
	case known && e.Denied == nil:
		why := e.Message
		if !strings.HasPrefix(why, name) {
			why = name + ": " + why
		}
		d.Refused = append(d.Refused, strings.TrimSuffix(why, ".")+".")
	default:
		return err
	}
	return nil
}

func (p *page) takeFile(up *registry.Upload, part io.Reader, in registry.UploadInput) (out registry.UploadResult, rerr error) {
	if err := up.Expect(p.ctx(), in, -1); err != nil {
		return out, err
	}
	got, err := up.Receive(p.ctx(), part, -1)
	if err != nil {
		return out, err
	}
	defer func() { rerr = errors.Join(rerr, got.Discard()) }()
	return got.Publish(p.ctx(), in)
}
