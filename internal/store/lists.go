package store

import (
	"encoding/json"
	"strings"

	"kingsnake/internal/registry"
)

// jsonList is a list as one argument of a statement, for the dialect's numbers and texts.
func jsonList[T any](list []T) string {
	if list == nil {
		return "[]"
	}
	// Numbers and strings always marshal.
	b, _ := json.Marshal(list) //nolint:errchkjson // see above.
	return string(b)
}

// orderBy turns a page's order into SQL. Columns maps the names that callers use; the tie is broken by the last column,
// so that pages do not overlap.
func orderBy(p registry.Page, columns map[string]string, tie string) string {
	var parts []string
	for _, s := range p.Sort {
		col, ok := columns[s.By]
		if !ok {
			continue
		}
		if s.Descending {
			col = strings.ReplaceAll(col, ",", " DESC,") + " DESC"
		}
		parts = append(parts, col)
	}
	return " ORDER BY " + strings.Join(append(parts, tie), ", ")
}

// inSets is the condition that a channel, joined as c, belongs to one of the sets.
func (s *Store) inSets(w *where, sets []registry.ChannelSet) {
	parts := make([]string, 0, len(sets))
	for _, set := range sets {
		if set.Top && set.Sub && set.All && !set.Limited {
			return
		}
		if part := s.inSet(w, set); part != "" {
			parts = append(parts, part)
		}
	}
	w.parts = append(w.parts, either(parts))
}

// inSet is the condition for one set, empty when nothing belongs to it.
func (s *Store) inSet(w *where, set registry.ChannelSet) string {
	var ways []string
	if len(set.Open) > 0 {
		ways = append(ways, w.number(`c.privacy IN (`+s.d.texts("?")+`)`, jsonList(set.Open)))
	}
	if owned := s.owned(w, set); owned != "" {
		ways = append(ways, owned)
	}
	cond := either(ways)
	switch {
	case !set.Top && !set.Sub:
		return ""
	case !set.Top:
		cond = "(c.parent_id <> 0 AND " + cond + ")"
	case !set.Sub:
		cond = "(c.parent_id = 0 AND " + cond + ")"
	}
	return cond
}

// owned is the condition that the caller's own rights open the channel.
func (s *Store) owned(w *where, set registry.ChannelSet) string {
	var ways []string
	if set.All {
		ways = append(ways, "1 = 1")
	}
	if len(set.Privacies) > 0 {
		ways = append(ways, w.number(`c.privacy IN (`+s.d.texts("?")+`)`, jsonList(set.Privacies)))
	}
	if len(set.IDs) > 0 {
		ways = append(ways, w.number(`c.id IN (`+s.d.numbers("?")+`)`, jsonList(set.IDs)))
	}
	if len(set.Parents) > 0 {
		ways = append(ways, w.number(`c.parent_id IN (`+s.d.numbers("?")+`)`, jsonList(set.Parents)))
	}
	if len(ways) == 0 {
		return ""
	}
	if !set.Limited {
		return either(ways)
	}
	return "(" + either(ways) + " AND " + w.number(`c.id IN (`+s.d.numbers("?")+`)`, jsonList(set.Within)) + ")"
}

// either joins conditions of which one is enough; none at all is never met.
func either(conds []string) string {
	if len(conds) == 0 {
		return "1 = 0"
	}
	return "(" + strings.Join(conds, " OR ") + ")"
}
