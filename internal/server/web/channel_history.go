package web

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
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
}

// historyRow is one event: what happened, in words, and its facts.
type historyRow struct {
	registry.HistoryItem
	Words string
	Facts []string
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
	items, total, err := p.Service.Audit.ChannelHistory(p.ctx(), p.Caller, f.Channel.Path, filter, d.List.unsorted())
	if err != nil {
		return err
	}
	d.List.Total = total
	for _, item := range items {
		d.Rows = append(d.Rows, historyRow{item, eventWords(item.Type), eventFacts(item.Data)})
	}
	return p.showOf(f, "channel_history", "History", d)
}

// eventFacts are the further facts of an event, "name: value", in the order of their names.
func eventFacts(data string) []string {
	var facts map[string]any
	if err := json.Unmarshal([]byte(data), &facts); err != nil {
		return nil
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		out = append(out, strings.ReplaceAll(name, "_", " ")+": "+namedFact(name, facts[name]))
	}
	return out
}

// shownHash is how many letters of a hash tell it from others.
const shownHash = 12

// namedFact words a fact whose name says what it is.
func namedFact(name string, value any) string {
	switch v := value.(type) {
	case string:
		if name == "sha256" && len(v) > shownHash {
			return v[:shownHash] + "…"
		}
		if name == "expires_at" {
			return instantWords(v)
		}
	case float64:
		if name == "size" {
			return humanSize(int64(v))
		}
	}
	return factWords(value)
}

// instantWords words a time of the audit to the second; what is no time stays as it is.
func instantWords(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return at.UTC().Format("2006-01-02 15:04:05 UTC")
}

// factWords words one fact: a text as it is, a change as what was and what came.
func factWords(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case []any:
		words := make([]string, len(v))
		for i, x := range v {
			words[i] = factWords(x)
		}
		return strings.Join(words, ", ")
	case map[string]any:
		from, hadFrom := v["from"]
		to, hadTo := v["to"]
		if hadFrom && hadTo && len(v) == 2 {
			return factWords(from) + " → " + factWords(to)
		}
	}
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}
