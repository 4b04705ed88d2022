package registry

import (
	"slices"
	"strconv"

	"kingsnake/internal/access"
)

// ChannelSet says which channels a list may show, or the packages of which, as plain data for the store; access.Visible
// says how its parts go together. A row belongs to it if it is of a kind that Top or Sub names and its privacy is in
// Open, or if All, Privacies, IDs or Parents name its channel and the token, if any, leaves it: where Limited, Within has
// the channel or Packages the package; where there are patterns, one of each sort matches.
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
	// Packages are channels' ids with a package each, "id/family/name".
	Packages []string
	// ChannelPatterns are for paths, PackagePatterns for names of packages, none of either for all.
	ChannelPatterns, PackagePatterns []string
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
			Limited: v.Limited, Within: v.Within, Packages: packageKeys(v.Packages),
			ChannelPatterns: v.ChannelPatterns, PackagePatterns: v.PackagePatterns,
		})
	}
	return out
}

// packageKeys gives packages as one list.
func packageKeys(packages map[int64][]string) []string {
	var out []string
	for id, names := range packages {
		for _, name := range names {
			out = append(out, strconv.FormatInt(id, 10)+"/"+name)
		}
	}
	slices.Sort(out)
	return out
}

// held gives of the channels on which the caller may exercise a scope those on which it was itself granted a level, by a group and not by privacy or by being an
// administrator. A token shows those of its owner that it reaches, and none where it lacks the scope.
func held(caller *access.Caller, sets []ChannelSet, scope access.Scope) []ChannelSet {
	var out []ChannelSet
	for _, set := range sets {
		if set.All {
			set.All = false
			for id, g := range caller.Principal.Channels {
				if g.Level >= scope.Info().Level {
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
