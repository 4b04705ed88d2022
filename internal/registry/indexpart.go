package registry

import (
	"context"

	"kingsnake/internal/access"
)

// part gives an index file to a caller whose token is narrowed to some packages: it shows those and no other.
func (s *Indexes) part(ctx context.Context, caller *access.Caller, scope access.Scope, c Channel, place Place, kind IndexKind) (Served, error) {
	ch := c.Access()
	scope = scope.For(ch)
	f, err := s.files.Part(ctx, c.ID, place, kind, func(name string) bool {
		return access.Decide(caller, scope, access.OnPackage(ch, FamilyConda, name)).Allowed
	})
	return s.served(c, string(place)+"/"+string(kind)+" for a token that is narrowed to packages")(f, err)
}
