package registry

import (
	"context"

	"kingsnake/internal/access"
)

// Enforce asks for a scope on a channel or, where pkg ("family/name") is not empty, one package of it, as the services do.
func Enforce(ctx context.Context, s *Service, caller *access.Caller, scope access.Scope, path, pkg string) error {
	_, err := s.Channels.lookup.onPackage(ctx, s.Channels.core, caller, scope, path, pkg)
	return err
}

// EnforceSome asks for a scope on what holds packages of a channel, as the services do that then leave out packages.
func EnforceSome(ctx context.Context, s *Service, caller *access.Caller, scope access.Scope, path string) error {
	_, _, err := s.Channels.lookup.onSome(ctx, s.Channels.core, caller, scope, path)
	return err
}

// LookAt makes looks at the audit read so many rows, and so many that are searched for a text.
func LookAt(s *Service, rows, words int) { s.Audit.look = lookLimits{rows: rows, words: words} }
