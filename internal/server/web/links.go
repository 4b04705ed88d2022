package web

import (
	"net/url"
	"path"
	"strings"
)

// Where the pages are. Links are made here and nowhere else.
const (
	homeURL     = "/-/"
	signInURL   = "/-/sign-in"
	signOutURL  = "/-/sign-out"
	passwordURL = "/-/password"
	themeURL    = "/-/theme"
	channelsURL = "/-/channels"
	// newChannelURL is not below channelsURL, where every name may be one of a channel.
	newChannelURL = "/-/create-channel"
	tokensURL     = "/-/tokens"
	newTokenURL   = "/-/generate-token"
	groupsURL     = "/-/groups"
	newGroupURL   = "/-/create-group"
	packagesURL   = "/-/packages"
	checkURL      = "/-/check-access"
	usersURL      = "/-/users"
	newUserURL    = "/-/create-user"
	rolesURL      = "/-/roles"
	newRoleURL    = "/-/create-role"
	auditURL      = "/-/audit"
	settingsURL   = "/-/settings"
	systemURL     = "/-/system"
	suggestURL    = "/-/suggest/"
)

// subchannelMark stands in addresses between a channel and its subchannel, so that both are one segment of the path. No
// name has it.
const subchannelMark = ":"

// channelURL is the page of a channel or subchannel, or one below it: channelURL("team/dev", "packages").
func channelURL(name string, more ...string) string {
	return join(channelsURL, append([]string{strings.Replace(name, "/", subchannelMark, 1)}, more...)...)
}

// packageURL is the page of a package of a channel, or one below it.
func packageURL(channel, name string, more ...string) string {
	return join(channelURL(channel, "packages", name), more...)
}

// channelPath is the channel that an address names in the part {channel} of its path.
func (p *page) channelPath() string {
	return strings.Replace(p.path("channel"), subchannelMark, "/", 1)
}

// tokenURL is the page of a token, or one below it.
func tokenURL(id string, more ...string) string {
	return join(tokensURL, append([]string{id}, more...)...)
}

// groupURL is the page of a group, or one below it. It takes the id: a name may hold slashes.
func groupURL(id string, more ...string) string {
	return join(groupsURL, append([]string{id}, more...)...)
}

// userURL is the page of an account, or one below it. It takes the id: no name is mistaken for another account's.
func userURL(id string, more ...string) string {
	return join(usersURL, append([]string{id}, more...)...)
}

// roleURL is the page of a role, or one below it.
func roleURL(name string, more ...string) string {
	return join(rolesURL, append([]string{name}, more...)...)
}

// join adds segments to an address.
func join(base string, segments ...string) string {
	for _, s := range segments {
		base += "/" + url.PathEscape(s)
	}
	return base
}

// withQuery adds a query to an address: name and value in turn. Empty values are left out.
func withQuery(base string, namesAndValues ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		if namesAndValues[i+1] != "" {
			q.Set(namesAndValues[i], namesAndValues[i+1])
		}
	}
	if len(q) == 0 {
		return base
	}
	return base + "?" + q.Encode()
}

// local tells whether an address is one of our own pages, to which somebody may be sent who has signed in.
func local(to string) bool {
	u, err := url.Parse(to)
	return err == nil && path.Clean(u.Path) == strings.TrimSuffix(u.Path, "/") && u.Scheme == "" && u.Host == "" && u.User == nil && strings.HasPrefix(u.Path, homeURL) &&
		!strings.Contains(to, `\`) && !strings.HasPrefix(to, "//") && !strings.HasPrefix(u.Path, signOutURL)
}
