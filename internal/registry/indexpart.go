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

// Readable asks whether the caller may read anything of the channel, for index files that are not built: who may learns
// that they are not there, and clients then go on to the next.
func (s *Indexes) Readable(ctx context.Context, caller *access.Caller, path string) error {
	c, err := s.lookup.get(ctx, path)
	if err != nil {
		return err
	}
	// Who asks for one form of the index reads another one then, so that is the right to ask for first.
	scope, on := access.ChannelViewArtifacts, access.OnChannel(c.Access())
	for _, first := range [...]access.Scope{access.ChannelViewArtifacts, access.ChannelView} {
		if d := access.Decide(caller, first.For(on.Channel), on); d.Allowed {
			if c.Type != VirtualChannel && !caller.Token.ByPackage() {
				return s.settle(caller, &d)
			}
			scope = first
			break
		}
	}
	_, _, err = s.lookup.askSome(ctx, s.core, caller, scope, c)
	return err
}
