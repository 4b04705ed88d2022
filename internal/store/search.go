package store

import (
	"context"
	"slices"
	"strings"

	"kingsnake/internal/registry"
)

// searchLimits say from where on a search goes another way. Results are the same on all of them.
type searchLimits struct {
	// few is how many packages are read and put in order. Where more have a word, a walk in the list's own order meets
	// enough of them soon.
	few int64
	// several is few for queries of several words, of which a walk may meet none though each is frequent.
	several int64
	// pending is how many packages that are still to be learned are read besides.
	pending int64
}

func defaultSearchLimits() searchLimits {
	return searchLimits{few: 12_000, several: 100_000, pending: 1000}
}

// search is how the packages are found whose name or summary contains a text.
type search struct {
	// page and count are the words of which the packages are read that may match, for a page and to count them; none means
	// that all are.
	page, count []wordPart
	// least is how many there are at least, and exact tells that there are as many as have the only word of count.
	least int64
	exact bool
}

// planSearch finds out how frequent the words of a query are.
func (s *Store) planSearch(ctx context.Context, f registry.ArtifactFilter, enough int) (plan search, err error) {
	parts := partsOf(strings.ToLower(f.Query))
	if len(parts) == 0 {
		return plan, nil
	}
	var pending, gone int64
	var odd bool
	limit := s.limits.pending
	err = s.reader.row(ctx, `SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM search_pending LIMIT $1) p), (SELECT COUNT(*) FROM (SELECT 1 FROM search_gone LIMIT $1) g),
		EXISTS (SELECT 1 FROM search_packages WHERE word_id = 0)`, limit+1).Scan(&pending, &gone, &odd)
	if err != nil || pending > limit {
		return plan, s.translate(err)
	}
	few := max(s.limits.few, int64(enough)+2*limit)
	if len(parts) > 1 {
		few = max(few, s.limits.several)
	}
	for _, p := range parts {
		n, err := s.countWord(ctx, f, p, few+1)
		if err != nil {
			return plan, err
		}
		if n <= few {
			plan.page = append(plan.page, p)
		} else if len(parts) == 1 && p.whole() && gone <= limit && onlySearches(f) {
			plan.least, plan.exact = n-pending-gone, pending == 0 && gone == 0 && !odd
		}
		if n <= few/100 {
			plan.page = []wordPart{p}
			break
		}
	}
	if plan.count = plan.page; plan.count == nil {
		plan.count = parts
	}
	return plan, nil
}

// onlySearches tells whether a filter keeps all packages of some channels that its query finds.
func onlySearches(f registry.ArtifactFilter) bool {
	f.Query = ""
	return wholeChannels(f)
}

// countWord counts the packages of channels that may be seen with a word that has a part, as far as a limit.
func (s *Store) countWord(ctx context.Context, f registry.ArtifactFilter, part wordPart, limit int64) (n int64, err error) {
	var w where
	from := s.having(&w, f, part)
	conds := len(w.parts)
	w.add(`c.id = p.channel_id`)
	if s.inSets(&w, f.Visible); len(w.parts) > conds+1 {
		from += ` CROSS JOIN channels c`
	} else {
		w.parts = w.parts[:conds] // All channels may be seen.
	}
	err = s.reader.row(ctx, `SELECT COUNT(*) FROM (SELECT DISTINCT p.artifact_id`+from+w.sql()+w.number(` LIMIT ?`, limit)+`) counted`, w.args...).Scan(&n)
	return n, s.translate(err)
}

// having gives the tables of the packages, as p, with a word that has a part. Their order is the one in which they are to
// be read.
func (s *Store) having(w *where, f registry.ArtifactFilter, part wordPart) string {
	table, id := part.words(w)
	w.add(`p.word_id = ` + id)
	if f.ChannelID != 0 {
		w.add(`p.channel_id = ?`, f.ChannelID)
	}
	return ` FROM ` + table + ` x CROSS JOIN search_packages p`
}

// among adds the condition that a package is one of those with all of some parts of words, or one of which nobody knows,
// and gives the tables to read, as artifactFrom does.
func (s *Store) among(w *where, f registry.ArtifactFilter, parts []wordPart) string {
	if len(parts) == 0 {
		return artifactFrom
	}
	sets := make([]string, len(parts))
	for i, part := range parts {
		in := where{args: w.args}
		from := s.having(&in, f, part)
		sets[i] = `SELECT p.artifact_id` + from + in.sql()
		w.args = in.args
	}
	w.add(`a.id = k.artifact_id`)
	return ` FROM (` + strings.Join(sets, ` INTERSECT `) + `
		UNION SELECT artifact_id FROM search_packages WHERE word_id = 0
		UNION SELECT artifact_id FROM search_pending) k CROSS JOIN artifacts a CROSS JOIN channels c`
}

// clone is a copy to add to.
func (w *where) clone() where { return where{parts: slices.Clone(w.parts), args: slices.Clone(w.args)} }
