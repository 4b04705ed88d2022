package access_test

import (
	"strings"
	"testing"

	. "kingsnake/internal/access"
)

func TestRolesArePower(t *testing.T) {
	t.Parallel()
	keeper := user(1, nil)
	keeper.Ceiling = CeilingOf(Author(), Role{Levels: map[Category]Level{CategoryRole: Manage, CategoryCVE: Write}})
	role := func(entries string) Role { return roleOf("custom", entries) }
	local := &Caller{Principal: System("local"), Via: ViaLocal}
	job := &Caller{Principal: System("mirror"), Via: ViaSystem}
	adminsToken := withScopes(admin(9), Documented()...)
	disguised := *adminsToken
	disguised.Via = ViaSession
	for _, tt := range []struct {
		name         string
		caller       *Caller
		role         Role
		edit, assign bool
	}{
		{"below one's ceiling", session(keeper), role("artifact=manage cve=read"), true, true},
		{"at one's ceiling", session(keeper), role("cve=write role=manage"), true, true},
		{"above one's ceiling", session(keeper), role("cve=manage"), false, false},
		{"above it anywhere", session(keeper), role("artifact=read system.settings=read"), false, false},
		{"a role that gives nothing", session(keeper), role(""), true, true},
		{"without role:edit", session(user(2, nil)), role("artifact=read"), false, false},
		{"nobody", nil, role("artifact=read"), false, false},
		{"a category that does not exist", session(keeper), role("artefact=read"), false, false},
		{"a built-in role", session(keeper), Author(), true, true},
		{"by a token with all that it opens", withScopes(keeper, RoleEdit, CVEView, UserTokenEdit, UserTokenView), role("cve=read user.token=read"), true, true},
		{"by a token without", withScopes(keeper, RoleEdit, CVEView, UserTokenEdit), role("cve=read user.token=read"), false, false},
		{"a level that opens nothing yet", withScopes(keeper, RoleEdit), role("artifact=none"), true, true},
		{"admin, by an admin", session(admin(9)), Admin(), false, true},
		{"admin, by an admin's token", adminsToken, Admin(), false, false},
		{"admin, by an admin's token that looks like a session", &disguised, Admin(), false, false},
		{"admin, by another", session(keeper), Admin(), false, false},
		{"admin, by a command on the server", local, Admin(), false, true},
		{"admin, by a job", job, Admin(), false, false},
		{"anything else, by an admin", session(admin(9)), role("system=manage"), true, true},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if v := CanEditRole(tt.caller, tt.role); v.Allowed != tt.edit {
				t.Errorf("CanEditRole = %v, want %v: %+v", v.Allowed, tt.edit, v.Refusals)
			}
			if v := CanAssignRole(tt.caller, tt.role); v.Allowed != tt.assign {
				t.Errorf("CanAssignRole = %v, want %v: %+v", v.Allowed, tt.assign, v.Refusals)
			}
		})
	}
	// Lowering a role that is above oneself is editing it, too.
	if v := CanEditRole(session(keeper), role("system=manage"), role("artifact=read")); v.Allowed {
		t.Error("a role above one's ceiling may be lowered")
	}
}

func TestBuiltInRoles(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		role Role
		text string
	}{
		{Everyone(), everyoneText},
		{Author(), authorText},
		{Admin(), adminText},
	} {
		want := levels(tt.text)
		if got, wanted := CeilingOf(tt.role), CeilingOf(roleOf("", tt.text)); got != wanted {
			t.Errorf("role %s gives %v, want %v", tt.role.Name, got, wanted)
		}
		for _, c := range Categories() {
			ceiling := CeilingOf(tt.role)
			if got := int(ceiling.Level(c)); got != want[string(c)] {
				t.Errorf("role %s gives %d on %s, want %d", tt.role.Name, got, c, want[string(c)])
			}
		}
		if err := tt.role.Validate(); err != nil {
			t.Error(err)
		}
	}
	if got, want := len(Admin().Scopes().Names()), len(Catalogue()); got != want {
		t.Errorf("the role admin opens %d scopes, want %d", got, want)
	}
	lookalike := Admin()
	lookalike.Name = "boss"
	if got := Admin().Scopes().Without(lookalike.Scopes()); got != Scopes(UserEdit, UserView) {
		t.Errorf("only admins have %v, want user:edit and user:view", got.Names())
	}
}

func TestCeiling(t *testing.T) {
	t.Parallel()
	c := CeilingOf(
		Role{Levels: map[Category]Level{CategoryCVE: Read, CategoryRole: Manage, "nonsense": Manage}},
		Role{Levels: map[Category]Level{CategoryCVE: Write, CategoryRole: Read, CategoryMirror: 9}},
	)
	for category, want := range map[Category]Level{
		CategoryCVE: Write, CategoryRole: Manage, CategoryMirror: None, CategorySystem: None, "nonsense": None,
	} {
		if got := c.Level(category); got != want {
			t.Errorf("ceiling on %s is %s, want %s", category, got, want)
		}
	}
	for name, want := range map[string]string{
		"nonsense": `role r: there is no category "nonsense"`, "cve": "role r: there is no level 9 for category cve",
	} {
		err := Role{Name: "r", Levels: map[Category]Level{Category(name): 9}}.Validate()
		if err == nil || err.Error() != want {
			t.Errorf("Validate = %v, want %q", err, want)
		}
	}
}

func TestValidRoleName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"curator": true, "a": true, "a1_b-c": true, strings.Repeat("a", 64): true,
		"": false, "admin": false, "author": false, "everyone": false, "1a": false, "-a": false, "_a": false, "A": false,
		"a b": false, "ä": false, "a\n": false, strings.Repeat("a", 65): false,
	} {
		if got := ValidRoleName(name); got != want {
			t.Errorf("ValidRoleName(%q) = %v, want %v", name, got, want)
		}
	}
}
