package registry

import (
	"slices"

	"kingsnake/internal/access"
)

// ChannelSet says which channels a list may show, as plain data for the store. A channel belongs to it if it is of a
// kind that Top or Sub names and its privacy is in Open, or if All, Privacies, IDs or Parents name it and, where
// Limited, Within does too.
type ChannelSet struct {
	Top, Sub bool
	Open     []string

	All       bool
	Privacies []string
	IDs       []int64
	// Parents are channels whose subchannels belong to the set.
	Parents []int64

	Limited bool
	Within  []int64
}

// visible gives the channels on which the caller may exercise a scope.
func visible(caller *access.Caller, scopes ...access.Scope) []ChannelSet {
	var out []ChannelSet
	for _, s := range scopes {
		v := access.VisibleChannels(caller, s)
		if v.Empty() {
			continue
		}
		out = append(out, ChannelSet{
			Top: v.Top, Sub: v.Sub, Open: names(v.Open), All: v.All, Privacies: names(v.Privacies), IDs: v.IDs, Parents: v.Parents,
			Limited: v.Limited, Within: v.Within,
		})
	}
	return out
}

// held gives the channels on which the caller itself was granted a level, by a group and not by privacy or by being an
// administrator. A token shows those of its owner that it reaches, and none where it lacks the scope.
func held(caller *access.Caller, scopes ...access.Scope) []ChannelSet {
	var out []ChannelSet
	for _, set := range visible(caller, scopes...) {
		if set.All {
			set.All = false
			for id, g := range caller.Principal.Channels {
				if g.Level >= scopes[0].Info().Level {
					set.IDs = append(set.IDs, id)
				}
			}
		}
		set.Open, set.Privacies = nil, nil
		if len(set.IDs)+len(set.Parents) > 0 {
			out = append(out, set)
		}
	}
	return out
}

// onlyChannel is the set of one channel, for what was allowed already.
func onlyChannel(id int64) []ChannelSet {
	return []ChannelSet{{Top: true, Sub: true, IDs: []int64{id}}}
}

func names(list []access.Privacy) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = string(p)
	}
	slices.Sort(out)
	return out
}
