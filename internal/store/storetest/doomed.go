package storetest

import (
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
)

// doomedBlobs follows blobs from their doom to its end.
func (s *suite) doomedBlobs() {
	one, two, three := blob.Sum([]byte("one")), blob.Sum([]byte("two")), blob.Sum([]byte("three"))
	all := []blob.Hash{one, two, three}
	doomed := func(what string, want ...registry.Doomed) {
		s.Helper()
		order := func(a, b registry.Doomed) int { return strings.Compare(a.Hash.String(), b.Hash.String()) }
		got := must[[]registry.Doomed](s, what)(s.DoomedBlobs(s.ctx(), nil, all))
		slices.SortFunc(got, order)
		slices.SortFunc(want, order)
		if diff := cmp.Diff(want, got); diff != "" {
			s.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	doomed("at first")
	s.write(func(tx registry.Tx) error { return s.DoomBlobs(s.ctx(), tx, []blob.Hash{one, two}, at(1)) })
	doomed("both doomed", registry.Doomed{Hash: one, At: at(1)}, registry.Doomed{Hash: two, At: at(1)})
	s.write(func(tx registry.Tx) error { return s.EndDooms(s.ctx(), tx, []blob.Hash{one}, at(2)) })
	doomed("the first over", registry.Doomed{Hash: one, At: at(1), Over: true}, registry.Doomed{Hash: two, At: at(1)})
	s.write(func(tx registry.Tx) error { return s.DoomBlobs(s.ctx(), tx, []blob.Hash{one, three}, at(3)) })
	doomed("the first doomed again", registry.Doomed{Hash: one, At: at(3)}, registry.Doomed{Hash: two, At: at(1)}, registry.Doomed{Hash: three, At: at(3)})
	s.write(func(tx registry.Tx) error { return s.PruneDoomed(s.ctx(), tx, at(2)) })
	doomed("the old forgotten", registry.Doomed{Hash: one, At: at(3)}, registry.Doomed{Hash: three, At: at(3)})
}
