package browser

// packageShots are the pages of packages.
func packageShots() []shot {
	return []shot{
		{name: "packages", path: "/-/packages", as: "author"},
		{name: "packages-nothing-found", path: "/-/packages?q=nothing-like-it", as: "author"},
		{name: "packages-no-such-channel", path: "/-/packages?channel=nothing-like-it", as: "author"},
		{name: "package", path: "/-/channels/team/packages/alpha", as: "author"},
	}
}
