package registry

import (
	"context"
	"slices"

	"kingsnake/internal/access"
)

// reachBatch is how many tokens are judged at a time where only the beginning of the list is asked for.
const reachBatch = 250

// addTokens adds the tokens to the list of everything else and counts it. A page that says how far is enough needs only those
// that stand in the list so far.
func (v *survey) addTokens(ctx context.Context, l *reachList, p Page) (total int64, err error) {
	switch {
	case !v.filter.wants(ReacherToken):
	case p.Enough > 0 && len(p.Sort) == 0 && !v.filter.open:
		return v.firstTokens(ctx, l, max(p.Enough, p.Offset+p.Limit))
	default:
		if _, err := v.meet(ctx, ReachAccountFilter{Channels: v.ids, Naming: true}); err != nil {
			return 0, err
		}
		err = v.tokens(ctx, v.holders(), false, l.add)
	}
	return int64(len(l.lines)), err
}

// holders says which tokens could reach the channel. A scope token reaches no more than its owner does.
func (v *survey) holders() ReachTokenFilter {
	f := ReachTokenFilter{Channels: v.ids}
	for _, who := range v.order {
		if v.filter.inactive || !who.Disabled {
			f.Owners = append(f.Owners, who.ID)
		}
	}
	return f
}

// firstTokens adds tokens until the list is known as far as some lines, and counts it no further than one more. They are
// judged in the order of the level that each reaches at most: those that are left stand behind where the next of them would,
// were it to reach that.
func (v *survey) firstTokens(ctx context.Context, l *reachList, enough int) (int64, error) {
	f := ReachBoundFilter{
		ReachTokenFilter: v.holders(), Level: v.filter.level, Query: v.filter.query,
		Tops: v.tops(), Floor: v.floor(),
		Top: func(scopes []string) access.Level {
			var t Token
			t.DecodeScopes(scopes)
			return t.Scopes.Level()
		},
	}
	if !v.filter.inactive {
		f.Alive = v.now
	}
	if len(l.lines) > enough {
		return int64(enough) + 1, nil // Tokens come last.
	}
	for p := (Page{Limit: 2*enough + reachBatch}); ; p.Offset += p.Limit {
		bounds, err := v.reach.ReachBounds(ctx, f, p)
		if err != nil {
			return 0, err
		}
		last := len(bounds) < p.Limit
		for len(bounds) > 0 {
			if l.before(bounds[0]) > enough {
				return int64(enough) + 1, nil
			}
			batch := bounds[:min(reachBatch, len(bounds))]
			if err := v.judgeTokens(ctx, batch, l.add); err != nil {
				return 0, err
			}
			bounds = bounds[len(batch):]
		}
		if last {
			return int64(len(l.lines)), nil
		}
	}
}

// floor is the level that an account which was given nothing reaches at most.
func (v *survey) floor() access.Level {
	least := max(v.everybody.Level(), v.signedIn.Level())
	if v.channel.Type == VirtualChannel || v.channel.Privacy != access.Private {
		// A service account's roles are not those of signedIn.
		least = max(least, access.Read)
	}
	return least
}

// tops gives the levels that the others reach at most, and so their tokens.
func (v *survey) tops() map[access.Level][]int64 {
	out := map[access.Level][]int64{}
	for id, who := range v.people {
		top := v.floor()
		if who.principal.Admin {
			top = access.Manage
		}
		for _, g := range who.grants {
			top = max(top, g.Level)
		}
		out[top] = append(out[top], id)
	}
	return out
}

// before counts the lines that stand before a token that reaches all that it could.
func (l *reachList) before(b ReachBound) (n int) {
	at := reachLine{kind: kindPlace(ReacherToken), level: b.Top, name: b.Name, id: b.PublicID}
	for _, line := range l.lines {
		if line.standing(at) < 0 {
			n++
		}
	}
	return n
}

// judgeTokens lists some tokens, if they reach the channel.
func (v *survey) judgeTokens(ctx context.Context, bounds []ReachBound, keep func(Reacher)) error {
	var tokens, strangers []int64
	for _, b := range bounds {
		if tokens = append(tokens, b.ID); v.people[b.OwnerID] == nil {
			strangers = append(strangers, b.OwnerID)
		}
	}
	if len(strangers) > 0 {
		slices.Sort(strangers)
		if _, err := v.meet(ctx, ReachAccountFilter{IDs: slices.Compact(strangers)}); err != nil {
			return err
		}
	}
	return v.tokens(ctx, ReachTokenFilter{Channels: v.ids, IDs: tokens}, false, keep)
}
