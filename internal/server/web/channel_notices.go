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
		{pattern: "GET " + all + "/{notice}/remove", handle: w.removeNoticePage},
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

func (w *Web) addNotice(p *page) error {
	n := registry.Notice{Message: p.text("message"), Level: repodata.Level(p.text("level"))}
	if day := p.text("expires_at"); day != "" {
		last, err := time.Parse(time.DateOnly, day)
		if err != nil {
			p.wrong("expires_at", "enter the last day as YYYY-MM-DD")
		}
		n.ExpiresAt = last.AddDate(0, 0, 1)
	}
	d, err := p.noticesFrame()
	if err != nil {
		return err
	}
	path := d.Channel.Path
	err = p.try(func(ctx context.Context) error {
		_, err := p.Service.Channels.AddNotice(ctx, p.Caller, path, n)
		return err
	})
	if err != nil {
		return p.again(err, "channel_notices", noticesTitle+" · "+path, d, "You find it among the notices.")
	}
	return p.done(channelURL(path, "settings", "notices"), "The notice is shown to the channel's users from now on.")
}

// noticeRemoval asks whether a notice is to go.
func (p *page) noticeRemoval() (confirmation, error) {
	d, err := p.noticesFrame()
	if err != nil {
		return confirmation{}, err
	}
	path, id := d.Channel.Path, p.path("notice")
	i := slices.IndexFunc(d.Notices, func(n noticeRow) bool { return n.PublicID == id })
	if i < 0 {
		return confirmation{}, errNoPage
	}
	back := channelURL(path, "settings", "notices")
	p.under(noticesTitle, back)
	return confirmation{
		Question: "Remove this notice of " + path + "?", Loses: []string{d.Notices[i].Message},
		Keeps:  "conda shows it to nobody any more. It cannot be brought back; you can write it again.",
		Action: channelURL(path, "settings", "notices", id, "remove"), Button: "Remove the notice", Cancel: back,
	}, nil
}

const removeNoticeTitle = "Remove a notice"

func (w *Web) removeNoticePage(p *page) error {
	c, err := p.noticeRemoval()
	if err != nil {
		return err
	}
	return p.confirm(removeNoticeTitle, c)
}

func (w *Web) removeNotice(p *page) error {
	c, err := p.noticeRemoval()
	if err != nil {
		return err
	}
	err = p.try(func(ctx context.Context) error {
		return p.Service.Channels.RemoveNotice(ctx, p.Caller, p.channelPath(), p.path("notice"))
	})
	if err != nil {
		return p.again(err, "confirm", removeNoticeTitle, c, "")
	}
	return p.done(c.Cancel, "The notice is removed.")
}
