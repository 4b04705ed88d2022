package web

import (
	"kingsnake/conda/channel"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) packagesPages() section {
	const one = channelsURL + "/{channel}"
	return section{routes: []route{
		{pattern: "GET " + one, handle: w.channel},
		{pattern: "GET " + one + "/upload", handle: w.uploadPage},
		{pattern: "POST " + one + "/upload", handle: w.upload, raw: true},
		{pattern: "POST " + one + "/default", handle: w.setDefaultChannel},
	}}
}

// packagesData is what the page of a channel shows: its packages, and how to use it.
type packagesData struct {
	channelFrame
	List      *listing
	Packages  []registry.Artifact
	Platforms []option
	// Closed tells that the packages are hidden from whoever looks, such as those of a virtual channel over a source
	// that they may not read.
	Closed bool
	// MayUpload and MayReplace say what the form for uploads offers.
	MayUpload, MayReplace bool
	// Lines are how to install from it, Uploads how to upload to it, for who may.
	Lines, Uploads []useLine
}

// platforms are the choices of a filter by platform.
func platforms() []option {
	out := []option{choice("", "All platforms", "")}
	for _, subdir := range channel.KnownSubdirs() {
		out = append(out, choice(subdir, subdir, ""))
	}
	return out
}

func (w *Web) channel(p *page) error {
	f, err := p.frame(access.ChannelView)
	if err != nil {
		return err
	}
	d := packagesData{
		channelFrame: f, List: p.listing("common_name", "download_count", "updated_at"), Platforms: platforms(),
		Closed: !p.can(access.ArtifactView, f.Channel), Lines: p.readLines(f.Channel, tokenPlace),
	}
	p.preset("q", p.query("q"))
	p.preset("platform", p.query("platform"))
	if p.can(access.ArtifactCreate, f.Channel) && f.Channel.Type != registry.VirtualChannel {
		d.Uploads = p.writeLines(f.Channel, tokenPlace)
		d.MayUpload = !f.Channel.Frozen()
		d.MayReplace = p.can(access.ArtifactEdit, f.Channel)
	}
	if d.Closed {
		return p.show("channel", f.Channel.Path, d)
	}
	filter := registry.ArtifactFilter{Query: p.query("q"), Subdir: p.query("platform")}
	d.Packages, d.List.Total, err = p.Service.Packages.List(p.ctx(), p.Caller, f.Channel.Path, filter, d.List.page())
	if e, ok := registry.AsError(err); ok && e.Denied != nil {
		d.Closed = true
	} else if err != nil {
		return err
	}
	return p.show("channel", f.Channel.Path, d)
}

// setDefaultChannel makes a channel the default one of whoever asks, or leaves them without one.
func (w *Web) setDefaultChannel(p *page) error {
	path, to := p.channelPath(), p.channelPath()
	message := to + " is your default channel now."
	if p.pressed("clear") {
		to, message = "", "You have no default channel any more."
	}
	if _, err := p.Service.Accounts.SetDefaultChannel(p.ctx(), p.Caller, to); err != nil {
		return err
	}
	return p.done(channelURL(path), message)
}
