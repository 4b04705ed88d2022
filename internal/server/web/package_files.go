package web

import (
	"context"
	"net/http"
	"slices"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) packageFilePages() section {
	return section{routes: []route{
		{pattern: "GET " + onePackage + "/copy", handle: w.copyFilesPage},
		{pattern: "POST " + onePackage + "/copy", handle: w.copyFiles},
		{pattern: "GET " + onePackage + "/move", handle: w.moveFilesPage},
		{pattern: "POST " + onePackage + "/move", handle: w.moveFiles},
		{pattern: "GET " + onePackage + "/delete", handle: w.deleteFilesPage},
		{pattern: "POST " + onePackage + "/delete", handle: w.deleteFiles},
	}}
}

// chosenFiles are the files of a package that were chosen on its page.
type chosenFiles struct {
	Channel registry.Channel
	Package registry.Artifact
	// CKeys name them, and there are none if All of the package are meant.
	CKeys []string
	All   bool
}

// Action is where the form goes that does something with them; "" is the page of the package.
func (c chosenFiles) Action(what string) string {
	if what == "" {
		return packageURL(c.Channel.Path, c.Package.Name)
	}
	return packageURL(c.Channel.Path, c.Package.Name, what)
}

// Words say which files are meant.
func (c chosenFiles) Words() string {
	if c.All {
		return "the whole package " + c.Package.Name + " (" + plural(c.Package.FileCount, "file") + ")"
	}
	return plural(int64(len(c.CKeys)), "file") + " of " + c.Package.Name
}

// items are the files as a job takes them.
func (c chosenFiles) items() []registry.BulkItem {
	if c.All {
		return []registry.BulkItem{{Name: c.Package.Name, Family: registry.FamilyConda}}
	}
	out := make([]registry.BulkItem, len(c.CKeys))
	for i, ckey := range c.CKeys {
		out[i] = registry.BulkItem{Name: c.Package.Name, Family: registry.FamilyConda, CKey: ckey}
	}
	return out
}

// chosen reads which files were chosen: from the address of the page that asks, from the form that it sends.
func (p *page) chosen(needs access.Scope) (chosenFiles, error) {
	c, err := p.packageFrame(needs)
	if err != nil {
		return chosenFiles{}, err
	}
	name := p.path("package")
	p.under(name, packageURL(c.Path, name))
	out := chosenFiles{Channel: c}
	if !holdsPackages(c) {
		return out, errNoPage
	}
	if out.Package, err = p.Service.Packages.Get(p.ctx(), p.Caller, c.Path, registry.FamilyConda, name); err != nil {
		return out, err
	}
	if p.r.Method != http.MethodPost {
		p.form.Values["file"], p.form.Values["all"] = p.r.URL.Query()["file"], p.r.URL.Query()["all"]
	}
	out.CKeys, out.All = p.texts("file"), p.checked("all")
	slices.Sort(out.CKeys)
	out.CKeys = slices.Compact(out.CKeys)
	if out.All {
		out.CKeys = nil
	}
	return out, nil
}

// none tells whether nothing was chosen.
func (c chosenFiles) none() bool { return !c.All && len(c.CKeys) == 0 }

// chooseFirst sends back to the page of the package whoever chose nothing there.
func (p *page) chooseFirst(c chosenFiles) error {
	p.setFlash(flash{Kind: "warning", Text: "Choose at least one file, or the whole package."})
	return p.redirect(c.Action("") + "#files")
}

// Title is the heading of the page that does something with them.
func (c chosenFiles) Title(action string) string {
	if c.All {
		return capital(action) + " a package"
	}
	return capital(action) + " files"
}

// transferData is what the page for copying or moving shows.
type transferData struct {
	chosenFiles
	What string
	// Verb is what the button says, Moves that the files go away here.
	Verb  string
	Moves bool
}

// transfer reads what the page for copying or moving shows. Moving takes the right to delete.
func (p *page) transfer(action registry.BulkAction) (transferData, error) {
	needs := access.ArtifactDownload
	if action == registry.BulkMove {
		needs = access.ArtifactDelete
	}
	c, err := p.chosen(needs)
	return transferData{c, string(action), capital(string(action)), action == registry.BulkMove}, err
}

func (w *Web) copyFilesPage(p *page) error { return p.transferPage(registry.BulkCopy) }
func (w *Web) moveFilesPage(p *page) error { return p.transferPage(registry.BulkMove) }
func (w *Web) copyFiles(p *page) error     { return p.doTransfer(registry.BulkCopy) }
func (w *Web) moveFiles(p *page) error     { return p.doTransfer(registry.BulkMove) }

func (p *page) transferPage(action registry.BulkAction) error {
	d, err := p.transfer(action)
	if err != nil {
		return err
	}
	if d.none() {
		return p.chooseFirst(d.chosenFiles)
	}
	return p.show("package_transfer", d.Title(string(action)), d)
}

func (p *page) doTransfer(action registry.BulkAction) error {
	d, err := p.transfer(action)
	if err != nil {
		return err
	}
	target := p.text("target_channel")
	switch {
	case d.none():
		return p.chooseFirst(d.chosenFiles)
	case target == "":
		p.wrong("target_channel", "name the channel that gets the files")
	}
	in := registry.BulkRequest{Action: action, Target: target, Items: d.items(), Force: p.checked("force")}
	var job registry.Job
	err = p.try(func(ctx context.Context) (err error) {
		job, err = p.Service.Packages.Bulk(ctx, p.Caller, d.Channel.Path, in)
		return p.atTarget(err, target)
	})
	if err != nil {
		return p.again(err, "package_transfer", d.Title(string(action)), d, "You find what it did on the pages of both channels.")
	}
	return p.redirect(jobURL(d.Channel.Path, job.PublicID))
}

// atTarget words a refusal at the channel that is to get files beside its field.
func (p *page) atTarget(err error, target string) error {
	if e, ok := registry.AsError(err); ok && e.Denied != nil && e.Denied.Target.Channel.Path == target {
		return p.named(err, "target_channel")
	}
	return err
}

// fileDeletion asks whether files are to go.
func (p *page) fileDeletion() (chosenFiles, confirmation, error) {
	c, err := p.chosen(access.ArtifactDelete)
	out := confirmation{
		Question: "Delete " + c.Words() + " from " + c.Channel.Path + "?", Loses: c.CKeys,
		Keeps:  "This cannot be undone. Environments that were installed from them keep working, and copies in other channels stay.",
		Action: c.Action("delete"), Button: "Delete " + plural(int64(len(c.CKeys)), "file"), Cancel: c.Action(""),
		Hidden: map[string]string{}, Values: map[string][]string{"file": c.CKeys},
	}
	if c.All {
		out.Loses = []string{plural(c.Package.FileCount, "file") + " of all versions and platforms"}
		if n := c.Package.DownloadCount; n > 0 {
			out.Loses = append(out.Loses, "a package that was downloaded "+plural(n, "time"))
		}
		out.Button, out.Type, out.Hidden["all"] = "Delete "+c.Package.Name, c.Package.Name, "1"
	}
	return c, out, err
}

func (w *Web) deleteFilesPage(p *page) error {
	c, ask, err := p.fileDeletion()
	if err != nil {
		return err
	}
	if c.none() {
		return p.chooseFirst(c)
	}
	return p.confirm(c.Title("delete"), ask)
}

// deleteFiles deletes one file at once, and several in a job.
func (w *Web) deleteFiles(p *page) error {
	c, ask, err := p.fileDeletion()
	if err != nil {
		return err
	}
	if c.none() {
		return p.chooseFirst(c)
	}
	p.confirmed(ask)
	var job registry.Job
	err = p.try(func(ctx context.Context) (err error) {
		if len(c.CKeys) == 1 {
			return p.Service.Packages.DeleteFile(ctx, p.Caller, c.Channel.Path, registry.FamilyConda, c.Package.Name, c.CKeys[0])
		}
		job, err = p.Service.Packages.Bulk(ctx, p.Caller, c.Channel.Path, registry.BulkRequest{Action: registry.BulkDelete, Items: c.items()})
		return err
	})
	switch {
	case err != nil:
		return p.again(err, "confirm", c.Title("delete"), ask, "")
	case len(c.CKeys) != 1:
		return p.redirect(jobURL(c.Channel.Path, job.PublicID))
	case c.Package.FileCount == 1:
		return p.done(channelURL(c.Channel.Path), c.CKeys[0]+" is deleted, and "+c.Package.Name+" with it.")
	}
	return p.done(c.Action(""), c.CKeys[0]+" is deleted.")
}
