package cli

import (
	"context"

	"github.com/spf13/pflag"

	"kingsnake/api"
	"kingsnake/client"
)

// listFlags are the flags that every list takes.
type listFlags struct {
	sort  string
	limit int
}

func (l *listFlags) add(f *pflag.FlagSet) {
	f.StringVar(&l.sort, "sort", "", `field to sort by, with "-" before it for descending order`)
	f.IntVar(&l.limit, "limit", 0, "print at most this many (0: all)")
}

// gather reads the pages of a list until it ends or the limit is reached; the total stays the server's.
func gather[T any](ctx context.Context, flags listFlags, query string, page func(context.Context, client.ListOptions) (api.List[T], error)) (api.List[T], error) {
	out := api.List[T]{Items: []T{}}
	opts := client.ListOptions{Sort: flags.sort, Query: query}
	for {
		if flags.limit > 0 {
			opts.Limit = min(flags.limit-len(out.Items), 100)
		}
		got, err := page(ctx, opts)
		if err != nil {
			return out, err
		}
		out.TotalCount = got.TotalCount
		out.Items = append(out.Items, got.Items...)
		opts.Offset += len(got.Items)
		if len(got.Items) == 0 || int64(opts.Offset) >= got.TotalCount || flags.limit > 0 && len(out.Items) >= flags.limit {
			return out, nil
		}
	}
}

// more says that a list was cut.
func more[T any](a *app, l api.List[T]) {
	if rest := l.TotalCount - int64(len(l.Items)); rest > 0 {
		a.note("%d more; use a larger --limit.", rest)
	}
}
