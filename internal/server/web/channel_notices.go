package web

import (
	"context"
	"slices"
	"time"

	"kingsnake/conda/repodata"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) channelNoticePages() section {
	const all = channelsURL + "/{channel}/settings/notices"
	return section{routes: []route{
		{pattern: "GET " + all, handle: w.notices},
		{pattern: "POST " + all, handle: w.addNotice},
		{pattern: "POST " + all + "/{notice}/remove", handle: w.removeNotice},
	}}
}

// noticesData is what the page for the notices of a channel shows.
type noticesData struct {
	channelFrame
	Notices []noticeRow
	Levels  []option
	// Today is the first day on which a notice can end.
	Today string
	// Unread tells that conda cannot read the notices, for it asks for them without a token.
	Unread bool
}

// noticeRow is a notice, and whether it is over.
type noticeRow struct {
	registry.Notice
	Over bool
}

const noticesTitle = "Notices"

func (p *page) noticesFrame() (noticesData, error) {
	f, err := p.frame(access.ChannelEdit)
	if err != nil {
		return noticesData{}, err
	}
	now := p.Callers.Now()
	d := noticesData{channelFrame: f, Today: now.UTC().Format(time.DateOnly), Unread: f.Channel.Privacy != access.Public, Levels: []option{
		choice(string(repodata.LevelInfo), "Information", ""), choice(string(repodata.LevelWarning), "Warning", ""), choice(string(repodata.LevelCritical), "Critical", ""),
	}}
	p.under(f.Channel.Path, channelURL(f.Channel.Path), "Settings", channelURL(f.Channel.Path, "settings"))
	notices, err := p.Service.Channels.Notices(p.ctx(), p.Caller, f.Channel.Path)
	for _, n := range notices {
		d.Notices = append(d.Notices, noticeRow{n, !now.Before(n.ExpiresAt)})
	}
	return d, err
}

func (w *Web) notices(p *page) error {
	d, err := p.noticesFrame()
	if err != nil {
		return err
	}
	return p.showOf(d.channelFrame, "channel_notices", noticesTitle, d)
}

// changeNotices writes other notices in place of those that there are.
func (p *page) changeNotices(message string, change func([]registry.Notice) []registry.Notice) error {
	d, err := p.noticesFrame()
	if err != nil {
		return err
	}
	path := d.Channel.Path
	err = p.try(func(ctx context.Context) error {
		had, err := p.Service.Channels.Notices(ctx, p.Caller, path)
		if err != nil {
			return err
		}
		_, err = p.Service.Channels.SetNotices(ctx, p.Caller, path, change(had))
		return err
	})
	if err != nil {
		return p.again(err, "channel_notices", noticesTitle+" · "+path, d, "")
	}
	return p.done(channelURL(path, "settings", "notices"), message)
}

func (w *Web) addNotice(p *page) error {
	n := registry.Notice{Message: p.text("message"), Level: repodata.Level(p.text("level"))}
	if day := p.text("expires_at"); day != "" {
		last, err := time.Parse(time.DateOnly, day)
		if err != nil {
			p.wrong("expires_at", "enter the last day as YYYY-MM-DD")
		}
		n.ExpiresAt = last.AddDate(0, 0, 1)
	}
	return p.changeNotices("The notice is shown to the channel's users from now on.", func(had []registry.Notice) []registry.Notice {
		return append(had, n)
	})
}

func (w *Web) removeNotice(p *page) error {
	return p.changeNotices("The notice is removed.", func(had []registry.Notice) []registry.Notice {
		return slices.DeleteFunc(had, func(n registry.Notice) bool { return n.PublicID == p.path("notice") })
	})
}
