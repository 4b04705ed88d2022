package version

// HasPrefix reports whether v begins with prefix, which is what the version spec "1.2.*" asks of v for the prefix 1.2.
// All segments of prefix but the last must equal those of v; of the last one, all components must, so that 1.2 is a
// prefix of 1.2rc1, 1.2.7 and 1.2+cuda but neither of 1.20 nor of 1!1.2. Whatever v lacks counts as 0: 1.0 is a prefix
// of 1. A prefix with a local part asks for an equal main part and is sought in the local part of v. The zero Version
// is a prefix of all.
func (v Version) HasPrefix(prefix Version) bool {
	if len(prefix.local) > 0 {
		return compareSegments(v.main, prefix.main) == 0 && hasPrefix(v.local, prefix.local)
	}
	return hasPrefix(v.main, prefix.main)
}

func hasPrefix(segments, prefix []segment) bool {
	if len(prefix) == 0 {
		return true
	}
	last := len(prefix) - 1
	for i := range last {
		if compareComponents(at(segments, i), prefix[i]) != 0 {
			return false
		}
	}
	s := at(segments, last)
	for i, c := range prefix[last] {
		if s.at(i).compare(c) != 0 {
			return false
		}
	}
	return true
}

// Compatible reports whether v is not below limit and begins with all segments of limit but the last one, which is
// what the version spec "~=1.2.3" asks: at least 1.2.3, and 1.2.*. Of a limit with a local part, the last segment is
// the last one of that. A limit of a single segment leaves nothing to begin with but the epoch.
func (v Version) Compatible(limit Version) bool {
	if Compare(v, limit) < 0 {
		return false
	}
	prefix := limit
	if n := len(limit.local); n > 0 {
		prefix.local = limit.local[:n-1]
	} else {
		prefix.main = limit.main[:max(len(limit.main)-1, 0)]
	}
	return v.HasPrefix(prefix)
}
