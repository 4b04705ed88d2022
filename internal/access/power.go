package access

// CanEditRole judges the creation, change and deletion of a custom role. It is given the role as it is and as it is
// to be, or the one of them that there is: nobody touches a role above their own ceiling, neither to make it nor to
// take it from those who hold it.
func CanEditRole(c *Caller, versions ...Role) Verdict {
	v := Verdict{Decision: Decide(c, RoleEdit, OnSystem())}
	for _, role := range versions {
		if role.Name == RoleAdmin {
			v.refuse(role.Name, "this role cannot be changed")
			continue
		}
		v.role(c, role)
	}
	return v.close()
}

// CanAssignRole judges giving a role to somebody and taking it away. The role admin is a matter for an admin who has
// logged in, or for a command on the server itself; no token can move it.
func CanAssignRole(c *Caller, role Role) Verdict {
	v := Verdict{Decision: Decide(c, RoleEdit, OnSystem())}
	if role.Name == RoleAdmin {
		if !v.Decision.Allowed || !c.Principal.isAdmin() || c.Token != nil || c.Via != ViaSession && c.Via != ViaLocal {
			v.refuse(role.Name, "only an administrator who has logged in gives or takes this role")
		}
		return v.close()
	}
	v.role(c, role)
	return v.close()
}

// role judges that no level of the role is above the caller's own and that the caller's token holds every scope that
// the role opens.
func (v *Verdict) role(c *Caller, role Role) {
	if !v.Decision.Allowed {
		return // Who may not touch roles at all need not be told which levels are too high.
	}
	if err := role.Validate(); err != nil {
		v.refuse(role.Name, "%s", err)
	}
	ceiling := CeilingOf(role)
	for i, level := range ceiling {
		if own := c.ceiling(c.Principal, uint8(i)); level > own {
			v.refuse(role.Name, "%s on %q is above what the roles of %s give (%s)",
				level, string(categories[i]), c.Principal.Name, own)
		}
	}
	v.Gives = v.Gives.Union(role.Scopes())
	if c.Token == nil {
		return
	}
	if missing := role.Scopes().Without(c.Token.Scopes); missing != 0 {
		v.refuse(role.Name, "it opens %s, which token %q does not hold", list(missing.Names()), c.Token.Name)
	}
}
