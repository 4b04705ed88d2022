package channel

import (
	"strings"
)

// CutToken takes a token out of a request path. It knows the places in which conda, mamba and rattler put one:
//
//	/t/<TOKEN>/team/noarch/repodata.json           at the root
//	/api/repo/t/<TOKEN>/team/noarch/repodata.json  after a mount of the channel tree: /api/repo, /repo or /conda
//	/t/<TOKEN>/api/repo/team/noarch/repodata.json  before it
//
// The path may be escaped as by [net/url.URL.EscapedPath], decoded, or a whole request target with a query and even with
// scheme and host. A '?' always begins the query, so that a decoded path with a question mark in it is misread; escaped
// ones are safe. The token is returned as it stands there, up to the next slash. It may be empty: "/t//team" is what
// conda can make of a masked token. See [IsMasked].
//
// The rest is the path without the token, for [ParsePath] and for everything that writes logs. Only the first token
// counts, yet all that follow it in these places are dropped too, since rattler prepends the token of its store to
// paths that have one already, and no token may reach a log. Without a token the rest is the whole path.
func CutToken(path string) (token, rest string, found bool) {
	start := skipAuthority(path)
	token, mount, found := tokensAt(path, start)
	behind := mountEnd(path, mount)
	second, end, foundBehind := tokensAt(path, behind)
	if !found && !foundBehind {
		return "", path, false
	}
	if !found {
		token = second
	}
	rest = path[mount:]
	if foundBehind {
		rest = path[mount:behind] + path[end:]
	}
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	return token, path[:start] + rest, true
}

// IsMasked reports whether token is no secret but what a client leaves in its place when it masks a URL: nothing or
// "<TOKEN>" (conda), "*****" (mamba) or "********" (rattler), each possibly percent-encoded. Whoever sends one has
// copied a URL out of a log or a lock file, which is worth telling them.
func IsMasked(token string) bool {
	if token == "<TOKEN>" || strings.EqualFold(token, "%3CTOKEN%3E") {
		return true
	}
	for token != "" {
		switch {
		case token[0] == '*':
			token = token[1:]
		case len(token) >= 3 && strings.EqualFold(token[:3], "%2A"):
			token = token[3:]
		default:
			return false
		}
	}
	return true
}

// skipAuthority returns the index at which the path of a request target begins, which is 0 except in the form with
// scheme and host that is sent to proxies.
func skipAuthority(target string) int {
	if strings.HasPrefix(target, "/") {
		return 0
	}
	i := strings.Index(target, "://")
	if i < 0 || strings.ContainsAny(target[:i], "/?") {
		return 0
	}
	i += len("://")
	if j := strings.IndexAny(target[i:], "/?"); j >= 0 {
		return i + j
	}
	return len(target)
}

// tokensAt reads the "/t/<TOKEN>" at index at of path and any further ones directly behind it. It returns the first
// token and the index after the last.
func tokensAt(path string, at int) (token string, end int, found bool) {
	end = at
	for {
		word := segmentEnd(path, end, "t")
		if word < 0 || !strings.HasPrefix(path[word:], "/") {
			return token, end, found
		}
		end = len(path)
		if i := strings.IndexAny(path[word+1:], "/?"); i >= 0 {
			end = word + 1 + i
		}
		if !found {
			token, found = path[word+1:end], true
		}
	}
}

// mountEnd returns the index after the mount of the channel tree at index at of path, or at itself if there is none.
func mountEnd(path string, at int) int {
	for _, word := range [...]string{"repo", "conda"} {
		if end := segmentEnd(path, at, word); end >= 0 {
			return end
		}
	}
	if end := segmentEnd(path, at, "api"); end >= 0 {
		if end = segmentEnd(path, end, "repo"); end >= 0 {
			return end
		}
	}
	return at
}

// segmentEnd returns the index after the segment at index at of path, the slash before it included, if the segment is
// word once it is decoded, and -1 otherwise. Several slashes count as one, so that they carry no token past CutToken.
func segmentEnd(path string, at int, word string) int {
	if !strings.HasPrefix(path[at:], "/") {
		return -1
	}
	for at < len(path) && path[at] == '/' {
		at++
	}
	for i := range len(word) {
		c, size := decodeByte(path[at:])
		if size == 0 || c != word[i] {
			return -1
		}
		at += size
	}
	if at < len(path) && path[at] != '/' && path[at] != '?' {
		return -1
	}
	return at
}
