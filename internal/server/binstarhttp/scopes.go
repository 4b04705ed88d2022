package binstarhttp

import (
	"net/http"
	"slices"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/server/problem"
)

// word is one of the words by which people of anaconda.org say what a token is for.
type word struct {
	name, meaning string
	// level is what it stands for in a token for one channel.
	level api.Level
	// scopes are what it stands for elsewhere, all that the account may grant when there are none.
	scopes []access.Scope
}

// words are those that the server knows. The names of its own scopes are taken too.
func words() []word {
	look := []access.Scope{
		access.ChannelView, access.ChannelViewArtifacts, access.SubchannelView, access.SubchannelViewArtifacts, access.ArtifactView,
	}
	read := append(slices.Clip(look), access.ArtifactDownload)
	upload := append(slices.Clip(read), access.ArtifactCreate)
	change := append(slices.Clip(upload), access.ArtifactEdit, access.ArtifactDelete)
	return []word{
		{"all", "Everything that the account may grant", api.LevelManage, nil},
		{"api", "Show, upload, label, copy and remove packages", api.LevelManage, change},
		{"api:read", "Show channels and packages, and download them", api.LevelRead, read},
		{"api:write", "Show and upload packages", api.LevelWrite, upload},
		{"conda", "Show, download and upload packages", api.LevelWrite, upload},
		{"conda:download", "Install packages from channels", api.LevelRead, read},
		{"conda:upload", "Show and upload packages", api.LevelWrite, upload},
		{"repos", "See channels and what is in them", api.LevelRead, look},
	}
}

// signedIn is what a token holds that anaconda login gets: all that the tool does, the care of tokens included, and what
// the level write on a channel includes besides, since a token ends none that can do more than itself.
func signedIn() []access.Scope {
	for _, w := range words() {
		if w.name == "api" {
			return append(slices.Clip(w.scopes), access.UserTokenView, access.UserTokenEdit, access.ChannelGroupView, access.SubchannelGroupView)
		}
	}
	return nil
}

func findWord(name string) (word, bool) {
	all := words()
	i := slices.IndexFunc(all, func(w word) bool { return w.name == name })
	if i < 0 {
		return word{}, false
	}
	return all[i], true
}

// scopesFor gives the names of the scopes that words and names of scopes stand for. Of a word it takes what the caller may
// grant; what is asked for by its own name must be grantable.
func (q *request) scopesFor(names []string) ([]string, error) {
	grantable := q.h.Service.Tokens.Grantable(q.caller)
	if names == nil {
		return scopeNames(within(signedIn(), grantable)), nil
	}
	if len(names) == 0 {
		names = []string{"all"}
	}
	var out []access.Scope
	for _, name := range names {
		w, known := findWord(name)
		switch s, own := access.ParseScope(name); {
		case own:
			out = append(out, s)
		case !known:
			return nil, unknownWord()
		case w.scopes == nil:
			out = append(out, grantable...)
		default:
			out = append(out, within(w.scopes, grantable)...)
		}
	}
	if len(out) == 0 {
		return nil, problem.New(http.StatusForbidden, "not_grantable", "your account may grant nothing of that; ask an administrator for a role that does")
	}
	slices.Sort(out)
	return scopeNames(slices.Compact(out)), nil
}

func unknownWord() error {
	return problem.New(http.StatusUnprocessableEntity, api.CodeInvalid, "one of the scopes is unknown; anaconda auth --list-scopes lists them, and GET /api/system/scopes those of this server, which are taken too")
}

// levelFor gives the level that words stand for in a token for one channel.
func levelFor(names []string) (api.Level, error) {
	if len(names) == 0 {
		names = []string{"all"}
	}
	highest := access.None
	for _, name := range names {
		w, known := findWord(name)
		if !known {
			return "", unknownWord()
		}
		level, _ := access.ParseLevel(string(w.level))
		highest = max(highest, level)
	}
	return api.Level(highest.String()), nil
}

// within gives the scopes that are among some others.
func within(scopes, some []access.Scope) []access.Scope {
	var out []access.Scope
	for _, s := range scopes {
		if slices.Contains(some, s) {
			out = append(out, s)
		}
	}
	return out
}

func scopeNames(scopes []access.Scope) []string {
	out := make([]string, len(scopes))
	for i, s := range scopes {
		out[i] = s.String()
	}
	return out
}
