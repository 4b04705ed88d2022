package registry

import (
	"slices"
	"strings"
	"testing"
)

// TestLicenseFamilies is the table of how licences are sorted.
func TestLicenseFamilies(t *testing.T) {
	tests := []struct {
		license, family string
		want            LicenseFamily
	}{
		{"AGPL-3.0-only", "", LicenseAGPL},
		{"GNU Affero General Public License v3", "", LicenseAGPL},
		{"LGPL-2.1-or-later", "", LicenseLGPL},
		{"GNU Lesser General Public License v3 (LGPLv3)", "", LicenseLGPL},
		{"GPL-3.0-or-later", "", LicenseGPL3},
		{"GPL-3.0-only WITH GCC-exception-3.1", "", LicenseGPL3},
		{"GPLv3+", "", LicenseGPL3},
		{"GPL (>= 3)", "", LicenseGPL3},
		{"GNU General Public License v3.0", "", LicenseGPL3},
		{"GPL-2.0-only", "", LicenseGPL2},
		{"GPL (>= 2)", "", LicenseGPL2},
		{"GPL", "", LicenseGPL2},
		{"BSD-3-Clause", "", LicenseBSD},
		{"BSD 3-Clause", "", LicenseBSD},
		{"New BSD License", "", LicenseBSD},
		{"0BSD", "", LicenseBSD},
		{"MIT", "", LicenseMIT},
		{"MIT-0", "", LicenseMIT},
		{"The MIT License", "", LicenseMIT},
		{"Permit all", "", LicenseOther},
		{"Apache-2.0", "", LicenseApache},
		{"Apache License 2.0", "", LicenseApache},
		{"Apache-2.0 WITH LLVM-exception", "", LicenseApache},
		{"PSF-2.0", "", LicensePSF},
		{"Python-2.0", "", LicensePSF},
		{"Python Software Foundation License", "", LicensePSF},
		{"CC0-1.0", "", LicensePublicDomain},
		{"Unlicense", "", LicensePublicDomain},
		{"Public Domain", "", LicensePublicDomain},
		{"PUBLIC-DOMAIN", "", LicensePublicDomain},
		{"LicenseRef-Proprietary", "", LicenseProprietary},
		{"NVIDIA EULA", "", LicenseProprietary},
		{"Commercial", "", LicenseProprietary},
		{"MPL-2.0", "", LicenseOther},
		{"Custom", "", LicenseOther},
		{"", "", LicenseNone},
		{"None", "", LicenseNone},
		{"", "GPL3", LicenseGPL3},
		{"", "PUBLIC-DOMAIN", LicensePublicDomain},
		{"", "OTHER", LicenseOther},
		{"", "NONE", LicenseNone},
		{"see LICENSE", "BSD", LicenseBSD},
		{"MPL-2.0", "MOZILLA", LicenseOther},
		{"MIT", "GPL3", LicenseMIT},
	}
	for _, tt := range tests {
		l := parseLicense(tt.license, tt.family)
		if l.terms != nil || l.family != tt.want {
			t.Errorf("license %q, family %q: got %+v, want %s", tt.license, tt.family, l, tt.want)
		}
		if !tt.want.Known() {
			t.Errorf("%s is not known", tt.want)
		}
	}
}

// TestLicenseExpressions checks that one licence to choose from is enough, and that of several that apply all count.
func TestLicenseExpressions(t *testing.T) {
	tests := []struct {
		license string
		good    string
		want    bool
	}{
		{"MIT OR GPL-3.0-only", "mit", true},
		{"MIT OR GPL-3.0-only", "bsd", false},
		{"MIT AND GPL-3.0-only", "mit", false},
		{"MIT AND GPL-3.0-only", "mit gpl3", true},
		{"mit and apache-2.0", "mit apache", true},
		{"(MIT OR GPL-3.0-only) AND BSD-3-Clause", "mit bsd", true},
		{"(MIT OR GPL-3.0-only) AND BSD-3-Clause", "mit gpl3", false},
		{"MIT AND BSD-3-Clause OR Apache-2.0", "apache", true},
		{"GPL-2.0-only WITH Classpath-exception-2.0 OR MIT", "gpl2", true},
		{"GPL-2 | MIT + file LICENSE", "mit", false},
		{"GPL-2 | GPL-3", "gpl3", true},
		{"MIT/Apache-2.0", "apache", true},
		{"MIT AND", "mit", true},
		{strings.Repeat("(", 40) + "MIT" + strings.Repeat(")", 40), "mit", true},
		{strings.Repeat("MIT AND ", 400) + "GPL-3.0", "mit", false},
	}
	for _, tt := range tests {
		good := strings.Fields(tt.good)
		l := parseLicense(tt.license, "")
		if got := l.acceptable(func(f LicenseFamily) bool { return slices.Contains(good, string(f)) }); got != tt.want {
			t.Errorf("%.60s with %s: got %v, want %v", tt.license, tt.good, got, tt.want)
		}
	}
}
