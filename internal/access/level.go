package access

// Level is how much a principal, a role or a token may do with a kind of thing or with one channel. Levels are ordered:
// each contains those below it.
type Level uint8

// The levels, lowest first. The zero value grants nothing.
const (
	None Level = iota
	Read
	Write
	Manage
)

// String returns the level's name as the API and the pages spell it.
func (l Level) String() string {
	switch l {
	case None:
		return "none"
	case Read:
		return "read"
	case Write:
		return "write"
	case Manage:
		return "manage"
	}
	return "unknown"
}

// Known reports whether the level is one of the four.
func (l Level) Known() bool { return l <= Manage }

// ParseLevel reads a level's name. The second result is false for any other text, and the level is then None.
func ParseLevel(name string) (Level, bool) {
	for l := None; l <= Manage; l++ {
		if l.String() == name {
			return l, true
		}
	}
	return None, false
}
