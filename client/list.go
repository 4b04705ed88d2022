package client

import (
	"context"
	"iter"
	"net/url"
	"strconv"

	"kingsnake/api"
)

// ListOptions choose a page of a list. The zero value is the server's first page in its own order.
type ListOptions struct {
	Offset int
	// Limit is the size of a page; 0 leaves it to the server (100).
	Limit int
	// Sort is a field name, with "-" before it for descending order; several are separated by commas.
	Sort string
	// Query narrows the list to items that match this text.
	Query string
}

func (o ListOptions) values() url.Values {
	v := url.Values{}
	setInt(v, "offset", o.Offset)
	setInt(v, "limit", o.Limit)
	set(v, "sort", o.Sort)
	set(v, "q", o.Query)
	return v
}

// set adds a parameter unless it is empty.
func set(v url.Values, key, value string) {
	if value != "" {
		v.Set(key, value)
	}
}

func setInt(v url.Values, key string, value int) {
	if value != 0 {
		v.Set(key, strconv.Itoa(value))
	}
}

// All walks every page of a list, from the option's offset on, and ends at the first error:
//
//	for role, err := range client.All(ctx, client.ListOptions{}, c.Roles) { … }
func All[T any](ctx context.Context, opts ListOptions, list func(context.Context, ListOptions) (api.List[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			page, err := list(ctx, opts)
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			opts.Offset += len(page.Items)
			if len(page.Items) == 0 || int64(opts.Offset) >= page.TotalCount {
				return
			}
		}
	}
}

// Collect gathers what All walks.
func Collect[T any](items iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for item, err := range items {
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, nil
}
