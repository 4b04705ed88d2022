package storetest

import (
	"slices"
	"strconv"

	"kingsnake/internal/index"
	"kingsnake/internal/registry"
)

// narrowedLists: what a token leaves of a list is left by the database, whatever that thinks of case and of wildcards.
func (s *suite) narrowedLists() {
	team, open := s.channel("team", private), s.channel("open", public)
	part := s.putChannel(registry.Channel{Name: "part", Path: "team/part", ParentID: team.ID, Privacy: private})
	for _, c := range []registry.Channel{team, part, open} {
		for _, name := range []string{"num_py", "numxpy", "numpy-base"} {
			s.file(c, "noarch", name, "1.0", 0)
		}
	}
	for what, tt := range narrowCases(team, part) {
		artifacts, total, err := s.ListArtifacts(s.ctx(), registry.ArtifactFilter{Visible: []registry.ChannelSet{tt.set}}, registry.Page{Limit: 100})
		if err != nil || total != int64(len(artifacts)) {
			s.Fatalf("%s: %d of %d packages, %v", what, len(artifacts), total, err)
		}
		var names []string
		for _, a := range artifacts {
			names = append(names, a.ChannelPath+"/"+a.Name)
		}
		slices.Sort(names)
		same(s, what+": packages", names, tt.packages)
		channels, _, err := s.ListChannels(s.ctx(), registry.ChannelFilter{Visible: []registry.ChannelSet{tt.set}, IncludeSubchannels: true}, registry.Page{Limit: 100})
		if err != nil {
			s.Fatalf("%s: %v", what, err)
		}
		names = nil
		for _, c := range channels {
			names = append(names, c.Path)
		}
		slices.Sort(names)
		same(s, what+": channels", names, tt.channels)
	}

	same(s, "names of a subdir", must[[]string](s, "names")(s.Names(s.ctx(), team.ID, "noarch")), []string{"num_py", "numpy-base", "numxpy"})
	var files []string
	source := index.Source{Channel: team.ID, Place: "noarch"}
	section := index.Section{Format: "conda", AnyVersion: true, Names: []string{"numxpy", "nothing"}}
	if err := s.EachFile(s.ctx(), source, section, func(f index.File) error { files = append(files, f.Filename); return nil }); err != nil {
		s.Fatal(err)
	}
	same(s, "files of some names", files, []string{"numxpy-1.0-0.conda"})
	section.Names = []string{}
	if err := s.EachFile(s.ctx(), source, section, func(f index.File) error { files = append(files, f.Filename); return nil }); err != nil {
		s.Fatal(err)
	}
	same(s, "files of no name", len(files), 1)
}

// narrowCase is what a token leaves of the lists.
type narrowCase struct {
	set      registry.ChannelSet
	packages []string
	channels []string
}

func narrowCases(team, part registry.Channel) map[string]narrowCase {
	all := func(change func(*registry.ChannelSet)) registry.ChannelSet {
		set := registry.ChannelSet{Top: true, Sub: true, All: true}
		change(&set)
		return set
	}
	id := strconv.FormatInt(team.ID, 10)
	return map[string]narrowCase{
		"one package": {
			all(func(x *registry.ChannelSet) { x.Limited, x.Packages = true, []string{id + "/conda/num_py"} }), []string{"team/num_py"}, nil,
		},
		"a channel and a package": {
			all(func(x *registry.ChannelSet) {
				x.Limited, x.Within, x.Packages = true, []int64{part.ID}, []string{id + "/conda/numxpy"}
			}),
			[]string{"team/numxpy", "team/part/num_py", "team/part/numpy-base", "team/part/numxpy"},
			[]string{"team/part"},
		},
		"a wildcard of the database": {
			all(func(x *registry.ChannelSet) {
				x.PackagePatterns, x.ChannelPatterns = []string{"num_py"}, []string{"team"}
			}), []string{"team/num_py"}, nil,
		},
		"a star": {
			all(func(x *registry.ChannelSet) {
				x.PackagePatterns, x.ChannelPatterns = []string{"*-b*e", "num_*"}, []string{"*"}
			}),
			[]string{"open/num_py", "open/numpy-base", "team/num_py", "team/numpy-base"},
			nil,
		},
		"a star stops at a slash": {
			all(func(x *registry.ChannelSet) { x.ChannelPatterns = []string{"*/*"} }),
			[]string{"team/part/num_py", "team/part/numpy-base", "team/part/numxpy"},
			[]string{"team/part"},
		},
		"capital letters": {
			all(func(x *registry.ChannelSet) { x.ChannelPatterns, x.PackagePatterns = []string{"*"}, []string{"Num*"} }), nil, nil,
		},
		"what is open stays open": {
			registry.ChannelSet{Top: true, Sub: true, Open: []string{"public"}, All: true, Limited: true, ChannelPatterns: []string{"x"}, PackagePatterns: []string{"x"}},
			[]string{"open/num_py", "open/numpy-base", "open/numxpy"},
			[]string{"open"},
		},
	}
}
