package access_test

import (
	"slices"
	"strings"
)

// The oracle decides in another way than the code: it never looks at one question, but writes down the whole set of
// scopes that a principal, a token and a passer-by have at a scene, and then intersects and joins those sets. It is
// written from the rules and works on words; it shares no data and no code with the package.

// person is a principal in words.
type person struct {
	name     string
	kind     string // anonymous, user, service, system
	roles    []string
	admin    bool
	disabled bool
}

// scene is a target in words, with the levels that the person's groups give there.
type scene struct {
	place   string // see askedAt
	privacy string
	here    string // level by group on the channel, or over the group
	above   string // level by group on the parent channel
}

// badge is a token in words.
type badge struct {
	kind                       string // none, scope, resource, blank
	scopes                     func(scope string) bool
	here, above, child, pkg    string // levels on the channel, its parent, its subchannel, the package
	otherPackage, otherChannel string
}

// set is a set of scope names.
type set map[string]bool

// rank orders level names.
func rank(level string) int { return slices.Index([]string{"", "read", "write", "manage"}, level) }

const (
	everyoneText = "channel=read channel.group=read subchannel=read subchannel.group=read artifact=read"
	authorText   = "channel=manage channel.group=manage subchannel=manage subchannel.group=manage artifact=manage " +
		"channel.default-channel=manage user.token=manage cve=read"
	serviceText = "channel=manage channel.group=manage subchannel=manage subchannel.group=manage artifact=manage"
)

// adminText is manage on all 18 categories.
const adminText = "channel=manage channel.default-channel=manage channel.group=manage channel.mirror=manage " +
	"subchannel=manage subchannel.group=manage subchannel.mirror=manage artifact=manage mirror=manage cve=manage " +
	"role=manage system=manage system.license=manage system.settings=manage user.token=manage audit-logs=manage " +
	"cve-notifications=manage policy=manage"

// levels joins roles that are written as text.
func levels(roles ...string) map[string]int {
	best := map[string]int{}
	for _, role := range roles {
		for _, entry := range strings.Fields(role) {
			category, level, _ := strings.Cut(entry, "=")
			best[category] = max(best[category], rank(level))
		}
	}
	return best
}

// askedAt says on what an action hangs at a place: the person's level "here" or "above", nothing but the "role", being
// the account's owner ("self"), a member of the group, somebody at all, or an admin; "" where it is not asked there.
func askedAt(a article, place string) string {
	switch place + " " + a.place {
	case "system system", "system system-and-channel":
		return "role"
	case "system admin", "system explain", "own admin", "other admin", "other account", "other explain":
		return "admin"
	case "own account", "own explain":
		return "self"
	case "group group":
		return "member"
	case "new-group group":
		if a.scope == "group:edit" {
			return "somebody"
		}
		return "admin"
	}
	packages := strings.HasSuffix(place, "package")
	inSub := strings.HasPrefix(place, "sub")
	switch place {
	case "channel", "channel+child", "subchannel", "package", "some-package", "sub-package":
	default:
		return ""
	}
	switch a.place {
	case "parent", "system-and-channel":
		return "here"
	case "either", "explain":
		if !packages {
			return "here"
		}
	case "channel", "subchannel":
		index := strings.HasSuffix(a.scope, ":view-artifacts")
		if (a.place == "subchannel") == inSub && (!packages || index) {
			return "here"
		}
	case "parent-channel":
		switch {
		case packages:
		case !inSub:
			return "here"
		case a.scope == "subchannel.mirror:edit":
			return "above"
		}
	}
	return ""
}

// rights is all that a person may do at a scene, tokens aside.
func rights(p person, s scene, everyone string, law []article) set {
	may := set{}
	role := levels(append([]string{everyone}, p.roles...)...)
	switch {
	case p.disabled:
		return may
	case p.kind == "anonymous":
		role = levels(everyone)
		for category, level := range role {
			role[category] = min(level, 1)
		}
	case p.kind == "service":
		role = levels(serviceText)
	case p.admin:
		role = levels(adminText)
	}
	isAdmin := p.admin && p.kind != "service" && p.kind != "anonymous"
	somebody := p.kind != "anonymous"

	here, above := 0, 0
	if somebody {
		here, above = rank(s.here), rank(s.above)
		if strings.HasPrefix(s.place, "sub") && above == rank("manage") {
			here = rank("manage")
		}
	}
	if s.privacy == "public" || s.privacy == "authenticated" && somebody {
		here = max(here, rank("read"))
	}

	for _, a := range law {
		needed := rank(a.level)
		var ok bool
		switch askedAt(a, s.place) {
		case "role":
			ok = role[a.category] >= needed
		case "self":
			if a.scope != "channel.default-channel:edit" {
				needed = rank("read") // any level covers one's own account
			}
			ok = somebody && role[a.category] >= needed
		case "admin":
			ok = isAdmin
		case "somebody":
			ok = somebody && role[a.category] >= needed
		case "member":
			ok = isAdmin || somebody && role[a.category] >= needed && rank(s.here) >= needed
		case "here":
			ok = isAdmin || role[a.category] >= needed && here >= needed
		case "above":
			ok = isAdmin || role[a.category] >= needed && above >= needed
		}
		if ok {
			may[a.scope] = true
		}
	}
	return may
}

// carried is all that a badge lets through at a scene, whoever owns it.
func carried(b badge, p person, s scene, law []article) set {
	through := set{}
	for _, a := range law {
		switch b.kind {
		case "none":
			through[a.scope] = true
		case "scope":
			through[a.scope] = b.scopes(a.scope) && p.kind != "service"
		case "resource":
			through[a.scope] = opensByResource(a) && listed(b, s, a)
		}
	}
	return through
}

// listed reports whether a resource badge holds enough at the scene for an action that resource badges can open.
func listed(b badge, s scene, a article) bool {
	needed := rank(a.level)
	if rank(b.here) < needed {
		onPackage := max(rank(b.pkg), 0)
		if s.place == "some-package" {
			onPackage = max(onPackage, rank(b.otherPackage))
		}
		return strings.HasSuffix(s.place, "package") && onPackage >= needed
	}
	switch {
	case s.place == "channel+child":
		return rank(b.child) >= needed
	case a.scope == "subchannel.mirror:edit" && s.place == "subchannel":
		return rank(b.above) >= needed
	case a.scope == "subchannel.mirror:edit":
		return false // it touches a subchannel, and none is named
	}
	return askedAt(a, s.place) != ""
}

// entry is how somebody comes in.
type entry struct {
	inURL, bad bool
}

// answer is what the oracle says of every scope: "yes", "as anonymous", or nothing. It joins what the person may do, cut
// down to what the badge lets through, with what is open to everybody.
func answer(p person, own, through, open set, e entry, law []article) map[string]string {
	result := map[string]string{}
	for _, a := range law {
		switch {
		case !e.bad && own[a.scope] && through[a.scope] && (!e.inURL || a.level == "read" || p.kind == "anonymous"):
			result[a.scope] = "yes"
		case open[a.scope]:
			result[a.scope] = "as anonymous"
		}
	}
	return result
}
