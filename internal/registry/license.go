package registry

import (
	"regexp"
	"slices"
	"strings"
)

// LicenseFamily is one of the sorts of licences that filters know.
type LicenseFamily string

// The families, in the words of Anaconda Server.
const (
	LicenseAGPL         LicenseFamily = "agpl"
	LicenseGPL2         LicenseFamily = "gpl2"
	LicenseGPL3         LicenseFamily = "gpl3"
	LicenseLGPL         LicenseFamily = "lgpl"
	LicenseBSD          LicenseFamily = "bsd"
	LicenseMIT          LicenseFamily = "mit"
	LicenseApache       LicenseFamily = "apache"
	LicensePSF          LicenseFamily = "psf"
	LicensePublicDomain LicenseFamily = "public_domain"
	LicenseProprietary  LicenseFamily = "proprietary"
	LicenseOther        LicenseFamily = "other"
	LicenseNone         LicenseFamily = "none"
)

// licenseRules tell the family of one licence, named by its SPDX identifier or as people write it. The first that fits
// counts. A GPL without a version counts as gpl2, the oldest that it may be.
var licenseRules = [...]struct {
	family LicenseFamily
	text   *regexp.Regexp
}{
	{LicenseNone, regexp.MustCompile(`^(none|noassertion)?$`)},
	{LicenseAGPL, regexp.MustCompile(`\bagpl|affero`)},
	{LicenseLGPL, regexp.MustCompile(`\blgpl|(lesser|library) general public`)},
	{LicenseGPL3, regexp.MustCompile(`\bgpl[^0-9]{0,6}3|gnu general public licen[cs]e[^0-9]{0,20}3`)},
	{LicenseGPL2, regexp.MustCompile(`\bgpl|gnu general public`)},
	{LicenseBSD, regexp.MustCompile(`\b0?bsd`)},
	{LicenseMIT, regexp.MustCompile(`\b(mit|expat|x11)\b`)},
	{LicenseApache, regexp.MustCompile(`\bapache`)},
	{LicensePSF, regexp.MustCompile(`\b(psf|cnri-python)|^python-2|python software foundation`)},
	{LicensePublicDomain, regexp.MustCompile(`\bpublic[-_ ]domain|\b(unlicense|cc0|cc-pddc)\b`)},
	{LicenseProprietary, regexp.MustCompile(`proprietary|commercial|\beula\b|all rights reserved`)},
}

// Known tells whether f is one of the families.
func (f LicenseFamily) Known() bool {
	return f == LicenseOther || slices.ContainsFunc(licenseRules[:], func(r struct {
		family LicenseFamily
		text   *regexp.Regexp
	},
	) bool {
		return r.family == f
	})
}

// familyOf tells the family of one licence.
func familyOf(text string) LicenseFamily {
	text = strings.ToLower(strings.TrimSpace(text))
	for _, r := range licenseRules {
		if r.text.MatchString(text) {
			return r.family
		}
	}
	return LicenseOther
}

// license is what a package says of its licence: one of a family, or several joined.
type license struct {
	family LicenseFamily
	// all tells that every one of the terms applies; otherwise any of them may be chosen.
	all   bool
	terms []license
}

// parseLicense reads a package's fields license and license_family. The licence counts; the family does where the
// licence says nothing or is of no known sort.
func parseLicense(text, family string) license {
	l, ok := parseSPDX(text)
	if !ok {
		l = license{family: familyOf(text)}
	}
	if l.terms == nil && (l.family == LicenseNone || l.family == LicenseOther) && strings.TrimSpace(family) != "" {
		if f := familyOf(family); f != LicenseOther || l.family == LicenseNone {
			l.family = f
		}
	}
	return l
}

// acceptable tells whether the package can be had under licences that are all good: one of those to choose from, and
// all of those that apply together.
func (l license) acceptable(good func(LicenseFamily) bool) bool {
	if l.terms == nil {
		return good(l.family)
	}
	for _, t := range l.terms {
		if t.acceptable(good) != l.all {
			return !l.all
		}
	}
	return l.all
}

// maxLicense bounds the expressions that are taken apart; a longer text is one licence.
const (
	maxLicense       = 2000
	maxLicenseDepths = 16
)

// parseSPDX reads an SPDX expression: identifiers, AND, OR, WITH and parentheses, with '|' and '/' as older words for OR.
// It reports false for a text that is none.
func parseSPDX(text string) (license, bool) {
	if len(text) > maxLicense {
		return license{}, false
	}
	p := spdxParser{words: strings.Fields(spdxSpacer.Replace(text))}
	l, ok := p.any(0)
	return l, ok && len(p.words) == 0
}

// spdxSpacer sets the signs apart that need no space around them.
var spdxSpacer = strings.NewReplacer("(", " ( ", ")", " ) ", "|", " OR ", "/", " OR ")

type spdxParser struct{ words []string }

// take steps over the next word if it is the wanted one.
func (p *spdxParser) take(word string) bool {
	if len(p.words) > 0 && strings.EqualFold(p.words[0], word) {
		p.words = p.words[1:]
		return true
	}
	return false
}

func (p *spdxParser) any(depth int) (license, bool) { return p.joined("OR", depth, p.every) }

func (p *spdxParser) every(depth int) (license, bool) { return p.joined("AND", depth, p.one) }

func (p *spdxParser) joined(word string, depth int, operand func(int) (license, bool)) (license, bool) {
	l, ok := operand(depth)
	if !ok || len(p.words) == 0 || !strings.EqualFold(p.words[0], word) {
		return l, ok
	}
	out := license{all: word == "AND", terms: []license{l}}
	for p.take(word) {
		if l, ok = operand(depth); !ok {
			return license{}, false
		}
		out.terms = append(out.terms, l)
	}
	return out, true
}

func (p *spdxParser) one(depth int) (license, bool) {
	if len(p.words) == 0 || depth > maxLicenseDepths {
		return license{}, false
	}
	if p.take("(") {
		l, ok := p.any(depth + 1)
		return l, ok && p.take(")")
	}
	word := p.words[0]
	if strings.EqualFold(word, "AND") || strings.EqualFold(word, "OR") || strings.EqualFold(word, "WITH") || word == ")" {
		return license{}, false
	}
	p.words = p.words[1:]
	if p.take("WITH") {
		// An exception leaves the licence what it is.
		if len(p.words) == 0 {
			return license{}, false
		}
		p.words = p.words[1:]
	}
	return license{family: familyOf(word)}, true
}
