package registry

import (
	"testing"
	"time"
)

// TestAncestorDead: a string is dead from the very moment of any of its ends on.
func TestAncestorDead(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	before, after := now.Add(-time.Hour), now.Add(time.Millisecond)
	for what, tt := range map[string]struct {
		a    Ancestor
		max  time.Duration
		dead bool
	}{
		"endless":                     {a: Ancestor{TokenID: 1, SecretCreated: before}},
		"gone":                        {a: Ancestor{}, dead: true},
		"before its token's end":      {a: Ancestor{TokenID: 1, ExpiresAt: after}},
		"at its token's end":          {a: Ancestor{TokenID: 1, ExpiresAt: now}, dead: true},
		"before the overlap's end":    {a: Ancestor{TokenID: 1, SecretRetires: after}},
		"at the overlap's end":        {a: Ancestor{TokenID: 1, SecretRetires: now}, dead: true},
		"younger than the site wants": {a: Ancestor{TokenID: 1, SecretCreated: before}, max: time.Hour + time.Millisecond},
		"as old as the site allows":   {a: Ancestor{TokenID: 1, SecretCreated: before}, max: time.Hour, dead: true},
	} {
		if got := tt.a.Dead(now, tt.max); got != tt.dead {
			t.Errorf("%s: dead = %v, want %v", what, got, tt.dead)
		}
	}
}
