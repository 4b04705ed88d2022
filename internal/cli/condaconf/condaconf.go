// Package condaconf knows where conda, mamba and pixi keep channels and credentials, and plans the changes that make
// them use a server, or stop to.
//
// A plan is a list of Change values, which can be shown before anything is written. Credentials go into each tool's own
// store and never into a channel's URL. Files that the package does not fully understand are refused, not guessed at.
//
// Out of scope: pixi's and conda's project files, and credentials in the keyring of the operating system.
package condaconf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Place is where the tools look for their files.
type Place struct {
	// Home is the user's home directory.
	Home string
	// OS is a value of runtime.GOOS.
	OS string
	// Getenv looks up an environment variable.
	Getenv func(string) string
}

// Tool is a program that can be set up.
type Tool string

// The tools.
const (
	Conda Tool = "conda"
	Mamba Tool = "mamba"
	Pixi  Tool = "pixi"
)

// Change is what becomes of one file.
type Change struct {
	Path string
	// Before is nil if there is no file; After is nil if the file goes.
	Before, After []byte
	// Secret files hold a credential and can be read by their owner only.
	Secret bool
}

// Unchanged reports whether there is nothing to do.
func (c Change) Unchanged() bool {
	return (c.Before == nil) == (c.After == nil) && bytes.Equal(c.Before, c.After)
}

// Verb says in a word what happens to the file.
func (c Change) Verb() string {
	switch {
	case c.Unchanged():
		return "unchanged"
	case c.After == nil:
		return "deleted"
	case c.Before == nil:
		return "created"
	}
	return "changed"
}

// Condarc is the user's configuration file of conda and mamba.
func (p Place) Condarc() string { return filepath.Join(p.Home, ".condarc") }

// condaToken is where conda keeps the token for addresses that begin with base and a slash.
func (p Place) condaToken(base *url.URL) string {
	return filepath.Join(p.binstarDir(), url.QueryEscape(base.String()+"/")+".token")
}

// binstarDir is the directory that anaconda-client and conda share. Without the variable it is what the Python library
// platformdirs calls the user's configuration directory of "binstar" by "ContinuumIO".
func (p Place) binstarDir() string {
	if dir := p.Getenv("BINSTAR_CONFIG_DIR"); dir != "" {
		return filepath.Join(dir, "data")
	}
	switch p.OS {
	case "windows":
		local := p.Getenv("LOCALAPPDATA")
		if local == "" {
			local = filepath.Join(p.Home, "AppData", "Local")
		}
		return filepath.Join(local, "ContinuumIO", "binstar")
	case "darwin":
		return filepath.Join(p.Home, "Library", "Application Support", "binstar")
	}
	if dir := p.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "binstar")
	}
	return filepath.Join(p.Home, ".config", "binstar")
}

// mambaToken is where mamba 2 looks for the token of a host. Its keys have no scheme, and end without a slash.
func (p Place) mambaToken(base *url.URL) string {
	return filepath.Join(p.Home, ".continuum", "anaconda-client", "tokens", url.QueryEscape(base.Host+base.Path)+".token")
}

// rattlerFile is the credentials file of pixi and everything else that is built on rattler.
func (p Place) rattlerFile() string {
	if file := p.Getenv("RATTLER_AUTH_FILE"); file != "" {
		return file
	}
	return filepath.Join(p.Home, ".rattler", "credentials.json")
}

// Token answers the token that conda has for a server, empty if it has none.
func (p Place) Token(base *url.URL) (string, error) {
	text, err := read(p.condaToken(base))
	return strings.TrimSpace(string(text)), err
}

// Tokens plans to give the tools a token for a server. It answers a warning for each credential of somebody else that
// would be lost.
func (p Place) Tokens(base *url.URL, token string, tools []Tool) (changes []Change, warnings []string, err error) {
	for tool, path := range map[Tool]string{Conda: p.condaToken(base), Mamba: p.mambaToken(base)} {
		if !slices.Contains(tools, tool) {
			continue
		}
		before, err := read(path)
		if err != nil {
			return nil, nil, err
		}
		// The tools take the content as it is: a line end would become a part of the token.
		changes = append(changes, Change{Path: path, Before: before, After: []byte(token), Secret: true})
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	if slices.Contains(tools, Pixi) {
		change, lost, err := p.rattler(base, func(hosts map[string]json.RawMessage) error {
			entry, err := json.Marshal(map[string]string{"BearerToken": token})
			hosts[base.Hostname()] = entry
			return err
		})
		if err != nil {
			return nil, nil, err
		}
		changes = append(changes, change)
		if lost != "" && lost != token {
			warnings = append(warnings, fmt.Sprintf("%s held another credential for %s, which this replaces (there is one for each host, whatever the port)",
				change.Path, base.Hostname()))
		}
	}
	return changes, warnings, nil
}

// WithoutTokens plans to take a server's token from all tools. Pixi's entry for the host goes only if it is the token that
// conda or mamba has or that given recognises, because it may be for another server of the same host.
func (p Place) WithoutTokens(base *url.URL, given func(token string) bool) ([]Change, error) {
	var changes []Change
	ours := map[string]bool{}
	for _, path := range []string{p.condaToken(base), p.mambaToken(base)} {
		before, err := read(path)
		if err != nil {
			return nil, err
		}
		if before != nil {
			ours[strings.TrimSpace(string(before))] = true
			changes = append(changes, Change{Path: path, Before: before, Secret: true})
		}
	}
	change, held, err := p.rattler(base, func(hosts map[string]json.RawMessage) error {
		delete(hosts, base.Hostname())
		return nil
	})
	if err == nil && held != "" && (ours[held] || given(held)) {
		changes = append(changes, change)
	}
	return changes, err
}

// rattler plans an edit of rattler's credentials, and answers the token that the host has before it; a credential of
// another kind counts as a token that equals no other.
func (p Place) rattler(base *url.URL, edit func(map[string]json.RawMessage) error) (c Change, held string, err error) {
	c = Change{Path: p.rattlerFile(), Secret: true}
	if c.Before, err = read(c.Path); err != nil {
		return c, "", err
	}
	hosts := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(c.Before)) > 0 {
		if json.Unmarshal(c.Before, &hosts) != nil {
			return c, "", fmt.Errorf("%s is not a JSON object; repair it or move it away", c.Path)
		}
	}
	if raw, ok := hosts[base.Hostname()]; ok {
		held = string(raw)
		var entry struct{ BearerToken, CondaToken string }
		if json.Unmarshal(raw, &entry) == nil && entry.BearerToken+entry.CondaToken != "" {
			held = entry.BearerToken + entry.CondaToken
		}
	}
	if err := edit(hosts); err != nil {
		return c, "", err
	}
	if c.After, err = json.MarshalIndent(hosts, "", "  "); err != nil {
		return c, "", err
	}
	c.After = append(c.After, '\n')
	return c, held, nil
}

// Channels plans to put channels at the top of conda's list, in this order.
func (p Place) Channels(path string, urls []string) (Change, error) {
	return editCondarc(path, func(text string) (string, error) { return addChannels(text, urls) })
}

// WithoutChannels plans to take the channels that drop names from conda's list.
func (p Place) WithoutChannels(path string, drop func(channel string) bool) (Change, error) {
	return editCondarc(path, func(text string) (string, error) { return removeChannels(text, drop) })
}

func editCondarc(path string, edit func(string) (string, error)) (Change, error) {
	before, err := read(path)
	if err != nil {
		return Change{}, err
	}
	after, err := edit(string(before))
	if err != nil {
		return Change{}, fmt.Errorf("%s: %w", path, err)
	}
	c := Change{Path: path, Before: before, After: []byte(after)}
	if before == nil && after == "" {
		c.After = nil
	}
	return c, nil
}

// read answers nil for a file that is not there, and never nil for one that is.
func read(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if text == nil {
		text = []byte{}
	}
	return text, err
}
