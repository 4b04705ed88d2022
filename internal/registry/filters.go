package registry

import (
	"fmt"
	"slices"
	"strings"

	"kingsnake/conda/matchspec"
	"kingsnake/conda/repodata"
	"kingsnake/conda/version"
)

// Filters say which files of a channel are offered, for each family of packages. The zero value offers all.
type Filters struct {
	Conda, CRAN, Python FamilyFilter
}

// FamilyFilter is the filter of one family. What IncludeSpecs match is offered whatever the rest says.
type FamilyFilter struct {
	// IncludeLicenses, if there are any, are the families of licences that are offered; ExcludeLicenses are hidden. Only
	// one of them may be set.
	IncludeLicenses, ExcludeLicenses []LicenseFamily
	IncludeSpecs, ExcludeSpecs       []string
}

// Cause says why a file is hidden; it is empty for one that is offered.
type Cause string

// The causes that a channel's filters have.
const (
	CauseLicense      Cause = "license"
	CauseExcludeSpecs Cause = "exclude_specs"
)

// The bounds of filters.
const (
	maxFilterSpecs     = 500
	maxFilterSpecBytes = 64 << 10
)

// IsZero tells whether nothing is hidden.
func (f Filters) IsZero() bool { return f.Conda.IsZero() && f.CRAN.IsZero() && f.Python.IsZero() }

// IsZero tells whether nothing is hidden.
func (f FamilyFilter) IsZero() bool {
	return len(f.IncludeLicenses)+len(f.ExcludeLicenses)+len(f.IncludeSpecs)+len(f.ExcludeSpecs) == 0
}

// Equal tells whether both hide the same, read literally.
func (f Filters) Equal(g Filters) bool {
	return f.Conda.equal(g.Conda) && f.CRAN.equal(g.CRAN) && f.Python.equal(g.Python)
}

func (f FamilyFilter) equal(g FamilyFilter) bool {
	return slices.Equal(f.IncludeLicenses, g.IncludeLicenses) && slices.Equal(f.ExcludeLicenses, g.ExcludeLicenses) &&
		slices.Equal(f.IncludeSpecs, g.IncludeSpecs) && slices.Equal(f.ExcludeSpecs, g.ExcludeSpecs)
}

// Validate checks what people choose. The specs of families other than conda are kept and checked for their size only.
func (f Filters) Validate() error {
	if _, err := f.Conda.sieve("filters.conda"); err != nil {
		return err
	}
	if err := f.CRAN.check("filters.cran"); err != nil {
		return err
	}
	return f.Python.check("filters.python")
}

// check does what all families have in common.
func (f FamilyFilter) check(field string) error {
	if len(f.IncludeLicenses) > 0 && len(f.ExcludeLicenses) > 0 {
		return invalid(field, "include_licenses and exclude_licenses cannot be set together")
	}
	for _, l := range slices.Concat(f.IncludeLicenses, f.ExcludeLicenses) {
		if !l.Known() {
			return invalid(field, "license %.40q is none of agpl, gpl2, gpl3, lgpl, bsd, mit, apache, psf, public_domain, proprietary, other, none", l)
		}
	}
	if len(f.IncludeLicenses) > maxFilterSpecs || len(f.ExcludeLicenses) > maxFilterSpecs {
		return invalid(field, "a list has more than %d licences", maxFilterSpecs)
	}
	size := 0
	for _, list := range [][]string{f.IncludeSpecs, f.ExcludeSpecs} {
		if len(list) > maxFilterSpecs {
			return invalid(field, "a list has more than %d specs", maxFilterSpecs)
		}
		for _, text := range list {
			if strings.TrimSpace(text) == "" {
				return invalid(field, "a spec is empty; the spec of all packages is *")
			}
			size += len(text)
		}
	}
	if size > maxFilterSpecBytes {
		return invalid(field, "the specs have more than %d bytes together", maxFilterSpecBytes)
	}
	return nil
}

// sieve is the filter of conda packages made ready for use.
type sieve struct {
	filter           FamilyFilter
	include, exclude []matchspec.Spec
}

// sieve checks the filter and parses its specs.
func (f FamilyFilter) sieve(field string) (sieve, error) {
	if err := f.check(field); err != nil {
		return sieve{}, err
	}
	s := sieve{filter: f}
	var err error
	if s.include, err = parseSpecs(field+".include_specs", f.IncludeSpecs); err != nil {
		return sieve{}, err
	}
	s.exclude, err = parseSpecs(field+".exclude_specs", f.ExcludeSpecs)
	return s, err
}

func parseSpecs(field string, texts []string) ([]matchspec.Spec, error) {
	specs := make([]matchspec.Spec, len(texts))
	for i, text := range texts {
		spec, err := matchspec.Parse(text)
		if err != nil {
			return nil, invalid(field, "%v", err)
		}
		if spec.When() != "" || len(spec.Extras()) > 0 {
			return nil, invalid(field, "spec %.100q has a condition or extras, which mean nothing for a single file", text)
		}
		specs[i] = spec
	}
	return specs, nil
}

// cause tells why a file is hidden.
func (s *sieve) cause(r *matchspec.Record, l license) Cause {
	matches := func(spec matchspec.Spec) bool { return spec.Match(r) }
	switch {
	case slices.ContainsFunc(s.include, matches):
		return ""
	case !l.acceptable(s.filter.offers):
		return CauseLicense
	case slices.ContainsFunc(s.exclude, matches):
		return CauseExcludeSpecs
	}
	return ""
}

// offers tells whether licences of a family are good.
func (f FamilyFilter) offers(family LicenseFamily) bool {
	if len(f.IncludeLicenses) > 0 {
		return slices.Contains(f.IncludeLicenses, family)
	}
	return !slices.Contains(f.ExcludeLicenses, family)
}

// judge tells why the channel's filters hide a file.
func (s *sieve) judge(c Channel, f File) (Cause, error) {
	if s.filter.IsZero() {
		return "", nil
	}
	r, err := repodata.ParseRecord(f.Record)
	if err != nil {
		return "", fmt.Errorf("record of %s in channel %s: %w", f.CKey(), c.Path, err)
	}
	v, err := version.Parse(f.Version)
	if err != nil {
		return "", fmt.Errorf("version of %s in channel %s: %w", f.CKey(), c.Path, err)
	}
	return s.cause(&matchspec.Record{
		Name: f.Name, Version: v, Build: f.Build, BuildNumber: f.BuildNumber, Size: f.Size, Timestamp: r.Timestamp,
		Channel: c.Path, Subdir: f.Subdir, FileName: f.Filename, MD5: r.MD5, SHA256: f.SHA256.String(),
		License: r.License, LicenseFamily: r.LicenseFamily, Features: strings.Fields(r.Features),
		TrackFeatures: r.TrackFeatures, Flags: r.Flags,
	}, parseLicense(r.License, r.LicenseFamily)), nil
}

// ChannelSettings are what a channel is set to besides.
type ChannelSettings struct {
	// CVENotifications tell of which changes of CVEs the owners are told; nil leaves that to the site.
	CVENotifications *CVENotifications
}

// Equal tells whether both say the same.
func (s ChannelSettings) Equal(o ChannelSettings) bool {
	a, b := s.CVENotifications, o.CVENotifications
	return a == b || a != nil && b != nil && *a == *b
}

// CVENotifications choose changes of CVEs.
type CVENotifications struct {
	ScoreIncrease, ScoreDecrease, StatusChange bool
	// ScoreThreshold is the score from which on changes are told; -1 means all.
	ScoreThreshold float64
}

// Validate checks what people choose.
func (s ChannelSettings) Validate() error {
	if n := s.CVENotifications; n != nil && !(n.ScoreThreshold >= -1 && n.ScoreThreshold <= 10) {
		return invalid("settings.cve_notifications.cve_score_threshold", "the threshold is not between -1 and 10")
	}
	return nil
}
