package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) packageEditPages() section {
	const one = onePackage + "/edit/{subdir}/{file}"
	return section{routes: []route{
		{pattern: "GET " + one, handle: w.metadata},
		{pattern: "POST " + one, handle: w.editMetadata},
		{pattern: "GET " + one + "/undo", handle: w.undoMetadataPage},
		{pattern: "POST " + one + "/undo", handle: w.undoMetadata},
	}}
}

// metadataData is what the page for the metadata of a file shows.
type metadataData struct {
	Channel registry.Channel
	File    registry.File
	// Usual are the fields that people edit, Rare those that they seldom do.
	Usual, Rare []metaRow
	// Open tells that there is something to see among the rare ones.
	Open bool
	// URL is the page itself, Back the page of the package.
	URL, Back string
}

// metaRow is a field with what the file says by itself.
type metaRow struct {
	metaField
	Original string
	// Edited tells that the index says something else than the file.
	Edited bool
}

const metadataTitle = "Edit metadata"

// metadataOf reads a file and fills the form with what the index says of it.
func (p *page) metadataOf() (metadataData, error) {
	c, err := p.packageFrame(access.ArtifactEdit)
	if err == nil && !holdsPackages(c) {
		err = errNoPage
	}
	if err != nil {
		return metadataData{}, err
	}
	name, ckey := p.path("package"), p.path("subdir")+"/"+p.path("file")
	back := packageURL(c.Path, name)
	p.under(name, back)
	d := metadataData{Channel: c, URL: packageURL(c.Path, name, "edit", p.path("subdir"), p.path("file")), Back: back}
	if d.File, err = p.Service.Packages.File(p.ctx(), p.Caller, c.Path, registry.FamilyConda, name, ckey); err != nil {
		return d, err
	}
	now, original, err := metadataTexts(d.File)
	if err != nil {
		return d, err
	}
	for _, f := range metaFields() {
		p.opened(f.Key, now[f.Key])
		row := metaRow{f, original[f.Key], !sameText(now[f.Key], original[f.Key])}
		if f.Rare {
			d.Rare = append(d.Rare, row)
			d.Open = d.Open || row.Edited
		} else {
			d.Usual = append(d.Usual, row)
		}
	}
	return d, nil
}

// original is what the file says by itself in a field.
func (d metadataData) original(key string) string {
	for _, rows := range [][]metaRow{d.Usual, d.Rare} {
		for _, r := range rows {
			if r.Key == key {
				return r.Original
			}
		}
	}
	return ""
}

func (w *Web) metadata(p *page) error {
	d, err := p.metadataOf()
	if err != nil {
		return err
	}
	return p.show("package_edit", metadataTitle, d)
}

func (w *Web) editMetadata(p *page) error {
	d, err := p.metadataOf()
	if err != nil {
		return err
	}
	if p.pressed("original") {
		key := p.text("original")
		p.form.Values[key] = []string{d.original(key)}
		p.notice = &flash{Kind: "info", Text: "The form holds what the file says itself. Save it to undo the edit."}
		return p.show("package_edit", metadataTitle, d)
	}
	patch := p.metadataPatch(d)
	err = p.try(func(ctx context.Context) error {
		if len(patch) == 0 {
			return errUnchanged
		}
		return p.patchMetadata(ctx, d, patch)
	})
	for _, r := range d.Rare {
		d.Open = d.Open || p.form.Errors[r.Key] != "" || p.edited(r.Key)
	}
	return p.afterMetadata(err, d, "The index is patched. conda sees it when it reads the index the next time.")
}

// afterMetadata answers to a change of metadata.
func (p *page) afterMetadata(err error, d metadataData, message string) error {
	switch {
	case errors.Is(err, errUnchanged):
		return p.unchanged(d.Back)
	case err != nil:
		return p.again(err, "package_edit", metadataTitle, d, "The page of the package shows it.")
	}
	return p.done(d.Back+"#files", message)
}

// metadataPatch is the edit that the form asks for: the fields that were changed, null for those that say again what the
// file says itself.
func (p *page) metadataPatch(d metadataData) map[string]json.RawMessage {
	now, _, err := metadataTexts(d.File)
	if err != nil {
		return nil
	}
	patch := map[string]json.RawMessage{}
	for _, f := range metaFields() {
		if !p.edited(f.Key) || p.stale(f.Key, now[f.Key], quoted) {
			continue
		}
		value, err := f.parse(p.text(f.Key))
		switch {
		case err != nil:
			p.wrong(f.Key, err.Error())
		case sameText(f.text(value), d.original(f.Key)):
			patch[f.Key] = json.RawMessage("null")
		default:
			patch[f.Key] = value
		}
	}
	return patch
}

// patchMetadata sends an edit. What is wrong with it as a whole is no matter of one field.
func (p *page) patchMetadata(ctx context.Context, d metadataData, patch map[string]json.RawMessage) error {
	raw, err := json.Marshal(patch)
	if err != nil {
		return fmt.Errorf("edit of %s: %w", d.File.CKey(), err)
	}
	_, err = p.Service.Packages.EditMetadata(ctx, p.Caller, d.Channel.Path, d.File.Subdir, d.File.Filename, raw)
	if e, known := registry.AsError(err); known && e.Field == "body" {
		return &registry.Error{Code: e.Code, Message: e.Message, Err: e}
	}
	return err
}

// undoing asks whether all edits of a file are to go.
func (p *page) undoing() (metadataData, confirmation, error) {
	d, err := p.metadataOf()
	if err == nil && d.File.Patch == nil {
		err = errNoPage
	}
	if err != nil {
		return d, confirmation{}, err
	}
	p.under(metadataTitle, d.URL)
	c := confirmation{
		Question: "Undo all edits of " + d.File.CKey() + "?",
		Keeps:    "The index says again what the file says itself. The file stays as it is.",
		Action:   d.URL + "/undo", Button: "Undo all edits", Cancel: d.URL, Stay: "Keep them",
	}
	for _, rows := range [][]metaRow{d.Usual, d.Rare} {
		for _, r := range rows {
			if r.Edited {
				c.Loses = append(c.Loses, r.Label+": "+quoted(p.form.Was[r.Key]))
			}
		}
	}
	return d, c, nil
}

const undoMetadataTitle = "Undo edits"

func (w *Web) undoMetadataPage(p *page) error {
	_, c, err := p.undoing()
	if err != nil {
		return err
	}
	return p.confirm(undoMetadataTitle, c)
}

func (w *Web) undoMetadata(p *page) error {
	d, c, err := p.undoing()
	if err != nil {
		return err
	}
	var patch map[string]json.RawMessage
	if err := json.Unmarshal(d.File.Patch, &patch); err != nil {
		return fmt.Errorf("patch of %s: %w", d.File.CKey(), err)
	}
	for key := range patch {
		patch[key] = json.RawMessage("null")
	}
	if err := p.try(func(ctx context.Context) error { return p.patchMetadata(ctx, d, patch) }); err != nil {
		return p.again(err, "confirm", undoMetadataTitle, c, "")
	}
	return p.done(d.Back+"#files", "The edits are undone. The index says what the file says itself.")
}

// metaRowView is a field of the metadata as the template "meta_row" shows it.
type metaRowView struct {
	Row   metaRow
	Field field
}

// newMetaRow makes a row of the form: {{template "meta_row" (metaRow . row)}}.
func newMetaRow(v *view, r metaRow) (metaRowView, error) {
	rows := 1
	if r.Type() == "textarea" {
		rows = min(12, max(3, 1+strings.Count(r.Original, "\n")))
	}
	f, err := newField(v, r.Key, r.Label, "type", r.Type(), "hint", r.Hint, "mono", r.Mono(), "rows", rows, "plain", true, "autocomplete", "off")
	return metaRowView{r, f}, err
}
