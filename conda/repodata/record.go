package repodata

import (
	"errors"
	"fmt"
	"strings"

	"kingsnake/conda/version"
)

// Record is the part of a package record that a server or a client reads
// (CEP 34, CEP 36). Fields that a record lacks are zero.
type Record struct {
	Name        string
	Version     string
	Build       string
	BuildNumber int64
	Subdir      string
	// Noarch is "", "generic" or "python".
	Noarch string

	// Depends and Constrains are MatchSpecs.
	Depends    []string
	Constrains []string
	// ExtraDepends are the optional dependency groups of CEP 44 by name.
	ExtraDepends map[string][]string
	// Flags are the variant flags of CEP 45.
	Flags []string
	// TrackFeatures are the features that installing the package turns on.
	TrackFeatures []string
	// Features is the legacy list of features, separated by spaces.
	Features string

	License       string
	LicenseFamily string

	// Timestamp is when the build started, as the builder tells it, usually in
	// milliseconds since 1970, in old packages in seconds.
	Timestamp int64
	// IndexedTimestamp is when the channel first listed the file, in
	// milliseconds since 1970 (CEP 47).
	IndexedTimestamp int64

	// MD5 and SHA256 are hexadecimal digests of the file.
	MD5    string
	SHA256 string
	// Size is the length of the file in bytes.
	Size int64

	// LegacyBz2MD5 and LegacyBz2Size are those of the .tar.bz2 that a .conda was
	// made from (CEP 36).
	LegacyBz2MD5  string
	LegacyBz2Size int64

	// Purls are package URLs of what the package was built from.
	Purls []string
	// PythonSitePackagesPath is set by builds of Python itself (CEP 17).
	PythonSitePackagesPath string
	// SchemaVersion is the version of the schema of index.json; 0 means the
	// first. See [Record.V3].
	SchemaVersion int64
	// Revoked says that a patch has withdrawn the package.
	Revoked bool
}

// maxSchemaVersion is the newest schema of index.json that this package knows
// where to put.
const maxSchemaVersion = 3

// V3 reports whether the record must be listed in the "v3" section, where old
// clients do not see it, and nowhere else (CEP 43, CEP 48).
func (r Record) V3() bool { return r.SchemaVersion >= maxSchemaVersion }

// ParseRecord reads the fields of a package record. It fails, wrapping
// [ErrInvalid], if name, version, build, build_number or subdir is missing, if
// a field has a value that would make a strict client refuse the index, or if
// schema_version is newer than 3.
func ParseRecord(data []byte) (Record, error) {
	f, err := parseFields(data)
	if err != nil {
		return Record{}, err
	}
	var r Record
	f.require("name", &r.Name)
	f.require("version", &r.Version)
	f.require("build", &r.Build)
	f.require("build_number", &r.BuildNumber)
	f.require("subdir", &r.Subdir)
	f.get("noarch", (*noarch)(&r.Noarch))
	f.get("depends", &r.Depends)
	f.get("constrains", &r.Constrains)
	f.get("extra_depends", &r.ExtraDepends)
	f.get("flags", &r.Flags)
	f.get("track_features", (*features)(&r.TrackFeatures))
	f.get("features", &r.Features)
	f.get("license", &r.License)
	f.get("license_family", &r.LicenseFamily)
	f.get("timestamp", &r.Timestamp)
	f.get("indexed_timestamp", &r.IndexedTimestamp)
	f.get("md5", &r.MD5)
	f.get("sha256", &r.SHA256)
	f.get("size", &r.Size)
	f.get("legacy_bz2_md5", &r.LegacyBz2MD5)
	f.get("legacy_bz2_size", &r.LegacyBz2Size)
	f.get("purls", &r.Purls)
	f.get("python_site_packages_path", &r.PythonSitePackagesPath)
	f.get("schema_version", &r.SchemaVersion)
	f.get("revoked", &r.Revoked)
	if _, ok := f.values["legacy_bz2_md5"]; ok && f.err == nil {
		f.checkMD5("legacy_bz2_md5", r.LegacyBz2MD5)
	}
	if f.err == nil {
		r.check(f)
	}
	return r, f.err
}

func (r *Record) check(f *fields) {
	if _, err := version.Parse(r.Version); err != nil {
		f.fail(err)
	}
	for _, purl := range r.Purls {
		if !isPurl(purl) {
			f.fail(fmt.Errorf("%.100q is not a package URL", purl))
		}
	}
	switch {
	case strings.ContainsFunc(r.Name, notInName) || r.Name == "":
		f.fail(fmt.Errorf("name %.100q is not a package name", r.Name))
	case r.Build == "" || r.Subdir == "":
		f.fail(errors.New("build or subdir is empty"))
	case min(r.BuildNumber, r.Size, r.LegacyBz2Size) < 0:
		f.fail(errors.New("a number or size is negative"))
	case !isTimestamp(r.Timestamp) || !isTimestamp(r.IndexedTimestamp):
		f.fail(errors.New("a timestamp is out of range"))
	case r.SchemaVersion < 0 || r.SchemaVersion > maxSchemaVersion:
		f.fail(fmt.Errorf("schema_version %d is not supported", r.SchemaVersion))
	}
}

// isTimestamp reports whether every client can make a date of a timestamp,
// which they take for seconds up to lastSecond and for milliseconds above. For
// rattler, time ends a day and some hours before the year 9999 does.
func isTimestamp(n int64) bool {
	const end = 253402207200
	return n >= 0 && (n <= end || n > lastSecond && n <= end*1000)
}

// notInName reports whether no package has the character in its name.
func notInName(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.'
}
