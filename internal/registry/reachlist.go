package registry

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"kingsnake/internal/access"
)

// reachSortColumns are what the list can be sorted by.
var reachSortColumns = []string{"name", "level", "last_used_at"}

// reachLine is what a line of the list is ordered by, and where the rest of it is: a token's number in the store, or the
// place of anything else in the list's others. There can be a line for every token of the site.
type reachLine struct {
	kind     int8
	level    access.Level
	used     int64
	id, name string
	at       int64
}

// reachList collects who reaches a channel.
type reachList struct {
	filter reachFilter
	lines  []reachLine
	others []Reacher
}

// add takes what the filter keeps.
func (l *reachList) add(r Reacher) {
	f := l.filter
	if !f.wants(r.Kind) || r.Level < f.level || !contains(r.Name, f.query) && !contains(r.Owner, f.query) {
		return
	}
	line := reachLine{kind: kindPlace(r.Kind), level: r.Level, id: r.ID, name: r.Name, at: r.number}
	if !r.LastUsedAt.IsZero() {
		line.used = r.LastUsedAt.UnixMilli()
	}
	if r.Kind != ReacherToken {
		line.at = int64(len(l.others))
		l.others = append(l.others, r)
	}
	l.lines = append(l.lines, line)
}

// kindPlace is where a kind stands among the others.
func kindPlace(k ReacherKind) int8 { return int8(slices.Index(reacherKinds(), k)) }

// contains finds a text in lower case in another one, whatever the case of that.
func contains(text, lower string) bool {
	return lower == "" || strings.Contains(strings.ToLower(text), lower)
}

// page sorts the list and gives a part of it.
func (l *reachList) page(p Page) []reachLine {
	slices.SortFunc(l.lines, func(a, b reachLine) int {
		for _, s := range p.Sort {
			c := a.compare(b, s.By)
			if s.Descending {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return a.standing(b)
	})
	rest := l.lines[min(p.Offset, len(l.lines)):]
	return rest[:min(p.Limit, len(rest))]
}

// standing compares two lines by what a page leaves equal: they come by kind, the highest level first, and by name.
func (a reachLine) standing(b reachLine) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(b.level, a.level), strings.Compare(a.name, b.name), strings.Compare(a.id, b.id))
}

// compare compares two lines by a column.
func (a reachLine) compare(b reachLine, column string) int {
	switch column {
	case "name":
		return strings.Compare(a.name, b.name)
	case "level":
		return cmp.Compare(a.level, b.level)
	}
	return cmp.Compare(a.used, b.used)
}

// whole gives the lines of a page with all that belongs to them. A token that has ended since it was found is left out.
func (v *survey) whole(ctx context.Context, l reachList, page []reachLine) ([]Reacher, error) {
	token := kindPlace(ReacherToken)
	tokens := map[int64]Reacher{}
	var ids []int64
	for _, line := range page {
		if line.kind == token {
			ids = append(ids, line.at)
		}
	}
	if len(ids) > 0 {
		if err := v.tokens(ctx, ReachTokenFilter{Channels: v.ids, IDs: ids}, true, func(r Reacher) { tokens[r.number] = r }); err != nil {
			return nil, err
		}
	}
	here, err := v.reach.ReachUses(ctx, v.channel.ID, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Reacher, 0, len(page))
	for _, line := range page {
		if line.kind != token {
			out = append(out, l.others[line.at])
		} else if r, ok := tokens[line.at]; ok {
			r.HereAt, r.HereUses = here[line.at].LastUsedAt, here[line.at].Uses
			out = append(out, r)
		}
	}
	return out, nil
}
