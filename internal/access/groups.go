package access

// Groups describes, as plain data, the groups on which a caller may exercise a scope, for lists that a database filters.
// A group belongs to it if All is set or IDs names it, which is what Decide says of the same group. The ids are in no
// particular order.
type Groups struct {
	All bool
	IDs []int64
}

// noGroup is a number that no group has. It is not 0, which stands for a group yet to be created.
const noGroup = -1

// VisibleGroups describes the groups on which the caller may exercise the scope: all for who passes everywhere, and
// otherwise those of its principal's groups that its level, its roles and its token open.
func VisibleGroups(c *Caller, s Scope) Groups {
	var v Groups
	if !c.LoggedIn() {
		return v
	}
	if c.Principal.isAdmin() {
		v.All = Decide(c, s, OnGroup(noGroup)).Allowed
		return v
	}
	for id := range c.Principal.Groups {
		if Decide(c, s, OnGroup(id)).Allowed {
			v.IDs = append(v.IDs, id)
		}
	}
	return v
}
