package web

import (
	"net/url"
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) channelHistoryPages() section {
	return section{routes: []route{{pattern: "GET " + channelsURL + "/{channel}/history", handle: w.channelHistory}}}
}

// historyData is what the history of a channel shows.
type historyData struct {
	channelFrame
	List  *listing
	Rows  []historyRow
	Types []option
	// Back is from which time on all was searched, where that was not all, and Older leads to what was before.
	Back  time.Time
	Older string
}

// historyRow is one event: what happened, in words, to what by its name, and its facts.
type historyRow struct {
	registry.HistoryItem
	Words, Shown string
	Facts        []string
}

func (w *Web) channelHistory(p *page) error {
	f, err := p.frame(access.ChannelHistory)
	if err != nil {
		return err
	}
	d := historyData{channelFrame: f, List: p.listing(""), Types: []option{choice("", "Everything", "")}}
	for _, t := range channelEvents() {
		d.Types = append(d.Types, choice(string(t), eventWords(t), ""))
	}
	p.preset("q", p.query("q"))
	p.preset("type", p.query("type"))
	filter := registry.HistoryFilter{Query: p.query("q")}
	if t := p.query("type"); t != "" {
		filter.Types = []registry.EventType{registry.EventType(t)}
	}
	if to, err := time.Parse(time.RFC3339Nano, p.query("to")); err == nil {
		filter.Until = to
	}
	h, err := p.Service.Audit.ChannelHistory(p.ctx(), p.Caller, f.Channel.Path, filter, d.List.unsorted())
	if err != nil {
		return err
	}
	d.List.Total, d.Back = h.Total, h.Back
	if !h.Back.IsZero() {
		before := url.Values{"q": {p.query("q")}, "type": {p.query("type")}, "to": {h.Back.UTC().Format(time.RFC3339Nano)}}
		d.Older = channelURL(f.Channel.Path, "history") + "?" + before.Encode()
	}
	for _, item := range h.Items {
		shown, facts := eventFacts(item.Target, item.Data)
		d.Rows = append(d.Rows, historyRow{item, eventWords(item.Type), shown, facts})
	}
	return p.showOf(f, "channel_history", "History", d)
}
