package pkgfile

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const indexPath = "info/index.json"

// newerSpec finds the match spec fields of CEP 43, 44 and 45.
var newerSpec = regexp.MustCompile(`\[.*\b(when|extras|flags)\s*=`)

// Index is info/index.json (CEP 34), by its known fields and as it was written.
type Index struct {
	// SchemaVersion is the version of the format, 1 when the file does not say.
	SchemaVersion int
	// Name, Version and Build identify the package; CEP 26 bounds each to 64 bytes.
	Name, Version, Build string
	// BuildNumber orders builds of one version; it is not negative.
	BuildNumber int64
	// Subdir is the platform, such as "linux-64", or "noarch".
	Subdir string
	// NoArch is "generic" or "python" for a package without a platform, or empty.
	NoArch string
	// Depends and Constrains are match specs, verbatim; nil when absent.
	Depends, Constrains []string
	// Timestamp is when the build started, in Unix milliseconds, 0 when
	// unknown. Old builders wrote seconds, which are converted.
	Timestamp int64
	// License and LicenseFamily are empty when absent.
	License, LicenseFamily string
	// TrackFeatures are the tracked features, however they were separated.
	TrackFeatures []string
	// Features is the deprecated field of that name.
	Features string
	// Arch and Platform are the deprecated halves of Subdir; empty when null.
	Arch, Platform string
	// PythonSitePackagesPath is the field of CEP 17, set by python itself.
	PythonSitePackagesPath string
	// ExtraDepends are the optional dependency groups of CEP 44.
	ExtraDepends map[string][]string
	// Flags are the variant flags of CEP 45.
	Flags []string
	// Raw is the whole file as compact JSON, unknown keys included.
	Raw json.RawMessage
}

// knownKeys are the keys of index.json that clients and indexers look at.
func knownKeys() []string {
	return []string{
		"schema_version", "name", "version", "build", "build_number", "subdir", "noarch", "depends", "constrains",
		"timestamp", "license", "license_family", "track_features", "features", "arch", "platform",
		"python_site_packages_path", "extra_depends", "flags", "md5", "sha256", "size", "fn", "url", "channel",
	}
}

// ParseIndex parses and validates info/index.json on its own, as [Read] does
// with that of a package; it does not compare it with a file name.
func ParseIndex(data []byte, lim Limits) (*Index, error) {
	lim = lim.withDefaults()
	if int64(len(data)) > lim.MaxJSON {
		return nil, refuse(CodeTooLarge, indexPath, "the file is %d bytes long, and %d are allowed", len(data), lim.MaxJSON)
	}
	o, err := parseObject(indexPath, data, lim)
	if err != nil {
		return nil, err
	}
	known := knownKeys()
	for key := range o.fields {
		for _, k := range known {
			if key != k && strings.EqualFold(key, k) {
				return nil, refuse(CodeLookalikeKey, indexPath, "the key %q must be written %q", key, k)
			}
		}
	}
	ix := &Index{}
	for _, part := range []func(object, Limits) error{ix.identity, ix.relations, ix.facts, ix.build3} {
		if err := part(o, lim); err != nil {
			return nil, err
		}
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return nil, refuse(CodeBadJSON, indexPath, "not valid JSON: %v", err)
	}
	ix.Raw = compact.Bytes()
	return ix, nil
}

// identity reads what names the package.
func (ix *Index) identity(o object, _ Limits) error {
	for key, dst := range map[string]*string{"name": &ix.Name, "version": &ix.Version, "build": &ix.Build, "subdir": &ix.Subdir} {
		v, ok, err := o.text(key)
		if err != nil {
			return err
		}
		if !ok {
			return refuse(CodeMissingField, indexPath, "the field %q is missing; build the package with a current conda-build or rattler-build", key)
		}
		*dst = v
	}
	n, ok, err := o.integer("build_number")
	if err != nil {
		return err
	}
	if !ok {
		return refuse(CodeMissingField, indexPath, `the field "build_number" is missing`)
	}
	if n < 0 {
		return refuse(CodeBadField, indexPath, `"build_number" must not be negative`)
	}
	ix.BuildNumber = n
	return checkNames(ix)
}

// relations reads what the package requires.
func (ix *Index) relations(o object, _ Limits) error {
	for key, dst := range map[string]*[]string{"depends": &ix.Depends, "constrains": &ix.Constrains} {
		list, _, err := o.texts(key)
		if err != nil {
			return err
		}
		if err := checkSpecs(key, list); err != nil {
			return err
		}
		*dst = list
	}
	v, ok := o.raw("track_features")
	if !ok {
		return nil
	}
	var joined string
	if list, isList := stringList(v); isList {
		joined = strings.Join(list, " ")
	} else if err := json.Unmarshal(v, &joined); err != nil {
		return o.wrong("track_features", "a string or a list of strings")
	}
	ix.TrackFeatures = strings.FieldsFunc(joined, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	return nil
}

// checkSpecs refuses specs that no parser could take. Whether a spec is valid
// is for the match spec package to say.
func checkSpecs(key string, list []string) error {
	for i, s := range list {
		if strings.TrimSpace(s) == "" || strings.ContainsFunc(s, unicode.IsControl) {
			return refuse(CodeBadField, indexPath, "entry %d of %q is empty or has control characters", i, key)
		}
	}
	return nil
}

// facts reads the fields that describe.
func (ix *Index) facts(o object, lim Limits) error {
	for key, dst := range map[string]*string{
		"license": &ix.License, "license_family": &ix.LicenseFamily, "features": &ix.Features,
		"arch": &ix.Arch, "platform": &ix.Platform, "python_site_packages_path": &ix.PythonSitePackagesPath,
	} {
		v, _, err := o.text(key)
		if err != nil {
			return err
		}
		*dst = v
	}
	if err := ix.readNoArch(o); err != nil {
		return err
	}
	return ix.readTimestamp(o, lim.Now)
}

// readNoArch reads noarch, which old packages wrote as a boolean.
func (ix *Index) readNoArch(o object) error {
	v, ok := o.raw("noarch")
	if !ok || string(v) == "false" {
		return nil
	}
	if string(v) == "true" {
		ix.NoArch = "generic"
		return nil
	}
	s, _, err := o.text("noarch")
	if err != nil || !slices.Contains([]string{"generic", "python"}, s) {
		return o.wrong("noarch", `"generic" or "python"`)
	}
	ix.NoArch = s
	return nil
}

// readTimestamp reads the build time by conda's own rule: what would lie
// beyond the year 9999 in seconds is in milliseconds.
func (ix *Index) readTimestamp(o object, now time.Time) error {
	const lastSecond = 253402300799
	ts, _, err := o.integer("timestamp")
	if err != nil {
		return refuse(CodeBadField, indexPath, `"timestamp" must be a whole number of milliseconds since 1970`)
	}
	if ts < 0 || ts > lastSecond*1000 {
		return refuse(CodeBadField, indexPath, `"timestamp" %d is outside the years 1970 to 9999; it is in milliseconds since 1970`, ts)
	}
	if ts <= lastSecond {
		ts *= 1000
	}
	if !now.IsZero() && time.UnixMilli(ts).After(now.Add(clockSkew)) {
		return refuse(CodeFutureTimestamp, indexPath, "the package claims to have been built at %s, which is in the future; check the clock of the build machine",
			time.UnixMilli(ts).UTC().Format(time.RFC3339))
	}
	ix.Timestamp = ts
	return nil
}

// build3 reads the schema version and the fields of version 3.
func (ix *Index) build3(o object, _ Limits) error {
	n, ok, err := o.integer("schema_version")
	if err != nil {
		return err
	}
	if !ok {
		n = 1
	}
	if n < 0 || n > 3 {
		return refuse(CodeUnsupportedSchema, indexPath, "schema_version %d is not known here; the newest known is 3", n)
	}
	ix.SchemaVersion = int(n)
	if ix.Flags, _, err = o.texts("flags"); err != nil {
		return err
	}
	// CEP 44 spells the key with a hyphen, CEP 48 and the builders with an underscore.
	for _, key := range []string{"extra_depends", "extra-depends"} {
		if err := ix.readExtras(o, key); err != nil {
			return err
		}
	}
	return nil
}

func (ix *Index) readExtras(o object, key string) error {
	v, ok := o.raw(key)
	if !ok {
		return nil
	}
	groups := object{member: indexPath}
	if err := json.Unmarshal(v, &groups.fields); err != nil {
		return o.wrong(key, "an object of lists of strings")
	}
	if ix.ExtraDepends == nil {
		ix.ExtraDepends = map[string][]string{}
	}
	for name := range groups.fields {
		list, ok, err := groups.texts(name)
		if err != nil || !ok {
			return o.wrong(key, "an object of lists of strings")
		}
		if err := checkSpecs(key, list); err != nil {
			return err
		}
		ix.ExtraDepends[name] = list
	}
	return nil
}

// needs3 tells whether older clients would misread the record: by its own
// word, or because it uses what only version 3 has.
func (ix *Index) needs3() bool {
	return ix.SchemaVersion >= 3 || len(ix.ExtraDepends) > 0 || len(ix.Flags) > 0 ||
		slices.ContainsFunc(ix.Depends, newerSpec.MatchString) || slices.ContainsFunc(ix.Constrains, newerSpec.MatchString)
}

// Stem is name-version-build, the file name without its extension.
func (ix *Index) Stem() string {
	return ix.Name + "-" + ix.Version + "-" + ix.Build
}

// checkStem compares the index with the name of the file.
func (ix *Index) checkStem(f fileName) error {
	for _, c := range []struct{ field, got, want string }{
		{"name", ix.Name, f.name}, {"version", ix.Version, f.version}, {"build", ix.Build, f.build},
	} {
		if c.got != c.want {
			return refuse(CodeStemMismatch, indexPath, "%s is %s here but %s in the file name; upload the file as %s",
				c.field, strconv.Quote(c.got), strconv.Quote(c.want), ix.Stem()+f.format.Extension())
		}
	}
	return nil
}
