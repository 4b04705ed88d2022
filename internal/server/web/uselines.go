package web

import (
	"net/url"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// useLine is one way to use a channel: for which tool, and what to type. Docs/clients.md says more of each.
type useLine struct{ Label, Text, Note string }

// tokenPlace stands where a token belongs, where the token itself is not known.
const tokenPlace = "<TOKEN>"

// readLines are the ways to install from a channel, with a token or, where anybody may read it, without one.
func (p *page) readLines(c registry.Channel, token string) []useLine {
	site := p.URL(p.r)
	if c.Privacy == access.Public {
		address := site + "/" + c.Path
		return []useLine{
			{Label: "conda", Text: "conda config --prepend channels " + address, Note: "From then on conda install finds its packages. mamba reads the same configuration."},
			{Label: "mamba", Text: "mamba install --channel " + address + " PACKAGE"},
			{Label: "pixi", Text: "pixi workspace channel add " + address},
		}
	}
	address := site + "/t/" + token + "/" + c.Path
	return []useLine{
		{Label: "conda", Text: "conda config --prepend channels " + address, Note: "From then on conda install finds its packages. mamba reads the same configuration. conda notes this address, with the token in it, in its configuration and in what it writes about environments."},
		{
			Label: "conda, with the token in a file of its own", Text: tokenFile(site, token) + "\nconda config --prepend channels " + site + "/" + c.Path,
			Note: "conda then writes the token nowhere else. This is for Linux; on macOS the folder is ~/Library/Application Support/binstar.",
		},
		{Label: "mamba", Text: "mamba install --channel " + address + " PACKAGE"},
		{Label: "pixi", Text: "pixi auth login " + hostOf(site) + " --token " + token + "\npixi workspace channel add " + site + "/" + c.Path},
		{Label: "CI", Text: `conda install --yes --channel "` + site + `/t/$CONDA_TOKEN/` + c.Path + `" PACKAGE`, Note: "Keep the token in the secret store of your CI as CONDA_TOKEN."},
	}
}

// writeLines are the ways to upload to a channel.
func (p *page) writeLines(c registry.Channel, token string) []useLine {
	site := p.URL(p.r)
	return []useLine{
		{Label: "kingsnake", Text: "KINGSNAKE_TOKEN=" + token + " kingsnake --url " + site + " upload " + c.Path + " PACKAGE.conda"},
		{Label: "rattler-build", Text: "rattler-build upload prefix --url " + site + " -c " + c.Path + " --api-key " + token + " PACKAGE.conda"},
		{Label: "curl", Text: `curl --fail --header "X-Auth: ` + token + `" --upload-file PACKAGE.conda ` + site + "/" + c.Path + "/noarch/PACKAGE.conda"},
	}
}

// tokenFile writes the file in which conda looks for the token of a site.
func tokenFile(site, token string) string {
	return "mkdir -p ~/.config/binstar\nprintf '%s' '" + token + "' > ~/.config/binstar/" + url.QueryEscape(site+"/") + ".token"
}

// hostOf is the host in an address, without its port.
func hostOf(site string) string {
	u, err := url.Parse(site)
	if err != nil {
		return site
	}
	return u.Hostname()
}

// installLines are the ways to install one package of a channel.
func (p *page) installLines(c registry.Channel, name, token string) []useLine {
	site := p.URL(p.r)
	plain := site + "/" + c.Path
	address, signIn := plain, ""
	if c.Privacy != access.Public {
		address = site + "/t/" + token + "/" + c.Path
		signIn = "pixi auth login " + hostOf(site) + " --token " + token + "\n"
	}
	return []useLine{
		{Label: "conda", Text: "conda install --channel " + address + " " + name},
		{Label: "mamba", Text: "mamba install --channel " + address + " " + name},
		{Label: "pixi", Text: signIn + "pixi workspace channel add " + plain + "\npixi add " + name},
	}
}
