package repodata

import (
	"bytes"
	"slices"
)

// member is one key and value of an object that has just been appended to an
// output buffer, at out[start:end].
type member struct {
	key        []byte
	start, end int
}

// sortMembers puts the members of one object, which fill out[members[0].start:],
// into the order of their keys and drops all but the last of equal keys. It
// returns the shortened buffer and the number of members left.
//
// Finished records are sorted already, so that the usual cost is one
// comparison per key and nothing moves.
func sortMembers(out []byte, members []member) ([]byte, int) {
	sorted := slices.IsSortedFunc(members, compareKeys)
	unique := true
	for i := 1; i < len(members) && unique; i++ {
		unique = !bytes.Equal(members[i-1].key, members[i].key)
	}
	if sorted && unique {
		return out, len(members)
	}
	start := members[0].start
	old := slices.Clone(out[start:])
	slices.SortStableFunc(members, compareKeys)
	out = out[:start]
	n := 0
	for i, m := range members {
		if i+1 < len(members) && bytes.Equal(m.key, members[i+1].key) {
			continue
		}
		out = append(out, old[m.start-start:m.end-start]...)
		n++
	}
	return out, n
}

func compareKeys(a, b member) int { return bytes.Compare(a.key, b.key) }
