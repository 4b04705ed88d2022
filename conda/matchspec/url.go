package matchspec

import (
	"net/url"
	"slices"
	"strings"

	"kingsnake/conda/channel"
)

// isURL reports whether text is the URL of a package and no spec of a channel with a URL.
func isURL(text string) bool {
	text = strings.Trim(text, " ")
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || strings.Contains(scheme, " ") || strings.Contains(rest, "::") {
		return false
	}
	rest, _, _ = strings.Cut(rest, "#")
	return strings.HasSuffix(rest, ".conda") || strings.HasSuffix(rest, ".tar.bz2")
}

// url reads the URL of a package, with a digest behind '#' if there is one, into a spec of exactly that file.
func (p *parser) url() (Spec, *fault) {
	text := strings.Trim(p.text, " ")
	location, digest, hasDigest := strings.Cut(text, "#")
	u, err := url.Parse(location)
	switch {
	case err != nil:
		return Spec{}, faultf(0, "it is no URL")
	case !slices.Contains([]string{"http", "https", "file"}, u.Scheme):
		return Spec{}, faultf(0, "a URL begins with http, https or file")
	case u.User != nil || strings.Contains(u.Path, "/t/"):
		return Spec{}, faultf(0, "a URL in a spec must not have credentials")
	case u.RawQuery != "":
		return Spec{}, faultf(strings.IndexByte(location, '?'), "the URL of a package has no query")
	}
	dir, file := cutLast(location)
	dir, subdir := cutLast(dir)
	name, version, build, _, err := channel.SplitFilename(file)
	if err != nil {
		return Spec{}, faultf(len(dir)+len(subdir)+2, "%v", err)
	}
	if err := channel.ValidateSubdir(subdir); err != nil {
		return Spec{}, faultf(len(dir)+1, "%v", err)
	}
	s := Spec{name: pattern{kind: patternExact, text: name}}
	var b builder
	values := map[textField]string{fieldBuild: build, fieldChannel: dir, fieldSubdir: subdir, fieldFileName: file}
	if hasDigest {
		if sum, ok := strings.CutPrefix(digest, "sha256:"); ok {
			values[fieldSHA256] = sum
		} else {
			values[fieldMD5] = digest
		}
	}
	for field, value := range values {
		if f := b.setText(field, value); f != nil {
			return Spec{}, f.within(len(location))
		}
	}
	var f *fault
	if s.versions, f = parseVersions("=="+version, strict); f != nil {
		return Spec{}, f
	}
	b.finish(&s)
	return s, nil
}

func cutLast(path string) (dir, last string) {
	i := max(strings.LastIndexByte(path, '/'), 0)
	return path[:i], strings.TrimPrefix(path[i:], "/")
}
