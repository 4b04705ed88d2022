package registry

import "kingsnake/internal/access"

// Can tells whether a caller could take an action now. Pages ask it to leave out what would be refused; it refuses
// nothing itself, records nothing, and replaces no allow.
func (s *Service) Can(caller *access.Caller, scope access.Scope, target access.Target) bool {
	return access.Decide(caller, scope, target).Allowed
}
