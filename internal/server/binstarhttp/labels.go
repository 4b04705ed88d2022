package binstarhttp

import (
	"net/http"

	"kingsnake/api"
	"kingsnake/conda/channel"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/problem"
)

// labelOperations are those of labels, which the protocol calls channels, and of copies.
func labelOperations() []Operation {
	edit := []access.Scope{access.ArtifactEdit}
	const all, one, copies = "/channels/{channel}", "/channels/{channel}/{label}", "/copy/package/{channel}/{name}/{version}/{ckey...}"
	between := []access.Scope{access.ArtifactCreate, access.ArtifactDownload}
	return []Operation{
		{Method: http.MethodGet, Path: all, Scopes: []access.Scope{access.ChannelView}, do: (*request).listLabels},
		{Method: http.MethodGet, Path: one, Scopes: []access.Scope{access.ArtifactView}, do: (*request).showLabel},
		{Method: http.MethodPost, Path: one, Scopes: edit, do: (*request).addLabel},
		{Method: http.MethodDelete, Path: one, Scopes: edit, do: (*request).dropLabel},
		{Method: http.MethodPost, Path: one + "/copy/{to}", Scopes: edit, do: (*request).copyLabel},
		{Method: http.MethodPost, Path: copies, Scopes: between, do: (*request).copyFiles},
		{Method: http.MethodPatch, Path: copies, Scopes: between, do: (*request).copyFiles},
		{Method: http.MethodPut, Path: copies, Scopes: append(between[:len(between):len(between)], access.ArtifactEdit), do: (*request).copyFiles},
	}
}

// labelState says of a label that it is not locked: nothing here locks one, a channel is frozen as a whole.
type labelState struct {
	IsLocked bool       `json:"is_locked"`
	Files    []fileJSON `json:"files,omitempty"`
}

func (q *request) listLabels() error {
	at, err := q.channel()
	if err != nil {
		return err
	}
	list, _, err := q.h.Service.Packages.Labels(q.Context(), q.caller, at, registry.Page{Limit: maxListed})
	if err != nil {
		return err
	}
	out := map[string]labelState{}
	for _, l := range list {
		out[l.Name] = labelState{}
	}
	return q.answer(http.StatusOK, out)
}

func (q *request) showLabel() error {
	at, err := q.channel()
	if err != nil {
		return err
	}
	files, err := q.h.Service.Packages.Select(q.Context(), q.caller, at, registry.Selection{Label: q.PathValue("label")})
	if err != nil {
		return err
	}
	out := labelState{Files: []fileJSON{}}
	for _, f := range files {
		out.Files = append(out.Files, q.fileOut(at, f))
	}
	return q.answer(http.StatusOK, out)
}

// filesJSON is which files a change of labels is about; null stands for all of what was named before.
type filesJSON struct {
	Package  string `json:"package"`
	Version  string `json:"version"`
	Basename string `json:"basename"`
}

// selection reads which files are meant.
func (q *request) selection() (registry.Selection, error) {
	var in filesJSON
	if err := q.decode(&in); err != nil {
		return registry.Selection{}, err
	}
	if in.Basename != "" {
		if _, _, ok := registry.SplitCKey(in.Basename); !ok {
			return registry.Selection{}, noSubdir(in.Basename)
		}
	}
	return registry.Selection{Name: in.Package, Version: in.Version, CKey: in.Basename}, nil
}

// relabel gives files a label, or takes one away.
func (q *request) relabel(x registry.Selection, add, drop string) error {
	at, err := q.channel()
	if err != nil {
		return err
	}
	if _, err := q.h.Service.Packages.Relabel(q.Context(), q.caller, at, x, add, drop); err != nil {
		return err
	}
	return q.answer(http.StatusCreated, struct{}{})
}

func (q *request) addLabel() error {
	x, err := q.selection()
	if err != nil {
		return err
	}
	return q.relabel(x, q.PathValue("label"), "")
}

func (q *request) dropLabel() error {
	x, err := q.selection()
	if err != nil {
		return err
	}
	x.Label = q.PathValue("label")
	return q.relabel(x, "", x.Label)
}

func (q *request) copyLabel() error {
	return q.relabel(registry.Selection{Label: q.PathValue("label")}, q.PathValue("to"), "")
}

// copyJSON says where files are to go.
type copyJSON struct {
	ToOwner   string `json:"to_owner"`
	FromLabel string `json:"from_channel"`
	ToLabel   string `json:"to_channel"`
}

// copyFiles copies the files of a version, or one of them. PUT replaces files that are there, PATCH leaves them alone.
func (q *request) copyFiles() error {
	at, err := q.channel()
	if err != nil {
		return err
	}
	in := copyJSON{FromLabel: channel.DefaultLabel, ToLabel: channel.DefaultLabel}
	if err := q.decode(&in); err != nil {
		return err
	}
	if in.ToOwner == "" {
		in.ToOwner = q.caller.Principal.Name
	}
	target, err := q.channelOf(in.ToOwner)
	if err != nil {
		return err
	}
	if in.ToLabel == "" {
		return problem.New(http.StatusUnprocessableEntity, api.CodeInvalid, "the label to copy to is empty")
	}
	files, err := q.h.Service.Packages.Copy(q.Context(), q.caller, at, registry.CopyInput{
		Selection: registry.Selection{Name: q.PathValue("name"), Version: q.PathValue("version"), CKey: q.PathValue("ckey"), Label: in.FromLabel},
		Target:    target, Label: in.ToLabel, Replace: q.Method == http.MethodPut, Skip: q.Method == http.MethodPatch,
	})
	if err != nil {
		return err
	}
	out := make([]fileJSON, len(files))
	for i, f := range files {
		out[i] = q.fileOut(target, f)
	}
	return q.answer(http.StatusOK, out)
}
