package access_test

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	. "kingsnake/internal/access"
)

// restricted is an admin's token with all scopes, so that nothing but the restriction can refuse.
func restricted(r Restrictions) *Caller {
	c := withScopes(admin(9))
	for _, info := range Catalogue() {
		c.Token.Scopes = c.Token.Scopes.Add(info.Scope)
	}
	c.Token.Restrictions = r
	c.Now = noon
	return c
}

func TestChannelPatterns(t *testing.T) {
	t.Parallel()
	other := Channel{ID: 77, Path: "prod-eu", Privacy: Private}
	for _, tt := range []struct {
		name     string
		patterns string
		scope    Scope
		target   Target
		want     Reason
	}{
		{"the name itself", "prod", ChannelView, OnChannel(prod), ReasonNone},
		{"the whole name", "pro", ChannelView, OnChannel(prod), ReasonChannelPattern},
		{"a star", "prod*", ChannelView, OnChannel(other), ReasonNone},
		{"a star is not needed to match", "prod*", ChannelView, OnChannel(prod), ReasonNone},
		{"a star stops at the slash", "prod*", SubchannelView, OnChannel(sub), ReasonChannelPattern},
		{"a star after the slash", "prod/*", SubchannelView, OnChannel(sub), ReasonNone},
		{"any of several", "x prod", ChannelView, OnChannel(prod), ReasonNone},
		{"a package of a channel", "prod", ArtifactView, OnPackage(prod, "conda", "numpy"), ReasonNone},
		{"no channel is named", "*", SystemSettingsView, OnSystem(), ReasonChannelPattern},
		{"an account is no channel", "*", UserTokenEdit, OnAccount(9), ReasonChannelPattern},
		{"a group is no channel", "*", GroupEdit, OnGroup(5), ReasonChannelPattern},
		{"a channel to be", "prod*", ChannelCreate, OnNewChannel("prod-us"), ReasonNone},
		{"another channel to be", "prod*", ChannelCreate, OnNewChannel("dev"), ReasonChannelPattern},
		{"a channel to be without its name", "prod*", ChannelCreate, OnSystem(), ReasonChannelPattern},
		{"a mirror of a subchannel, without the channel", "prod/*", SubchannelMirrorEdit, OnChannel(sub), ReasonChannelPattern},
		{"a mirror of a subchannel, with the channel", "prod/* prod", SubchannelMirrorEdit, OnChannel(sub), ReasonNone},
		{"subchannels that the action touches", "prod", ChannelDelete, OnChannel(prod).With(11), ReasonTokenChild},
		{"some of the subchannels", "prod prod/n*", ChannelDelete, OnChannel(prod).With(11), ReasonTokenChild},
		{"a slash is not a star", "prod prod/", ChannelDelete, OnChannel(prod).With(11), ReasonTokenChild},
		{"all of the subchannels", "prod prod/*", ChannelDelete, OnChannel(prod).With(11), ReasonNone},
		{"all of another's", "prod x/*", ChannelDelete, OnChannel(prod).With(11), ReasonTokenChild},
		{"no subchannels", "prod", ChannelDelete, OnChannel(prod), ReasonNone},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			d := Decide(restricted(Restrictions{Channels: strings.Fields(tt.patterns)}), tt.scope, tt.target)
			if got := d.Reason(); got != tt.want || d.Allowed != (tt.want == ReasonNone) {
				t.Errorf("%s with %q: reason %d allowed %v, want reason %d", tt.scope, tt.patterns, got, d.Allowed, tt.want)
			}
		})
	}
}

func TestPackagePatterns(t *testing.T) {
	t.Parallel()
	c := restricted(Restrictions{Packages: []string{"num*", "scipy"}})
	for _, tt := range []struct {
		name   string
		scope  Scope
		target Target
		want   bool
	}{
		{"a matching package", ArtifactCreate, OnPackage(prod, "conda", "numpy"), true},
		{"of any family", ArtifactDownload, OnPackage(prod, "python", "numba"), true},
		{"the whole name", ArtifactDownload, OnPackage(prod, "conda", "scipy-data"), false},
		{"another package", ArtifactView, OnPackage(prod, "conda", "pandas"), false},
		{"the family is not the name", ArtifactView, OnPackage(prod, "scipy", "pandas"), false},
		{"the whole channel", ArtifactCreate, OnChannel(prod), false},
		{"a package that is not known yet", ArtifactCreate, OnSomePackage(prod), true},
		{"the whole index", ChannelViewArtifacts, OnChannel(prod), false},
		{"its entry in the index", ChannelViewArtifacts, OnPackage(prod, "conda", "numpy"), true},
		{"its entry in a subchannel's index", SubchannelViewArtifacts, OnPackage(sub, "conda", "numpy"), true},
		{"the channel", ChannelView, OnChannel(prod), false},
		{"CVEs of a package", CVEView, OnPackage(prod, "conda", "numpy"), false},
		{"the system", RoleView, OnSystem(), false},
	} {
		if got := Decide(c, tt.scope, tt.target).Allowed; got != tt.want {
			t.Errorf("%s: %s is %v, want %v", tt.name, tt.scope, got, tt.want)
		}
	}
	for ch, want := range map[Channel]bool{prod: true, open: false} {
		if got := Narrowed(c, ChannelViewArtifacts, ch); got != want {
			t.Errorf("Narrowed(%s) = %v, want %v", ch.Path, got, want)
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		networks, address string
		want              bool
	}{
		{"10.0.0.0/8", "10.1.2.3", true},
		{"10.0.0.0/8", "11.1.2.3", false},
		{"10.0.0.0/8", "::ffff:10.1.2.3", true},
		{"10.0.0.0/8", "", false},
		{"10.0.0.0/8 192.168.1.7", "192.168.1.7", true},
		{"192.168.1.7", "192.168.1.8", false},
		{"10.1.2.3/8", "10.200.0.1", true},
		{"::ffff:10.0.0.0/104", "10.1.2.3", true},
		{"::ffff:10.1.2.3", "10.1.2.3", true},
		{"2001:db8::/32", "2001:db8:1::1", true},
		{"2001:db8::/32", "2001:db9::1", false},
		{"2001:db8::/32", "10.1.2.3", false},
		{"fe80::/10", "fe80::1%eth0", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "10.1.2.3", false},
	} {
		var r Restrictions
		for _, text := range strings.Fields(tt.networks) {
			p, err := ParseCIDR(text)
			if err != nil {
				t.Fatalf("ParseCIDR(%q): %v", text, err)
			}
			r.CIDRs = append(r.CIDRs, p)
		}
		c := restricted(r)
		if tt.address != "" {
			c.Address = netip.MustParseAddr(tt.address)
		}
		if got := Decide(c, RoleView, OnSystem()).Allowed; got != tt.want {
			t.Errorf("from %q with %q: %v, want %v", tt.address, tt.networks, got, tt.want)
		}
	}
	for _, bad := range []string{"", "/", "10.0.0.0/33", "10.0.0/8", "host", "10.0.0.0/", "10.0.0.1 ", "fe80::%eth0/64"} {
		if p, err := ParseCIDR(bad); err == nil {
			t.Errorf("ParseCIDR(%q) = %v, want an error", bad, p)
		}
	}
}

func TestTimesAndUses(t *testing.T) {
	t.Parallel()
	hour := time.Hour
	for _, tt := range []struct {
		name      string
		now       time.Time
		r         Restrictions
		expiresAt time.Time
		scope     Scope
		want      string
	}{
		{"no limits", noon, Restrictions{}, time.Time{}, RoleView, ""},
		{"before its time", noon, Restrictions{NotBefore: noon.Add(hour)}, time.Time{}, RoleView, "token_not_yet_valid"},
		{"on time", noon, Restrictions{NotBefore: noon}, time.Time{}, RoleView, ""},
		{"an unknown time is before its time", time.Time{}, Restrictions{NotBefore: noon}, time.Time{}, RoleView, "token_not_yet_valid"},
		{"not expired", noon, Restrictions{}, noon.Add(hour), RoleView, ""},
		{"expiring now", noon, Restrictions{}, noon, RoleView, "token_expired"},
		{"expired", noon, Restrictions{}, noon.Add(-hour), RoleView, "token_expired"},
		{"uses left", noon, Restrictions{MaxUses: 2, Uses: 1}, time.Time{}, RoleEdit, ""},
		{"no uses left", noon, Restrictions{MaxUses: 2, Uses: 2}, time.Time{}, RoleEdit, "token_used_up"},
		{"looking is free", noon, Restrictions{MaxUses: 2, Uses: 3}, time.Time{}, RoleView, ""},
	} {
		c := restricted(tt.r)
		c.Now, c.Token.ExpiresAt = tt.now, tt.expiresAt
		d := Decide(c, tt.scope, OnSystem())
		denial := Classify(c, tt.scope, OnSystem(), d, ProtocolREST)
		if denial.Code != tt.want || d.Allowed != (tt.want == "") {
			t.Errorf("%s: allowed %v code %q, want code %q", tt.name, d.Allowed, denial.Code, tt.want)
		}
	}
	c := restricted(Restrictions{MaxUses: 1, Uses: 1})
	for scope, want := range map[Scope]bool{
		ArtifactDownload: false, ArtifactCreate: false, ArtifactView: true, ChannelView: true, ChannelEdit: false,
		ChannelViewArtifacts: true, ChannelHistory: true, ChannelGroupEdit: false, ChannelGroupView: true,
	} {
		if got := Decide(c, scope, OnChannel(prod)).Allowed; got != want {
			t.Errorf("a token that is used up: %s is %v, want %v", scope, got, want)
		}
	}
	if Decide(c, UserTokenEdit, OnAccount(9)).Allowed || !Decide(c, UserTokenView, OnAccount(9)).Allowed {
		t.Error("minting is a use, listing tokens is not")
	}
}

// Patterns mean what the regular expression with [^/]* for each star means.
func TestPatternsAreRegularExpressions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringOfN(rapid.SampledFrom([]rune("aab**/")), 1, 10, -1).Draw(t, "pattern")
		text := rapid.StringOfN(rapid.SampledFrom([]rune("aaabb/")), 1, 12, -1).Draw(t, "text")
		re := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, "[^/]*") + "$")
		ch := Channel{ID: 1, Path: text, Privacy: Private}
		got := Decide(restricted(Restrictions{Channels: []string{pattern}}), ArtifactView, OnChannel(ch)).Allowed
		if want := re.MatchString(text); got != want {
			t.Fatalf("pattern %q on %q: %v, want %v", pattern, text, got, want)
		}
	})
}

// A pattern with many stars must not cost more than the product of the lengths.
func TestPatternsAreNotExponential(t *testing.T) {
	t.Parallel()
	ch := Channel{ID: 1, Path: strings.Repeat("a", 5000), Privacy: Private}
	c := restricted(Restrictions{Channels: []string{strings.Repeat("a*", 2000) + "b"}})
	start := time.Now()
	if Decide(c, ChannelView, OnChannel(ch)).Allowed {
		t.Error("the pattern matches, want not")
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("matching took %v", took)
	}
}

func TestValidPattern(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"prod": true, "prod-*": true, "*": true, "*/*": true, "a/b": true, "Num_py.9": true, strings.Repeat("a", 256): true,
		"": false, "/": false, "a/": false, "/a": false, "a/b/c": false, "a b": false, "[a]": false, "a?": false,
		"a\\b": false, "ä": false, strings.Repeat("a", 257): false,
	} {
		if got := ValidPattern(text); got != want {
			t.Errorf("ValidPattern(%q) = %v, want %v", text, got, want)
		}
	}
}

// What ParseCIDR accepts is a network in one form: masked, IPv4 as IPv4, and the same when read again.
func FuzzParseCIDR(f *testing.F) {
	for _, seed := range []string{"10.0.0.0/8", "10.1.2.3", "::ffff:10.0.0.0/104", "::ffff:1.2.3.4", "fe80::1%eth0", "::/0", "::ffff:0:0/90", "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseCIDR(text)
		if err != nil {
			return
		}
		if !p.IsValid() || p != p.Masked() || p.Addr().Is4In6() || p.Addr().Zone() != "" {
			t.Errorf("ParseCIDR(%q) = %v", text, p)
		}
		if again, err := ParseCIDR(p.String()); err != nil || again != p {
			t.Errorf("ParseCIDR(%q) = %v, read again %v, %v", text, p, again, err)
		}
	})
}
