package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"kingsnake/internal/registry"
)

// pageSize is how many lines a page of a list has, and maxPageNumber how many pages can be asked for.
const (
	pageSize      = 50
	maxPageNumber = 1_000_000
	// enough is how many lines are counted of a list that takes long to count.
	enough = 10_000
)

// listing is what part of a list a page shows, and in what order. Pager and sortable headings are made from it.
type listing struct {
	// Total is how many lines there are, which the page fills in.
	Total int64
	// Number is the page, from 1.
	Number int
	// Sort is the column, with - in front for descending.
	Sort string
	// per is how many lines a page has, enough how many are counted.
	per, enough int

	path  string
	query url.Values
}

// listing reads which part of a list is asked for. The first column is the order to begin with; what is asked for beyond
// the columns is overlooked.
func (p *page) listing(columns ...string) *listing {
	l := &listing{Number: 1, Sort: columns[0], per: pageSize, enough: enough, path: p.r.URL.Path, query: p.r.URL.Query()}
	if n, err := strconv.Atoi(p.query("page")); err == nil && n > 1 && n <= maxPageNumber {
		l.Number = n
	}
	asked := p.query("sort")
	for _, c := range columns {
		if plain := strings.TrimPrefix(c, "-"); strings.TrimPrefix(asked, "-") == plain {
			l.Sort = asked
		}
	}
	return l
}

// page is what the domain is asked for.
func (l *listing) page() registry.Page {
	by, descending := strings.CutPrefix(l.Sort, "-")
	return registry.Page{Offset: (l.Number - 1) * l.per, Limit: l.per, Enough: l.enough, Sort: []registry.Sort{{By: by, Descending: descending}}}
}

// unsorted is what the domain is asked for where the list has one order only.
func (l *listing) unsorted() registry.Page {
	return registry.Page{Offset: (l.Number - 1) * l.per, Limit: l.per, Enough: l.enough}
}

// Of says how many lines there are.
func (l *listing) Of() string {
	if l.Total == int64(l.enough)+1 {
		return "more than " + strconv.Itoa(l.enough)
	}
	return strconv.FormatInt(l.Total, 10)
}

// Pages is how many pages there are, at least one.
func (l *listing) Pages() int { return max(1, int((l.Total+int64(l.per)-1)/int64(l.per))) }

// First and Last are the numbers of the lines that are shown, from 1.
func (l *listing) First() int64 { return min(l.Total, int64((l.Number-1)*l.per+1)) }

// Last is the number of the last line that is shown.
func (l *listing) Last() int64 { return min(l.Total, int64(l.Number*l.per)) }

// Filtered tells whether the list is narrowed by anything but its page and order.
func (l *listing) Filtered() bool {
	for name, values := range l.query {
		if name != "page" && name != "sort" && slices.ContainsFunc(values, func(v string) bool { return v != "" }) {
			return true
		}
	}
	return false
}

// Value gives a part of the query, for a form that filters the list.
func (l *listing) Value(name string) string { return l.query.Get(name) }

// Previous and Next are the addresses of the pages beside this one, empty where there is none.
func (l *listing) Previous() string {
	if l.Number <= 1 {
		return ""
	}
	return l.with("page", strconv.Itoa(min(l.Number-1, l.Pages())))
}

// Next is the address of the page after this one, empty where there is none.
func (l *listing) Next() string {
	if l.Number >= l.Pages() {
		return ""
	}
	return l.with("page", strconv.Itoa(l.Number+1))
}

// with is the address of the list with another value in its query.
func (l *listing) with(name, value string) string {
	q := url.Values{}
	for k, v := range l.query {
		q[k] = v
	}
	q.Set(name, value)
	if name != "page" || value == "1" {
		q.Del("page")
	}
	return l.path + "?" + q.Encode()
}

// column is the heading of a column. One with an address sorts by it.
type column struct {
	Label, URL string
	// Aria is the attribute aria-sort of a column that sorts.
	Aria string
	// Number tells that the column holds numbers, Unseen that only who hears the page needs the heading.
	Number, Unseen bool
}

// newColumns makes the head of a list from label and kind in turn. A kind is the column of the list that the heading sorts
// by, with # in front where it holds numbers; "" and "#" for one that does not sort; "unseen" for one of buttons. A label
// that is false, as of a column that not everybody has, is left out:
// {{template "columns" (columns .Data.List "Name" "name" "Files" "#" (and .Data.MayEdit "Actions") "unseen")}}.
func newColumns(l *listing, labelsAndKinds ...any) ([]column, error) {
	if len(labelsAndKinds)%2 != 0 {
		return nil, fmt.Errorf("columns come as label and kind")
	}
	var out []column
	for i := 0; i < len(labelsAndKinds); i += 2 {
		label, shown := labelsAndKinds[i].(string)
		kind, known := labelsAndKinds[i+1].(string)
		if !known {
			return nil, fmt.Errorf("the kind of column %v is no text", labelsAndKinds[i])
		}
		if !shown {
			continue
		}
		c := column{Label: label, Unseen: kind == "unseen"}
		kind, c.Number = strings.CutPrefix(kind, "#")
		if kind != "" && !c.Unseen {
			c.URL, c.Aria = l.order(kind)
		}
		out = append(out, c)
	}
	return out, nil
}

// order gives the address of the list sorted by a column, the other way round where it is already, and how it is now.
func (l *listing) order(by string) (address, aria string) {
	switch l.Sort {
	case by:
		return l.with("sort", "-"+by), "ascending"
	case "-" + by:
		return l.with("sort", by), "descending"
	}
	return l.with("sort", by), "none"
}
